/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.training.ModelFiles;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An exponential moving average of the parameters of a network that is trained, as a listener
 * (Polyak and Juditsky, SIAM Journal on Control and Optimization 1992; for score networks Song and
 * Ermon, NeurIPS 2020): after each step
 *
 * <pre>{@code
 * average = m average + (1 - m) parameters     m = min(decay, (1 + t) / (10 + t))
 * }</pre>
 *
 * <p>with the number {@code t} of averages before, so that the first parameters are forgotten
 * quickly. Samples and scores of the average change much less from step to step than those of the
 * network, and are usually better. Train with the listener and use {@link #of} for sampling:
 *
 * <pre>{@code
 * ParameterAverage average = new ParameterAverage(0.999);
 * network.addListeners(average);
 * new ScoreMatching(options).fit(network, data);
 * NoiseConditionalScore score = NoiseConditionalScore.of(average.of(network), levels);
 * }</pre>
 *
 * <p>{@link #addTo} saves it in the file of the network, and training that is resumed with both
 * gives the same average. Where training diverged and went back, an average may still have
 * parameters of the steps that were undone. Not safe for use by several threads at once.
 */
public final class ParameterAverage extends BaseTrainingListener implements Serializable {

  private static final long serialVersionUID = 1L;

  private static final String KEY = "dl4jebmParameterAverage";

  private final double decay;
  private long updates;
  private INDArray average;

  /**
   * Starts an average.
   *
   * @param decay at least 0, where the average is the last parameters, and below 1; 0.999 is usual,
   *     an average over some thousand steps
   * @throws IllegalArgumentException if it is not
   */
  public ParameterAverage(double decay) {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException(
          "decay is " + decay + "; accepted: at least 0 and below 1");
    }
    this.decay = decay;
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    update(model.params());
  }

  /**
   * Takes in parameters, for training loops without listeners.
   *
   * @param parameters of the same length each time. Not modified.
   * @throws IllegalArgumentException if the length or type is another than before
   */
  public void update(INDArray parameters) {
    Workspaces.outside(
        () -> {
          if (average == null) {
            average = flat(parameters).dup();
          } else {
            requireAlike(parameters);
            double m = Math.min(decay, (1.0 + updates) / (10 + updates));
            average.muli(m);
            Nd4j.getBlasWrapper().level1().axpy(average.length(), 1 - m, flat(parameters), average);
          }
          return null;
        });
    updates++;
  }

  private void requireAlike(INDArray parameters) {
    if (average == null) {
      throw new IllegalStateException("there is no average yet; accepted: after the first step");
    }
    if (parameters.length() != average.length() || parameters.dataType() != average.dataType()) {
      throw new IllegalArgumentException(
          "there are "
              + parameters.length()
              + " parameters of type "
              + parameters.dataType()
              + "; accepted: "
              + average.length()
              + " of type "
              + average.dataType()
              + ", as those of the average");
    }
  }

  private static INDArray flat(INDArray parameters) {
    return parameters.reshape(parameters.ordering(), new long[] {parameters.length()});
  }

  /**
   * Returns the factor of the past.
   *
   * @return at least 0 and below 1
   */
  public double decay() {
    return decay;
  }

  /**
   * Returns how many parameters were averaged.
   *
   * @return at least 0
   */
  public long updates() {
    return updates;
  }

  /**
   * Puts the average into a network.
   *
   * @param model a network of the same configuration. Its parameters are replaced.
   * @throws IllegalStateException if there is no average yet
   * @throws IllegalArgumentException if it has other parameters
   */
  public void copyTo(Model model) {
    requireAlike(model.params());
    flat(model.params()).assign(average);
  }

  /**
   * Makes a copy of a network with the average as its parameters.
   *
   * @param network the network that is trained. Not modified.
   * @return a new network
   * @throws IllegalStateException if there is no average yet
   */
  public MultiLayerNetwork of(MultiLayerNetwork network) {
    requireAlike(network.params());
    MultiLayerNetwork copy = network.clone();
    copyTo(copy);
    return copy;
  }

  /**
   * Makes a copy of a graph with the average as its parameters.
   *
   * @param graph the graph that is trained. Not modified.
   * @return a new graph
   * @throws IllegalStateException if there is no average yet
   */
  public ComputationGraph of(ComputationGraph graph) {
    requireAlike(graph.params());
    ComputationGraph copy = graph.clone();
    copyTo(copy);
    return copy;
  }

  /**
   * Adds the average to the file of its network.
   *
   * @param file as {@link ModelFiles#write} or DL4J's {@code ModelSerializer} wrote it. Modified.
   * @throws IOException if it is not a model file, or cannot be written
   */
  public void addTo(Path file) throws IOException {
    ModelFiles.addObject(file, KEY, this);
  }

  /**
   * Reads an average from the file of its network.
   *
   * @param file a file that {@link #addTo} added an average to
   * @return the average, to be set as listener of the network
   * @throws IOException if it is not a model file, or has no average
   */
  public static ParameterAverage readFrom(Path file) throws IOException {
    return ModelFiles.readObject(file, KEY, ParameterAverage.class);
  }
}
