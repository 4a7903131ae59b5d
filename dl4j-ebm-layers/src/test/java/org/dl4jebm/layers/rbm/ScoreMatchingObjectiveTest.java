/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.ScoreMatchingLoss;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicNode;
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

@Tag("gpu")
class ScoreMatchingObjectiveTest {

  private static final int N_IN = 4;
  private static final int N_OUT = 3;
  private static final double[] VARIANCE = {0.5, 1, 1.5, 2};
  private static final RbmObjective OBJECTIVE = new ScoreMatchingObjective();

  private static List<UnitType> visibleTypes() {
    return List.of(
        GaussianUnits.unitVariance(),
        GaussianUnits.withVariance(0.7),
        GaussianUnits.withVariance(VARIANCE),
        GaussianUnits.learnedVariance(VARIANCE));
  }

  private static INDArray data(int rows, long seed) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray data = Nd4j.zeros(DataType.DOUBLE, rows, N_IN);
      random.gaussian(data.dup(), 1, data);
      return data;
    }
  }

  private static RbmModel model(UnitType visible) {
    long count = N_IN * N_OUT + N_IN + N_OUT + visible.parameterCount(N_IN);
    return ObjectiveChecks.model(
        ObjectiveChecks.parameters(count), visible, new BernoulliUnits(), N_IN, N_OUT);
  }

  @Test
  void gradientIsThatOfTheScore() {
    for (UnitType visible : visibleTypes()) {
      ObjectiveChecks.centralDifferences(
          OBJECTIVE, visible, new BernoulliUnits(), N_OUT, data(5, 3));
      ObjectiveChecks.weightsAreCopies(OBJECTIVE, model(visible), data(4, 5));
    }
  }

  /** The definition by central differences of the free energy. */
  @Test
  void lossIsThatOfTheFreeEnergy() {
    double h = 1e-4;
    for (UnitType visible : visibleTypes()) {
      RbmModel model = model(visible);
      INDArray v = data(4, 7);
      INDArray expected = Nd4j.zeros(DataType.DOUBLE, 4);
      INDArray centre = model.freeEnergy(v);
      for (int i = 0; i < N_IN; i++) {
        INDArray above = v.dup();
        above.getColumn(i).addi(h);
        INDArray below = v.dup();
        below.getColumn(i).subi(h);
        INDArray up = model.freeEnergy(above);
        INDArray down = model.freeEnergy(below);
        INDArray slope = up.sub(down).divi(2 * h);
        expected.addi(slope.mul(slope).divi(2));
        expected.subi(up.add(down).subi(centre.mul(2)).divi(h * h));
      }
      NdAssert.assertClose(expected, new ScoreMatchingObjective().losses(model, v), 2e-6);
    }
  }

  /** The free energy as a graph of a softplus layer and a quadratic function of cubes. */
  private static ComputationGraph freeEnergyNetwork(RbmModel model) {
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs("v")
                .setInputTypes(InputType.feedForward(N_IN))
                .addLayer("hidden", dense(N_OUT, Activation.SOFTPLUS), "v")
                .addLayer("cubes", dense(2 * N_IN, Activation.CUBE), "v")
                .addVertex("all", new MergeVertex(), "hidden", "cubes")
                .addLayer(
                    "energy",
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build(),
                    "all")
                .setOutputs("energy")
                .build());
    graph.init();
    INDArray inverse = Nd4j.createFromArray(VARIANCE).rdiv(1);
    graph.getParam("hidden_W").assign(model.weights().mulColumnVector(inverse));
    graph.getParam("hidden_b").assign(model.hiddenBias());
    // (1 + y)^3 + (1 - y)^3 = 2 + 6 y^2.
    graph.getParam("cubes_W").assign(0);
    for (int i = 0; i < N_IN; i++) {
      double b = model.visibleBias().getDouble(i);
      graph.getParam("cubes_W").putScalar(i, i, 1);
      graph.getParam("cubes_W").putScalar(i, N_IN + i, -1);
      graph.getParam("cubes_b").putScalar(i, 1 - b);
      graph.getParam("cubes_b").putScalar(N_IN + i, 1 + b);
    }
    INDArray out = graph.getParam("energy_W");
    out.get(NDArrayIndex.interval(0, N_OUT), NDArrayIndex.all()).assign(-1);
    for (int i = 0; i < 2 * N_IN; i++) {
      out.putScalar(N_OUT + i, 0, 1 / (12 * VARIANCE[i % N_IN]));
    }
    graph.getParam("energy_b").assign(-inverse.sumNumber().doubleValue() / 6);
    return graph;
  }

  private static DenseLayer dense(int units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  @Test
  void equalToTheNetworkOfTheFreeEnergy() {
    RbmModel model = model(GaussianUnits.withVariance(VARIANCE));
    ComputationGraph graph = freeEnergyNetwork(model);
    int n = 5;
    INDArray v = data(n, 11);
    NdAssert.assertClose(
        model.freeEnergy(v), graph.outputSingle(v).reshape('c', new long[] {n}), 1e-12);

    ScoreMatchingLoss loss = ScoreMatchingLoss.exact(N_IN);
    ComputationGraph twin = StreamNetworks.twin(graph, loss.layout(), loss);
    INDArray stack = Nd4j.zeros(DataType.DOUBLE, (N_IN + 2L) * n, N_IN);
    stack.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()).assign(v);
    for (int i = 0; i < N_IN; i++) {
      stack.get(NDArrayIndex.interval((1 + i) * n, (2 + i) * n), NDArrayIndex.point(i)).assign(1);
    }
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, (N_IN + 2L) * n, 1);
    double networkScore = twin.score(new DataSet(stack, labels));
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    double score = views.fill(OBJECTIVE.estimator(null), model, RbmBatch.of(v));
    assertEquals(networkScore, score, 1e-12);
    assertEquals(
        score, new ScoreMatchingObjective().losses(model, v).meanNumber().doubleValue(), 1e-12);

    // The bias of a hidden unit is the same parameter in both.
    twin.setInput(0, stack);
    twin.setLabel(0, labels);
    twin.computeGradientAndScore();
    INDArray bias = twin.gradient().getGradientFor("hidden_b").div(N_IN + 2);
    NdAssert.assertClose(NdAssert.values(bias), NdAssert.values(views.hiddenBias), 1e-12, () -> "");
  }

  @TestFactory
  Stream<DynamicNode> layer() {
    return new LayerChecks(
            () ->
                List.of(
                    new RestrictedBoltzmannMachine.Builder()
                        .nOut(N_OUT)
                        .visibleUnits(GaussianUnits.learnedVariance(VARIANCE))
                        .objective(OBJECTIVE)
                        .build()),
            data(6, 3))
        .notFineTuned("0_vp")
        .all()
        .map(test -> test);
  }

  /** The mean of Gaussian data is found by the visible bias, the variance by the learned one. */
  @Test
  void gaussianDataWithoutCoupling() {
    INDArray flat = Nd4j.zeros(DataType.DOUBLE, N_IN * N_OUT + N_IN + N_OUT + N_IN);
    RbmModel model =
        ObjectiveChecks.model(
            flat, GaussianUnits.learnedVariance(VARIANCE), new BernoulliUnits(), N_IN, N_OUT);
    INDArray data = data(50, 13);
    INDArray mean = data.mean(0);
    INDArray variance = data.var(false, 0);
    GradientViews parameters = new GradientViews(flat, N_IN, N_OUT);
    parameters.visibleBias.assign(mean);
    parameters.visibleParameters.assign(org.nd4j.linalg.ops.transforms.Transforms.log(variance));
    double[] gradient = GradientViews.of(OBJECTIVE.estimator(null), model, data);
    for (int i = N_IN * N_OUT; i < gradient.length; i++) {
      assertEquals(0, gradient[i], 1e-10);
    }
    // - tr P / 2
    assertEquals(
        -variance.rdiv(1).sumNumber().doubleValue() / 2,
        new ScoreMatchingObjective().losses(model, data).meanNumber().doubleValue(),
        1e-12);
  }

  @Test
  void floatIsCloseToDouble() {
    double[][] gradients = new double[2][];
    DataType[] types = {DataType.DOUBLE, DataType.FLOAT};
    for (int i = 0; i < 2; i++) {
      INDArray flat = ObjectiveChecks.parameters(N_IN * N_OUT + 2 * N_IN + N_OUT).castTo(types[i]);
      RbmModel model =
          ObjectiveChecks.model(
              flat, GaussianUnits.learnedVariance(VARIANCE), new BernoulliUnits(), N_IN, N_OUT);
      gradients[i] = GradientViews.of(OBJECTIVE.estimator(null), model, data(6, 17));
    }
    NdAssert.assertClose(gradients[0], gradients[1], 4 * NdAssert.FLOAT_TOLERANCE, () -> "");
  }

  @Test
  void training() {
    MultiLayerNetwork network =
        RbmNetworks.single(
            RbmNetworks.global(new Sgd(0.05)),
            new RestrictedBoltzmannMachine.Builder()
                .nIn(N_IN)
                .nOut(N_OUT)
                .visibleUnits(GaussianUnits.unitVariance())
                .objective(OBJECTIVE));
    INDArray data = data(40, 19);
    data.get(NDArrayIndex.interval(0, 20)).addi(1.5);
    network.pretrainLayer(0, data);
    double first = network.getLayer(0).score();
    for (int i = 0; i < 200; i++) {
      network.pretrainLayer(0, data);
    }
    double last = network.getLayer(0).score();
    assertTrue(last < first - 0.1, first + " -> " + last);
  }

  @Test
  void refusals() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> OBJECTIVE.check(new BernoulliUnits(), new BernoulliUnits(), 4, 3))
            .getMessage();
    assertTrue(message.contains("GaussianUnits"), message);
    message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    OBJECTIVE.check(
                        GaussianUnits.unitVariance(), GaussianUnits.unitVariance(), 4, 3))
            .getMessage();
    assertTrue(message.contains("BernoulliUnits"), message);
    INDArray bad = data(3, 1);
    bad.putScalar(1, 1, Double.NaN);
    RbmModel model = model(GaussianUnits.unitVariance());
    assertThrows(
        IllegalArgumentException.class, () -> new ScoreMatchingObjective().losses(model, bad));
  }
}
