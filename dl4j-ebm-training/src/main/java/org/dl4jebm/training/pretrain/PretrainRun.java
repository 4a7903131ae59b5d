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
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.HostMemory;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.pretrain.WeightedPretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.NotNormalisableException;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.pretrain.Batches.Batch;
import org.dl4jebm.training.pretrain.NetworkStack.SampledBelow;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.Position;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.RunState;
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
  private final Recovery recovery;
  private final DeviceStages device;
  private final LayerWorkspaceMgr workspaceMgr =
      LayerWorkspaceMgr.builder()
          .defaultWorkspace(WORKSPACE, WORKSPACE_CONFIGURATION)
          .with(ArrayType.RNN_FF_LOOP_WORKING_MEM, LOOP_WORKSPACE, WORKSPACE_CONFIGURATION)
          .build();

  /** Where to go back to; null before the first batch. */
  private LastGood lastGood;

  /** Batches of the present epoch that were trained on. */
  private long batch;

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
    this.recovery = new Recovery(options.divergence(), transfer);
    this.batchesPerPass = batches.perPass();
    this.device =
        new DeviceStages(
            options,
            stack,
            batches,
            recovery,
            (stage, batch, action) ->
                withInput(stage, batch, null, (input, weights) -> action.accept(input)));
  }

  PretrainResult execute(RunState from) {
    Position position = from.position();
    lastGood = from.lastGood();
    recovery.begin(from.rollBacks(), from.rateFactor());
    boolean interrupted = false;
    try {
      while (position.stage() < stages.size() && !interrupted) {
        Position end = trainStage(stages.get(position.stage()), position);
        interrupted = end.stage() == position.stage();
        position = end;
        if (!interrupted) {
          recovery.begin(0, 1);
        }
        saveCheckpoint(position);
      }
    } finally {
      device.close();
      stack.clear();
    }
    return new PretrainResult(!interrupted, results, recovery.made());
  }

  /** Returns where it stopped: at the next stage, or within this one if interrupted. */
  private Position trainStage(Stage stage, Position from) {
    int epochs = options.epochsOf(stage.name());
    Position position = from;
    if (from.epoch() < epochs) {
      long startTime = System.nanoTime();
      int firstIteration = stage.layer().conf().getIterationCount();
      startProgress(stage, epochs);
      boolean interrupted = !initialize(stage, from);
      while (position.epoch() < epochs && !interrupted) {
        try {
          Position end = trainEpoch(stage, position, epochs);
          interrupted = end.epoch() == position.epoch();
          position = end;
        } catch (Divergence e) {
          Position at = new Position(from.stage(), position.epoch(), batch, position.pass());
          progress.finish(recovery.goBack(stage, lastGood, e, at));
          position = lastGood.position();
          startProgress(stage, epochs);
        }
      }
      LayerResult result =
          new LayerResult(
              stage.name(),
              position.epoch(),
              stage.layer().conf().getIterationCount() - firstIteration,
              stage.scoreName(),
              stage.layer().score(),
              (System.nanoTime() - startTime) / 1e9,
              device.ranOn());
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

  /** Returns false if interrupted; nothing was changed then. */
  private boolean initialize(Stage stage, Position from) {
    if (!options.visibleBiasFromData()
        || from.epoch() > 0
        || from.batch() > 0
        || !VisibleBiasFromData.isFor(stage)) {
      return true;
    }
    VisibleBiasFromData bias =
        new VisibleBiasFromData((RestrictedBoltzmannMachineLayer) stage.layer());
    try {
      startPass(from);
      while (batches.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return false;
        }
        withInput(stage, batches.next(), null, bias::add);
      }
    } catch (Batches.InterruptedException e) {
      return false;
    }
    bias.apply();
    return true;
  }

  private void startProgress(Stage stage, int epochs) {
    progress.start("Layer " + stage.name(), batchesPerPass < 0 ? -1 : batchesPerPass * epochs);
  }

  /**
   * Returns the start of the next epoch, or a place within this one if interrupted.
   *
   * @throws Divergence if training has diverged; the layer has still to be put back
   */
  private Position trainEpoch(Stage stage, Position from, int epochs) {
    Layer layer = stage.layer();
    if (lastGood == null || !lastGood.isBefore(from)) {
      lastGood = LastGood.of(stage, from, transfer);
    }
    batch = from.batch();
    try {
      if (Thread.currentThread().isInterrupted()) {
        return from;
      }
      startPass(from);
      device.beginPass(stage);
      while (batches.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return stopped(stage, from);
        }
        if (batch == 0) {
          tellListeners(layer, listener -> listener.onEpochStart(layer));
        }
        Batch left = device.step(stage);
        if (left != null) {
          step(stage, left);
        }
        batch++;
        Divergence.checkScore(stage, options.divergence());
        showProgress(stage, from.epoch(), epochs);
        if (++sinceCheckpoint >= options.checkpointEvery() && batches.hasNext()) {
          saveCheckpoint(stopped(stage, from));
        }
      }
    } catch (Batches.InterruptedException e) {
      return stopped(stage, from);
    } catch (NotNormalisableException e) {
      throw Divergence.of(e);
    }
    device.save();
    Divergence.checkParameters(stage);
    batchesPerPass = batch;
    NeuralNetConfiguration conf = layer.conf();
    conf.setEpochCount(conf.getEpochCount() + 1);
    tellListeners(layer, listener -> listener.onEpochEnd(layer));
    return new Position(from.stage(), from.epoch() + 1, 0, from.pass() + 1);
  }

  /** Goes to the batch at which this pass began or was stopped. */
  private void startPass(Position from) {
    batches.startPass(from.pass());
    long skipped = 0;
    for (; skipped < from.batch() && batches.hasNext(); skipped++) {
      batches.next();
    }
    if (skipped < from.batch() || (skipped == 0 && !batches.hasNext())) {
      throw new IllegalArgumentException(
          "the iterator gave "
              + skipped
              + " batches in pass "
              + (from.pass() + 1)
              + " over the data; accepted: as many as in the passes before");
    }
  }

  /** A place within a pass, made sure to be worth going on from. */
  private Position stopped(Stage stage, Position from) {
    device.save();
    Divergence.checkParameters(stage);
    return new Position(from.stage(), from.epoch(), batch, from.pass());
  }

  private void step(Stage stage, Batch next) {
    SampledBelow sampler =
        options.transferTo(stage.name()) == LayerTransfer.SAMPLES && stack.hasLayersBelow(stage)
            ? (layer, input) -> ((ResumablePretraining) layer).sampleOutput(input, transfer)
            : null;
    withInput(
        stage,
        next,
        sampler,
        (input, weights) -> {
          INDArray own = mayBeChanged(stage, input, next.features()) ? input : input.dup();
          recovery.update(stage, () -> fit(stage, own, weights));
        });
  }

  private void fit(Stage stage, INDArray input, INDArray weights) {
    if (weights == null) {
      stage.layer().fit(input, workspaceMgr);
    } else {
      ((WeightedPretraining) stage.layer()).fit(input, weights, workspaceMgr);
    }
  }

  /** Hands the input of a layer and the weights of its rows, or null, to an action. */
  @SuppressWarnings("try") // the workspace is entered and left, never used by name
  private void withInput(
      Stage stage, Batch next, SampledBelow sampler, BiConsumer<INDArray, INDArray> action) {
    INDArray weights = options.exampleWeights() ? ExampleWeights.of(next) : null;
    try (MemoryWorkspace workspace = workspaceMgr.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
      if (!widthsChecked) {
        List<Stage> toCome = stages.subList(stages.indexOf(stage), stages.size());
        FirstBatchCheck.check(stack, toCome, next.features(), weights, workspaceMgr);
        widthsChecked = true;
      }
      action.accept(stack.inputOf(stage, next.features(), sampler, workspaceMgr), weights);
    }
  }

  /**
   * DL4J lets layers above others change their input, and a dropout layer below, in inference mode,
   * hands on the data themselves. Elsewhere than in the memory of the host an array may have no
   * address.
   */
  private boolean mayBeChanged(Stage stage, INDArray input, INDArray[] features) {
    return !stack.hasLayersBelow(stage)
        || (HostMemory.holdsArrays()
            && Arrays.stream(features)
                .noneMatch(x -> x.data().address() == input.data().address()));
  }

  private void tellListeners(Layer layer, Consumer<TrainingListener> call) {
    if (layer.getListeners() != null) {
      layer.getListeners().forEach(call);
    }
  }

  private void showProgress(Stage stage, int epoch, int epochs) {
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
      boolean goesBack =
          options.divergence().rollsBack()
              && lastGood != null
              && lastGood.isBefore(position)
              && !lastGood.position().equals(position);
      PretrainCheckpoint.write(
          options.checkpoint(),
          stack,
          new RunState(
              position,
              transfer.state(),
              recovery.count(),
              recovery.rateFactor(),
              goesBack ? lastGood : null));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "checkpoint " + options.checkpoint() + " cannot be written: " + e.getMessage(), e);
    }
  }
}
