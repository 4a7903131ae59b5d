/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.pretrain.LayerInputs;
import org.dl4jebm.training.report.OutputFolder;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Follows the pretraining of restricted Boltzmann machines. Every so many epochs it computes the
 * {@linkplain MonitorOptions#measures measures} on samples of training and validation data, and
 * writes to a folder, for each layer under its name,
 *
 * <ul>
 *   <li>{@code monitor-<layer>.csv}: a row an epoch; the columns are always the same, and a cell is
 *       empty where a measure was not asked for or does not apply;
 *   <li>{@code monitor-<layer>.png}: the same as a chart, a panel a measure;
 *   <li>{@code filters-<layer>-epoch-<number>.png}: the weights of hidden units, one grey scale for
 *       all, 0 in the middle;
 *   <li>{@code chains-<layer>-epoch-<number>.png}: the means of the visible units given the states
 *       of the persistent chains of training, or where there are none of chains that the monitor
 *       ran from the training sample.
 * </ul>
 *
 * <pre>{@code
 * network.setListeners(
 *     new RbmMonitor(network, train, validation, MonitorOptions.to(Path.of("out")).withEvery(5)));
 * new GreedyPretrainer(PretrainOptions.epochs(50)).fit(network, iterator);
 * }</pre>
 *
 * <p>Training is the same with the monitor as without it, bit by bit: it draws from random streams
 * of its own, one for each layer and epoch, and moves copies of the chains. The free energies along
 * these give the diagnostics of chains; so they say how well plain Gibbs sampling mixes in the
 * machine as it is, also where training has tempered or fast chains. A layer above others sees the
 * sample through these in inference mode.
 *
 * <p>A run that is stopped and resumed with a new monitor on the same folder gives the same files
 * as an uninterrupted one: rows are added, and those of later epochs than the one that is trained
 * are dropped. Training a new network in an old folder begins its tables anew; its pictures stay
 * until they are replaced. An interruption of the thread does not stop a measurement, and is kept.
 *
 * <p>A few hundred rows in each sample are enough to see a trend. Machines whose parameters are no
 * longer finite get an empty row; it is the trainer that says so. Calls with a whole network as the
 * model, as from {@code fit}, and layers of other kinds are passed over. Why something is left out
 * stands in the log, once. Not safe for use by several threads at once.
 */
public final class RbmMonitor extends BaseTrainingListener {

  private final MonitorOptions options;
  private final LayerInputs inputs;
  private final INDArray training;

  /** Null where there is none. */
  private final INDArray validation;

  private final OutputFolder folder;
  private final List<WatchedLayer> watched = new ArrayList<>();

  /**
   * Prepares to follow a network, whose listener the monitor has yet to become.
   *
   * @param network the network, kept; initialised if it is not. Not modified otherwise.
   * @param training rows of the network's input on which the measures of training data are
   *     computed, {@code [n, ...]} with {@code n} at least 1. Not modified, copied.
   * @param validation rows that are not trained on, or null. Not modified, copied.
   * @param options what to do
   * @throws IllegalArgumentException if the network has no restricted Boltzmann machine to
   *     pretrain, a sample is not one of its lowest machine's visible states, the tile is larger
   *     than the visible layer, or the folder has a table that is not such a monitor's
   * @throws IOException if the folder cannot be created, written to or read
   */
  public RbmMonitor(
      MultiLayerNetwork network, INDArray training, INDArray validation, MonitorOptions options)
      throws IOException {
    this(LayerInputs.of(network), training, validation, options);
  }

  /**
   * Prepares to follow a graph with one input; see {@link #RbmMonitor(MultiLayerNetwork, INDArray,
   * INDArray, MonitorOptions)}.
   *
   * @param network the network, kept; initialised if it is not. Not modified otherwise.
   * @param training rows of the network's input. Not modified, copied.
   * @param validation rows that are not trained on, or null. Not modified, copied.
   * @param options what to do
   * @throws IllegalArgumentException as there, and if the graph has several inputs
   * @throws IOException if the folder cannot be created, written to or read
   */
  public RbmMonitor(
      ComputationGraph network, INDArray training, INDArray validation, MonitorOptions options)
      throws IOException {
    this(inputsOf(network), training, validation, options);
  }

  private static LayerInputs inputsOf(ComputationGraph network) {
    List<String> names = network.getConfiguration().getNetworkInputs();
    if (names.size() != 1) {
      throw new IllegalArgumentException(
          "the graph has the inputs " + names + "; accepted: a graph with one input");
    }
    return LayerInputs.of(network);
  }

  private RbmMonitor(
      LayerInputs inputs, INDArray training, INDArray validation, MonitorOptions options)
      throws IOException {
    this.options = options;
    this.inputs = inputs;
    List<RestrictedBoltzmannMachineLayer> machines =
        inputs.layers().stream()
            .filter(RestrictedBoltzmannMachineLayer.class::isInstance)
            .map(RestrictedBoltzmannMachineLayer.class::cast)
            .toList();
    if (machines.isEmpty()) {
      throw new IllegalArgumentException(
          "the network has no restricted Boltzmann machine to pretrain; accepted: at least one that"
              + " is not frozen");
    }
    this.training = copy(training, "training");
    this.validation = validation == null ? null : copy(validation, "validation");
    for (RestrictedBoltzmannMachineLayer machine : machines) {
      requireStates(machine, this.training, "training data");
      requireStates(machine, this.validation, "validation data");
    }
    this.folder = OutputFolder.create(options.folder());
    for (RestrictedBoltzmannMachineLayer machine : machines) {
      watched.add(
          new WatchedLayer(
              inputs.nameOf(machine), machine, !inputs.hasLayersBelow(machine), options, folder));
    }
  }

  private static INDArray copy(INDArray sample, String name) {
    if (sample == null || sample.isEmpty() || sample.rank() < 2) {
      throw new IllegalArgumentException(
          name
              + " data "
              + (sample == null ? "are null" : "have shape " + Arrays.toString(sample.shape()))
              + "; accepted: rows of the network's input, at least 1");
    }
    return Workspaces.outside(sample::dup);
  }

  /** What layers above others see changes with these; it is looked at when it is measured. */
  private void requireStates(
      RestrictedBoltzmannMachineLayer machine, INDArray sample, String name) {
    if (sample != null && !inputs.hasLayersBelow(machine)) {
      machine.model().requireVisibleStates(inputOf(machine, sample), name);
    }
  }

  private INDArray inputOf(Layer layer, INDArray sample) {
    return inputs.inputOf(layer, sample.castTo(layer.params().dataType()));
  }

  /**
   * Forgets rows of epochs that are trained again.
   *
   * @param model the layer that is trained
   * @throws IllegalStateException if it is a machine of another network than the monitor's
   */
  @Override
  public void onEpochStart(Model model) {
    find(model).ifPresent(w -> w.table().dropFrom(w.layer().conf().getEpochCount() + 1));
  }

  /**
   * Measures and writes, if it is the turn of this epoch.
   *
   * @param model the layer that is trained
   * @throws IllegalStateException if it is a machine of another network than the monitor's
   * @throws UncheckedIOException if a file cannot be written
   */
  @Override
  public void onEpochEnd(Model model) {
    find(model)
        .filter(w -> w.layer().conf().getEpochCount() % options.every() == 0)
        .ifPresent(
            w ->
                Workspaces.outside(
                    () -> {
                      follow(w, w.layer().conf().getEpochCount());
                      return null;
                    }));
  }

  private Optional<WatchedLayer> find(Model model) {
    if (!(model instanceof RestrictedBoltzmannMachineLayer)) {
      return Optional.empty();
    }
    Optional<WatchedLayer> found = watched.stream().filter(w -> w.layer() == model).findAny();
    if (found.isEmpty()) {
      throw new IllegalStateException(
          "the monitor was made for another network object than the one that is trained; accepted:"
              + " layers of its own. After reading or copying a network make a new monitor");
    }
    return found;
  }

  /** The trainer has counted the epoch and will not come back to it, whatever happens here. */
  private void follow(WatchedLayer layer, int epoch) {
    boolean interrupted = Thread.interrupted();
    try {
      Measurement found = null;
      while (found == null) {
        try {
          found = measurement(layer, epoch).run();
        } catch (CancellationException e) {
          interrupted |= Thread.interrupted();
        }
      }
      layer.write(epoch, found, options);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the monitor cannot write to " + folder + ": " + e.getMessage(), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Measurement measurement(WatchedLayer layer, int epoch) {
    long ofLayer = Seeds.derive(options.seed(), watched.indexOf(layer));
    return new Measurement(
        options,
        layer.layer(),
        inputOf(layer.layer(), training),
        validation == null ? null : inputOf(layer.layer(), validation),
        Seeds.derive(ofLayer, epoch),
        layer::tellOnce);
  }
}
