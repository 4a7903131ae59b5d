/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * Trains a network as an energy, {@code p(x) = exp(-E(x)) / Z}, or as a score network, by score
 * matching.
 *
 * <pre>{@code
 * new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.denoising(0.3), 20)).fit(network, data);
 * }</pre>
 *
 * <p>Steps are taken by the network's own updater with its schedules, regularization, gradient
 * normalization and constraints; the loss of its output layer is not used. Listeners of the network
 * are told of the start and end of epochs and of iterations, with the user's network as model; the
 * score is the objective of the batch and the regularization. Batch normalization uses the
 * statistics it has, and dropout and weight noise are off.
 *
 * <p>The network has all state: noise and directions are a function of the seed and of the
 * network's epoch counter. A network that is saved with its updater between two calls of {@link
 * #fit}, restored and trained on gives the same numbers as one that was never saved, if the data
 * are {@link org.dl4jebm.training.data.EpochSeekable} or have the same order in each pass. A thread
 * that is interrupted stops after the present step.
 *
 * <p>Exact objectives are summed over blocks of directions before the step is taken, so that memory
 * does not grow with the number of values of an example. One object can be used for several
 * networks, one after the other, by one thread at a time.
 */
public final class ScoreMatching {

  private final ScoreMatchingOptions options;
  private final Progress progress;

  /**
   * Creates a trainer that shows nothing.
   *
   * @param options what to do
   */
  public ScoreMatching(ScoreMatchingOptions options) {
    this(options, Progress.silent());
  }

  /**
   * Creates a trainer.
   *
   * @param options what to do
   * @param progress told of every batch; not closed by the trainer
   */
  public ScoreMatching(ScoreMatchingOptions options, Progress progress) {
    this.options = options;
    this.progress = progress;
  }

  /**
   * Trains a network.
   *
   * @param network the network; initialised if it is not. Its parameters, updater, counters and
   *     score are modified.
   * @param data batches whose features are examples, {@code [n, ...]}; labels are not used
   * @return what was done
   * @throws IllegalArgumentException if the iterator is empty, or cannot be reset though several
   *     passes are needed, or the network has not one output where an energy is needed
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or activation has no
   *     rule that the objective needs
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if a batch holds NaN or infinite
   *     values, or has a mask; the parameters are those after the batch before
   * @throws TrainingDivergedException if a score or a parameter is not finite any more; parameters,
   *     updater and iteration counter are those at the start of the epoch
   */
  public ScoreMatchingResult fit(MultiLayerNetwork network, DataSetIterator data) {
    return Workspaces.outside(
        () -> new ScoreRun<>(options, progress, new ChainNetwork(network)).fit(data));
  }

  /**
   * Trains a graph; see {@link #fit(MultiLayerNetwork, DataSetIterator)}.
   *
   * @param graph a graph with one input and one output. Modified.
   * @param data batches whose features are examples
   * @return what was done
   */
  public ScoreMatchingResult fit(ComputationGraph graph, DataSetIterator data) {
    return Workspaces.outside(
        () -> new ScoreRun<>(options, progress, new GraphNetwork(graph)).fit(data));
  }

  /**
   * Computes the objective, with the same noise and directions each time.
   *
   * @param network the network; initialised if it is not, else not modified
   * @param data batches whose features are examples
   * @return mean over all examples, without regularization; an estimate where the objective draws
   *     random numbers
   * @throws IllegalArgumentException as for {@link #fit(MultiLayerNetwork, DataSetIterator)}
   */
  public double score(MultiLayerNetwork network, DataSetIterator data) {
    return Workspaces.outside(
        () -> new ScoreRun<>(options, progress, new ChainNetwork(network)).score(data));
  }

  /**
   * Computes the objective of a graph; see {@link #score(MultiLayerNetwork, DataSetIterator)}.
   *
   * @param graph a graph with one input and one output; initialised if it is not, else not modified
   * @param data batches whose features are examples
   * @return mean over all examples, without regularization
   */
  public double score(ComputationGraph graph, DataSetIterator data) {
    return Workspaces.outside(
        () -> new ScoreRun<>(options, progress, new GraphNetwork(graph)).score(data));
  }
}
