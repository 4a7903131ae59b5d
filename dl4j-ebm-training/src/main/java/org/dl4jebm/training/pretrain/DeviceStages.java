/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Collection;
import java.util.Optional;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.device.DeviceException;
import org.dl4jebm.training.device.DeviceTraining;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.device.OpenDevice;
import org.dl4jebm.training.pretrain.Batches.Batch;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stages of a run that are trained on a device. The others are left to the run, as all are
 * where no device was asked for.
 */
final class DeviceStages implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GreedyPretrainer.class);

  private static final String ND4J = "ND4J";

  /** Rows that are sent up through the layers below at once. */
  private static final int BLOCK_ROWS = 1000;

  /** Hands the input of a layer for a batch to an action, valid until that returns. */
  @FunctionalInterface
  interface Inputs {
    void of(Stage stage, Batch batch, Consumer<INDArray> action);
  }

  private final PretrainOptions options;
  private final NetworkStack stack;
  private final Batches batches;
  private final Recovery recovery;
  private final Inputs inputs;

  /** Null before the first stage that can be trained on it, and where there is none. */
  private OpenDevice device;

  /** The present stage. */
  private Stage stage;

  /** Null where the present stage is left to the run. */
  private DeviceTraining training;

  private String ranOn = ND4J;

  DeviceStages(
      PretrainOptions options,
      NetworkStack stack,
      Batches batches,
      Recovery recovery,
      Inputs inputs) {
    this.options = options;
    this.stack = stack;
    this.batches = batches;
    this.recovery = recovery;
    this.inputs = inputs;
  }

  /** What the present stage runs on, for reports. */
  String ranOn() {
    return ranOn;
  }

  /** Called when the batches are at the place from which a pass goes on. */
  void beginPass(Stage next) {
    if (options.execution() != Execution.DEVICE) {
      return;
    }
    if (stage != next) {
      endStage();
      stage = next;
      begin();
    }
    if (training != null) {
      training.load();
      if (training.isResident()) {
        training.startRows(batches.rowsInMemory().upcomingRows());
      }
    }
  }

  private void begin() {
    Optional<String> reason = reasonNot();
    if (reason.isPresent()) {
      leave(reason.get());
      return;
    }
    ShuffledDataSetIterator rows = batches.rowsInMemory();
    try {
      if (device == null) {
        device = OpenDevice.open();
      }
      training =
          device.training(
              (RestrictedBoltzmannMachineLayer) stage.layer(),
              Math.max(1, batches.expectedRows()),
              rows == null ? 0 : rows.rows());
    } catch (DeviceException e) {
      leave(e.getMessage());
      return;
    }
    ranOn = device.describe();
    if (training.isResident()) {
      putRows(rows);
    }
  }

  private Optional<String> reasonNot() {
    if (!(stage.layer() instanceof RestrictedBoltzmannMachineLayer layer)) {
      return Optional.of("a layer of class " + stage.layer().getClass().getSimpleName());
    }
    if (options.exampleWeights()) {
      return Optional.of("weights of examples");
    }
    if (options.transferTo(stage.name()) == LayerTransfer.SAMPLES && stack.hasLayersBelow(stage)) {
      return Optional.of("transfer of samples from the layer below");
    }
    return DeviceTraining.reasonNot(layer);
  }

  /** Leaves the stage to the run. */
  private void leave(String reason) {
    LOG.warn("layer \"{}\" is pretrained on ND4J and not on a device: {}", stage.name(), reason);
    ranOn = ND4J + " (" + reason + ")";
    if (training != null) {
      training.close();
      training = null;
    }
  }

  private void putRows(ShuffledDataSetIterator rows) {
    for (int from = 0; from < rows.rows(); from += BLOCK_ROWS) {
      int first = from;
      int to = Math.min(rows.rows(), from + BLOCK_ROWS);
      INDArray[] features = {rows.featureRows(from, to)};
      inputs.of(
          stage,
          new Batch(features, null),
          input -> {
            layer().checkPretrainingData(input);
            if (input.size(0) != to - first) {
              throw new IllegalArgumentException(
                  "layer \""
                      + stage.name()
                      + "\" gets "
                      + input.size(0)
                      + " rows for "
                      + (to - first)
                      + " rows of the data; accepted with execution DEVICE: as many, or data of an"
                      + " iterator that is no ShuffledDataSetIterator");
            }
            training.putRows(first, input);
          });
    }
  }

  private RestrictedBoltzmannMachineLayer layer() {
    return (RestrictedBoltzmannMachineLayer) stage.layer();
  }

  /**
   * Trains on the next batch.
   *
   * @return null if that was done, else the batch, which is left to the run
   */
  Batch step(Stage present) {
    if (training == null) {
      return batches.next();
    }
    try {
      if (training.isResident()) {
        int rows = batches.rowsInMemory().skipBatch();
        recovery.update(present, () -> finish(training.step(rows)));
        return null;
      }
      return train(batches.next());
    } catch (DeviceException e) {
      throw e;
    } catch (RuntimeException e) {
      save();
      throw e;
    }
  }

  private Batch train(Batch batch) {
    Batch[] left = {null};
    inputs.of(
        stage,
        batch,
        input -> {
          layer().checkPretrainingData(input);
          if (makeRoom((int) input.size(0))) {
            recovery.update(stage, () -> finish(training.step(input)));
          } else {
            left[0] = batch;
          }
        });
    return left[0];
  }

  /** Whether the device can take such a batch; else the layer goes on from here on ND4J. */
  private boolean makeRoom(int rows) {
    try {
      training.reserve(rows);
      return true;
    } catch (DeviceException e) {
      save();
      leave(e.getMessage());
      return false;
    }
  }

  /** What DL4J does after a step. */
  private void finish(boolean scored) {
    Layer layer = stage.layer();
    NeuralNetConfiguration conf = layer.conf();
    Collection<TrainingListener> listeners = layer.getListeners();
    if (listeners != null && !listeners.isEmpty()) {
      if (scored) {
        training.saveParameters();
      }
      for (TrainingListener listener : listeners) {
        listener.iterationDone(layer, conf.getIterationCount(), conf.getEpochCount());
      }
    }
    conf.setIterationCount(conf.getIterationCount() + 1);
  }

  /** Makes sure that the layer itself holds what was trained. */
  void save() {
    if (training != null) {
      training.save();
    }
  }

  private void endStage() {
    if (training != null) {
      training.close();
      training = null;
    }
    ranOn = ND4J;
  }

  /** Frees the device. */
  @Override
  public void close() {
    endStage();
    if (device != null) {
      device.close();
    }
  }
}
