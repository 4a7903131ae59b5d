/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.NetworkJacobian;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.layers.random.RandomStream;
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
import org.nd4j.linalg.lossfunctions.ILossFunction;

@Tag("gpu")
class ScoreLossesTest {

  private static final int D = 3;
  private static final int N = 4;

  private static INDArray normal(long seed, long... shape) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray out = Nd4j.zeros(DataType.DOUBLE, shape);
      random.gaussian(out.dup(), 1, out);
      return out;
    }
  }

  private static DenseLayer dense(int width) {
    return new DenseLayer.Builder().nOut(width).activation(Activation.SOFTPLUS).build();
  }

  private static OutputLayer output(ILossFunction loss, int outputs, Activation activation) {
    return new OutputLayer.Builder(loss).nOut(outputs).activation(activation).build();
  }

  private static MultiLayerNetwork chain(DataType type, ILossFunction loss, int outputs) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .updater(new NoOp())
                .list()
                .layer(dense(5))
                .layer(dense(4))
                .layer(output(loss, outputs, Activation.IDENTITY))
                .setInputType(InputType.feedForward(D))
                .build());
    network.init();
    network.params().assign(normal(17, network.params().shape()).muli(0.7).castTo(type));
    return network;
  }

  private static ComputationGraph graph(ILossFunction loss, int outputs) {
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs("x")
                .addLayer("a", dense(5), "x")
                .addLayer("b", dense(4), "a")
                .addLayer("out", output(loss, outputs, Activation.IDENTITY), "b")
                .setOutputs("out")
                .setInputTypes(InputType.feedForward(D))
                .build());
    graph.init();
    graph.params().assign(normal(17, graph.params().shape()).muli(0.7));
    return graph;
  }

  /**
   * A loss with the minibatch it is tried on.
   *
   * @param layout of the twin, or null for a loss of the network itself
   */
  private record Case(
      ILossFunction loss, StreamLayout layout, int outputs, INDArray input, INDArray labels) {

    MultiLayerNetwork chainNetwork(DataType type) {
      MultiLayerNetwork network = chain(type, loss, outputs);
      return layout == null ? network : StreamNetworks.twin(network, layout, loss);
    }

    ComputationGraph graphNetwork() {
      ComputationGraph network = graph(loss, outputs);
      return layout == null ? network : StreamNetworks.twin(network, layout, loss);
    }

    /** Graphs take the second derivatives, which are 0, as well. */
    INDArray graphInput() {
      long missing = labels.size(0) - input.size(0);
      return missing == 0 ? input : Nd4j.concat(0, input, Nd4j.zeros(DataType.DOUBLE, missing, D));
    }
  }

  private static Case energyCase(ILossFunction loss, StreamLayout layout, int columns) {
    return new Case(
        loss,
        layout,
        1,
        normal(5, (long) layout.inputStreams() * N, D),
        normal(6, (long) layout.streams() * N, columns));
  }

  private static Case scoreCase(ScoreNetworkMatchingLoss loss) {
    return new Case(
        loss,
        loss.layout(),
        D,
        normal(5, (long) loss.layout().inputStreams() * N, D),
        normal(6, (long) loss.layout().streams() * N, D));
  }

  private static List<Case> cases() {
    ScoreMatchingLoss exact = ScoreMatchingLoss.exact(D);
    ScoreMatchingLoss sliced = ScoreMatchingLoss.sliced(2);
    ScoreMatchingLoss regularised = ScoreMatchingLoss.regularised(D, 0.3);
    VarianceReducedScoreLoss reduced = new VarianceReducedScoreLoss(2);
    DenoisingScoreLoss denoising = new DenoisingScoreLoss();
    return List.of(
        energyCase(exact, exact.layout(), 1),
        energyCase(sliced, sliced.layout(), 1),
        energyCase(regularised, regularised.layout(), 1),
        energyCase(reduced, reduced.layout(), 1),
        energyCase(denoising, denoising.layout(), 2),
        new Case(
            new FiniteDifferenceScoreLoss(2, 0.3),
            null,
            1,
            normal(5, 5 * N, D),
            normal(6, 5 * N, 1)),
        scoreCase(new ScoreNetworkMatchingLoss(2, 0.5, false)),
        scoreCase(new ScoreNetworkMatchingLoss(2, 0.5, true)),
        new Case(new ScoreRegressionLoss(), null, D, normal(5, N, D), normal(6, N, D + 1)));
  }

  @TestFactory
  Stream<DynamicTest> losses() {
    return cases().stream().map(made -> dynamicTest(made.loss().toString(), () -> check(made)));
  }

  private static void check(Case made) throws IOException {
    MultiLayerNetwork network = made.chainNetwork(DataType.DOUBLE);
    ComputationGraph graph = made.graphNetwork();
    assertTrue(LayerChecks.checkGradients(network, made.input(), made.labels(), null, null));
    assertTrue(LayerChecks.checkGradients(graph, made.graphInput(), made.labels(), null, null));
    DataSet data = new DataSet(made.input(), made.labels());
    double score = network.score(data);
    assertEquals(score, graph.score(new DataSet(made.graphInput(), made.labels())), 1e-12);
    INDArray gradient =
        network.calculateGradients(made.input(), made.labels(), null, null).getFirst().gradient();
    assertTrue(gradient.amaxNumber().doubleValue() > 1e-3);

    // A mean over examples, however it is asked for.
    INDArray each = network.scoreExamples(data, false);
    assertEquals(made.labels().size(0), each.length());
    assertEquals(score, each.meanNumber().doubleValue(), 1e-12);
    assertEquals(
        score,
        made.loss().computeScore(made.labels(), network.output(made.input()), null, null, true),
        1e-12);

    MultiLayerNetwork single = made.chainNetwork(DataType.FLOAT);
    DataSet floats =
        new DataSet(made.input().castTo(DataType.FLOAT), made.labels().castTo(DataType.FLOAT));
    double tolerance = made.loss() instanceof FiniteDifferenceScoreLoss ? 1e-3 : 4e-5;
    assertEquals(score, single.score(floats), tolerance * Math.max(1, Math.abs(score)));
    NdAssert.assertClose(
        gradient,
        single
            .calculateGradients(floats.getFeatures(), floats.getLabels(), null, null)
            .getFirst()
            .gradient(),
        30 * tolerance);

    MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
    assertEquals(conf, MultiLayerConfiguration.fromJson(conf.toJson()));
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(LayerChecks.saved(network)), true);
    assertEquals(conf, restored.getLayerWiseConfigurations());
    assertEquals(score, restored.score(data));
    ComputationGraphConfiguration graphConf = graph.getConfiguration();
    assertEquals(graphConf, ComputationGraphConfiguration.fromJson(graphConf.toJson()));
    ComputationGraph restoredGraph =
        ModelSerializer.restoreComputationGraph(
            new ByteArrayInputStream(LayerChecks.saved(graph)), true);
    assertEquals(score, restoredGraph.score(new DataSet(made.graphInput(), made.labels())), 1e-12);
  }

  private static INDArray rows(INDArray array, int block) {
    return array.get(NDArrayIndex.interval(block * N, (block + 1) * N), NDArrayIndex.all()).dup();
  }

  private static double mean(INDArray array) {
    return array.meanNumber().doubleValue();
  }

  /** Against the derivatives of the energy, which other tests compare with differences. */
  @Test
  void valuesOfEnergies() {
    INDArray input = cases().get(0).input();
    INDArray x = rows(input, 0);
    NetworkEnergy energy = new NetworkEnergy(chain(DataType.DOUBLE, new DenoisingScoreLoss(), 1));
    INDArray gradient = energy.gradient(x);
    INDArray half = gradient.mul(gradient).sum(1).divi(2);

    INDArray unit = Nd4j.concat(0, x, Nd4j.zeros(DataType.DOUBLE, D * N, D));
    for (int i = 0; i < D; i++) {
      unit.get(NDArrayIndex.interval((1 + i) * N, (2 + i) * N), NDArrayIndex.point(i)).assign(1);
    }
    double exact = mean(half.sub(energy.hessianTrace(x)));
    assertEquals(exact, score(cases().get(0), unit, cases().get(0).labels()), 1e-12);
    INDArray diagonal = energy.hessianDiagonal(x);
    assertEquals(
        exact + 0.3 * mean(diagonal.mul(diagonal).sum(1)),
        score(cases().get(2), unit, cases().get(2).labels()),
        1e-12);

    double sliced = 0;
    double trace = 0;
    for (int k = 1; k <= 2; k++) {
      INDArray v = rows(input, k);
      INDArray first = energy.directionalDerivative(x, v);
      INDArray second = energy.quadraticForm(x, v);
      sliced += mean(first.mul(first).divi(2).subi(second)) / 2;
      trace += mean(second) / 2;
    }
    assertEquals(
        sliced,
        score(
            cases().get(1),
            input.get(NDArrayIndex.interval(0, 3 * N), NDArrayIndex.all()).dup(),
            cases().get(1).labels()),
        1e-12);

    Case reduced = cases().get(3);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, reduced.labels().shape());
    labels.get(NDArrayIndex.interval(0, N), NDArrayIndex.point(0)).assign(half.neg());
    INDArray stack = Nd4j.concat(0, x, gradient, rows(input, 1), rows(input, 2));
    assertEquals(mean(half) - trace, score(reduced, stack, labels), 1e-12);

    Case denoising = cases().get(4);
    INDArray target = normal(8, N, D);
    INDArray residual = target.add(gradient);
    labels = Nd4j.zeros(DataType.DOUBLE, 2 * N, 2);
    labels
        .get(NDArrayIndex.interval(0, N), NDArrayIndex.point(0))
        .assign(target.mul(target).sum(1).divi(2).subi(half));
    labels.get(NDArrayIndex.interval(0, N), NDArrayIndex.point(1)).assign(0.25);
    assertEquals(
        0.25 * mean(residual.mul(residual).sum(1)) / 2,
        score(denoising, Nd4j.concat(0, x, residual), labels),
        1e-12);
  }

  private static double score(Case made, INDArray input, INDArray labels) {
    return made.chainNetwork(DataType.DOUBLE).score(new DataSet(input, labels));
  }

  /** The error of differences falls with the square of the step. */
  @Test
  void finiteDifferencesConverge() {
    INDArray input = cases().get(0).input();
    INDArray x = rows(input, 0);
    INDArray stack = input.get(NDArrayIndex.interval(0, 3 * N), NDArrayIndex.all()).dup();
    double exact = score(cases().get(1), stack, cases().get(1).labels());
    double[] errors = new double[2];
    for (int i = 0; i < 2; i++) {
      double h = 0.1 / (1 + i);
      INDArray v1 = rows(input, 1).muli(h);
      INDArray v2 = rows(input, 2).muli(h);
      INDArray rows = Nd4j.concat(0, x, x.add(v1), x.add(v2), x.sub(v1), x.sub(v2));
      MultiLayerNetwork network = chain(DataType.DOUBLE, new FiniteDifferenceScoreLoss(2, h), 1);
      errors[i] = network.score(new DataSet(rows, Nd4j.zeros(DataType.DOUBLE, 5 * N, 1))) - exact;
    }
    assertEquals(4, errors[0] / errors[1], 0.2);
    assertTrue(Math.abs(errors[1]) < 1e-2);
  }

  @Test
  void valuesOfScoreNetworks() {
    INDArray input = cases().get(6).input();
    INDArray x = rows(input, 0);
    NetworkJacobian jacobian =
        new NetworkJacobian(chain(DataType.DOUBLE, new DenoisingScoreLoss(), D));
    INDArray s = jacobian.value(x);
    double parts = 0;
    double trace = 0;
    for (int k = 1; k <= 2; k++) {
      INDArray v = rows(input, k);
      INDArray part = s.mul(v).sum(1);
      parts += mean(part.mul(part)) / 4;
      trace += mean(jacobian.jacobianVectorProduct(x, v).muli(v).sum(1)) / 2;
    }
    assertEquals(parts + trace, score(cases().get(6), input, input), 1e-12);
    assertEquals(mean(s.mul(s).sum(1)) / 2 + trace, score(cases().get(7), input, input), 1e-12);
    INDArray target = normal(9, N, D);
    INDArray difference = s.sub(target);
    assertEquals(
        0.3 * mean(difference.mul(difference).sum(1)) / 2,
        score(
            cases().get(8),
            x,
            Nd4j.concat(1, target, Nd4j.valueArrayOf(new long[] {N, 1}, 0.3, DataType.DOUBLE))),
        1e-12);
  }

  /** An energy of positive values: the activation of the output counts. */
  @Test
  void activationOfTheOutputLayer() {
    FiniteDifferenceScoreLoss loss = new FiniteDifferenceScoreLoss(1, 0.3);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .list()
                .layer(dense(5))
                .layer(output(loss, 1, Activation.SOFTPLUS))
                .setInputType(InputType.feedForward(D))
                .build());
    network.init();
    assertTrue(
        LayerChecks.checkGradients(
            network, normal(5, 3 * N, D), Nd4j.zeros(DataType.DOUBLE, 3 * N, 1), null, null));
  }

  @Test
  void refusals() {
    Case sliced = cases().get(1);
    Map<String, Runnable> calls =
        Map.of(
            "2 outputs for each example",
            () ->
                StreamNetworks.twin(
                        chain(DataType.DOUBLE, sliced.loss(), 2), sliced.layout(), sliced.loss())
                    .score(new DataSet(sliced.input(), sliced.labels())),
            "labels have shape [5, 1]",
            () -> score(sliced, sliced.input(), normal(1, 5, 1)),
            "a mask of shape",
            () ->
                sliced
                    .loss()
                    .computeScore(
                        sliced.labels(), normal(1, 4 * N, 1), null, Nd4j.ones(4 * N, 1), false),
            "the output has 7 rows",
            () -> sliced.loss().computeScore(normal(1, 7, 1), normal(1, 7, 1), null, null, false),
            "directions is 0",
            () -> ScoreMatchingLoss.exact(0),
            "scale is NaN",
            () -> new ScoreMatchingLoss(1, Double.NaN, 0),
            "curvature is -1.0",
            () -> ScoreMatchingLoss.regularised(1, -1),
            "step is 0.0",
            () -> new FiniteDifferenceScoreLoss(1, 0));
    calls.forEach(
        (part, call) -> {
          String message =
              assertThrows(IllegalArgumentException.class, call::run, part).getMessage();
          assertTrue(message.contains(part), message);
          assertTrue(message.contains("accepted"), message);
        });
  }
}
