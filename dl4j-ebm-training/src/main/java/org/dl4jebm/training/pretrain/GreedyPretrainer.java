/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.Position;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.RunState;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Greedy layerwise pretraining (Hinton, Osindero and Teh, Neural Computation 2006): every
 * pretrainable layer of a network, from the lowest up, is trained without labels on the output of
 * the layers below, which are in inference mode. Afterwards the network is fine-tuned with DL4J's
 * own {@code fit}.
 *
 * <p>Use this instead of {@code MultiLayerNetwork.pretrain} and {@code ComputationGraph.pretrain}:
 * in DL4J 1.0.0-M2.1 the one gives layers above the first the wrong input, the other ignores the
 * number of epochs. Works with every pretrainable layer of DL4J; checkpoints ask for layers that
 * are {@link ResumablePretraining}. Frozen layers are left alone. Updaters, schedules, constraints
 * and regularisation are those of the layers.
 *
 * <p>Listeners of the network are called with the <em>layer</em> as the model, as by DL4J: {@code
 * iterationDone} after each update, {@code onEpochStart} and {@code onEpochEnd} around each pass.
 * The epoch counter of the layer's configuration advances by one a pass, so that schedules by epoch
 * work. Some of DL4J's listeners cannot do without a whole network and are refused before training:
 * {@code EvaluativeListener}, {@code CheckpointListener}, {@code FailureTestingListener}, and
 * {@code PerformanceListener} unless it was built with {@code reportETL(false)}. Listeners set
 * after a layer was first trained are called for this library's layers, but not for DL4J's own,
 * which keep those of the first time.
 *
 * <p>An interrupted thread stops after the present batch; the interruption flag stays set. If a
 * checkpoint file is configured, {@link #resume} goes on from it to bit-identical parameters, on
 * the same machine with the same number of threads, provided that the iterator gives the same
 * batches again: always so for {@link org.dl4jebm.training.data.EpochSeekable} ones, otherwise if
 * every pass has the same order. Weight noise is an exception: it draws from ND4J's own generator,
 * whose position is not saved.
 *
 * <p>Training that diverges is stopped or rolled back, see {@link DivergencePolicy}. After a roll
 * back the epoch begins again, {@code onEpochStart} included, and the iteration counter with it.
 *
 * <p>Iterators are read from their start, also the first time. The data are not modified. One
 * object can be used for several networks, one after the other, by one thread at a time.
 */
public final class GreedyPretrainer {

  private final PretrainOptions options;
  private final Progress progress;

  /**
   * Creates a trainer that shows nothing.
   *
   * @param options what to do
   */
  public GreedyPretrainer(PretrainOptions options) {
    this(options, Progress.silent());
  }

  /**
   * Creates a trainer.
   *
   * @param options what to do
   * @param progress told of every batch; not closed by the trainer
   */
  public GreedyPretrainer(PretrainOptions options, Progress progress) {
    this.options = options;
    this.progress = progress;
  }

  /**
   * Pretrains a network.
   *
   * @param network the network; initialised if it is not. Its pretrainable layers are modified.
   * @param data batches whose features are the network's input; labels are not used except for
   *     their mask with {@link PretrainOptions#withExampleWeights}
   * @return what was done
   * @throws IllegalArgumentException if the network has no layer to pretrain, an option names an
   *     unknown layer, samples are asked for of a layer that has none, a listener cannot take a
   *     layer as the model, the iterator is empty or cannot be reset though several passes are
   *     needed, or the folder of the checkpoint does not exist
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if neighbouring layers do not
   *     fit
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if a batch cannot be used; the
   *     parameters are those after the batch before
   * @throws TrainingDivergedException if training diverged, and has been rolled back as often as
   *     {@link PretrainOptions#divergence} allows; the parameters of the layer are those at the
   *     start of the epoch
   * @throws UncheckedIOException if a checkpoint cannot be written
   */
  public PretrainResult fit(MultiLayerNetwork network, DataSetIterator data) {
    return start(new MultiLayerStack(network), Batches.of(data));
  }

  /**
   * Pretrains a graph with one input; see {@link #fit(MultiLayerNetwork, DataSetIterator)}.
   *
   * @param network the network. Its pretrainable layers are modified.
   * @param data batches whose features are the network's input
   * @return what was done
   */
  public PretrainResult fit(ComputationGraph network, DataSetIterator data) {
    return start(new GraphStack(network), Batches.of(data));
  }

  /**
   * Pretrains a graph; see {@link #fit(MultiLayerNetwork, DataSetIterator)}.
   *
   * @param network the network. Its pretrainable layers are modified.
   * @param data batches whose features are the network's inputs, in the network's order
   * @return what was done
   */
  public PretrainResult fit(ComputationGraph network, MultiDataSetIterator data) {
    return start(new GraphStack(network), Batches.of(data));
  }

  /**
   * Goes on from a checkpoint.
   *
   * @param network a network of the same configuration; parameters, updater states, chains, random
   *     streams and counters are replaced by those of the checkpoint
   * @param data the same batches as in the run that was stopped
   * @param checkpoint the file
   * @return what was done from there on
   * @throws IOException if the file is missing, truncated, of another kind or for another network;
   *     nothing was changed then
   */
  public PretrainResult resume(MultiLayerNetwork network, DataSetIterator data, Path checkpoint)
      throws IOException {
    return goOn(new MultiLayerStack(network), Batches.of(data), checkpoint);
  }

  /**
   * Goes on from a checkpoint; see {@link #resume(MultiLayerNetwork, DataSetIterator, Path)}.
   *
   * @param network a network of the same configuration. Modified.
   * @param data the same batches as in the run that was stopped
   * @param checkpoint the file
   * @return what was done from there on
   * @throws IOException if the file cannot be used; nothing was changed then
   */
  public PretrainResult resume(ComputationGraph network, DataSetIterator data, Path checkpoint)
      throws IOException {
    return goOn(new GraphStack(network), Batches.of(data), checkpoint);
  }

  /**
   * Goes on from a checkpoint; see {@link #resume(MultiLayerNetwork, DataSetIterator, Path)}.
   *
   * @param network a network of the same configuration. Modified.
   * @param data the same batches as in the run that was stopped
   * @param checkpoint the file
   * @return what was done from there on
   * @throws IOException if the file cannot be used; nothing was changed then
   */
  public PretrainResult resume(ComputationGraph network, MultiDataSetIterator data, Path checkpoint)
      throws IOException {
    return goOn(new GraphStack(network), Batches.of(data), checkpoint);
  }

  private PretrainResult start(NetworkStack stack, Batches batches) {
    PretrainChecks.check(options, stack, batches);
    try (RandomStream transfer = new RandomStream(options.seed())) {
      return new PretrainRun(options, progress, stack, batches, transfer)
          .execute(new RunState(Position.START, transfer.state(), 0, 1, null));
    }
  }

  private PretrainResult goOn(NetworkStack stack, Batches batches, Path checkpoint)
      throws IOException {
    PretrainChecks.check(options, stack, batches);
    PretrainChecks.checkResumable(stack, checkpoint);
    RunState resumed = PretrainCheckpoint.restore(checkpoint, stack);
    try (RandomStream transfer = new RandomStream(options.seed())) {
      transfer.restore(resumed.transferRandomState());
      return new PretrainRun(options, progress, stack, batches, transfer).execute(resumed);
    }
  }
}
