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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.MixedUnits.Part;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Machines whose layers are made of parts: against the types alone, and all that trains them. */
class MixedMachineTest {

  private static final ContrastiveDivergenceOptions CD = ContrastiveDivergenceOptions.DEFAULT;
  private static final ContrastiveDivergenceOptions PCD = CD.withPersistentChains(4);

  private static final List<ContrastiveDivergenceOptions> OBJECTIVES =
      List.of(
          CD.withK(2),
          PCD,
          CD.withCentering(Centering.DEFAULT),
          PCD.withCentering(Centering.DEFAULT),
          PCD.withFastWeights(FastWeights.ofRate(0.1)),
          PCD.withTempering(Tempering.DEFAULT));

  private static Part part(long size, UnitType units) {
    return MixedUnits.part(size, units);
  }

  private static RbmModel model(UnitType visible, UnitType hidden) {
    long further = visible.parameterCount(4);
    return ObjectiveChecks.model(
        ObjectiveChecks.parameters(12 + 3 + 4 + further).muli(0.3), visible, hidden, 4, 3);
  }

  private static double[] threeSteps(RbmObjective objective, RbmModel model, INDArray data) {
    RbmEstimator estimator = objective.estimator(new RandomStream(8));
    double[] last = null;
    for (int step = 0; step < 3; step++) {
      last = GradientViews.of(estimator, model, data);
    }
    return last;
  }

  static Stream<UnitType> visibleTypes() {
    return UnitCases.VISIBLE.stream().filter(type -> !(type instanceof MixedUnits));
  }

  static Stream<UnitType> hiddenTypes() {
    return UnitCases.HIDDEN.stream().filter(type -> !(type instanceof MixedUnits));
  }

  /** To the last bit, samples included. */
  @ParameterizedTest
  @MethodSource("visibleTypes")
  void aSingleVisiblePartIsThatTypeAlone(UnitType type) {
    UnitType single = MixedUnits.of(part(4, type));
    UnitType hidden = new BernoulliUnits();
    INDArray data = UnitCases.batch(type, 5, 4, 3);
    for (ContrastiveDivergenceOptions options : OBJECTIVES) {
      assertArrayEquals(
          threeSteps(options, model(type, hidden), data),
          threeSteps(options, model(single, hidden), data),
          options::toString);
    }
    assertSame(model(type, hidden), model(single, hidden), data);
  }

  @ParameterizedTest
  @MethodSource("hiddenTypes")
  void aSingleHiddenPartIsThatTypeAlone(UnitType type) {
    UnitType single = MixedUnits.of(part(3, type));
    UnitType visible = new SpinUnits();
    INDArray data = UnitCases.batch(visible, 5, 4, 3);
    for (ContrastiveDivergenceOptions options : OBJECTIVES) {
      assertArrayEquals(
          threeSteps(options, model(visible, type), data),
          threeSteps(options, model(visible, single), data),
          options::toString);
    }
    assertSame(model(visible, type), model(visible, single), data);
  }

  private static void assertSame(RbmModel alone, RbmModel part, INDArray data) {
    INDArray h = alone.sampleHidden(data, new RandomStream(2));
    NdAssert.assertSame(h, part.sampleHidden(data, new RandomStream(2)));
    NdAssert.assertSame(alone.freeEnergy(data), part.freeEnergy(data));
    NdAssert.assertSame(alone.energy(data, h), part.energy(data, h));
    NdAssert.assertSame(alone.freeEnergyOfHidden(h), part.freeEnergyOfHidden(h));
    NdAssert.assertSame(alone.propUp(data), part.propUp(data));
    NdAssert.assertSame(alone.propDown(h), part.propDown(h));
    assertEquals(alone.couplingNorm(), part.couplingNorm());
  }

  /** Parts in another order, with their columns, are the same machine. */
  @Test
  void theOrderOfThePartsDoesNotMatter() {
    Part[] parts = {
      part(2, new SoftmaxUnits(2)),
      part(1, GaussianUnits.learnedVariance()),
      part(1, new BernoulliUnits()),
      part(1, new TruncatedGaussianUnits()),
      part(2, GaussianUnits.learnedVariance())
    };
    int[] order = {4, 1, 3, 0, 2};
    int[] columns = {5, 6, 2, 4, 0, 1, 3};
    int[] parameters = {1, 2, 0};
    Part[] permuted = new Part[5];
    for (int i = 0; i < 5; i++) {
      permuted[i] = parts[order[i]];
    }
    UnitType hidden = new SpinUnits();
    INDArray flat = ObjectiveChecks.parameters(7 * 3 + 3 + 7 + 3);
    RbmModel model = ObjectiveChecks.model(flat, MixedUnits.of(parts), hidden, 7, 3);
    INDArray other = flat.dup();
    permute(new GradientViews(flat, 7, 3), new GradientViews(other, 7, 3), columns, parameters);
    RbmModel same = ObjectiveChecks.model(other, MixedUnits.of(permuted), hidden, 7, 3);

    INDArray v = UnitCases.batch(MixedUnits.of(parts), 6, 7, 1);
    INDArray u = columns(v, columns);
    INDArray h = UnitCases.batch(hidden, 6, 3, 2);
    NdAssert.assertClose(model.freeEnergy(v), same.freeEnergy(u), 1e-12);
    NdAssert.assertClose(model.energy(v, h), same.energy(u, h), 1e-12);
    NdAssert.assertClose(model.freeEnergyOfHidden(h), same.freeEnergyOfHidden(h), 1e-12);
    NdAssert.assertClose(model.propUp(v), same.propUp(u), 1e-12);
    NdAssert.assertClose(columns(model.propDown(h), columns), same.propDown(h), 1e-12);
    assertEquals(new RbmEnumeration(model).logZ(), new RbmEnumeration(same).logZ(), 1e-12);

    GradientViews gradient = new GradientViews(model, DataType.DOUBLE);
    GradientViews actual = new GradientViews(same, DataType.DOUBLE);
    GradientViews expected = new GradientViews(same, DataType.DOUBLE);
    RbmEstimator exact = ExactLikelihoodObjective.DEFAULT.estimator(new RandomStream(1));
    assertEquals(gradient.fill(exact, model, v, true), actual.fill(exact, same, u, true), 1e-12);
    permute(gradient, expected, columns, parameters);
    NdAssert.assertClose(expected.flat, actual.flat, 1e-11);
    assertNotEquals(gradient.flat, expected.flat);
  }

  private static INDArray columns(INDArray matrix, int[] columns) {
    INDArray result = matrix.dup('c');
    for (int i = 0; i < columns.length; i++) {
      result.getColumn(i).assign(matrix.getColumn(columns[i]));
    }
    return result;
  }

  private static void permute(
      GradientViews from, GradientViews to, int[] columns, int[] parameters) {
    to.hiddenBias.assign(from.hiddenBias);
    for (int i = 0; i < columns.length; i++) {
      to.weights.getRow(i).assign(from.weights.getRow(columns[i]));
      to.visibleBias.putScalar(i, from.visibleBias.getDouble(columns[i]));
    }
    for (int i = 0; i < parameters.length; i++) {
      to.visibleParameters.putScalar(i, from.visibleParameters.getDouble(parameters[i]));
    }
  }

  /**
   * Persistent chains that have had time to mix give the likelihood gradient, through every part
   * and with tempering as without. Statistics of the discrete parts are in [-1, 1], so that their
   * means over the chains have a deviation of at most {@code 1 / sqrt(CHAINS)}; those of the real
   * part and of its variance have one of less than twice that at these weights.
   */
  @Test
  void persistentChainsReachTheLikelihoodGradient() {
    int chains = 20_000;
    MixedUnits visible =
        MixedUnits.of(
            part(1, new SpinUnits()),
            part(2, new SoftmaxUnits(2)),
            part(1, GaussianUnits.learnedVariance()));
    MixedUnits hidden = MixedUnits.of(part(1, new SpinUnits()), part(2, new SoftmaxUnits(2)));
    RbmModel model = model(visible, hidden);
    INDArray data = UnitCases.batch(visible, 2, 4, 3);
    double[] exact =
        GradientViews.of(
            ExactLikelihoodObjective.DEFAULT.estimator(new RandomStream(1)), model, data);
    ContrastiveDivergenceOptions persistent = CD.withPersistentChains(chains).withK(5);
    for (ContrastiveDivergenceOptions options :
        List.of(
            persistent,
            persistent.withTempering(new Tempering(3, 3, 0.5, 0, Tempering.Path.COUPLING)))) {
      double[] gradient = threeSteps(options, model, data);
      for (int i = 0; i < exact.length; i++) {
        // The gradient is a sum over two rows.
        double limit = 2 * 2 * Limits.SIGMAS / Math.sqrt(chains);
        assertEquals(exact[i], gradient[i], limit, "entry " + i + ", " + options);
      }
    }
  }

  /** Each way to train changes every parameter, in both data types, and stays finite. */
  @Test
  void everyObjectiveTrainsALayerOfParts() {
    MixedUnits visible =
        MixedUnits.of(
            part(1, new BernoulliUnits()),
            part(3, GaussianUnits.learnedVariance()),
            part(2, new SoftmaxUnits(2)));
    INDArray data = UnitCases.batch(visible, 20, 6, 3);
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      for (RbmObjective objective :
          Stream.concat(
                  OBJECTIVES.stream(),
                  Stream.of(
                      ExactLikelihoodObjective.DEFAULT,
                      new HybridObjective(2, 0.5, PCD),
                      HybridObjective.discriminative(2)))
              .toList()) {
        MultiLayerNetwork network =
            RbmNetworks.network(
                RbmNetworks.global(new Sgd(0.05)).dataType(type),
                b -> b.visibleUnits(visible).objective(objective));
        INDArray before = network.params().dup();
        for (int step = 0; step < 3; step++) {
          network.pretrainLayer(0, data.castTo(type));
        }
        for (String key : new String[] {"0_W", "0_b", "0_vp"}) {
          INDArray moved = network.getParam(key);
          assertTrue(Double.isFinite(moved.sumNumber().doubleValue()), key + ", " + objective);
        }
        double[] change = NdAssert.values(network.params().sub(before));
        long still = Arrays.stream(change).limit(30 + 5 + 6 + 3).filter(x -> x == 0).count();
        // The discriminative gradient knows no biases of the data.
        boolean labelsOnly = objective.equals(HybridObjective.discriminative(2));
        assertEquals(labelsOnly ? 4 : 0, still, objective + " in " + type);
      }
    }
  }

  @Test
  void configurationsAndModelFiles() throws Exception {
    MixedUnits visible =
        MixedUnits.of(
            part(1, new BernoulliUnits()),
            part(3, GaussianUnits.learnedVariance(0.5, 1, 2)),
            part(2, new SoftmaxUnits(2)));
    MixedUnits hidden = MixedUnits.of(part(3, new SoftmaxUnits(3)), part(2, new SpinUnits()));
    MultiLayerNetwork network =
        RbmNetworks.network(
            RbmNetworks.global(new Adam(0.05)),
            b -> b.visibleUnits(visible).hiddenUnits(hidden).persistentChains(3));
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
    assertEquals(conf, MultiLayerConfiguration.fromJson(conf.toJson()));
    assertEquals(conf, MultiLayerConfiguration.fromYaml(conf.toYaml()));
    INDArray data = UnitCases.batch(visible, 20, 6, 3);
    network.pretrainLayer(0, data);
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(LayerChecks.saved(network)), true);
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(restored);
    assertEquals(visible, layer.layerConf().getVisibleUnits());
    assertEquals(hidden, layer.layerConf().getHiddenUnits());
    NdAssert.assertSame(network.getParam("0_vp"), restored.getParam("0_vp"));
    assertNotEquals(Math.log(0.5), restored.getParam("0_vp").getDouble(0));
    RbmModel model = RbmNetworks.layer(network).model();
    NdAssert.assertSame(model.freeEnergy(data), layer.model().freeEnergy(data));
    NdAssert.assertSame(network.output(data), restored.output(data));
    assertEquals(visible, RbmNetworks.layer(network.clone()).layerConf().getVisibleUnits());
  }

  @Test
  void pseudoLikelihoodTakesPartsOfBinaryUnitsOnly() {
    MixedUnits binary = MixedUnits.of(part(2, new BernoulliUnits()), part(2, new SpinUnits()));
    RbmObjective objective = PseudoLikelihoodObjective.DEFAULT;
    objective.check(binary, new BernoulliUnits(), 4, 3);
    INDArray data = UnitCases.batch(binary, 3, 4, 1);
    assertTrue(objective.findBadData(binary, data).isEmpty());
    INDArray bad = data.dup();
    bad.putScalar(1, 3, 0);
    for (INDArray layout : List.of(bad, NdAssert.fortran(bad), NdAssert.view(bad))) {
      String problem = objective.findBadData(binary, layout).orElseThrow();
      assertTrue(problem.contains("value 0.0 of unit 3") && problem.contains("-1.0 and 1.0"));
    }
    // The second has two joint states, which does not make its units binary.
    for (UnitType other :
        List.of(
            MixedUnits.of(part(2, new BernoulliUnits()), part(4, new SoftmaxUnits(2))),
            MixedUnits.of(part(2, new SoftmaxUnits(2)), part(4, GaussianUnits.unitVariance())),
            MixedUnits.of(part(6, new SoftmaxUnits(6))))) {
      String message =
          assertThrows(
                  DL4JInvalidConfigException.class,
                  () ->
                      RbmNetworks.network(
                          RbmNetworks.global(new Sgd(0.1)),
                          b -> b.visibleUnits(other).objective(objective)))
              .getMessage();
      assertTrue(message.contains("is not binary") && message.contains("accepted"), message);
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    objective.check(
                        MixedUnits.of(part(2, new SoftmaxUnits(2))), new SpinUnits(), 2, 3))
            .getMessage();
    assertTrue(message.contains("visible unit 0 is not binary (units of parts (2"), message);
  }

  /** Rows that are none or one, and arrays that are no rows of a matrix in 'c' order. */
  @Test
  void oneRowAndOtherLayouts() {
    MixedUnits units =
        MixedUnits.of(
            part(1, GaussianUnits.withVariance(0.5)),
            part(2, new SoftmaxUnits(2)),
            part(1, new TruncatedGaussianUnits()));
    RbmModel model = model(units, new BernoulliUnits());
    INDArray v = UnitCases.batch(units, 4, 4, 5);
    INDArray all = model.freeEnergy(v);
    INDArray h = model.propUp(v);
    for (int row = 0; row < 4; row++) {
      INDArray one = v.getRow(row, true);
      assertEquals(all.getDouble(row), model.freeEnergy(one).getDouble(0), 1e-13);
      NdAssert.assertClose(h.getRow(row, true), model.propUp(one), 1e-13);
    }
    for (INDArray layout : List.of(NdAssert.fortran(v), NdAssert.view(v))) {
      NdAssert.assertClose(all, model.freeEnergy(layout), 1e-13);
      NdAssert.assertClose(h, model.propUp(layout), 1e-13);
      assertTrue(units.findBadStates(layout).isEmpty());
    }
  }

  /** Energies of 10^4 in one part leave the others as they are. */
  @Test
  void hugeFieldsStayInTheirPart() {
    MixedUnits units =
        MixedUnits.of(
            part(2, new SoftmaxUnits(2)),
            part(1, new TruncatedGaussianUnits()),
            part(1, new BernoulliUnits()));
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray field =
          Nd4j.createFromArray(new double[][] {{1e4, -1e4, 0.5, -0.3}, {0, 0, 0.5, -0.3}})
              .castTo(type);
      units.fieldToMean(field);
      assertEquals(1, field.getDouble(0, 0));
      assertEquals(field.getDouble(1, 2), field.getDouble(0, 2));
      assertEquals(field.getDouble(1, 3), field.getDouble(0, 3));
      field.putScalar(0, 1, Double.NaN);
      units.fieldToMean(field);
      assertTrue(Double.isNaN(field.getDouble(0, 0)));
      assertTrue(Double.isFinite(field.getDouble(0, 2)));
    }
  }
}
