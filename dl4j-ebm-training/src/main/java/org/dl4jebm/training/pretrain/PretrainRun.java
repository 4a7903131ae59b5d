/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.NotNormalisableException;
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

/** One call of {@code fit} or {@code resume} of {@link GreedyPretrainer}. */
final class PretrainRun {

  private static final String WORKSPACE = "DL4J_EBM_PRETRAIN";

  /** Recurrent layers enter and leave one for each step in time, while the other stays open. */
  private static final String LOOP_WORKSPACE = "DL4J_EBM_PRETRAIN_LOOP";

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
  private final NetworkStack stack;
  private final Batches batches;
  private final RandomStream transfer;
  private final List<Stage> stages;
  private final List<LayerResult> results = new ArrayList<>();
  private final LayerWorkspaceMgr workspaceMgr =
      LayerWorkspaceMgr.builder()
          .defaultWorkspace(WORKSPACE, WORKSPACE_CONFIGURATION)
          .with(ArrayType.RNN_FF_LOOP_WORKING_MEM, LOOP_WORKSPACE, WORKSPACE_CONFIGURATION)
          .build();
  private long sinceCheckpoint;
  private long batchesPerPass;
  private boolean widthsChecked;

  PretrainRun(
      PretrainOptions options,
      Progress progress,
      NetworkStack stack,
      Batches batches,
      RandomStream transfer) {
    this.options = options;
    this.progress = progress;
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
      while (position.epoch() < epochs) {
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
    LastGood lastGood = new LastGood(stage, from.batch());
    long batch = from.batch();
    try {
      if (Thread.currentThread().isInterrupted()) {
        return from;
      }
      startPass(from);
      while (batches.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return stopped(lastGood, from, batch);
        }
        if (batch == 0) {
          tellListeners(layer, listener -> listener.onEpochStart(layer));
        }
        step(stage, batches.next());
        batch++;
        lastGood.checkScore(from.epoch(), batch);
        showProgress(stage, from.epoch(), epochs, batch);
        if (++sinceCheckpoint >= options.checkpointEvery() && batches.hasNext()) {
          saveCheckpoint(stopped(lastGood, from, batch));
        }
      }
    } catch (Batches.InterruptedException e) {
      return stopped(lastGood, from, batch);
    } catch (NotNormalisableException e) {
      throw lastGood.giveUp(from.epoch(), batch, e.getMessage());
    }
    lastGood.checkParameters(from.epoch(), batch);
    batchesPerPass = batch;
    NeuralNetConfiguration conf = layer.conf();
    conf.setEpochCount(conf.getEpochCount() + 1);
    tellListeners(layer, listener -> listener.onEpochEnd(layer));
    return new Position(from.stage(), from.epoch() + 1, 0, from.pass() + 1);
  }

  /** Goes to the batch at which this pass began or was stopped. */
  private void startPass(Position from) {
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
  }

  /** A place within a pass, made sure to be worth going on from. */
  private Position stopped(LastGood lastGood, Position from, long batch) {
    lastGood.checkParameters(from.epoch(), batch);
    return new Position(from.stage(), from.epoch(), batch, from.pass());
  }

  @SuppressWarnings("try") // the workspace is entered and left, never used by name
  private void step(Stage stage, INDArray[] features) {
    SampledBelow sampler =
        options.transferTo(stage.name()) == LayerTransfer.SAMPLES && stack.hasLayersBelow(stage)
            ? (layer, input) -> ((ResumablePretraining) layer).sampleOutput(input, transfer)
            : null;
    try (MemoryWorkspace workspace = workspaceMgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
      if (!widthsChecked) {
        checkWidths(stage, features);
        widthsChecked = true;
      }
      INDArray input = stack.inputOf(stage, features, sampler, workspaceMgr);
      stage.layer().fit(mayBeChanged(stage, input, features) ? input : input.dup(), workspaceMgr);
    }
  }

  /**
   * DL4J lets layers above others change their input, and a dropout layer below, in inference mode,
   * hands on the data themselves.
   */
  private boolean mayBeChanged(Stage stage, INDArray input, INDArray[] features) {
    return !stack.hasLayersBelow(stage)
        || Arrays.stream(features).noneMatch(x -> x.data().address() == input.data().address());
  }

  /**
   * Sends the first batch up through the whole stack, so that a layer which does not fit what is
   * below it is found before the ones below it have been trained.
   */
  private void checkWidths(Stage first, INDArray[] features) {
    for (Stage stage : stages.subList(stages.indexOf(first), stages.size())) {
      INDArray input = stack.inputOf(stage, features, null, workspaceMgr);
      if (!(stage.layer().conf().getLayer() instanceof FeedForwardLayer conf)
          || input.rank() != 2
          || input.size(1) == conf.getNIn()) {
        continue;
      }
      if (!stack.hasLayersBelow(stage)) {
        throw new DL4JInvalidInputException(
            "the first batch gives layer \""
                + stage.name()
                + "\" an input of shape "
                + Arrays.toString(input.shape())
                + "; accepted: [n, "
                + conf.getNIn()
                + "]");
      }
      throw new DL4JInvalidConfigException(
          "layer \""
              + stage.name()
              + "\" has nIn = "
              + conf.getNIn()
              + ", but gets "
              + input.size(1)
              + " columns from below; accepted: the same number");
    }
  }

  private void tellListeners(Layer layer, Consumer<TrainingListener> call) {
    if (layer.getListeners() != null) {
      layer.getListeners().forEach(call);
    }
  }

  private void showProgress(Stage stage, int epoch, int epochs, long batch) {
    progress.advance(
        epoch * Math.max(batchesPerPass, 0) + batch,
        () ->
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
