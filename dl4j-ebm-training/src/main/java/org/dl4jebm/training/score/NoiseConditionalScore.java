/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.training.NoisyScore;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network that was trained by {@link ScoreObjective#noiseConditional} or {@link
 * ScoreObjective#noiseConditionalEnergy} as the scores of the data at all levels of noise, {@code
 * s(x, sigma) = f(x, sigma) / sigma} or {@code -grad E(x, sigma)} (Song and Ermon, NeurIPS 2019).
 * {@link org.dl4jebm.training.sampling.AnnealedLangevin} draws samples and fills gaps with it:
 *
 * <pre>{@code
 * AnnealedLangevin.from(
 *     NoiseConditionalScore.of(network, levels),
 *     start,
 *     AnnealedLangevinOptions.of(levels.sigmas()),
 *     random)
 * }</pre>
 *
 * <p>The network is used as at inference and not modified; changes of its parameters are seen at
 * once. Not safe for use by several threads at once.
 */
public final class NoiseConditionalScore implements NoisyScore {

  private final UnaryOperator<INDArray> function;
  private final NoiseLevels levels;
  private final DataType type;

  /** Whether the function is the score times sigma, or the score. */
  private final boolean timesSigma;

  private NoiseConditionalScore(
      UnaryOperator<INDArray> function, NoiseLevels levels, DataType type, boolean timesSigma) {
    this.function = function;
    this.levels = levels;
    this.type = type;
    this.timesSigma = timesSigma;
  }

  /**
   * The scores of a score network.
   *
   * @param network trained by {@link ScoreObjective#noiseConditional}; kept
   * @param levels those it was trained at
   * @return its scores
   */
  public static NoiseConditionalScore of(MultiLayerNetwork network, NoiseLevels levels) {
    return new NoiseConditionalScore(
        x -> network.output(x, false),
        levels,
        network.getLayerWiseConfigurations().getDataType(),
        true);
  }

  /**
   * The scores of a score network.
   *
   * @param graph trained by {@link ScoreObjective#noiseConditional}; kept
   * @param levels those it was trained at
   * @return its scores
   */
  public static NoiseConditionalScore of(ComputationGraph graph, NoiseLevels levels) {
    return new NoiseConditionalScore(
        x -> graph.outputSingle(false, x), levels, graph.getConfiguration().getDataType(), true);
  }

  /**
   * The scores of a noise-conditional energy.
   *
   * @param energy trained by {@link ScoreObjective#noiseConditionalEnergy}; kept
   * @param levels those it was trained at
   * @param type the network's data type
   * @return its scores
   */
  public static NoiseConditionalScore of(NetworkEnergy energy, NoiseLevels levels, DataType type) {
    return new NoiseConditionalScore(
        x -> {
          INDArray score = energy.score(x);
          return score.get(NDArrayIndex.all(), NDArrayIndex.interval(0, x.size(1) - 1)).dup('c');
        },
        levels,
        type,
        false);
  }

  /**
   * Returns the levels the network was trained at.
   *
   * @return the levels
   */
  public NoiseLevels levels() {
    return levels;
  }

  /**
   * {@inheritDoc}
   *
   * @param sigma finite and above 0; between the levels the network interpolates, outside of them
   *     it was not trained
   * @throws IllegalArgumentException if sigma is not accepted
   * @throws DL4JInvalidConfigException if the network has not as many outputs as a point has values
   */
  @Override
  public INDArray score(INDArray x, double sigma) {
    if (!(sigma > 0) || Double.isInfinite(sigma)) {
      throw new IllegalArgumentException(
          "sigma is " + sigma + "; accepted: a finite number above 0");
    }
    return Workspaces.outside(
        () -> {
          INDArray feature = Nd4j.valueArrayOf(new long[] {x.size(0)}, levels.feature(sigma), type);
          INDArray out = function.apply(NoisyPoints.condition(x.castTo(type).dup('c'), feature));
          if (out.length() != x.length()) {
            throw new DL4JInvalidConfigException(
                "the network's output for points of shape "
                    + Arrays.toString(x.shape())
                    + " has shape "
                    + Arrays.toString(out.shape())
                    + "; accepted: as many values as a point has");
          }
          INDArray score = out.dup('c').reshape('c', x.shape());
          if (timesSigma) {
            score.divi(sigma);
          }
          return score.castTo(x.dataType());
        });
  }
}
