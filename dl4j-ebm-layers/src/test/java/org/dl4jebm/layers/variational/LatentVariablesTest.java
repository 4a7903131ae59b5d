/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ScheduleType;

/** The layer inside networks. */
@Tag("gpu")
class LatentVariablesTest {

  private static final int LATENTS = 4;
  private static final INDArray INPUT = LatentDistributionTest.normal(1, 6, 5);

  private static LatentVariables.Builder latents(LatentDistribution family) {
    return new LatentVariables.Builder(family).nOut(LATENTS);
  }

  private static List<Layer> encoded(LatentVariables.Builder latents, LatentDistribution family) {
    return List.of(
        new DenseLayer.Builder()
            .nOut(family.parameters(LATENTS))
            .activation(Activation.TANH)
            .build(),
        latents.build());
  }

  private static Stream<LatentVariables> variants() {
    KullbackLeiblerTerm sampled =
        KullbackLeiblerTerm.DEFAULT.withEstimator(KullbackLeiblerTerm.Estimator.MONTE_CARLO);
    LatentPrior prior =
        LatentPrior.gaussian(new double[] {0.5, 0, -1, 0}, new double[] {1, 2, 0.5, 1});
    LatentDistribution gaussian = new DiagonalGaussian();
    return Stream.<LatentVariables>of(
        latents(gaussian).build(),
        latents(gaussian).prior(prior).build(),
        latents(gaussian).divergence(sampled).build(),
        latents(gaussian)
            .prior(LatentPrior.standard(new DiagonalLaplace()))
            .divergence(KullbackLeiblerTerm.DEFAULT.withBeta(0.3))
            .build(),
        latents(gaussian).prior(LatentPrior.standard(new FullGaussian())).build(),
        latents(gaussian).divergence(KullbackLeiblerTerm.DEFAULT.withBeta(4)).build(),
        latents(gaussian).divergence(KullbackLeiblerTerm.DEFAULT.withFreeBits(0.15)).build(),
        latents(gaussian).divergence(KullbackLeiblerTerm.DEFAULT.withCapacity(30)).build(),
        latents(gaussian).divergence(KullbackLeiblerTerm.NONE).build(),
        latents(new DiagonalLaplace()).build(),
        latents(new DiagonalLogistic()).build(),
        latents(new FullGaussian()).build(),
        latents(new FullGaussian()).prior(prior).build(),
        latents(new BinaryConcrete(DiscreteGradient.RELAXED, 0.7)).build(),
        latents(new GumbelSoftmax(2, DiscreteGradient.RELAXED, 0.9)).build());
  }

  /** With the parameters of the encoder as close to 0 as in a network that is trained. */
  @TestFactory
  Stream<DynamicTest> allFamiliesAsLayers() {
    return variants()
        .flatMap(
            latents ->
                new LayerChecks(
                        () ->
                            List.of(
                                new DenseLayer.Builder()
                                    .nOut(latents.getDistribution().parameters(LATENTS))
                                    .activation(Activation.TANH)
                                    .build(),
                                (Layer) latents.clone()),
                        INPUT)
                    .drawsInTraining()
                    .all()
                    .map(
                        test ->
                            DynamicTest.dynamicTest(
                                latents + ": " + test.getDisplayName(), test.getExecutable())));
  }

  private static MultiLayerNetwork network(Consumer<LatentVariables.Builder> options) {
    LatentVariables.Builder latents = latents(new DiagonalGaussian());
    options.accept(latents);
    return network(encoded(latents, new DiagonalGaussian()), 12345);
  }

  private static MultiLayerNetwork network(List<Layer> layers, long seed) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.1))
            .list();
    layers.forEach(list::layer);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            list.layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nOut(3)
                        .build())
                .setInputType(InputType.feedForward(5))
                .build());
    network.init();
    return network;
  }

  private static LatentVariablesLayer layer(MultiLayerNetwork network) {
    return (LatentVariablesLayer) network.getLayer(1);
  }

  private static final INDArray LABELS = LatentDistributionTest.normal(2, 6, 3);

  /** {@code score = loss + beta KL}, with the divergence computed from the encoder's output. */
  @Test
  void theDivergenceIsPartOfTheScore() {
    MultiLayerNetwork with = network(b -> b.divergence(KullbackLeiblerTerm.DEFAULT.withBeta(2.5)));
    MultiLayerNetwork without = network(b -> b.divergence(KullbackLeiblerTerm.NONE));
    DataSet data = new DataSet(INPUT, LABELS);
    double expected =
        new DiagonalGaussian()
                .divergence(with.feedForward(INPUT).get(1), null)
                .sumNumber()
                .doubleValue()
            / INPUT.size(0);
    for (boolean training : new boolean[] {false, true}) {
      assertEquals(
          without.score(data, training) + 2.5 * expected, with.score(data, training), 1e-12);
    }
    assertEquals(expected, layer(with).divergence(), 1e-12);
    with.fit(data);
    without.fit(data);
    assertEquals(without.score() + 2.5 * expected, with.score(), 1e-12);
  }

  @Test
  void capacityFreeBitsAndWarmUp() {
    DataSet data = new DataSet(INPUT, LABELS);
    MultiLayerNetwork plain = network(b -> b.divergence(KullbackLeiblerTerm.NONE));
    double loss = plain.score(data, false);
    INDArray means =
        new DiagonalGaussian().divergence(plain.feedForward(INPUT).get(1), null).mean(0);
    double sum = means.sumNumber().doubleValue();
    assertEquals(
        loss + 3 * Math.abs(sum - 20),
        network(b -> b.divergence(KullbackLeiblerTerm.DEFAULT.withBeta(3).withCapacity(20)))
            .score(data, false),
        1e-12);
    double bits = means.medianNumber().doubleValue();
    double expected = 0;
    for (double mean : means.toDoubleVector()) {
      expected += Math.max(mean, bits);
    }
    assertTrue(expected > sum);
    assertEquals(
        loss + expected,
        network(b -> b.divergence(KullbackLeiblerTerm.DEFAULT.withFreeBits(bits)))
            .score(data, false),
        1e-12);
    MultiLayerNetwork warm =
        network(
            b ->
                b.divergence(
                    KullbackLeiblerTerm.DEFAULT.withWarmUp(
                        new LinearWarmUp(ScheduleType.ITERATION, 4))));
    assertEquals(loss, warm.score(data, false), 1e-12);
    warm.setLearningRate(0);
    warm.fit(data);
    assertEquals(loss + sum / 4, warm.score(data, false), 1e-12);
    for (int i = 0; i < 6; i++) {
      warm.fit(data);
    }
    assertEquals(loss + sum, warm.score(data, false), 1e-12);
  }

  /** A sum over the examples in place of their mean, in score and gradient. */
  @Test
  void withoutDivisionByTheMinibatch() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(12345)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .miniBatch(false)
                .list()
                .layer(new DenseLayer.Builder().nOut(2 * LATENTS).build())
                .layer(latents(new DiagonalGaussian()).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nOut(3)
                        .build())
                .setInputType(InputType.feedForward(5))
                .build());
    network.init();
    assertTrue(LayerChecks.checkGradients(network, INPUT, LABELS, null, null));
  }

  /** Closed forms with priors given by probabilities, against sums over the values. */
  @Test
  void priorsOfGivenProbabilities() {
    INDArray eta = Nd4j.createFromArray(new double[][] {{0.3, -0.2, 1, 0.1}});
    GumbelSoftmax categorical = new GumbelSoftmax(4, DiscreteGradient.RELAXED, 1);
    double[] p = {0.1, 0.2, 0.3, 0.4};
    double[] q = categorical.mean(eta).toDoubleVector();
    double expected = 0;
    for (int j = 0; j < 4; j++) {
      expected += q[j] * Math.log(q[j] / p[j]);
    }
    assertEquals(
        expected,
        categorical
            .divergence(
                eta, LatentPrior.probabilities(categorical, 1, 2, 3, 4).row(DataType.DOUBLE))
            .getDouble(0),
        1e-14);
    BinaryConcrete binary = new BinaryConcrete(DiscreteGradient.RELAXED, 1);
    INDArray divergence =
        binary.divergence(eta, LatentPrior.probabilities(binary, p).row(DataType.DOUBLE));
    for (int j = 0; j < 4; j++) {
      double s = 1 / (1 + Math.exp(-eta.getDouble(j)));
      assertEquals(
          s * Math.log(s / p[j]) + (1 - s) * Math.log((1 - s) / (1 - p[j])),
          divergence.getDouble(j),
          1e-14);
    }
  }

  /** Rows are those of the examples in turn, with noise of their own. */
  @Test
  void samplesOfAnExampleStandTogether() {
    MultiLayerNetwork network = network(b -> b.samples(3));
    List<INDArray> activations = network.feedForward(INPUT, true);
    INDArray eta = activations.get(1);
    INDArray z = activations.get(2);
    assertArrayEquals(new long[] {18, LATENTS}, z.shape());
    INDArray noise =
        z.sub(LatentRows.repeat(LocationScale.location(eta), 6, 3))
            .divi(
                LatentRows.repeat(
                    Nd4j.math().exp(LocationScale.scaleParameter(eta).mul(0.5)), 6, 3));
    double[] distinct = noise.dup().data().asDouble();
    assertEquals(distinct.length, Arrays.stream(distinct).distinct().count());
    // Standardised noise of the wrong rows would be spread by the means of other examples.
    assertTrue(noise.maxNumber().doubleValue() < 4);
    assertArrayEquals(new long[] {6, LATENTS}, network.feedForward(INPUT, false).get(2).shape());
  }

  @Test
  void noiseChangesWithTheIterationAndRepeatsWithTheSeed() {
    MultiLayerNetwork network = network(b -> {});
    INDArray first = network.feedForward(INPUT, true).get(2).dup();
    NdAssert.assertSame(first, network.feedForward(INPUT, true).get(2));
    NdAssert.assertSame(first, network(b -> {}).feedForward(INPUT, true).get(2));
    network.setLearningRate(0);
    network.fit(INPUT, LABELS);
    assertNotEquals(first, network.feedForward(INPUT, true).get(2));
    MultiLayerNetwork other =
        network(encoded(latents(new DiagonalGaussian()), new DiagonalGaussian()), 54321);
    other.setParams(network.params());
    assertNotEquals(first, other.feedForward(INPUT, true).get(2));
  }

  @Test
  void inferenceModes() {
    Supplier<LatentVariables.Builder> builder =
        () -> latents(new BinaryConcrete(DiscreteGradient.RELAXED, 1));
    INDArray[] results = new INDArray[3];
    for (LatentInference mode : LatentInference.values()) {
      MultiLayerNetwork network =
          network(
              List.of(
                  new DenseLayer.Builder().nOut(LATENTS).activation(Activation.TANH).build(),
                  builder.get().inference(mode).build()),
              7);
      INDArray eta = network.feedForward(INPUT).get(1).dup();
      INDArray z = network.feedForward(INPUT).get(2).dup();
      results[mode.ordinal()] = z;
      if (mode == LatentInference.SAMPLE) {
        assertNotEquals(z, network.feedForward(INPUT).get(2));
        NdAssert.assertClose(z, z.mul(z), 0);
      } else if (mode == LatentInference.MEAN) {
        NdAssert.assertClose(Nd4j.nn().sigmoid(eta), z, 1e-14);
      } else {
        NdAssert.assertClose(eta.gt(0).castTo(DataType.DOUBLE), z, 0);
      }
    }
    assertNotEquals(results[0], results[2]);
  }

  @Test
  void drawsForEvaluation() {
    MultiLayerNetwork network = network(b -> {});
    INDArray expected = network.output(INPUT);
    LatentVariablesLayer layer = layer(network);
    layer.setDraw(LatentDraw.samples(5, 99));
    List<INDArray> drawn = network.feedForward(INPUT, false);
    INDArray z = drawn.get(2);
    assertArrayEquals(new long[] {30, LATENTS}, z.shape());
    assertArrayEquals(new long[] {30, 3}, drawn.get(3).shape());
    DiagonalGaussian family = new DiagonalGaussian();
    INDArray eta = drawn.get(1);
    INDArray ratio =
        family
            .logProbability(Nd4j.zeros(DataType.DOUBLE, 1, 2 * LATENTS), z)
            .sum(1)
            .subi(family.logProbability(LatentRows.repeat(eta, 6, 5), z).sum(1));
    NdAssert.assertClose(ratio, layer.logRatio(), 1e-12);
    NdAssert.assertClose(eta, layer.drawnParameters(), 0);
    assertNotEquals(z, network.feedForward(INPUT, false).get(2));
    layer.setDraw(LatentDraw.given(z));
    NdAssert.assertSame(z, network.feedForward(INPUT, false).get(2));
    NdAssert.assertClose(ratio, layer.logRatio(), 1e-12);
    layer.setDraw(null);
    assertNull(layer.logRatio());
    NdAssert.assertSame(expected, network.output(INPUT));
    layer.setDraw(LatentDraw.given(z));
    assertThrows(
        IllegalArgumentException.class,
        () -> network.output(LatentDistributionTest.normal(3, 4, 5)));
    layer.setDraw(LatentDraw.given(LatentDistributionTest.normal(3, 6, 3)));
    assertThrows(DL4JInvalidInputException.class, () -> network.output(INPUT));
  }

  /** Two layers give mu and log sigma^2; DL4J merges them. */
  @Test
  void twoInputsInAGraph() {
    ComputationGraphConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(5)
            .dataType(DataType.DOUBLE)
            .updater(new NoOp())
            .graphBuilder()
            .addInputs("x")
            .setInputTypes(InputType.feedForward(5))
            .addLayer("mu", dense(), "x")
            .addLayer("logVariance", dense(), "x")
            .addLayer("z", latents(new DiagonalGaussian()).build(), "mu", "logVariance")
            .addLayer(
                "out",
                new OutputLayer.Builder(LossFunction.MSE)
                    .activation(Activation.IDENTITY)
                    .nOut(3)
                    .build(),
                "z")
            .setOutputs("out")
            .build();
    ComputationGraph graph =
        new ComputationGraph(ComputationGraphConfiguration.fromJson(configuration.toJson()));
    graph.init();
    NdAssert.assertClose(
        graph.feedForward(INPUT, false).get("mu"), graph.feedForward(INPUT, false).get("z"), 0);
    assertTrue(LayerChecks.checkGradients(graph, INPUT, LABELS, null, null));
  }

  private static DenseLayer dense() {
    return new DenseLayer.Builder().nOut(LATENTS).activation(Activation.TANH).build();
  }

  private static MultiLayerNetwork series(KullbackLeiblerTerm term, LatentDistribution family) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .list()
                .layer(
                    new SimpleRnn.Builder()
                        .nOut(family.parameters(LATENTS))
                        .activation(Activation.TANH)
                        .build())
                .layer(latents(family).divergence(term).build())
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nOut(2)
                        .build())
                .setInputType(InputType.recurrent(3))
                .build());
    network.init();
    return network;
  }

  @Test
  void timeSeriesWithMasks() {
    INDArray x = LatentDistributionTest.normal(4, 3, 3, 5);
    INDArray y = LatentDistributionTest.normal(5, 3, 2, 5);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 3, 5);
    mask.putScalar(0, 4, 0).putScalar(2, 3, 0).putScalar(2, 4, 0);
    KullbackLeiblerTerm sampled =
        KullbackLeiblerTerm.DEFAULT.withEstimator(KullbackLeiblerTerm.Estimator.MONTE_CARLO);
    for (MultiLayerNetwork network :
        List.of(
            series(KullbackLeiblerTerm.DEFAULT, new DiagonalGaussian()),
            series(sampled, new DiagonalGaussian()),
            series(
                KullbackLeiblerTerm.DEFAULT, new GumbelSoftmax(2, DiscreteGradient.RELAXED, 1)))) {
      assertTrue(LayerChecks.checkGradients(network, x, y, null, null));
      assertTrue(LayerChecks.checkGradients(network, x, y, mask, mask));
    }
    MultiLayerNetwork network = series(KullbackLeiblerTerm.DEFAULT, new DiagonalGaussian());
    List<INDArray> activations = network.feedForward(x, mask, mask);
    INDArray eta = activations.get(1);
    INDArray z = activations.get(2);
    INDArray perStep =
        new DiagonalGaussian().divergence(LatentRows.of(eta, false), null).sum(1).reshape(3, 5);
    assertEquals(perStep.mul(mask).sumNumber().doubleValue() / 3, divergence(network, 1), 1e-12);
    NdAssert.assertClose(
        Nd4j.zeros(DataType.DOUBLE, LATENTS),
        z.get(NDArrayIndex.point(2), NDArrayIndex.all(), NDArrayIndex.point(4)).dup(),
        0);
  }

  private static double divergence(MultiLayerNetwork network, int i) {
    return ((LatentVariablesLayer) network.getLayer(i)).divergence();
  }

  /** Every pixel has latent variables of its own; channels are dimension 1. */
  @Test
  void convolutionalActivations() {
    INDArray x = LatentDistributionTest.normal(6, 2, 1, 4, 3);
    INDArray y = LatentDistributionTest.normal(7, 2, 2, 4, 3);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .list()
                .layer(
                    new ConvolutionLayer.Builder(1, 1).nOut(4).activation(Activation.TANH).build())
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build())
                .layer(
                    new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(4, 3, 1))
                .build());
    network.init();
    assertTrue(LayerChecks.checkGradients(network, x, y, null, null));
    List<INDArray> activations = network.feedForward(x, false);
    NdAssert.assertSame(
        activations.get(1).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).dup(),
        activations.get(2));
  }

  @Test
  void rowsAndActivationsAreInverse() {
    for (boolean last : new boolean[] {false, true}) {
      for (long[] shape :
          List.of(new long[] {2, 6}, new long[] {2, 6, 3}, new long[] {2, 6, 3, 4})) {
        INDArray x = LatentDistributionTest.normal(8, shape);
        INDArray rows = LatentRows.of(x, last);
        assertEquals(last ? shape[shape.length - 1] : 6, rows.size(1));
        NdAssert.assertSame(x, LatentRows.toActivations(rows, x, last).dup('c'));
      }
    }
    INDArray x = LatentDistributionTest.normal(8, 2, 3, 5);
    assertEquals(x.getDouble(1, 2, 4), LatentRows.of(x, false).getDouble(9, 2));
    INDArray rows = LatentDistributionTest.normal(9, 6, 2);
    INDArray repeated = LatentRows.repeat(rows, 3, 2);
    assertEquals(rows.getRow(0), repeated.getRow(0));
    assertEquals(rows.getRow(1), repeated.getRow(1));
    assertEquals(rows.getRow(0), repeated.getRow(2));
    assertEquals(rows.getRow(5), repeated.getRow(11));
    NdAssert.assertClose(rows.mul(2), LatentRows.sumSamples(repeated, 3, 2), 1e-14);
  }

  @Test
  void badConfigurationsAreRefused() {
    refused(() -> latents(null).build(), "distribution is null");
    refused(() -> latents(new DiagonalGaussian()).samples(0).build(), "samples is 0");
    refused(() -> new LatentVariables.Builder(new DiagonalGaussian()).build(), "nOut is 0");
    refused(
        () -> latents(new GumbelSoftmax(3, DiscreteGradient.RELAXED, 1)).build(),
        "accepted: a multiple of the groupSize 3");
    refused(
        () -> latents(new DiagonalGaussian()).nIn(7).build(),
        "nIn is 7; accepted: 8, for mu and log sigma^2 of 4 latent variables");
    refused(
        () ->
            latents(new DiagonalGaussian())
                .prior(LatentPrior.gaussian(new double[] {0}, new double[] {1}))
                .build(),
        "prior has 2 parameters; accepted: 8");
    refused(
        () ->
            latents(new GumbelSoftmax(2, DiscreteGradient.RELAXED, 1))
                .prior(LatentPrior.standard(new GumbelSoftmax(4, DiscreteGradient.RELAXED, 1)))
                .build(),
        "accepted: groups of the same size");
    refused(
        () ->
            latents(new BinaryConcrete(DiscreteGradient.RELAXED, 1))
                .divergence(
                    KullbackLeiblerTerm.DEFAULT.withEstimator(
                        KullbackLeiblerTerm.Estimator.MONTE_CARLO))
                .build(),
        "accepted: continuous families");
    refused(
        () ->
            network(
                List.of(
                    new DenseLayer.Builder().nOut(7).build(),
                    latents(new DiagonalGaussian()).build()),
                1),
        "nIn is 7");
    refused(
        () -> network(encoded(latents(new DiagonalGaussian()), new DiagonalGaussian()), 0),
        "seed is 0");
    assertThrows(IllegalArgumentException.class, () -> KullbackLeiblerTerm.DEFAULT.withBeta(-1));
    assertThrows(
        IllegalArgumentException.class, () -> KullbackLeiblerTerm.DEFAULT.withFreeBits(Double.NaN));
    assertThrows(
        IllegalArgumentException.class,
        () -> LatentPrior.gaussian(new double[] {0}, new double[] {0}));
    assertThrows(IllegalArgumentException.class, () -> new LinearWarmUp(ScheduleType.EPOCH, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AnnealedTemperature(ScheduleType.ITERATION, 1, 1e-4, 0, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> LatentPrior.probabilities(new BinaryConcrete(DiscreteGradient.RELAXED, 1), 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> LatentPrior.probabilities(new DiagonalGaussian(), 0.5));
    assertThrows(IllegalArgumentException.class, () -> LatentDraw.samples(0, 1));
    assertThrows(IllegalArgumentException.class, () -> LatentDraw.samples(1, 0));
  }

  private static void refused(Runnable action, String part) {
    String message = assertThrows(DL4JInvalidConfigException.class, action::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  /** NaN from the encoder stops training before the updater is applied. */
  @Test
  void aDivergenceThatIsNotFiniteStopsTraining() {
    MultiLayerNetwork network = network(b -> {});
    INDArray before = network.params().dup();
    INDArray x = INPUT.dup();
    x.putScalar(2, 1, Double.NaN);
    String message =
        assertThrows(IllegalStateException.class, () -> network.fit(x, LABELS)).getMessage();
    assertTrue(message.contains("NaN nats at iteration 0"), message);
    NdAssert.assertSame(before, network.params());
  }

  @Test
  void schedules() {
    AnnealedTemperature tau = new AnnealedTemperature(ScheduleType.ITERATION, 1, 1e-3, 0.5, 100);
    assertEquals(1, tau.valueAt(99, 7), 0);
    assertEquals(Math.exp(-0.3), tau.valueAt(399, 7), 1e-15);
    assertEquals(0.5, tau.valueAt(100_000, 7), 0);
    MultiLayerNetwork network =
        network(
            List.of(
                new DenseLayer.Builder().nOut(LATENTS).build(),
                latents(new GumbelSoftmax(2, DiscreteGradient.RELAXED, 1, tau))
                    .divergence(
                        KullbackLeiblerTerm.DEFAULT.withWarmUp(
                            new LinearWarmUp(ScheduleType.EPOCH, 3)))
                    .build()),
            3);
    assertEquals(
        network.getLayerWiseConfigurations(),
        MultiLayerConfiguration.fromJson(network.getLayerWiseConfigurations().toJson()));
    assertFalse(
        network
            .getLayerWiseConfigurations()
            .toJson()
            .equals(network(b -> {}).getLayerWiseConfigurations().toJson()));
  }
}
