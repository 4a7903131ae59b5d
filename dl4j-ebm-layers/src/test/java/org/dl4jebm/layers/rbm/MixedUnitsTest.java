/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.serde.JsonMappers;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.MixedUnits.Part;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

/** Layers made of parts of different types. */
class MixedUnitsTest {

  private static Part part(long size, UnitType units) {
    return MixedUnits.part(size, units);
  }

  @Test
  void everyStateIsEnumeratedOnceWhereverABlockBegins() {
    for (MixedUnits units :
        List.of(
            MixedUnits.of(part(2, new SpinUnits()), part(6, new SoftmaxUnits(3))),
            MixedUnits.of(part(6, new SoftmaxUnits(3)), part(2, new BernoulliUnits())),
            MixedUnits.of(part(1, new BernoulliUnits())),
            MixedUnits.of(
                part(1, new BernoulliUnits()),
                part(3, new SoftmaxUnits(3)),
                part(1, new SpinUnits()),
                part(2, new SoftmaxUnits(2))))) {
      int size = (int) units.parts().stream().mapToLong(Part::size).sum();
      double[][] all = UnitCases.allStates(units, size);
      assertEquals(all.length, units.stateCount(size).orElseThrow());
      INDArray expected = Nd4j.createFromArray(all);
      for (int first = 0; first < all.length; first++) {
        for (int rows : new int[] {1, 2, 5, all.length - first}) {
          if (first + rows <= all.length) {
            INDArray out = Nd4j.valueArrayOf(new long[] {rows, size}, Double.NaN, DataType.DOUBLE);
            units.writeStates(first, out);
            NdAssert.assertSame(
                expected.get(NDArrayIndex.interval(first, first + rows), NDArrayIndex.all()), out);
          }
        }
      }
    }
  }

  /** Parts with more states than a block has rows, far up in the numbers. */
  @Test
  void blocksOfManyStates() {
    MixedUnits units = MixedUnits.of(part(20, new BernoulliUnits()), part(30, new SpinUnits()));
    assertEquals(1L << 50, units.stateCount(50).orElseThrow());
    INDArray out = Nd4j.create(DataType.FLOAT, 4, 50);
    long first = (5L << 20) - 2;
    units.writeStates(first, out);
    for (int row = 0; row < 4; row++) {
      for (int bit = 0; bit < 50; bit++) {
        long on = (first + row) >> bit & 1;
        assertEquals(bit < 20 ? on : 2 * on - 1, out.getDouble(row, bit), row + ", " + bit);
      }
    }
    MixedUnits tooMany = MixedUnits.of(part(40, new BernoulliUnits()), part(40, new SpinUnits()));
    assertTrue(tooMany.stateCount(80).isEmpty());
    INDArray wide = Nd4j.create(DataType.FLOAT, 1, 80);
    assertThrows(UnsupportedOperationException.class, () -> tooMany.writeStates(0, wide));
    MixedUnits real =
        MixedUnits.of(part(1, new BernoulliUnits()), part(1, GaussianUnits.unitVariance()));
    assertTrue(real.stateCount(2).isEmpty());
    assertFalse(real.isBounded());
  }

  @Test
  void badStatesAreFoundInTheirPart() {
    MixedUnits units =
        MixedUnits.of(
            part(3, new BernoulliUnits()),
            part(2, GaussianUnits.unitVariance()),
            part(4, new SoftmaxUnits(2)));
    double[] row = {0, 0.5, 1, -30, 40, 0, 1, 0.5, 0.5};
    INDArray good = Nd4j.createFromArray(new double[][] {row, row});
    assertEquals(Optional.empty(), units.findBadStates(good));
    INDArray bad = good.dup();
    bad.putScalar(1, 2, 7);
    String problem = units.findBadStates(bad).orElseThrow();
    assertTrue(problem.contains("columns 0 to 2") && problem.contains("7.0"), problem);
    bad = good.dup();
    bad.putScalar(1, 8, 1);
    problem = units.findBadStates(bad).orElseThrow();
    assertTrue(problem.contains("in columns 5 to 8"), problem);
    assertTrue(problem.contains("sum 1.5 of the columns 2 to 3 in row 1"), problem);
  }

  @Test
  void sizesAndPartsAreChecked() {
    MixedUnits units = MixedUnits.of(part(3, new BernoulliUnits()), part(4, new SoftmaxUnits(2)));
    units.checkSize(7);
    String message =
        assertThrows(IllegalArgumentException.class, () -> units.checkSize(8)).getMessage();
    assertEquals(
        "units of parts (3 Bernoulli units {0, 1}, 4 softmax units of 2 states) have 7 units"
            + " together in a layer of 8; accepted: 8",
        message);
    message =
        assertThrows(IllegalArgumentException.class, () -> part(3, new SoftmaxUnits(2)))
            .getMessage();
    assertTrue(
        message.startsWith("a part of 3 softmax units of 2 states does not fit")
            && message.endsWith("accepted: a multiple of 2"),
        message);
    message = assertThrows(IllegalArgumentException.class, () -> part(3, null)).getMessage();
    assertTrue(message.contains("null") && message.contains("accepted"), message);
    message = assertThrows(IllegalArgumentException.class, () -> part(7, units)).getMessage();
    assertTrue(message.contains("whose parts can take its place"), message);
    assertTrue(units.stateCount(1).isEmpty(), "of one unit nothing can be said");
    assertThrows(IllegalArgumentException.class, () -> part(0, new BernoulliUnits()));
    assertThrows(IllegalArgumentException.class, MixedUnits::of);
    assertThrows(
        IllegalArgumentException.class, () -> new ActivationParts.Part(0, new ActivationSigmoid()));
    assertThrows(IllegalArgumentException.class, () -> new ActivationParts.Part(2, null));
    assertThrows(IllegalArgumentException.class, () -> new ActivationParts(List.of()));
    message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    RbmNetworks.network(
                        RbmNetworks.global(new Sgd(0.1)), b -> b.visibleUnits(units)))
            .getMessage();
    assertTrue(message.contains("\"rbm\"") && message.contains("layer of 6"), message);
  }

  @Test
  void hiddenWhereEveryPartCanBe() {
    assertTrue(
        MixedUnits.of(part(1, new SpinUnits()), part(1, GaussianUnits.unitVariance()))
            .reasonNotHidden()
            .isEmpty());
    String reason =
        MixedUnits.of(part(1, new SpinUnits()), part(1, GaussianUnits.learnedVariance()))
            .reasonNotHidden()
            .orElseThrow();
    assertTrue(reason.contains("the part of Gaussian units of learned"), reason);
  }

  @Test
  void growthIsThatOfTheParts() {
    MixedUnits units =
        MixedUnits.of(
            part(1, new SpinUnits()),
            part(2, GaussianUnits.withVariance(4)),
            part(1, new TruncatedGaussianUnits()));
    assertFalse(units.isBounded());
    EnergyGrowth growth = units.growth(4);
    assertArrayEquals(new double[] {0, 0.5, 0.5, 1}, growth.inverseDeviation());
    assertArrayEquals(new boolean[] {false, false, false, true}, growth.nonNegative());
    // Only the unbounded parts of the two sides count; of the last pair only a positive weight.
    double[][] w = {{9, 9}, {9, 0.6}, {9, 0.8}, {9, -3}};
    UnitType hidden =
        MixedUnits.of(part(1, new BernoulliUnits()), part(1, new TruncatedGaussianUnits()));
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(w),
            Nd4j.create(DataType.DOUBLE, 2),
            Nd4j.create(DataType.DOUBLE, 4),
            units,
            hidden);
    assertEquals(0.5, model.couplingNorm(), 1e-9);
    assertTrue(MixedUnits.of(part(1, new SpinUnits())).isBounded());
  }

  @Test
  void furtherParametersAreThoseOfThePartsInOrder() {
    MixedUnits units =
        MixedUnits.of(
            part(2, GaussianUnits.learnedVariance(2, 3)),
            part(1, new BernoulliUnits()),
            part(3, GaussianUnits.learnedVariance(5)));
    assertEquals(5, units.parameterCount(6));
    INDArray parameters = Nd4j.create(DataType.DOUBLE, 5);
    units.initializeParameters(parameters);
    NdAssert.assertClose(Nd4j.math().log(Nd4j.createFromArray(2.0, 3, 5, 5, 5)), parameters, 1e-14);
    UnitType bound = units.withParameters(parameters);
    parameters.putScalar(4, Math.log(7));
    INDArray statistic = Nd4j.ones(DataType.DOUBLE, 1, 6);
    bound.toStatistic(statistic);
    NdAssert.assertClose(
        Nd4j.createFromArray(new double[][] {{1 / 2.0, 1 / 3.0, 1, 1 / 5.0, 1 / 5.0, 1 / 7.0}}),
        statistic,
        1e-14);
    UnitType fixed = MixedUnits.of(part(1, new SpinUnits()));
    assertSame(fixed, fixed.withParameters(Nd4j.create(DataType.DOUBLE, 1)));
    INDArray one = Nd4j.ones(DataType.DOUBLE, 1, 1);
    assertThrows(UnsupportedOperationException.class, () -> fixed.parameterGradient(one, one, one));
    assertThrows(UnsupportedOperationException.class, () -> fixed.meanParameterGradient(one, one));
  }

  /** Each part's own gradient, in its place. */
  @Test
  void gradientsByFurtherParametersAreThoseOfTheParts() {
    UnitType left = GaussianUnits.learnedVariance();
    MixedUnits units = MixedUnits.of(part(1, new BernoulliUnits()), part(2, left), part(1, left));
    INDArray theta = Nd4j.createFromArray(0.3, -0.4, 0.9);
    INDArray x = UnitCases.batch(GaussianUnits.unitVariance(), 5, 4, 1);
    INDArray y = UnitCases.batch(GaussianUnits.unitVariance(), 5, 4, 2);
    INDArray b = Nd4j.createFromArray(0.1, -0.7, 0.4, 0.2);
    UnitType bound = units.withParameters(theta);
    // All units in one layer, of which the first is left out.
    UnitType alone = left.withParameters(theta);
    INDArray[] own = {columns(x), columns(y)};
    INDArray bias = b.get(NDArrayIndex.interval(1, 4)).dup();
    NdAssert.assertClose(
        alone.parameterGradient(own[0], own[1], bias), bound.parameterGradient(x, y, b), 1e-14);
    NdAssert.assertClose(
        alone.meanParameterGradient(own[0], bias), bound.meanParameterGradient(x, b), 1e-14);
  }

  private static INDArray columns(INDArray x) {
    return x.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 4)).dup('c');
  }

  @Test
  void groupsAreThoseOfTheParts() {
    MixedUnits units =
        MixedUnits.of(
            part(1, new SpinUnits()),
            part(4, new SoftmaxUnits(2)),
            part(1, GaussianUnits.unitVariance()),
            part(1, new BernoulliUnits()));
    double[][] pair = {{1, 0}, {0, 1}};
    assertEquals(
        List.of(
            new UnitGroup(0, 1, new double[][] {{-1}, {1}}),
            new UnitGroup(1, 3, pair),
            new UnitGroup(3, 5, pair),
            new UnitGroup(5, 6, new double[0][]),
            new UnitGroup(6, 7, new double[][] {{0}, {1}})),
        units.groups(7));
  }

  /** As a layer: pixels, a category and two measurements whose variances are learned. */
  @Test
  void aLayerOfParts() {
    MixedUnits units =
        MixedUnits.of(
            part(2, new BernoulliUnits()),
            part(2, new SoftmaxUnits(2)),
            part(2, GaussianUnits.learnedVariance()));
    MultiLayerNetwork network =
        RbmNetworks.network(RbmNetworks.global(new Sgd(0.05)), b -> b.visibleUnits(units).k(2));
    assertEquals(2, network.getParam("0_vp").length());
    INDArray data = UnitCases.batch(units, 20, 6, 3);
    INDArray before = network.params().dup();
    network.pretrainLayer(0, data);
    assertNotEquals(before, network.params());
    assertTrue(network.getParam("0_vp").amaxNumber().doubleValue() > 0);
    INDArray kept = network.getParam("0_vp").dup();
    network.fit(data, RbmNetworks.labels(20));
    NdAssert.assertSame(kept, network.getParam("0_vp"));
    INDArray bad = data.dup();
    bad.putScalar(3, 1, 2);
    String message =
        assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, bad))
            .getMessage();
    assertTrue(message.contains("columns 0 to 1") && message.contains("layer name: rbm"), message);
  }

  /** Each part draws what it would draw alone. */
  @Test
  void partsDrawInOrder() {
    MixedUnits units = MixedUnits.of(part(3, new SpinUnits()), part(2, new SoftmaxUnits(2)));
    INDArray field = UnitCases.batch(GaussianUnits.unitVariance(), 7, 5, 2);
    INDArray left = field.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3)).dup();
    INDArray right = field.get(NDArrayIndex.all(), NDArrayIndex.interval(3, 5)).dup();
    units.fieldToSample(field, new RandomStream(4));
    RandomStream same = new RandomStream(4);
    new SpinUnits().fieldToSample(left, same);
    new SoftmaxUnits(2).fieldToSample(right, same);
    NdAssert.assertSame(Nd4j.concat(1, left, right), field);
  }

  @Test
  void activationOfEachPart() throws Exception {
    MixedUnits units =
        MixedUnits.of(
            part(2, new SpinUnits()), part(3, new SoftmaxUnits(3)), part(1, new BernoulliUnits()));
    IActivation f = units.activation();
    assertEquals(
        new ActivationParts(
            List.of(
                new ActivationParts.Part(2, new ActivationTanH()),
                new ActivationParts.Part(3, new ActivationGroupSoftmax(3)),
                new ActivationParts.Part(1, new ActivationSigmoid()))),
        f);
    String json = JsonMappers.getMapper().writeValueAsString(f);
    assertEquals(f, JsonMappers.getMapper().readValue(json, IActivation.class));
    assertEquals(f.hashCode(), units.activation().hashCode());
    assertNotEquals(f, MixedUnits.of(part(2, new SpinUnits())).activation());
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> f.getActivation(Nd4j.zeros(DataType.FLOAT, 2, 5), false))
            .getMessage();
    assertTrue(message.contains("[n, 6]"), message);
    INDArray z = UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 1);
    INDArray epsilon = UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 2);
    INDArray mean = z.dup();
    units.fieldToMean(mean);
    for (INDArray[] layout :
        new INDArray[][] {
          {z.dup(), epsilon},
          {NdAssert.fortran(z), NdAssert.fortran(epsilon)},
          {NdAssert.view(z), NdAssert.view(epsilon)}
        }) {
      NdAssert.assertClose(
          f.backprop(z.dup(), epsilon.dup()).getFirst(),
          f.backprop(layout[0], layout[1]).getFirst(),
          1e-14);
      NdAssert.assertClose(mean, f.getActivation(layout[0], true), 1e-14);
      NdAssert.assertClose(mean, layout[0], 1e-14);
    }
  }
}
