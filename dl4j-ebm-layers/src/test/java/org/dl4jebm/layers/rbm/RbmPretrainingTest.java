/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.data;
import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.graph;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.dl4jebm.layers.rbm.RbmNetworks.rbm;
import static org.dl4jebm.layers.rbm.RbmNetworks.realData;
import static org.dl4jebm.layers.rbm.RbmNetworks.sameEstimator;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Pretraining through DL4J's solver and updaters. */
class RbmPretrainingTest {

  private static final int ROWS = 10;
  private static final INDArray DATA = data(ROWS, 1);

  private static INDArray gradientOf(RestrictedBoltzmannMachineLayer layer, INDArray batch) {
    return Nd4j.createFromArray(GradientViews.of(sameEstimator(layer), layer.model(), batch));
  }

  private static INDArray delta(MultiLayerNetwork network, INDArray batch) {
    INDArray before = layer(network).params().dup();
    network.pretrainLayer(0, batch);
    return layer(network).params().sub(before);
  }

  /** Updater divides the sum by the batch; the gradient is subtracted. */
  @ParameterizedTest
  @CsvSource({"true,0", "false,0", "true,4"})
  void oneStepIsTheEstimateTimesTheLearningRate(boolean miniBatch, int chains) {
    MultiLayerNetwork network =
        network(global(new Sgd(0.1)).miniBatch(miniBatch), b -> b.persistentChains(chains).k(2));
    INDArray gradient = gradientOf(layer(network), DATA);
    INDArray expected = gradient.mul(miniBatch ? -0.1 / ROWS : -0.1);
    NdAssert.assertClose(expected, delta(network, DATA), 1e-14);
  }

  @Test
  void theGradientIsTheFlattenedViewItself() {
    MultiLayerNetwork network = network(global(new NoOp()), b -> b);
    network.initGradientsView();
    RestrictedBoltzmannMachineLayer layer = layer(network);
    INDArray expected = gradientOf(layer, DATA);
    layer.setInput(DATA, LayerWorkspaceMgr.noWorkspaces());
    layer.computeGradientAndScore(LayerWorkspaceMgr.noWorkspaces());
    assertSame(layer.getGradientsViewArray(), layer.gradient().gradient());
    assertSame(layer.getGradientsViewArray(), layer.gradientAndScore().getFirst().gradient());
    NdAssert.assertClose(expected, layer.getGradientsViewArray(), 1e-14);
    assertEquals(
        List.of("W", "b", "vb"), List.copyOf(layer.gradient().gradientForVariable().keySet()));
    NdAssert.assertClose(
        expected.get(org.nd4j.linalg.indexing.NDArrayIndex.interval(35, 41)),
        layer.gradient().getGradientFor("vb"),
        1e-14);
    assertEquals(ROWS, layer.batchSize());
  }

  /** The updater adds regularisation once; were it in the gradient too, it would count twice. */
  @Test
  void regularisationIsTheUpdaters() {
    double rate = 0.1;
    MultiLayerNetwork network =
        network(
            global(new Sgd(rate)),
            b -> {
              b.biasInit(0.5).visibleBiasInit(-0.7);
              b.l1(0.01).l2(0.02).l1Bias(0.03).l2Bias(0.04);
              return b;
            });
    RestrictedBoltzmannMachineLayer layer = layer(network);
    INDArray p = layer.params().dup();
    INDArray gradient = gradientOf(layer, DATA);
    INDArray expected = Nd4j.create(DataType.DOUBLE, p.length());
    for (int i = 0; i < p.length(); i++) {
      double x = p.getDouble(i);
      double penalty = i < 30 ? 0.01 * Math.signum(x) + 0.02 * x : 0.03 * Math.signum(x) + 0.04 * x;
      expected.putScalar(i, -rate * (gradient.getDouble(i) / ROWS + penalty));
    }
    NdAssert.assertClose(expected, delta(network, DATA), 1e-13);
  }

  @Test
  void weightDecayIsTheUpdaters() {
    MultiLayerNetwork network =
        network(
            global(new Sgd(0.1)),
            b -> {
              b.biasInit(0.5).visibleBiasInit(-0.7);
              b.weightDecay(0.02).weightDecayBias(0.3);
              return b;
            });
    RestrictedBoltzmannMachineLayer layer = layer(network);
    INDArray p = layer.params().dup();
    INDArray gradient = gradientOf(layer, DATA);
    INDArray expected = Nd4j.create(DataType.DOUBLE, p.length());
    for (int i = 0; i < p.length(); i++) {
      double decay = (i < 30 ? 0.02 : 0.3) * p.getDouble(i);
      expected.putScalar(i, -0.1 * (gradient.getDouble(i) / ROWS + decay));
    }
    NdAssert.assertClose(expected, delta(network, DATA), 1e-13);
  }

  @Test
  void bothBiasesFollowTheBiasUpdater() {
    MultiLayerNetwork network =
        network(global(new Sgd(0.1)).biasUpdater(new Sgd(0)), b -> b.biasInit(0.1));
    double[] delta = NdAssert.values(delta(network, DATA));
    for (int i = 0; i < delta.length; i++) {
      assertEquals(i >= 30, delta[i] == 0, "entry " + i);
    }
  }

  @Test
  void gradientNormalisationActsOnAllThreeParameters() {
    MultiLayerNetwork clipped =
        network(
            global(new Sgd(1)),
            b ->
                b.gradientNormalization(GradientNormalization.ClipElementWiseAbsoluteValue)
                    .gradientNormalizationThreshold(0.01));
    INDArray delta = delta(clipped, DATA);
    assertEquals(0.01, delta.amaxNumber().doubleValue(), 1e-12);
    for (int from : new int[] {0, 30, 35}) {
      assertTrue(Math.abs(delta.getDouble(from)) <= 0.01 + 1e-12);
    }
    INDArray gradient = gradientOf(layer(network(global(new Sgd(1)), b -> b)), DATA);
    MultiLayerNetwork renormalised =
        network(
            global(new Sgd(1)),
            b -> b.gradientNormalization(GradientNormalization.RenormalizeL2PerLayer));
    NdAssert.assertClose(
        gradient.div(-gradient.norm2Number().doubleValue()), delta(renormalised, DATA), 1e-4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"weights", "bias", "all"})
  void constraintsAreAppliedToTheirParameters(String which) {
    MultiLayerNetwork network =
        network(
            global(new Sgd(1)),
            b -> {
              switch (which) {
                case "weights" -> b.constrainWeights(new NonNegativeConstraint());
                case "bias" -> b.constrainBias(new NonNegativeConstraint());
                default -> b.constrainAllParameters(new NonNegativeConstraint());
              }
              return b;
            });
    for (int step = 0; step < 3; step++) {
      network.pretrainLayer(0, data(ROWS, 10 + step));
    }
    Map<String, INDArray> parameters = layer(network).paramTable();
    assertEquals(!which.equals("bias"), parameters.get("W").minNumber().doubleValue() >= 0, "W");
    assertEquals(!which.equals("weights"), parameters.get("b").minNumber().doubleValue() >= 0, "b");
    assertEquals(
        !which.equals("weights"), parameters.get("vb").minNumber().doubleValue() >= 0, "vb");
  }

  /** Noise that halves what it is given, and counts. */
  private static final class HalfNoise
      implements org.deeplearning4j.nn.conf.weightnoise.IWeightNoise {
    private static final long serialVersionUID = 1L;
    private int calls;

    @Override
    public INDArray getParameter(
        org.deeplearning4j.nn.api.Layer layer,
        String key,
        int iteration,
        int epoch,
        boolean train,
        LayerWorkspaceMgr workspaces) {
      calls++;
      return train ? layer.getParam(key).mul(1.0 / (1 + calls)) : layer.getParam(key);
    }

    @Override
    public HalfNoise clone() {
      return this;
    }
  }

  /**
   * Each step draws noise for W and b anew; the estimate and the score are those of noisy weights.
   */
  @Test
  void weightNoiseIsUsedAndCleared() {
    HalfNoise noise = new HalfNoise();
    MultiLayerNetwork network =
        network(global(new Sgd(0.1)), b -> b.weightNoise(noise).biasInit(1).scoreEvery(1));
    RestrictedBoltzmannMachineLayer layer = layer(network);
    RbmModel noisy =
        new RbmModel(
            layer.getParam("W").div(2),
            layer.getParam("b").div(3),
            layer.getParam("vb"),
            new BernoulliUnits(),
            new BernoulliUnits());
    INDArray gradient = Nd4j.createFromArray(GradientViews.of(sameEstimator(layer), noisy, DATA));
    INDArray difference = noisy.reconstruct(DATA).sub(DATA);
    double error = difference.mul(difference).sumNumber().doubleValue() / ROWS;
    NdAssert.assertClose(gradient.mul(-0.1 / ROWS), delta(network, DATA), 1e-13);
    assertEquals(error, layer.score(), 1e-12);
    assertEquals(2, noise.calls);
    network.pretrainLayer(0, DATA);
    assertEquals(4, noise.calls, "noise of the step before must not be used again");
  }

  /** A dropped pixel is not a state of the visible units: dropout is for supervised passes. */
  @Test
  void dropoutActsInSupervisedPassesOnly() {
    MultiLayerNetwork plain = network(global(new Sgd(0.1)), b -> b);
    MultiLayerNetwork dropped = network(global(new Sgd(0.1)), b -> b.dropOut(0.5));
    for (int step = 0; step < 3; step++) {
      plain.pretrainLayer(0, DATA);
      dropped.pretrainLayer(0, DATA);
    }
    NdAssert.assertSame(plain.params(), dropped.params());
    INDArray inference = dropped.feedForwardToLayer(0, DATA, false).get(1);
    INDArray training = dropped.feedForwardToLayer(0, DATA, true).get(1);
    NdAssert.assertSame(plain.feedForwardToLayer(0, DATA, true).get(1), inference);
    assertNotEquals(inference, training);
  }

  @Test
  void scoreIsTheReconstructionErrorPlusRegularisation() {
    MultiLayerNetwork network =
        network(
            global(new Sgd(0.1)),
            b -> {
              b.biasInit(0.3).visibleBiasInit(-0.7);
              b.l1(0.01).l2(0.02).l2Bias(0.04);
              return b;
            });
    RestrictedBoltzmannMachineLayer layer = layer(network);
    INDArray difference = layer.model().reconstruct(DATA).sub(DATA);
    double error = difference.mul(difference).sumNumber().doubleValue() / ROWS;
    INDArray w = layer.getParam("W");
    double penalty =
        0.01 * w.norm1Number().doubleValue()
            + 0.02 / 2 * w.mul(w).sumNumber().doubleValue()
            + 0.04 / 2 * (5 * 0.3 * 0.3 + 6 * 0.7 * 0.7);
    network.pretrainLayer(0, DATA);
    assertEquals(error + penalty, layer.score(), 1e-12);
    assertEquals(layer.score(), layer.gradientAndScore().getSecond());
    // The visible bias takes no part in supervised training, nor in its score.
    assertEquals(
        layer.calcRegularizationScore(false) - 0.04 / 2 * sumOfSquares(layer.getParam("vb")),
        layer.calcRegularizationScore(true),
        1e-12);
    assertEquals("recon. error", layer.pretrainScoreName());
  }

  private static double sumOfSquares(INDArray x) {
    return x.mul(x).sumNumber().doubleValue();
  }

  @Test
  void scoreIsComputedEveryNthIterationAndKeptInBetween() {
    MultiLayerNetwork network = network(global(new Sgd(0.5)), b -> b.scoreEvery(3));
    MultiLayerNetwork always = network(global(new Sgd(0.5)), b -> b.scoreEvery(1));
    double last = Double.NaN;
    for (int iteration = 0; iteration < 8; iteration++) {
      network.pretrainLayer(0, DATA);
      always.pretrainLayer(0, DATA);
      NdAssert.assertSame(always.params(), network.params());
      double score = layer(network).score();
      if (iteration % 3 == 0) {
        assertEquals(layer(always).score(), score);
        assertNotEquals(last, score);
      } else {
        assertEquals(last, score, "iteration " + iteration);
      }
      last = score;
    }
  }

  @Test
  void theIterationCounterAdvancesAndSchedulesFollowIt() {
    Sgd stopping = new Sgd(new MapSchedule(ScheduleType.ITERATION, Map.of(0, 0.1, 2, 0.0)));
    MultiLayerNetwork network = network(global(stopping), b -> b);
    for (int iteration = 0; iteration < 4; iteration++) {
      assertEquals(iteration, layer(network).conf().getIterationCount());
      double moved = delta(network, DATA).norm2Number().doubleValue();
      assertEquals(iteration < 2, moved > 0, "iteration " + iteration);
    }
  }

  @Test
  void theSeedDecides() {
    INDArray first = trained(RbmNetworks.SEED, 1);
    Nd4j.getRandom().setSeed(33);
    NdAssert.assertSame(first, trained(RbmNetworks.SEED, 1));
    MultiLayerNetwork one = network(global(new Sgd(0.1)), b -> b);
    MultiLayerNetwork other = network(global(new Sgd(0.1)).seed(RbmNetworks.SEED + 1), b -> b);
    other.params().assign(one.params());
    assertNotEquals(delta(one, DATA), delta(other, DATA));
  }

  private static INDArray trained(long seed, int chains) {
    MultiLayerNetwork network =
        network(global(new Nesterovs(0.1, 0.9)).seed(seed), b -> b.persistentChains(chains));
    for (int step = 0; step < 5; step++) {
      network.pretrainLayer(0, data(7, step + 1));
      // The default generator is not drawn from.
      Nd4j.getRandom().nextDouble();
    }
    return network.params();
  }

  /** Layers of one network draw from streams of their own. */
  @Test
  void layersDoNotShareTheirRandomNumbers() {
    MultiLayerNetwork network =
        network(
            global(new Sgd(0.1)),
            rbm(b -> b),
            new RestrictedBoltzmannMachine.Builder().nOut(RbmNetworks.N_IN),
            new RestrictedBoltzmannMachine.Builder().nOut(RbmNetworks.N_OUT));
    INDArray half = Nd4j.valueArrayOf(new long[] {50, RbmNetworks.N_IN}, 0.5, DataType.DOUBLE);
    for (int layer : new int[] {0, 2}) {
      layer(network.getLayer(layer)).params().assign(0);
    }
    assertNotEquals(
        layer(network.getLayer(0)).sampleHiddenGivenVisible(half).getSecond(),
        layer(network.getLayer(2)).sampleHiddenGivenVisible(half).getSecond());
  }

  @Test
  void dataOfAnyTypeOrLayoutGiveTheSameTrainingAndAreNotModified() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray expected = null;
      for (INDArray batch :
          List.of(
              DATA.castTo(DataType.DOUBLE),
              DATA.castTo(DataType.FLOAT),
              DATA.castTo(DataType.INT32),
              DATA.castTo(DataType.UINT8),
              DATA.castTo(DataType.BOOL),
              NdAssert.fortran(DATA),
              NdAssert.view(DATA))) {
        INDArray before = batch.dup();
        MultiLayerNetwork network = network(global(new Sgd(0.1)).dataType(type), b -> b);
        assertEquals(type, layer(network).params().dataType());
        layer(network).fit(batch, LayerWorkspaceMgr.noWorkspacesImmutable());
        NdAssert.assertSame(before, batch);
        expected = expected == null ? network.params() : expected;
        NdAssert.assertSame(expected, network.params(), () -> batch.dataType().toString());
      }
    }
  }

  @Test
  void pretrainingInFloatIsCloseToDouble() {
    for (int chains : new int[] {0, 8}) {
      MultiLayerNetwork exact =
          network(global(new Nesterovs(0.1, 0.9)), b -> b.persistentChains(chains));
      MultiLayerNetwork single =
          network(
              global(new Nesterovs(0.1, 0.9)).dataType(DataType.FLOAT),
              b -> b.persistentChains(chains));
      single.params().assign(exact.params());
      for (int step = 0; step < 20; step++) {
        INDArray batch = data(20, 100 + step);
        exact.pretrainLayer(0, batch);
        single.pretrainLayer(0, batch.castTo(DataType.FLOAT));
      }
      NdAssert.assertClose(exact.params(), single.params(), 20 * NdAssert.FLOAT_TOLERANCE);
    }
  }

  /** The type is the network's; ND4J's default, in which new arrays come, must not matter. */
  @ParameterizedTest
  @ValueSource(strings = {"FLOAT", "DOUBLE"})
  void theDefaultDataTypeDoesNotMatter(DataType type) {
    INDArray[] params = new INDArray[2];
    DataType before = Nd4j.dataType();
    try {
      for (DataType defaultType : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
        Nd4j.setDefaultDataTypes(defaultType, defaultType);
        MultiLayerNetwork network =
            network(
                global(new Nesterovs(0.1, 0.9)).dataType(type).weightInit(WeightInit.ONES),
                b ->
                    b.visibleUnits(GaussianUnits.withVariance(.5, 1, 1.5, 2, 1, 1))
                        .persistentChains(4)
                        .sparsityCost(0.1));
        for (int step = 0; step < 3; step++) {
          network.pretrainLayer(0, DATA);
          network.fit(DATA.castTo(type), RbmNetworks.labels(ROWS).castTo(type));
        }
        assertEquals(type, network.params().dataType());
        params[defaultType == DataType.FLOAT ? 0 : 1] = network.params();
      }
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
    NdAssert.assertSame(params[0], params[1]);
  }

  @Test
  void withoutInputThereIsNoGradient() {
    assertThrows(
        IllegalStateException.class,
        () -> layer(network()).computeGradientAndScore(LayerWorkspaceMgr.noWorkspaces()));
  }

  /** Uphill steps, the classical mistake, lower the likelihood at once. */
  @ParameterizedTest
  @CsvSource({"1,0", "3,0", "1,300"})
  void theLikelihoodRises(int k, int chains) {
    double[][] patterns = {{1, 1, 1, 0, 0, 0}, {0, 0, 0, 1, 1, 1}, {1, 0, 1, 0, 1, 0}};
    INDArray batch = Nd4j.tile(Nd4j.createFromArray(patterns), 10, 1);
    MultiLayerNetwork network =
        network(global(new Sgd(0.2)), b -> b.k(k).persistentChains(chains).scoreEvery(1));
    double before = meanLogLikelihood(layer(network), patterns);
    network.pretrainLayer(0, batch);
    double errorBefore = layer(network).score();
    for (int step = 0; step < 400; step++) {
      network.pretrainLayer(0, batch);
    }
    double after = meanLogLikelihood(layer(network), patterns);
    // log(1/3) is the best that can be reached; uniform states have 6 log(1/2) = -4.2. With chains,
    // 40 seeds gave -2.0 to -1.3.
    assertTrue(before < -3.5, () -> "before " + before);
    assertTrue(after > -3 && after <= Math.log(1.0 / 3) + 1e-9, () -> "after " + after);
    assertTrue(layer(network).score() < errorBefore / 3);
  }

  private static double meanLogLikelihood(
      RestrictedBoltzmannMachineLayer layer, double[][] patterns) {
    RbmModel model = layer.model();
    double z = 0;
    for (double f :
        NdAssert.values(model.freeEnergy(Nd4j.createFromArray(TinyRbm.states(RbmNetworks.N_IN))))) {
      z += Math.exp(-f);
    }
    return -model.freeEnergy(Nd4j.createFromArray(patterns)).meanNumber().doubleValue()
        - Math.log(z);
  }

  /** Gaussian visible units find the mean of the data, which their bias alone can express. */
  @Test
  void gaussianVisibleUnitsLearnTheMean() {
    MultiLayerNetwork network =
        network(
            global(new Sgd(0.05)),
            b -> b.visibleUnits(GaussianUnits.withVariance(.5, 1, 1.5, 2, 1, 1)));
    INDArray batch = realData(200, 5).addiRowVector(Nd4j.createFromArray(2.0, -2, 1, 0, -1, 3));
    for (int step = 0; step < 300; step++) {
      network.pretrainLayer(0, batch);
    }
    RbmModel model = layer(network).model();
    INDArray samples =
        model.gibbs(batch, 20, new org.dl4jebm.layers.random.RandomStream(3)).mean(0);
    NdAssert.assertClose(batch.mean(0), samples, 0.3);
  }

  @Test
  void aFrozenLayerIsNotTrained() {
    MultiLayerNetwork network = network(global(new Sgd(0.1)), b -> b);
    MultiLayerNetwork frozen = new TransferLearning.Builder(network).setFeatureExtractor(0).build();
    assertTrue(frozen.getLayerWiseConfigurations().getConf(0).getLayer() instanceof FrozenLayer);
    INDArray before = frozen.params().dup();
    frozen.pretrainLayer(0, DATA);
    NdAssert.assertSame(before, frozen.params());
    NdAssert.assertSame(network.output(DATA), frozen.output(DATA));
  }

  /** Everything that happens in a MultiLayerNetwork happens in a ComputationGraph. */
  @Test
  void computationGraph() {
    ComputationGraph graph = graph(global(new Sgd(0.1)), b -> b.persistentChains(3));
    RestrictedBoltzmannMachineLayer layer = layer(graph.getLayer("rbm"));
    INDArray gradient = gradientOf(layer, DATA);
    INDArray before = layer.params().dup();
    graph.pretrainLayer(
        "rbm",
        new ListDataSetIterator<>(List.of(new DataSet(DATA, RbmNetworks.labels(ROWS))), ROWS));
    NdAssert.assertClose(gradient.mul(-0.1 / ROWS), layer.params().sub(before), 1e-14);
    assertEquals(1, layer.conf().getIterationCount());
  }

  @Test
  void aMaskThatIsStillSetDoesNotDisturb() {
    MultiLayerNetwork plain = network(global(new Sgd(0.1)), b -> b);
    MultiLayerNetwork masked = network(global(new Sgd(0.1)), b -> b);
    masked.setLayerMaskArrays(Nd4j.zeros(DataType.DOUBLE, ROWS, 1), null);
    NdAssert.assertSame(delta(plain, DATA), delta(masked, DATA));
  }

  @Test
  void samplingMethodsOfTheLayer() {
    RestrictedBoltzmannMachineLayer layer = layer(network());
    INDArray before = DATA.dup();
    var hidden = layer.sampleHiddenGivenVisible(DATA);
    NdAssert.assertSame(layer.model().propUp(DATA), hidden.getFirst());
    for (double h : NdAssert.values(hidden.getSecond())) {
      assertTrue(h == 0 || h == 1);
    }
    var visible = layer.sampleVisibleGivenHidden(hidden.getSecond());
    NdAssert.assertSame(layer.model().propDown(hidden.getSecond()), visible.getFirst());
    for (double v : NdAssert.values(visible.getSecond())) {
      assertTrue(v == 0 || v == 1);
    }
    assertNotSame(visible.getFirst(), visible.getSecond());
    NdAssert.assertSame(
        layer.model().sampleHidden(DATA, new org.dl4jebm.layers.random.RandomStream(5)),
        layer.sampleOutput(DATA, new org.dl4jebm.layers.random.RandomStream(5)));
    NdAssert.assertSame(before, DATA);
    assertArrayEquals(
        NdAssert.values(network().feedForwardToLayer(0, DATA, false).get(1)),
        NdAssert.values(hidden.getFirst()),
        1e-14,
        "activate is propUp");
  }
}
