/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link RbmModel} over the product of unit types, memory layouts and extreme parameters. */
class RbmModelTest {

  private static final int N_IN = 4;
  private static final int N_OUT = 3;

  /** Makes the weights small enough for unbounded units on both sides. */
  private static final double NORMALISABLE = 0.15;

  /** All pairs of unit types that are allowed as visible and hidden. */
  static Stream<UnitPair> pairs() {
    return UnitCases.VISIBLE.stream()
        .flatMap(v -> UnitCases.HIDDEN.stream().map(h -> new UnitPair(v, h)));
  }

  /** Each type with Bernoulli units, for what the two sides do each by itself. */
  static Stream<UnitPair> thinPairs() {
    return pairs()
        .filter(
            pair ->
                pair.visible() instanceof BernoulliUnits
                    || pair.hidden() instanceof BernoulliUnits);
  }

  /** A model and the arrays it wraps. */
  record Machine(
      RbmModel model,
      INDArray weights,
      INDArray hiddenBias,
      INDArray visibleBias,
      INDArray visibleParameters) {

    /** All parameters in the order of the layer's flat vector. */
    List<INDArray> parameters() {
      INDArray flat = weights.reshape('f', new long[] {weights.length()});
      return visibleParameters == null
          ? List.of(flat, hiddenBias, visibleBias)
          : List.of(flat, hiddenBias, visibleBias, visibleParameters);
    }
  }

  record UnitPair(UnitType visible, UnitType hidden) {

    RbmModel model(DataType type) {
      return machine(type).model();
    }

    Machine machine(DataType type) {
      TinyRbm tiny = TinyRbm.oracle(N_IN, N_OUT);
      INDArray w = Nd4j.createFromArray(tiny.weights()).castTo(type).dup('f');
      if (!visible.isBounded() && !hidden.isBounded()) {
        w.muli(NORMALISABLE);
      }
      INDArray c = Nd4j.createFromArray(tiny.hiddenBias()).castTo(type);
      INDArray b = Nd4j.createFromArray(tiny.visibleBias()).castTo(type);
      INDArray further = null;
      if (visible.parameterCount(N_IN) > 0) {
        further = Nd4j.create(type, visible.parameterCount(N_IN));
        visible.initializeParameters(further);
      }
      UnitType bound = further == null ? visible : visible.withParameters(further);
      RbmModel model = new RbmModel(w, c, b, bound, hidden);
      model.requireNormalisable();
      return new Machine(model, w, c, b, further);
    }

    INDArray visibleBatch(int rows, long seed) {
      return UnitCases.batch(visible, rows, N_IN, seed);
    }

    INDArray hiddenBatch(int rows, long seed) {
      return UnitCases.batch(hidden, rows, N_OUT, seed);
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void freeEnergyIsTheEnergySummedOverHiddenStates(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray v = pair.visibleBatch(5, 11);
    double[] free = NdAssert.values(model.freeEnergy(v));
    for (int row = 0; row < 5; row++) {
      INDArray one = v.getRow(row, true);
      double log =
          UnitCases.logSum(pair.hidden(), N_OUT, h -> model.energy(repeat(one, h), h).neg());
      assertEquals(-log, free[row], 1e-10 * (1 + Math.abs(free[row])));
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void freeEnergyOfHiddenIsTheEnergySummedOverVisibleStates(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray h = pair.hiddenBatch(5, 12);
    double[] free = NdAssert.values(model.freeEnergyOfHidden(h));
    for (int row = 0; row < 5; row++) {
      INDArray one = h.getRow(row, true);
      double log =
          UnitCases.logSum(pair.visible(), N_IN, v -> model.energy(v, repeat(one, v)).neg());
      assertEquals(-log, free[row], 1e-10 * (1 + Math.abs(free[row])));
    }
  }

  private static INDArray repeat(INDArray row, INDArray rows) {
    return Nd4j.tile(row, (int) rows.size(0), 1);
  }

  /** {@code dF(v) / dW = -t(v)' E[t(h) | v]}, and the same from the other side. */
  @ParameterizedTest
  @MethodSource("pairs")
  void meansAreDerivativesOfFreeEnergies(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    double step = 1e-6;
    INDArray v = pair.visibleBatch(6, 12);
    INDArray h = pair.hiddenBatch(6, 13);
    INDArray up = statistic(pair.hidden(), model.propUp(v));
    INDArray down = statistic(pair.visible(), model.propDown(h));
    INDArray statisticV = statistic(pair.visible(), v);
    INDArray statisticH = statistic(pair.hidden(), h);
    INDArray w = model.weights();
    for (int i = 0; i < N_IN; i++) {
      for (int j = 0; j < N_OUT; j++) {
        double value = w.getDouble(i, j);
        w.putScalar(i, j, value + step);
        INDArray ofVisible = model.freeEnergy(v);
        INDArray ofHidden = model.freeEnergyOfHidden(h);
        w.putScalar(i, j, value - step);
        ofVisible.subi(model.freeEnergy(v)).divi(-2 * step);
        ofHidden.subi(model.freeEnergyOfHidden(h)).divi(-2 * step);
        w.putScalar(i, j, value);
        NdAssert.assertClose(ofVisible, statisticV.getColumn(i).mul(up.getColumn(j)), 1e-7);
        NdAssert.assertClose(ofHidden, down.getColumn(i).mul(statisticH.getColumn(j)), 1e-7);
      }
    }
  }

  private static INDArray statistic(UnitType type, INDArray states) {
    INDArray statistic = states.dup('c');
    type.toStatistic(statistic);
    return statistic;
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void floatAgreesWithDouble(UnitPair pair) {
    RbmModel exact = pair.model(DataType.DOUBLE);
    RbmModel single = pair.model(DataType.FLOAT);
    INDArray v = pair.visibleBatch(9, 21);
    INDArray h = pair.hiddenBatch(9, 22);
    for (Function<RbmModel, INDArray> method : methods(v, h)) {
      INDArray result = method.apply(single);
      assertEquals(DataType.FLOAT, result.dataType());
      NdAssert.assertClose(method.apply(exact), result, NdAssert.FLOAT_TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void memoryLayoutOfTheArgumentsDoesNotMatter(UnitPair pair) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model = pair.model(type);
      INDArray v = pair.visibleBatch(5, 31).castTo(type);
      INDArray h = pair.hiddenBatch(5, 32).castTo(type);
      List<Function<RbmModel, INDArray>> plain = methods(v, h);
      List<Function<RbmModel, INDArray>> fortran =
          methods(NdAssert.fortran(v), NdAssert.fortran(h));
      List<Function<RbmModel, INDArray>> views = methods(NdAssert.view(v), NdAssert.view(h));
      double tolerance = type == DataType.DOUBLE ? 1e-14 : 1e-6;
      for (int i = 0; i < plain.size(); i++) {
        int method = i;
        INDArray expected = plain.get(i).apply(model);
        NdAssert.assertClose(
            expected, fortran.get(i).apply(model), tolerance, () -> "'f', method " + method);
        NdAssert.assertClose(
            expected, views.get(i).apply(model), tolerance, () -> "view, method " + method);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void memoryLayoutOfTheParametersDoesNotMatter(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray v = pair.visibleBatch(5, 33);
    INDArray h = pair.hiddenBatch(5, 34);
    RbmModel other =
        new RbmModel(
            NdAssert.view(model.weights()),
            model.hiddenBias().reshape(1, N_OUT),
            model.visibleBias().reshape(N_IN, 1),
            model.visibleUnits(),
            pair.hidden());
    List<Function<RbmModel, INDArray>> methods = methods(v, h);
    for (Function<RbmModel, INDArray> method : methods) {
      NdAssert.assertClose(method.apply(model), method.apply(other), 1e-14);
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void oneRowIsARowOfABatch(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray v = pair.visibleBatch(5, 41);
    INDArray h = pair.hiddenBatch(5, 42);
    List<Function<RbmModel, INDArray>> batch = methods(v, h);
    List<Function<RbmModel, INDArray>> single =
        methods(v.getRow(2, true).dup(), h.getRow(2, true).dup());
    for (int i = 0; i < batch.size(); i++) {
      INDArray all = batch.get(i).apply(model);
      INDArray one = single.get(i).apply(model);
      if (i >= DETERMINISTIC) {
        assertEquals(1, one.size(0));
      } else if (all.rank() == 1) {
        assertEquals(1, one.length());
        assertEquals(all.getDouble(2), one.getDouble(0), 1e-13);
      } else {
        NdAssert.assertClose(all.getRow(2, true), one, 1e-13);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void argumentsAndParametersAreNotModified(UnitPair pair) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model = pair.model(type);
      INDArray v = pair.visibleBatch(5, 51).castTo(type);
      INDArray h = pair.hiddenBatch(5, 52).castTo(type);
      INDArray vBefore = v.dup();
      INDArray hBefore = h.dup();
      INDArray wBefore = model.weights().dup();
      INDArray cBefore = model.hiddenBias().dup();
      for (Function<RbmModel, INDArray> method : methods(v, h)) {
        INDArray result = method.apply(model);
        result.assign(-99);
        NdAssert.assertSame(vBefore, v);
        NdAssert.assertSame(hBefore, h);
        NdAssert.assertSame(wBefore, model.weights());
        NdAssert.assertSame(cBefore, model.hiddenBias());
      }
    }
  }

  /** Methods before this index use no random numbers. */
  private static final int DETERMINISTIC = 6;

  private static List<Function<RbmModel, INDArray>> methods(INDArray v, INDArray h) {
    BiFunction<Long, Function<RandomStream, INDArray>, INDArray> seeded =
        (seed, f) -> {
          try (RandomStream random = new RandomStream(seed)) {
            return f.apply(random);
          }
        };
    return List.of(
        m -> m.energy(v, h),
        m -> m.freeEnergy(v),
        m -> m.freeEnergyOfHidden(h),
        m -> m.propUp(v),
        m -> m.propDown(h),
        m -> m.reconstruct(v),
        m -> seeded.apply(61L, r -> m.sampleHidden(v, r)),
        m -> seeded.apply(62L, r -> m.sampleVisible(h, r)),
        m -> seeded.apply(63L, r -> m.gibbs(v, 0, r)),
        m -> seeded.apply(64L, r -> m.gibbs(v, 2, r)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void hugeFieldsDoNotOverflow(DataType type) {
    double huge = 1e4;
    TinyRbm tiny =
        new TinyRbm(
            new double[][] {{1e3, -1e3}, {1e3, 1e3}},
            new double[] {huge, -huge},
            new double[] {-huge, huge});
    RbmModel model = tiny.model(type);
    INDArray states = Nd4j.createFromArray(TinyRbm.states(2)).castTo(type);
    // softplus(x) of the fields -1e4 and 1e4, -9e3 and 9e3, ... is max(x, 0) to far below rounding
    double[] free = NdAssert.values(model.freeEnergy(states));
    double[] ofHidden = NdAssert.values(model.freeEnergyOfHidden(states));
    assertClose(new double[] {-1e4, -1.9e4, -1e3, -1e4}, free);
    // h = 00: softplus(1e4) + softplus(-1e4); 10: c -1e4, fields 1.1e4 and -9e3;
    // 01: c 1e4, fields 9e3 and -9e3; 11: c 0, fields 1e4 and -8e3
    assertClose(new double[] {-1e4, -1e3, -1.9e4, -1e4}, ofHidden);
    assertClose(new double[] {0, 1, 0, 1, 0, 1, 0, 1}, NdAssert.values(model.propUp(states)));
    for (INDArray means : List.of(model.propUp(states), model.propDown(states))) {
      for (double mean : NdAssert.values(means)) {
        assertTrue(mean >= 0 && mean <= 1, () -> "mean " + mean);
      }
    }
    for (double e : NdAssert.values(model.energy(states, states))) {
      assertTrue(Double.isFinite(e));
    }
  }

  private static void assertClose(double[] expected, double[] actual) {
    NdAssert.assertClose(expected, actual, 1e-7, () -> java.util.Arrays.toString(actual));
  }

  @Test
  void softplusDoesNotOverflow() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      double[] fields = {-1e4, -100, -20, -1, 0, 1, 20, 88, 89, 100, 710, 1e4, 1e30};
      INDArray field = Nd4j.createFromArray(fields).castTo(type).reshape(fields.length, 1);
      double[] actual =
          NdAssert.values(new BernoulliUnits().logPartition(field, Nd4j.zeros(type, 1)));
      for (int i = 0; i < fields.length; i++) {
        double exact = Math.max(fields[i], 0) + Math.log1p(Math.exp(-Math.abs(fields[i])));
        double rounding = (type == DataType.DOUBLE ? 1e-15 : 1e-7) * (1 + exact);
        assertEquals(exact, actual[i], rounding, "softplus(" + fields[i] + ") in " + type);
      }
    }
  }

  @Test
  void gaussianVisibleUnitsWithHugeFields() {
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(new float[][] {{1e3f, -1e3f}}),
            Nd4j.createFromArray(-1e4f, 1e4f),
            Nd4j.createFromArray(1e4f),
            GaussianUnits.withVariance(0.5),
            new BernoulliUnits());
    INDArray h = Nd4j.createFromArray(TinyRbm.states(2)).castTo(DataType.FLOAT);
    for (double e : NdAssert.values(model.freeEnergyOfHidden(h))) {
      assertTrue(Double.isFinite(e));
    }
    for (double e :
        NdAssert.values(model.freeEnergy(Nd4j.createFromArray(new float[][] {{-1e4f}, {1e4f}})))) {
      assertTrue(Double.isFinite(e));
    }
  }

  @Test
  void wrongShapesAreNamed() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    INDArray v = Nd4j.zeros(DataType.FLOAT, 2, 4);
    INDArray h = Nd4j.zeros(DataType.FLOAT, 2, 3);
    RandomStream random = new RandomStream(1);
    List<org.junit.jupiter.api.function.Executable> visible =
        List.of(
            () -> model.freeEnergy(h),
            () -> model.propUp(h),
            () -> model.reconstruct(h),
            () -> model.sampleHidden(h, random),
            () -> model.gibbs(h, 1, random),
            () -> model.energy(h, h),
            () -> model.freeEnergy(Nd4j.zeros(DataType.FLOAT, 4)),
            () -> model.freeEnergy(Nd4j.zeros(DataType.FLOAT, 2, 4, 1)));
    for (org.junit.jupiter.api.function.Executable call : visible) {
      String message = assertThrows(IllegalArgumentException.class, call).getMessage();
      assertTrue(message.contains("visible states") && message.contains("[n, 4]"), message);
    }
    List<org.junit.jupiter.api.function.Executable> hidden =
        List.of(
            () -> model.freeEnergyOfHidden(v),
            () -> model.propDown(v),
            () -> model.sampleVisible(v, random),
            () -> model.energy(v, v));
    for (org.junit.jupiter.api.function.Executable call : hidden) {
      String message = assertThrows(IllegalArgumentException.class, call).getMessage();
      assertTrue(message.contains("hidden states") && message.contains("[n, 3]"), message);
    }
    String rows =
        assertThrows(
                IllegalArgumentException.class,
                () -> model.energy(v, Nd4j.zeros(DataType.FLOAT, 3, 3)))
            .getMessage();
    assertTrue(rows.contains("2 rows") && rows.contains("3"), rows);
    String sweeps =
        assertThrows(IllegalArgumentException.class, () -> model.gibbs(v, -1, random)).getMessage();
    assertTrue(sweeps.contains("-1"), sweeps);
  }

  @Test
  void parametersMustFit() {
    INDArray w = Nd4j.zeros(DataType.FLOAT, 4, 3);
    INDArray three = Nd4j.zeros(DataType.FLOAT, 3);
    INDArray four = Nd4j.zeros(DataType.FLOAT, 4);
    UnitType units = new BernoulliUnits();
    assertThrows(IllegalArgumentException.class, () -> new RbmModel(w, four, three, units, units));
    assertThrows(
        IllegalArgumentException.class, () -> new RbmModel(three, three, four, units, units));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new RbmModel(w, three, four, GaussianUnits.withVariance(1, 2), units))
            .getMessage();
    assertTrue(message.contains("2 variances") && message.contains("4"), message);
  }

  @Test
  void seesLaterChangesOfTheParameters() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray v = Nd4j.ones(DataType.DOUBLE, 1, 4);
    double before = model.freeEnergy(v).getDouble(0);
    model.hiddenBias().addi(1);
    assertFalse(before == model.freeEnergy(v).getDouble(0));
    assertEquals(4, model.visibleSize());
    assertEquals(3, model.hiddenSize());
    assertEquals(new BernoulliUnits(), model.visibleUnits());
    assertEquals(new BernoulliUnits(), model.hiddenUnits());
  }
}
