/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BiasAdd;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Persistent chains with replicas at higher temperatures; see {@link Tempering}. All replicas stand
 * under each other in one array, so that one product moves them all.
 */
final class TemperedChains implements NegativePhase {

  static final String REPLICAS = "replicas";

  private final int count;
  private final Tempering options;
  private final CenteringOffsets offsets;
  private final RandomStream random;
  private TemperatureLadder ladder;

  /** Hidden statistics of all replicas; null before the first step. */
  private INDArray hidden;

  /** Work space for the present number of replicas; null until needed. */
  private Room room;

  /**
   * @param offsets for the path that needs them; may be null for the others
   */
  TemperedChains(int count, Tempering options, CenteringOffsets offsets, RandomStream random) {
    this.count = count;
    this.options = options;
    this.offsets = offsets;
    this.random = random;
    this.ladder = new TemperatureLadder(options, count);
  }

  /** Arrays for one number of replicas, with the views of them that products need. */
  private static final class Room {
    final INDArray hiddenT;
    final INDArray visible;
    final INDArray visibleT;

    /** Visible states; the array of the statistics where these are the same. */
    final INDArray states;

    /** {@code t_v W}, without bias and temperature. */
    final INDArray product;

    final INDArray productT;
    final INDArray scratch;
    final INDArray scratchT;
    final INDArray energies;
    final INDArray uniform;

    /** {@code beta} and {@code 1 - beta} of each row, as two rows in 'f' order. */
    final INDArray shares;

    final INDArray betas;

    /** Bias of the machine and bias at {@code beta = 0}, as two columns. */
    final INDArray visibleBiases;

    final INDArray hiddenBiases;

    Room(RbmModel model, INDArray hidden, TemperatureLadder ladder) {
      long rows = ladder.rows();
      DataType type = model.weights().dataType();
      hiddenT = hidden.transpose();
      visible = Nd4j.create(type, new long[] {rows, model.visibleSize()}, 'c');
      visibleT = visible.transpose();
      states = model.visibleUnits().statisticIsState() ? visible : visible.ulike();
      product = hidden.ulike();
      productT = product.transpose();
      scratch = hidden.ulike();
      scratchT = scratch.transpose();
      energies = Nd4j.create(type, rows);
      uniform = Nd4j.create(type, ladder.randomNumbers());
      shares = Nd4j.create(type, new long[] {2, rows}, 'f');
      betas = Nd4j.create(type, new long[] {rows, 1}, 'c');
      visibleBiases = Nd4j.create(type, new long[] {model.visibleSize(), 2}, 'f');
      hiddenBiases = Nd4j.create(type, new long[] {model.hiddenSize(), 2}, 'f');
    }

    void setTemperatures(double[] betaOfRows) {
      double[][] pairs = new double[2][betaOfRows.length];
      for (int i = 0; i < betaOfRows.length; i++) {
        pairs[0][i] = betaOfRows[i];
        pairs[1][i] = 1 - betaOfRows[i];
      }
      shares.assign(Nd4j.createFromArray(pairs));
      betas.assign(Nd4j.createFromArray(betaOfRows).reshape('c', new long[] {betas.length(), 1}));
    }
  }

  @Override
  public long rows(long n) {
    return count;
  }

  @Override
  public boolean followsData() {
    return false;
  }

  @Override
  public void run(RbmModel model, PhaseBuffers b, int sweeps) {
    model.hiddenUnits().fieldToMean(b.dataHidden);
    boolean start = hidden == null;
    if (start) {
      long[] shape = {ladder.rows(), model.hiddenSize()};
      hidden = Workspaces.outside(() -> Nd4j.create(model.weights().dataType(), shape, 'c'));
    }
    if (room == null) {
      room = Workspaces.outside(() -> new Room(model, hidden, ladder));
    }
    setBiases(model);
    room.setTemperatures(ladder.inverseTemperatureOfRows());
    if (start) {
      HostBlas.gemm(room.hiddenBiases, room.shares, room.hiddenT, false, false, 1, 0);
      model.hiddenUnits().fieldToSample(hidden, random);
      model.hiddenUnits().toStatistic(hidden);
    }
    for (int sweep = 0; sweep < sweeps; sweep++) {
      if (sweep > 0) {
        room.setTemperatures(ladder.inverseTemperatureOfRows());
      }
      sweep(model);
      exchange();
    }
    int[] cold = ladder.rowsAt(0);
    Nd4j.pullRows(room.visible, b.chainVisible, 1, cold);
    if (room.states != room.visible) {
      Nd4j.pullRows(room.states, b.chainStates(), 1, cold);
    }
    Nd4j.pullRows(room.product, b.chainHidden, 1, cold);
    Nd4j.exec(new BiasAdd(b.chainHidden, model.hiddenBias(), b.chainHidden, false));
    adapt();
  }

  private void setBiases(RbmModel model) {
    INDArray visibleBase = model.visibleBias();
    INDArray hiddenBase = model.hiddenBias();
    if (options.path() == Tempering.Path.ENERGY) {
      visibleBase = visibleBase.like();
      hiddenBase = hiddenBase.like();
    } else if (options.path() == Tempering.Path.CENTERED && offsets.parameters() != null) {
      visibleBase = offsets.parameters().visibleBias(model);
      hiddenBase = offsets.parameters().hiddenBias(model);
    }
    room.visibleBiases.putColumn(0, model.visibleBias());
    room.visibleBiases.putColumn(1, visibleBase);
    room.hiddenBiases.putColumn(0, model.hiddenBias());
    room.hiddenBiases.putColumn(1, hiddenBase);
  }

  /** One Gibbs sweep of all replicas, each at its own temperature. */
  private void sweep(RbmModel model) {
    INDArray visible = room.visible;
    room.scratch.assign(hidden);
    room.scratch.muliColumnVector(room.betas);
    HostBlas.gemm(room.visibleBiases, room.shares, room.visibleT, false, false, 1, 0);
    HostBlas.gemm(model.weights(), room.scratchT, room.visibleT, false, false, model.coupling(), 1);
    model.visibleUnits().fieldToSample(visible, random);
    if (room.states != visible) {
      room.states.assign(visible);
    }
    model.visibleUnits().toStatistic(visible);

    HostBlas.gemm(model.weights(), room.visibleT, room.productT, true, false, model.coupling(), 0);
    hidden.assign(room.product);
    hidden.muliColumnVector(room.betas);
    HostBlas.gemm(room.hiddenBiases, room.shares, room.hiddenT, false, false, 1, 1);
    model.hiddenUnits().fieldToSample(hidden, random);
    model.hiddenUnits().toStatistic(hidden);
  }

  /**
   * {@code U = -t_v W t_h' - (b - b_0) t_v' - (c - c_0) t_h'} of all replicas, and their exchanges.
   */
  private void exchange() {
    room.product.muli(hidden, room.scratch);
    room.scratch.sum(room.energies, 1);
    addBiasTerm(room.visible, room.visibleBiases);
    addBiasTerm(hidden, room.hiddenBiases);
    random.uniform(room.uniform);
    double[] energies = room.energies.data().asDouble();
    for (int i = 0; i < energies.length; i++) {
      energies[i] = -energies[i];
    }
    ladder.exchange(energies, room.uniform.data().asDouble());
  }

  private void addBiasTerm(INDArray statistics, INDArray biases) {
    if (options.path() == Tempering.Path.COUPLING) {
      return;
    }
    INDArray difference = biases.getColumn(0).sub(biases.getColumn(1));
    HostBlas.gemm(
        statistics,
        difference.reshape('f', new long[] {difference.length(), 1}),
        room.energies.reshape('f', new long[] {room.energies.length(), 1}),
        false,
        false,
        1,
        1);
  }

  private void adapt() {
    int[] sources = ladder.adapt();
    if (sources != null) {
      INDArray copies = Workspaces.outside(() -> Nd4j.pullRows(hidden, 1, sources, 'c'));
      hidden = copies;
      room = null;
    }
  }

  @Override
  public void finish(RbmModel model, PhaseBuffers b) {
    model.hiddenUnits().fieldToMean(b.chainHidden);
  }

  @Override
  public void addDiagnostics(Map<String, Double> numbers) {
    if (hidden != null) {
      ladder.diagnostics(numbers);
    }
  }

  @Override
  public Optional<INDArray> chainStatistics(RbmModel model) {
    return Optional.ofNullable(hidden)
        .map(rows -> Workspaces.outside(() -> Nd4j.pullRows(rows, 1, ladder.rowsAt(0), 'c')));
  }

  @Override
  public List<String> stateNames() {
    List<String> names = new ArrayList<>(TemperatureLadder.NAMES);
    names.add(REPLICAS);
    return names;
  }

  @Override
  public Map<String, INDArray> state() {
    if (hidden == null) {
      return Map.of();
    }
    Map<String, INDArray> state = new TreeMap<>();
    state.put(REPLICAS, SavedArrays.detachedCopy(hidden));
    ladder.addState(state);
    return state;
  }

  @Override
  public Runnable restoring(RbmModel model, Map<String, INDArray> state) {
    TemperatureLadder fresh = new TemperatureLadder(options, count);
    TemperatureLadder savedLadder = state.isEmpty() ? fresh : fresh.restored(state);
    INDArray saved =
        state.isEmpty()
            ? null
            : SavedArrays.copy(model, state, REPLICAS, savedLadder.rows(), model.hiddenSize());
    return () -> {
      ladder = savedLadder;
      hidden = saved;
      room = null;
    };
  }
}
