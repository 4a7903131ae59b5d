/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.device.ContrastiveSteps.Score;
import org.dl4jebm.training.device.ContrastiveSteps.Settings;
import org.dl4jebm.training.device.ContrastiveSteps.Sizes;
import org.dl4jebm.training.device.DeviceMachine.Shape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Contrastive divergence of one layer on a device: the steps that {@code
 * RestrictedBoltzmannMachineLayer.fit} makes on ND4J, with other random numbers. What {@link
 * org.dl4jebm.training.pretrain.GreedyPretrainer} uses; most users set its {@code withExecution}.
 *
 * <p>Between {@link #load} and {@link #save} the device has the parameters, the momentum and the
 * persistent chains, and the layer has the counters and the last score. Random numbers are a
 * function of the network's seed, the layer's index, its iteration counter and the row, so that
 * nothing of them has to be saved.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class DeviceTraining implements AutoCloseable {

  private static final String CHAINS = "chains";

  private final Device device;
  private final RestrictedBoltzmannMachineLayer layer;
  private final ContrastiveDivergenceOptions options;
  private final boolean penalised;
  private Sizes sizes;
  private DeviceMachine machine;
  private DeviceUpdates updates;
  private ContrastiveSteps steps;

  /** Rows of the coming steps of resident data, and how many of them are done. */
  private int[] order = new int[0];

  private int done;

  /** What the tables on the device were filled for, and steps of it that are left. */
  private int tableRows;

  private int tableIteration;
  private int tableEpoch;
  private int tableSteps;

  DeviceTraining(
      Device device, RestrictedBoltzmannMachineLayer layer, int batchRows, long residentRows) {
    this.device = device;
    this.layer = layer;
    this.options = (ContrastiveDivergenceOptions) layer.layerConf().trainingObjective();
    this.penalised =
        layer.paramTable(false).keySet().stream()
            .map(layer.layerConf()::getRegularizationByParam)
            .anyMatch(terms -> terms != null && !terms.isEmpty());
    Shape shape =
        new Shape(
            Math.toIntExact(layer.layerConf().getNIn()),
            Math.toIntExact(layer.layerConf().getNOut()));
    Sizes wanted = new Sizes(shape, batchRows, options.persistentChains(), residentRows);
    if (residentRows > 0 && !plan(wanted).fits(device)) {
      wanted = new Sizes(shape, batchRows, options.persistentChains(), 0);
    }
    allocate(wanted);
  }

  /**
   * Says why a layer cannot be trained on a device.
   *
   * @param layer the layer. Not modified.
   * @return what it has that is not supported; empty if all is
   */
  public static Optional<String> reasonNot(RestrictedBoltzmannMachineLayer layer) {
    return DeviceSupport.reasonNotTrained(layer);
  }

  private MemoryPlan plan(Sizes wanted) {
    MemoryPlan plan = new MemoryPlan();
    UnitType visible = layer.layerConf().getVisibleUnits();
    DeviceMachine.plan(plan, wanted.shape(), visible);
    DeviceUpdates.plan(plan, layer);
    ContrastiveSteps.plan(
        plan, wanted, visible instanceof GaussianUnits, visible.statisticIsState());
    return plan;
  }

  private void allocate(Sizes wanted) {
    MemoryPlan.Memory memory = plan(wanted).allocate(device);
    try {
      machine =
          new DeviceMachine(device, memory, wanted.shape(), layer.layerConf().getVisibleUnits());
      updates = new DeviceUpdates(device, memory, layer);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
    Settings settings =
        new Settings(layer.conf().getSeed(), layer.getIndex(), layer.conf().isMiniBatch());
    steps = new ContrastiveSteps(device, memory, wanted, settings, machine, updates);
    sizes = wanted;
    tableSteps = 0;
  }

  /**
   * Whether the data stay on the device.
   *
   * @return false if no rows were announced, or they do not fit, so that {@link #step(INDArray)}
   *     has to be given each batch
   */
  public boolean isResident() {
    return sizes.residentRows() > 0;
  }

  /**
   * Copies rows of the layer's input to the device, for {@link #isResident} training.
   *
   * @param from number of the first of them
   * @param rows {@code [n, nIn]}. Not modified.
   */
  public void putRows(long from, INDArray rows) {
    steps.data(from, rows.size(0)).upload(Transfers.floats(rows));
  }

  /**
   * Takes over parameters, momentum and chains of the layer; new chains are started if it has none.
   */
  public void load() {
    PretrainState state = layer.pretrainState();
    machine.parameters().upload(Transfers.floats(layer.params()));
    updates.load(state.updaterState());
    if (options.persistentChains() > 0) {
      INDArray chains = state.arrays().get(CHAINS);
      if (chains == null) {
        steps.startChains(layer.conf().getIterationCount());
      } else {
        steps.chains().upload(Transfers.floats(chains));
      }
    }
    tableSteps = 0;
  }

  /**
   * Sets the rows of the coming steps.
   *
   * @param rows numbers of resident rows, those of the first step first. Kept.
   */
  public void startRows(int[] rows) {
    order = rows;
    done = 0;
    tableSteps = 0;
  }

  /**
   * Makes a step with the next resident rows. The iteration counter of the layer is read and not
   * moved; the score is set where it is due.
   *
   * @param rows how many
   * @return whether the step set the score
   */
  public boolean step(int rows) {
    boolean scored = make(rows);
    done += rows;
    return scored;
  }

  /**
   * Makes a step with a batch.
   *
   * @param batch {@code [n, nIn]}, checked. Not modified.
   * @return whether the step set the score
   */
  public boolean step(INDArray batch) {
    int rows = (int) batch.size(0);
    reserve(rows);
    steps.batch(rows).upload(Transfers.floats(batch));
    return make(rows);
  }

  /**
   * Makes room for batches that are larger than those before.
   *
   * @param rows of a batch
   * @throws DeviceException if the device has too little memory; training can go on with the
   *     smaller batches then
   */
  public void reserve(int rows) {
    if (rows <= sizes.rows()) {
      return;
    }
    Sizes wanted = new Sizes(sizes.shape(), rows, sizes.chains(), 0);
    plan(wanted).requireFits(device, plan(sizes).bytes());
    save();
    steps.close();
    allocate(wanted);
    load();
  }

  private boolean make(int rows) {
    int iteration = layer.conf().getIterationCount();
    int epoch = layer.conf().getEpochCount();
    fillTables(rows, iteration, epoch);
    int sweeps = options.sweeps(iteration, epoch);
    boolean scored = iteration % layer.layerConf().getScoreEvery() == 0;
    if (scored) {
      double penalty = 0;
      if (penalised) {
        saveParameters();
        penalty = layer.calcRegularizationScore(false);
      }
      Score score = steps.scoredStep(rows, sweeps);
      Map<String, Double> numbers = new LinkedHashMap<>();
      numbers.put(ResumablePretraining.FREE_ENERGY_GAP, score.gap());
      numbers.put("Gibbs sweeps", (double) sweeps);
      layer.report(score.error() + penalty, numbers);
    } else {
      steps.step(rows, sweeps);
    }
    tableSteps--;
    tableIteration++;
    return scored;
  }

  private void fillTables(int rows, int iteration, int epoch) {
    if (tableSteps > 0 && tableRows == rows && tableIteration == iteration && tableEpoch == epoch) {
      return;
    }
    if (isResident()) {
      int length = Math.min(rows * DeviceUpdates.STEPS, order.length - done);
      steps.setOrder(Arrays.copyOfRange(order, done, done + length));
    }
    updates.fillTables(iteration, epoch);
    steps.setClock(0, iteration);
    tableRows = rows;
    tableIteration = iteration;
    tableEpoch = epoch;
    tableSteps = DeviceUpdates.STEPS;
  }

  /** Copies the parameters to the layer, for those who look at it. */
  public void saveParameters() {
    INDArray parameters = layer.params();
    float[] numbers = Transfers.floats(machine.parameters());
    Workspaces.outside(
        () -> parameters.assign(Nd4j.createFromArray(numbers).reshape(parameters.shape())));
  }

  /** Copies everything to the layer, which can be saved then or go on by itself. */
  public void save() {
    saveParameters();
    PretrainState before = layer.pretrainState();
    float[] momentum = updates.state();
    Map<String, INDArray> arrays = new LinkedHashMap<>();
    if (options.persistentChains() > 0) {
      arrays.put(
          CHAINS,
          Transfers.matrix(
              Transfers.floats(steps.chains()), options.persistentChains(), sizes.shape().nOut()));
    }
    INDArray updaterState =
        momentum == null ? null : Transfers.matrix(momentum, 1, momentum.length);
    layer.restorePretrainState(
        new PretrainState(updaterState, arrays, before.randomState(), layer.score()));
  }

  /** Frees the memory of the device; the layer is left as it is. */
  @Override
  public void close() {
    steps.close();
  }
}
