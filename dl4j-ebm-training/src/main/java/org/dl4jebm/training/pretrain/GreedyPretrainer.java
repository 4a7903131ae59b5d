/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.NetworkStack.SampledBelow;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.Position;
import org.dl4jebm.training.pretrain.PretrainResult.LayerResult;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
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
 * work.
 *
 * <p>An interrupted thread stops after the present batch; the interruption flag stays set. If a
 * checkpoint file is configured, {@link #resume} goes on from it to bit-identical parameters, on
 * the same machine with the same number of threads, provided that the iterator gives the same
 * batches again: always so for {@link org.dl4jebm.training.data.EpochSeekable} ones, otherwise if
 * every pass has the same order. One object can be used for several networks, one after the other.
 */
public final class GreedyPretrainer {

  private static final String WORKSPACE = "DL4J_EBM_PRETRAIN";

  private static final WorkspaceConfiguration WORKSPACE_CONFIGURATION =
      WorkspaceConfiguration.builder()
          .initialSize(0)
          .overallocationLimit(0.02)
          .policyLearning(LearningPolicy.OVER_TIME)
          .cyclesBeforeInitialization(3)
          .policyReset(ResetPolicy.BLOCK_LEFT)
          .policySpill(SpillPolicy.REALLOCATE)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .build();

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
   * @param data batches whose features are the network's input; labels are not used
   * @return what was done
   * @throws IllegalArgumentException if the network has no layer to pretrain, an option names an
   *     unknown layer, the iterator is empty or cannot be reset though several passes are needed
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if neighbouring layers do not
   *     fit
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if a batch cannot be used; the
   *     parameters are those after the batch before
   * @throws TrainingDivergedException if a value is not finite; the parameters of the layer are
   *     those at the start of the epoch
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
    check(stack, batches, Position.START);
    try (RandomStream transfer = new RandomStream(options.seed())) {
      return new Run(stack, batches, transfer).execute(Position.START);
    }
  }

  private PretrainResult goOn(NetworkStack stack, Batches batches, Path checkpoint)
      throws IOException {
    check(stack, batches, Position.START);
    PretrainCheckpoint.checkSupported(stack, checkpoint);
    PretrainCheckpoint.Resumed resumed = PretrainCheckpoint.restore(checkpoint, stack);
    try (RandomStream transfer = new RandomStream(options.seed())) {
      transfer.restore(resumed.transferRandomState());
      return new Run(stack, batches, transfer).execute(resumed.position());
    }
  }

  private void check(NetworkStack stack, Batches batches, Position position) {
    List<Stage> stages = stack.stages();
    if (stages.isEmpty()) {
      throw new IllegalArgumentException(
          "the network's layers "
              + stack.layerNames()
              + " hold none to pretrain; accepted: at least one layer that is not frozen and has"
              + " isPretrainLayer() = true");
    }
    Set<String> unknown = new TreeSet<>(options.layerEpochs().keySet());
    unknown.addAll(options.layerTransfer().keySet());
    List<String> names = stages.stream().map(Stage::name).toList();
    unknown.removeAll(names);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "options name the layers " + unknown + "; accepted: " + names);
    }
    for (Stage stage : stages) {
      Layer below = stack.layerBelow(stage);
      if (options.transferTo(stage.name()) == LayerTransfer.SAMPLES
          && stage.index() != stages.get(0).index()
          && !(below instanceof ResumablePretraining)) {
        throw new IllegalArgumentException(
            "transfer to layer \""
                + stage.name()
                + "\" is SAMPLES, but the layer below is "
                + (below == null ? "none" : below.getClass().getSimpleName())
                + "; accepted: a layer that can be sampled, or MEANS");
      }
    }
    stack.prepare();
    if (options.checkpoint() != null) {
      PretrainCheckpoint.checkSupported(stack, options.checkpoint());
    }
    int passes = names.stream().mapToInt(options::epochsOf).sum();
    if (passes > 1 && !batches.resetSupported()) {
      throw new IllegalArgumentException(
          "the iterator cannot be reset, and "
              + passes
              + " passes over the data are needed; accepted: an iterator with resetSupported() = true,"
              + " or one epoch of one layer");
    }
    if (!batches.hasNext()) {
      if (batches.resetSupported()) {
        batches.reset();
      }
      if (!batches.hasNext()) {
        throw new IllegalArgumentException("the iterator is empty; accepted: at least one batch");
      }
    }
  }

  /** One call of {@code fit} or {@code resume}. */
  private final class Run {

    private final NetworkStack stack;
    private final Batches batches;
    private final RandomStream transfer;
    private final List<Stage> stages;
    private final List<LayerResult> results = new ArrayList<>();
    private final LayerWorkspaceMgr workspaceMgr =
        LayerWorkspaceMgr.builder().defaultWorkspace(WORKSPACE, WORKSPACE_CONFIGURATION).build();
    private long sinceCheckpoint;
    private long batchesPerPass;

    Run(NetworkStack stack, Batches batches, RandomStream transfer) {
      this.stack = stack;
      this.batches = batches;
      this.transfer = transfer;
      this.stages = stack.stages();
      this.batchesPerPass = batches.perPass();
    }

    PretrainResult execute(Position from) {
      Position position = from;
      boolean interrupted = false;
      try {
        while (position.stage() < stages.size() && !interrupted) {
          Position end = trainStage(stages.get(position.stage()), position);
          interrupted = end.stage() == position.stage();
          position = end;
          saveCheckpoint(position);
        }
      } finally {
        stack.clear();
      }
      return new PretrainResult(!interrupted, results);
    }

    /** Returns where it stopped: at the next stage, or within this one if interrupted. */
    private Position trainStage(Stage stage, Position from) {
      int epochs = options.epochsOf(stage.name());
      Position position = from;
      if (from.epoch() < epochs) {
        long startTime = System.nanoTime();
        int firstIteration = stage.layer().conf().getIterationCount();
        progress.start("Layer " + stage.name(), batchesPerPass < 0 ? -1 : batchesPerPass * epochs);
        while (position.epoch() < epochs && position.stage() == from.stage()) {
          Position end = trainEpoch(stage, position, epochs);
          boolean interrupted = end.epoch() == position.epoch();
          position = end;
          if (interrupted) {
            break;
          }
        }
        LayerResult result =
            new LayerResult(
                stage.name(),
                position.epoch(),
                stage.layer().conf().getIterationCount() - firstIteration,
                stage.scoreName(),
                stage.layer().score(),
                (System.nanoTime() - startTime) / 1e9);
        results.add(result);
        progress.finish(
            String.format(
                Locale.ROOT,
                "%d epochs, %s %.4f, %.1f s",
                result.epochs(),
                result.scoreName(),
                result.score(),
                result.seconds()));
      }
      return position.epoch() < epochs
          ? position
          : new Position(from.stage() + 1, 0, 0, position.pass());
    }

    /** Returns the start of the next epoch, or a place within this one if interrupted. */
    private Position trainEpoch(Stage stage, Position from, int epochs) {
      Layer layer = stage.layer();
      LastGood lastGood = new LastGood(stage);
      batches.startPass(from.pass());
      long batch = 0;
      for (; batch < from.batch() && batches.hasNext(); batch++) {
        batches.next();
      }
      if (batch < from.batch() || (batch == 0 && !batches.hasNext())) {
        throw new IllegalArgumentException(
            "the iterator gave "
                + batch
                + " batches in pass "
                + (from.pass() + 1)
                + " over the data; accepted: as many as in the passes before");
      }
      if (batch == 0) {
        tellListeners(layer, listener -> listener.onEpochStart(layer));
      }
      while (batches.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return new Position(from.stage(), from.epoch(), batch, from.pass());
        }
        step(stage, batches.next());
        batch++;
        lastGood.checkScore(from.epoch(), batch);
        showProgress(stage, from.epoch(), epochs, batch);
        if (++sinceCheckpoint >= options.checkpointEvery() && batches.hasNext()) {
          saveCheckpoint(new Position(from.stage(), from.epoch(), batch, from.pass()));
        }
      }
      lastGood.checkParameters(from.epoch(), batch);
      batchesPerPass = batch;
      NeuralNetConfiguration conf = layer.conf();
      conf.setEpochCount(conf.getEpochCount() + 1);
      tellListeners(layer, listener -> listener.onEpochEnd(layer));
      return new Position(from.stage(), from.epoch() + 1, 0, from.pass() + 1);
    }

    @SuppressWarnings("try") // the workspace is entered and left, never used by name
    private void step(Stage stage, INDArray[] features) {
      SampledBelow sampler =
          options.transferTo(stage.name()) == LayerTransfer.SAMPLES
              ? (layer, input) -> ((ResumablePretraining) layer).sampleOutput(input, transfer)
              : null;
      try (MemoryWorkspace workspace = workspaceMgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
        stage.layer().fit(stack.inputOf(stage, features, sampler, workspaceMgr), workspaceMgr);
      }
    }

    private void tellListeners(Layer layer, Consumer<TrainingListener> call) {
      if (layer.getListeners() != null) {
        layer.getListeners().forEach(call);
      }
    }

    private void showProgress(Stage stage, int epoch, int epochs, long batch) {
      progress.step(
          epoch * Math.max(batchesPerPass, 0) + batch,
          String.format(
              Locale.ROOT,
              "epoch %d/%d, %s %.4g",
              epoch + 1,
              epochs,
              stage.scoreName(),
              stage.layer().score()));
    }

    private void saveCheckpoint(Position position) {
      sinceCheckpoint = 0;
      if (options.checkpoint() == null) {
        return;
      }
      try {
        PretrainCheckpoint.write(options.checkpoint(), stack, position, transfer.state());
      } catch (IOException e) {
        throw new UncheckedIOException(
            "checkpoint " + options.checkpoint() + " cannot be written: " + e.getMessage(), e);
      }
    }
  }

  /** The layer as it was at the start of an epoch, to go back to if training diverges. */
  private static final class LastGood {

    private final Stage stage;
    private final INDArray parameters;
    private final PretrainState state;

    LastGood(Stage stage) {
      this.stage = stage;
      this.parameters = Workspaces.outside(() -> stage.layer().params().dup());
      this.state = stage.resumable() == null ? null : stage.resumable().pretrainState();
    }

    void checkScore(int epoch, long batch) {
      if (!Double.isFinite(stage.layer().score())) {
        giveUp(epoch, batch, stage.scoreName(), stage.layer().score());
      }
    }

    void checkParameters(int epoch, long batch) {
      double sum = stage.layer().params().sumNumber().doubleValue();
      if (!Double.isFinite(sum)) {
        giveUp(epoch, batch, "sum of parameters", sum);
      }
    }

    private void giveUp(int epoch, long batch, String quantity, double value) {
      stage.layer().params().assign(parameters);
      if (state != null) {
        stage.resumable().restorePretrainState(state);
      }
      throw new TrainingDivergedException(
          "pretraining of layer \""
              + stage.name()
              + "\" diverged: "
              + quantity
              + " is "
              + value
              + " after batch "
              + batch
              + " of epoch "
              + (epoch + 1)
              + "; its parameters are those at the start of this epoch");
    }
  }
}
