/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.serde.JsonMappers;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What each {@link UnitType} promises by itself. */
@Tag("gpu")
class UnitTypeTest {

  static Stream<UnitType> types() {
    return Stream.of(
        new BernoulliUnits(),
        new SpinUnits(),
        new SoftmaxUnits(3),
        GaussianUnits.unitVariance(),
        GaussianUnits.withVariance(0.25),
        GaussianUnits.withVariance(0.5, 1, 1.5),
        GaussianUnits.learnedVariance(),
        GaussianUnits.learnedVariance(0.5, 1, 1.5),
        new TruncatedGaussianUnits(),
        new NoisyRectifiedUnits(),
        MixedUnits.of(
            MixedUnits.part(1, GaussianUnits.withVariance(0.7)),
            MixedUnits.part(2, new SpinUnits())),
        MixedUnits.of(
            MixedUnits.part(1, new TruncatedGaussianUnits()),
            MixedUnits.part(2, new BernoulliUnits())));
  }

  private static INDArray states(DataType type) {
    return Nd4j.createFromArray(new double[][] {{0, 0.25, 0.75}, {1, 0, 0}}).castTo(type);
  }

  @ParameterizedTest
  @MethodSource("types")
  void argumentsThatAreNotToBeModifiedAreNot(UnitType units) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray x = states(type);
      INDArray bias = Nd4j.createFromArray(0.1, -0.2, 0.3).castTo(type);
      INDArray xBefore = x.dup();
      INDArray biasBefore = bias.dup();
      units.energyTerm(x, bias).assign(9);
      units.logPartition(x, bias).assign(9);
      units.biasForMean(bias).assign(9);
      units.biasForMean(x.getRow(0)).assign(9);
      assertTrue(units.findBadStates(x).isEmpty());
      NdAssert.assertSame(xBefore, x);
      NdAssert.assertSame(biasBefore, bias);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void theThreeWaysFromTheFieldAgree(UnitType units) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray expectedMean = states(type);
      units.fieldToMean(expectedMean);
      INDArray expectedSample = states(type);
      units.fieldToSample(expectedSample, new RandomStream(2));
      INDArray mean = states(type);
      INDArray sample = mean.ulike();
      units.fieldToMeanAndSample(mean, sample, new RandomStream(2));
      NdAssert.assertSame(expectedMean, mean);
      NdAssert.assertSame(expectedSample, sample);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void theStatisticIsLinearAndKnowsWhetherItIsTheState(UnitType units) {
    INDArray x = states(DataType.DOUBLE);
    INDArray t = x.dup();
    units.toStatistic(t);
    INDArray doubled = x.mul(2);
    units.toStatistic(doubled);
    NdAssert.assertClose(t.mul(2), doubled, 1e-15);
    if (!units.equals(GaussianUnits.learnedVariance())) { // which start at variance 1
      assertEquals(units.statisticIsState(), t.equalsWithEps(x, 0));
    }
  }

  /** The derivative of the log partition function by the field is the mean statistic. */
  @ParameterizedTest
  @MethodSource("types")
  void meansAreDerivativesOfTheLogPartitionFunction(UnitType units) {
    INDArray field = Nd4j.createFromArray(new double[][] {{-3, 0.5, 2}});
    INDArray bias = Nd4j.createFromArray(0.1, -0.2, 0.3);
    INDArray mean = field.dup();
    units.fieldToMean(mean);
    units.toStatistic(mean);
    double step = 1e-5;
    for (int i = 0; i < 3; i++) {
      INDArray plus = field.dup();
      plus.putScalar(0, i, field.getDouble(0, i) + step);
      INDArray minus = field.dup();
      minus.putScalar(0, i, field.getDouble(0, i) - step);
      double slope =
          (units.logPartition(plus, bias).getDouble(0)
                  - units.logPartition(minus, bias).getDouble(0))
              / (2 * step);
      assertEquals(slope, mean.getDouble(0, i), 1e-9);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void biasForMeanGivesTheMean(UnitType units) {
    INDArray mean = Nd4j.createFromArray(0.01, 0.4, 0.59);
    INDArray field = units.biasForMean(mean).reshape(1, 3).dup();
    units.fieldToMean(field);
    NdAssert.assertClose(mean.reshape(1, 3), field, 1e-12);
  }

  @Test
  void biasForMeanOfConstantPixelsIsFinite() {
    double[] bias =
        NdAssert.values(new BernoulliUnits().biasForMean(Nd4j.createFromArray(0f, 1f, 0.5f)));
    assertEquals(Math.log(0.001 / 0.999), bias[0], 1e-3);
    assertEquals(-bias[0], bias[1], 1e-3);
    assertEquals(0, bias[2], 1e-6);
  }

  @ParameterizedTest
  @MethodSource("types")
  void valueSemanticsJsonAndJavaSerialisation(UnitType units) throws Exception {
    String json = JsonMappers.getMapper().writeValueAsString(units);
    assertTrue(json.contains("\"@class\"") && json.contains(units.getClass().getName()), json);
    assertCopy(units, JsonMappers.getMapper().readValue(json, UnitType.class));
    String yaml = JsonMappers.getMapperYaml().writeValueAsString(units);
    assertCopy(units, JsonMappers.getMapperYaml().readValue(yaml, UnitType.class));

    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(units);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertCopy(units, (UnitType) in.readObject());
    }
    long equal = types().filter(units::equals).count();
    assertEquals(1, equal, "equal to itself only");
    assertNotEquals(units, null);
    assertNotEquals(units, "units");
  }

  private static void assertCopy(UnitType expected, UnitType actual) {
    assertEquals(expected, actual);
    assertEquals(expected.hashCode(), actual.hashCode());
    assertEquals(expected.toString(), actual.toString());
    INDArray t = states(DataType.FLOAT);
    INDArray u = t.dup();
    expected.toStatistic(t);
    actual.toStatistic(u);
    NdAssert.assertSame(t, u);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1e-3, 1.001, -5, 255, 1e30})
  void bernoulliUnitsNameValuesOutOfRange(double value) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray states = states(type);
      states.putScalar(1, 1, value);
      for (INDArray layout : List.of(states, NdAssert.fortran(states), NdAssert.view(states))) {
        String problem = new BernoulliUnits().findBadStates(layout).orElseThrow();
        double shown = type == DataType.FLOAT ? (float) value : value;
        assertTrue(
            problem.contains(String.valueOf(shown)) && problem.contains("accepted"), problem);
        assertTrue(problem.contains("GaussianUnits"), problem);
      }
    }
  }

  @Test
  void bernoulliUnitsTakeGreyValuesAndBothEnds() {
    for (INDArray layout :
        List.of(
            states(DataType.DOUBLE),
            NdAssert.fortran(states(DataType.FLOAT)),
            NdAssert.view(states(DataType.FLOAT)),
            Nd4j.zeros(DataType.FLOAT, 1, 1),
            Nd4j.ones(DataType.FLOAT, 1, 1))) {
      assertTrue(new BernoulliUnits().findBadStates(layout).isEmpty());
    }
  }

  @Test
  void gaussianUnitsTakeAnyFiniteValue() {
    assertTrue(
        GaussianUnits.unitVariance()
            .findBadStates(Nd4j.createFromArray(new double[][] {{-1e6, 1e6}}))
            .isEmpty());
  }

  @Test
  void gaussianVariancesAreChecked() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> GaussianUnits.withVariance(1, bad))
              .getMessage();
      assertTrue(message.contains("variance[1] is " + bad), message);
      assertThrows(IllegalArgumentException.class, () -> GaussianUnits.withVariance(bad));
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> GaussianUnits.withVariance(1, 2, 3).checkSize(4))
            .getMessage();
    assertTrue(message.contains("3 variances for 4"), message);
    GaussianUnits.withVariance(2).checkSize(4);
    GaussianUnits.unitVariance().checkSize(4);
    new BernoulliUnits().checkSize(4);
  }

  @Test
  void gaussianVariancesAreCopied() {
    double[] variance = {1, 2};
    GaussianUnits units = GaussianUnits.withVariance(variance);
    variance[0] = -1;
    assertArrayEquals(new double[] {1, 2}, units.variance());
    units.variance()[0] = -1;
    assertArrayEquals(new double[] {1, 2}, units.variance());
    assertEquals(GaussianUnits.unitVariance(), GaussianUnits.withVariance(1));
    assertEquals(GaussianUnits.unitVariance(), GaussianUnits.withVariance());
    assertEquals(GaussianUnits.learnedVariance(), GaussianUnits.learnedVariance(1));
  }

  @Test
  void unitsThatCannotBeHiddenSayWhy() {
    for (UnitType units : UnitCases.HIDDEN) {
      assertTrue(units.reasonNotHidden().isEmpty());
    }
    String reason = GaussianUnits.learnedVariance().reasonNotHidden().orElseThrow();
    assertTrue(reason.contains("nothing to learn"), reason);
  }

  /** What a layer computes in supervised passes is the conditional mean. */
  @ParameterizedTest
  @MethodSource("types")
  void theActivationIsTheMean(UnitType units) {
    if (units instanceof NoisyRectifiedUnits) {
      assertEquals(new ActivationReLU(), units.activation());
      return;
    }
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray mean = fields(type);
      units.fieldToMean(mean);
      NdAssert.assertClose(
          mean, units.activation().getActivation(fields(type), false), eps(type), units::toString);
    }
  }

  private static INDArray fields(DataType type) {
    return Nd4j.createFromArray(new double[][] {{-3, 0.5, 2}, {7, -0.1, 0}, {-30, 1, 30}})
        .castTo(type);
  }

  private static double eps(DataType type) {
    return type == DataType.DOUBLE ? 1e-14 : 1e-6;
  }

  @ParameterizedTest
  @MethodSource("types")
  void hugeFieldsGiveFiniteMeansStatesAndPartitionFunctions(UnitType units) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray field =
          Nd4j.createFromArray(
                  new double[][] {{-1e4, 1e4, 1e4}, {-1e4, -1e4, -1e4}, {1e4, 0, -1e4}, {0, 89, 9}})
              .castTo(type);
      INDArray bias = Nd4j.zeros(type, 3);
      INDArray mean = field.dup();
      INDArray sample = field.dup();
      assertFinite(units.logPartition(field, bias));
      units.fieldToMeanAndSample(mean, sample, new RandomStream(3));
      assertFinite(mean);
      assertFinite(sample);
      assertTrue(units.findBadStates(mean).isEmpty(), () -> units + " " + mean);
      assertTrue(units.findBadStates(sample).isEmpty(), () -> units + " " + sample);
    }
  }

  private static void assertFinite(INDArray values) {
    for (double value : NdAssert.values(values)) {
      assertTrue(Double.isFinite(value), values::toString);
    }
  }

  /** A NaN that became a number would hide that training has failed. */
  @ParameterizedTest
  @MethodSource("types")
  void fieldsThatAreNotNumbersStaySo(UnitType units) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray field = fields(type);
      field.putScalar(1, 2, Double.NaN);
      assertTrue(Double.isNaN(units.logPartition(field, Nd4j.zeros(type, 3)).getDouble(1)));
      units.fieldToMean(field);
      assertTrue(Double.isNaN(field.getDouble(1, 2)));
      assertFinite(field.getRow(0));
      assertFinite(field.getRow(2));
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void enumeratesEveryStateOnce(UnitType units) {
    if (units.stateCount(3).isEmpty()) {
      INDArray out = Nd4j.zeros(DataType.FLOAT, 2, 3);
      assertThrows(UnsupportedOperationException.class, () -> units.writeStates(0, out));
      return;
    }
    int copies = units instanceof SoftmaxUnits ? 4 : 2;
    double[][] all = UnitCases.allStates(units, 3 * copies);
    assertEquals(all.length, units.stateCount(3 * copies).orElseThrow());
    INDArray expected = Nd4j.createFromArray(all);
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray out = Nd4j.valueArrayOf(new long[] {all.length, 3L * copies}, Double.NaN, type);
      units.writeStates(0, out);
      NdAssert.assertSame(expected.castTo(type), out);
      INDArray block = Nd4j.valueArrayOf(new long[] {7, 3L * copies}, Double.NaN, type);
      units.writeStates(5, block);
      NdAssert.assertSame(
          expected.castTo(type).get(NDArrayIndex.interval(5, 12), NDArrayIndex.all()), block);
    }
  }

  @Test
  void numbersOfStatesThatDoNotFitALongAreNotGiven() {
    assertEquals(1L << 62, new SpinUnits().stateCount(62).orElseThrow());
    assertTrue(new SpinUnits().stateCount(63).isEmpty());
    // 3^39 is the last power of 3 below 2^63.
    assertEquals((long) Math.pow(3, 30), new SoftmaxUnits(3).stateCount(90).orElseThrow());
    assertTrue(new SoftmaxUnits(3).stateCount(3 * 39).isPresent());
    assertTrue(new SoftmaxUnits(3).stateCount(3 * 40).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1.001, 1.001, -5, 255, 1e30})
  void spinUnitsNameValuesOutOfRange(double value) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray states = states(type).subi(0.5);
      states.putScalar(1, 1, value);
      for (INDArray layout : List.of(states, NdAssert.fortran(states), NdAssert.view(states))) {
        String problem = new SpinUnits().findBadStates(layout).orElseThrow();
        double shown = type == DataType.FLOAT ? (float) value : value;
        assertTrue(problem.contains(String.valueOf(shown)), problem);
        assertTrue(problem.contains("accepted by spin units {-1, +1}: -1 to 1"), problem);
      }
    }
    assertTrue(new SpinUnits().findBadStates(Nd4j.createFromArray(-1f, 1f)).isEmpty());
  }

  @Test
  void rectifiedUnitsNameNegativeValues() {
    for (UnitType units : List.of(new TruncatedGaussianUnits(), new NoisyRectifiedUnits())) {
      for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
        INDArray states = states(type).muli(7);
        assertTrue(units.findBadStates(states).isEmpty());
        states.putScalar(1, 1, -0.5);
        for (int layout = 0; layout < 3; layout++) {
          String problem = units.findBadStates(layout(states, layout)).orElseThrow();
          assertTrue(problem.contains("-0.5") && problem.contains("0 or greater"), problem);
        }
      }
    }
  }

  @Test
  void softmaxUnitsNameTheGroupThatDoesNotSumToOne() {
    SoftmaxUnits units = new SoftmaxUnits(2);
    INDArray good =
        Nd4j.createFromArray(new double[][] {{0, 1, 0.25, 0.75}, {1, 0, 1, 0}, {0.5, 0.5, 0, 1}});
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray states = good.castTo(type);
      INDArray twice = states.dup();
      twice.putScalar(1, 3, 1);
      INDArray none = states.dup();
      none.putScalar(2, 3, 0);
      INDArray negative = states.dup();
      negative.putScalar(0, 0, -0.5);
      negative.putScalar(0, 1, 1.5);
      for (int layout = 0; layout < 3; layout++) {
        assertTrue(units.findBadStates(layout(states, layout)).isEmpty());
        String message = units.findBadStates(layout(twice, layout)).orElseThrow();
        assertTrue(message.contains("sum 2.0 of the columns 2 to 3 in row 1"), message);
        message = units.findBadStates(layout(none, layout)).orElseThrow();
        assertTrue(message.contains("sum 0.0 of the columns 2 to 3 in row 2"), message);
        message = units.findBadStates(layout(negative, layout)).orElseThrow();
        assertTrue(message.contains("-0.5") && message.contains("accepted"), message);
      }
    }
  }

  private static INDArray layout(INDArray states, int layout) {
    return layout == 0 ? states : layout == 1 ? NdAssert.fortran(states) : NdAssert.view(states);
  }

  @Test
  void softmaxGroupsAreChecked() {
    for (int bad : new int[] {1, 0, -3}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> new SoftmaxUnits(bad)).getMessage();
      assertTrue(message.contains(bad + " states") && message.contains("2 or more"), message);
      assertThrows(IllegalArgumentException.class, () -> new ActivationGroupSoftmax(bad));
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> new SoftmaxUnits(3).checkSize(7))
            .getMessage();
    assertTrue(message.contains("7 units in groups of 3"), message);
    new SoftmaxUnits(3).checkSize(9);
    INDArray seven = Nd4j.zeros(DataType.FLOAT, 2, 7);
    assertThrows(
        IllegalArgumentException.class,
        () -> new ActivationGroupSoftmax(3).getActivation(seven, false));
  }
}
