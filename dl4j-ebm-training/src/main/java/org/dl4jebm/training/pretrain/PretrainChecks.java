/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.FailureTestingListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;

/**
 * What can be wrong with a call of {@link GreedyPretrainer} and is found before anything changes.
 */
final class PretrainChecks {

  private PretrainChecks() {}

  static void check(PretrainOptions options, NetworkStack stack, Batches batches) {
    List<Stage> stages = stack.stages();
    if (stages.isEmpty()) {
      throw new IllegalArgumentException(
          "the network's layers "
              + stack.layerNames()
              + " hold none to pretrain; accepted: at least one layer that is not frozen and has"
              + " isPretrainLayer() = true");
    }
    checkNames(options, stages);
    for (Stage stage : stages) {
      checkTransfer(options, stack, stage);
      checkListeners(stage);
    }
    if (options.divergence().rollsBack()) {
      checkRollBacks(stages, batches);
    }
    if (options.exampleWeights()) {
      ExampleWeights.check(stages);
    }
    stack.prepare();
    if (options.checkpoint() != null) {
      checkFolder(options.checkpoint());
      checkResumable(stack, options.checkpoint());
    }
    checkPasses(batches, stages.stream().mapToInt(stage -> passes(options, stage)).sum());
    checkNotEmpty(batches);
  }

  private static void checkNames(PretrainOptions options, List<Stage> stages) {
    Set<String> named = new TreeSet<>(options.layerEpochs().keySet());
    named.addAll(options.layerTransfer().keySet());
    List<String> names = stages.stream().map(Stage::name).toList();
    for (String name : named) {
      int layers = Collections.frequency(names, name);
      if (layers != 1) {
        throw new IllegalArgumentException(
            "options name the layer \""
                + name
                + "\", of which there are "
                + layers
                + " to pretrain; accepted: names that one of "
                + names
                + " has alone");
      }
    }
  }

  private static void checkTransfer(PretrainOptions options, NetworkStack stack, Stage stage) {
    if (options.transferTo(stage.name()) != LayerTransfer.SAMPLES || !stack.hasLayersBelow(stage)) {
      return;
    }
    if (!(stack.layerBelow(stage) instanceof ResumablePretraining below)) {
      throw new IllegalArgumentException(
          "transfer to layer \""
              + stage.name()
              + "\" is SAMPLES, but directly below it is "
              + (stack.layerBelow(stage) == null
                  ? "no single layer"
                  : "a " + stack.layerBelow(stage).getClass().getSimpleName())
              + "; accepted: a layer that can be sampled, or MEANS");
    }
    below
        .reasonNotSampled()
        .ifPresent(
            reason -> {
              throw new IllegalArgumentException(
                  "transfer to layer \""
                      + stage.name()
                      + "\" is SAMPLES, but the layer below cannot be sampled: "
                      + reason
                      + ", or MEANS");
            });
  }

  private static void checkListeners(Stage stage) {
    Collection<TrainingListener> listeners = stage.layer().getListeners();
    if (listeners == null) {
      return;
    }
    for (TrainingListener listener : listeners) {
      reasonNotForLayers(listener)
          .ifPresent(
              reason -> {
                throw new IllegalArgumentException(
                    "listener "
                        + listener.getClass().getSimpleName()
                        + " cannot be used in pretraining, where the model is a layer: it "
                        + reason
                        + "; accepted: listeners that take any Model. Set it after pretraining");
              });
    }
  }

  private static Optional<String> reasonNotForLayers(TrainingListener listener) {
    if (listener instanceof EvaluativeListener) {
      return Optional.of("evaluates the outputs of a network");
    }
    if (listener instanceof CheckpointListener) {
      return Optional.of(
          "would write model files without a configuration (for checkpoints of pretraining see"
              + " PretrainOptions.withCheckpoint)");
    }
    if (listener instanceof FailureTestingListener) {
      return Optional.of("asks a network for its counters");
    }
    if (listener instanceof PerformanceListener && reportsLoadingTime(listener)) {
      return Optional.of(
          "asks a network for the time it took to load data, unless built with reportETL(false)");
    }
    return Optional.empty();
  }

  /** The listener does not tell; where it has changed, it is given the benefit of the doubt. */
  private static boolean reportsLoadingTime(TrainingListener listener) {
    try {
      var field = PerformanceListener.class.getDeclaredField("reportEtl");
      field.setAccessible(true);
      return field.getBoolean(listener);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return false;
    }
  }

  private static void checkRollBacks(List<Stage> stages, Batches batches) {
    requireResumable(stages, "rolling back");
    for (Stage stage : stages) {
      try {
        LearningRates.requireScalable(stage.layer());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "rolling back is asked for, but in layer \"" + stage.name() + "\" " + e.getMessage(),
            e);
      }
    }
    if (!batches.resetSupported()) {
      throw new IllegalArgumentException(
          "rolling back is asked for, but the iterator cannot be reset; accepted: an iterator with"
              + " resetSupported() = true, or DivergencePolicy.stop()");
    }
  }

  /** Refuses networks whose layers cannot hand over their state. */
  static void checkResumable(NetworkStack stack, Path file) {
    requireResumable(stack.stages(), "checkpoint " + file);
  }

  private static void requireResumable(List<Stage> stages, String wish) {
    for (Stage stage : stages) {
      if (stage.resumable() == null) {
        throw new IllegalArgumentException(
            wish
                + " is asked for, but layer \""
                + stage.name()
                + "\" is a "
                + stage.layer().getClass().getSimpleName()
                + "; accepted: layers that are "
                + ResumablePretraining.class.getSimpleName());
      }
    }
  }

  private static void checkFolder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
      throw new IllegalArgumentException(
          "checkpoint is " + file + "; accepted: a file in an existing folder");
    }
  }

  private static int passes(PretrainOptions options, Stage stage) {
    int epochs = options.epochsOf(stage.name());
    boolean first = epochs > 0 && options.visibleBiasFromData() && VisibleBiasFromData.isFor(stage);
    return epochs + (first ? 1 : 0);
  }

  private static void checkPasses(Batches batches, int passes) {
    if (passes > 1 && !batches.resetSupported()) {
      throw new IllegalArgumentException(
          "the iterator cannot be reset, and "
              + passes
              + " passes over the data are needed; accepted: an iterator with resetSupported() = true,"
              + " or one epoch of one layer without visible biases from the data");
    }
  }

  private static void checkNotEmpty(Batches batches) {
    try {
      if (!batches.hasNext() && batches.resetSupported()) {
        batches.reset();
      }
      if (!batches.hasNext()) {
        throw new IllegalArgumentException("the iterator is empty; accepted: at least one batch");
      }
    } catch (Batches.InterruptedException e) {
      // The run will find the flag, and stop before its first batch.
      return;
    }
  }
}
