/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * A network with a score-matching loss and the minibatches that go with it, for use with DL4J's own
 * {@code fit}, listeners, early stopping and {@code GradientCheckUtil}:
 *
 * <pre>{@code
 * ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, ScoreObjective.denoising(0.3), width);
 * twin.network().fit(twin.iterator(data, 12345), 10);
 * }</pre>
 *
 * <p>The twin has the user's parameters, not a copy, so that training it trains the user's network;
 * it has an updater, listeners and counters of its own. {@link ScoreMatching} is simpler, keeps
 * these in the user's network, and goes through exact objectives in blocks, which here make stacks
 * of {@code d + 2} times the rows.
 *
 * @param <M> class of the network
 */
public final class ScoreTwin<M extends Model> {

  private static final String WORKSPACE = "WS_STACKED_MINIBATCH";

  private final TrainedNetwork<M> network;
  private final TrainedNetwork<M> twin;
  private final Stacker stacker;

  private ScoreTwin(TrainedNetwork<M> network, ScoreObjective objective, long width) {
    if (width < 1) {
      throw new IllegalArgumentException("width is " + width + "; accepted: at least 1");
    }
    this.network = network;
    this.stacker = objective.whole(width);
    this.twin = network.withLoss(stacker.layout(), stacker.loss());
  }

  /**
   * Makes the twin of a network.
   *
   * @param network the network; initialised if it is not; kept
   * @param objective what is minimised
   * @param width how many values an example has; used by exact objectives
   * @return the twin
   * @throws IllegalArgumentException if {@code width} is below 1
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or activation has no
   *     rule that the objective needs
   */
  public static ScoreTwin<MultiLayerNetwork> of(
      MultiLayerNetwork network, ScoreObjective objective, long width) {
    return new ScoreTwin<>(new ChainNetwork(network), objective, width);
  }

  /**
   * Makes the twin of a graph.
   *
   * @param graph a graph with one input and one output; initialised if it is not; kept
   * @param objective what is minimised
   * @param width how many values an example has; used by exact objectives
   * @return the twin
   * @throws IllegalArgumentException if {@code width} is below 1
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer, vertex or
   *     activation has no rule that the objective needs
   */
  public static ScoreTwin<ComputationGraph> of(
      ComputationGraph graph, ScoreObjective objective, long width) {
    return new ScoreTwin<>(new GraphNetwork(graph), objective, width);
  }

  /**
   * Returns the network to fit.
   *
   * @return the twin, the same object each time
   */
  public M network() {
    return twin.model();
  }

  /**
   * Makes a minibatch for the twin as it is; for some objectives it depends on the parameters, and
   * is of use for one step only.
   *
   * @param x examples, {@code [n, ...]}. Not modified.
   * @param random what noise and directions are drawn from
   * @return features and labels, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if {@code x} holds NaN or
   *     infinite values
   */
  public DataSet minibatch(INDArray x, RandomStream random) {
    return Workspaces.within(
        WORKSPACE,
        () -> {
          INDArray points = Examples.require(x, network.type());
          DataSet input = twin.input(stacker.stack(points, network::energyGradient, random));
          return new DataSet(input.getFeatures().detach(), input.getLabels().detach());
        });
  }

  /**
   * Makes an iterator of minibatches, with noise and directions drawn anew in each pass: a pure
   * function of the seed and of the number of passes.
   *
   * @param data batches whose features are examples; labels are not used
   * @param seed any value but 0
   * @return an iterator to be given to {@code fit} of the twin
   * @throws IllegalArgumentException if {@code seed} is 0
   */
  public DataSetIterator iterator(DataSetIterator data, long seed) {
    return new StackIterator(this, data, seed, false);
  }

  /**
   * Makes an iterator with the same noise and directions in each pass, to compare scores on
   * held-out data.
   *
   * @param data batches whose features are examples; labels are not used
   * @param seed any value but 0
   * @return an iterator to be given to {@code score} or a score calculator for the twin
   * @throws IllegalArgumentException if {@code seed} is 0
   */
  public DataSetIterator repeatingIterator(DataSetIterator data, long seed) {
    return new StackIterator(this, data, seed, true);
  }
}
