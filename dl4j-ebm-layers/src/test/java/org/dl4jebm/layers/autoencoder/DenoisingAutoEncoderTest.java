/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import static org.dl4jebm.layers.autoencoder.Encoders.N_IN;
import static org.dl4jebm.layers.autoencoder.Encoders.N_OUT;
import static org.dl4jebm.layers.autoencoder.Encoders.global;
import static org.dl4jebm.layers.autoencoder.Encoders.labels;
import static org.dl4jebm.layers.autoencoder.Encoders.network;
import static org.dl4jebm.layers.autoencoder.Encoders.real;
import static org.dl4jebm.layers.autoencoder.Encoders.unit;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.PretrainGradients;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class DenoisingAutoEncoderTest {

  private static DenoisingAutoEncoder.Builder builder() {
    return new DenoisingAutoEncoder.Builder();
  }

  private static DenoisingAutoEncoderLayer layer(MultiLayerNetwork network) {
    return (DenoisingAutoEncoderLayer) network.getLayer(0);
  }

  static Stream<Arguments> kinds() {
    List<Arguments> kinds = new ArrayList<>();
    for (ReconstructionLoss loss : ReconstructionLoss.values()) {
      for (Corruption corruption : CorruptionTest.all().toList()) {
        kinds.add(Arguments.of(corruption, loss, Activation.SIGMOID));
      }
      for (Activation activation :
          new Activation[] {
            Activation.TANH,
            Activation.SOFTPLUS,
            Activation.IDENTITY,
            Activation.SOFTMAX,
            Activation.RELU
          }) {
        kinds.add(Arguments.of(new GaussianCorruption(0.3), loss, activation));
      }
    }
    return kinds.stream();
  }

  private static INDArray data(ReconstructionLoss loss, int rows) {
    return loss == ReconstructionLoss.CROSS_ENTROPY ? unit(rows) : real(rows);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void theStepIsTheGradientOfTheScore(
      Corruption corruption, ReconstructionLoss loss, Activation activation) {
    MultiLayerNetwork network =
        network(builder().corruption(corruption).loss(loss).activation(activation));
    PretrainGradients.check(layer(network), data(loss, 5), null);
  }

  @Test
  void weightsOfExamplesAndRegularisationEnterScoreAndStep() {
    MultiLayerNetwork network =
        network(builder().activation(Activation.TANH).l2(0.1).l1(0.05).l2Bias(0.2));
    PretrainGradients.check(layer(network), unit(5), null);
    MultiLayerNetwork weighted = network(builder());
    INDArray weights = Nd4j.createFromArray(0.5, 2, 0, 1, 3);
    PretrainGradients.check(layer(weighted), unit(5), weights);
    PretrainGradients.check(layer(weighted), unit(5), weights.reshape('c', new long[] {5, 1}));
  }

  @Test
  void dl4jsOwnCheckPasses() {
    DataType before = Nd4j.dataType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      MultiLayerNetwork network =
          network(
              global(DataType.DOUBLE, new NoOp()).miniBatch(false),
              builder().corruption(new GaussianCorruption(0.3)));
      // Score and gradient agree for one row, where sum and mean are the same.
      assertTrue(
          GradientCheckUtil.checkGradientsPretrainLayer(
              layer(network), 1e-6, 1e-5, 1e-9, false, true, unit(1), 12345));
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
  }

  /** The definition in plain loops. */
  @ParameterizedTest
  @EnumSource(ReconstructionLoss.class)
  void theScoreIsTheLossOfThisBatchWithThisCorruption(ReconstructionLoss loss) {
    MultiLayerNetwork network =
        network(builder().corruption(new MaskingCorruption(0.4)).loss(loss));
    DenoisingAutoEncoderLayer layer = layer(network);
    INDArray x = unit(7);
    INDArray input = layer.corrupt(x, 0);
    assertNotEquals(x, input);
    double expected = 0;
    for (int row = 0; row < 7; row++) {
      expected += loss(layer, loss, x.getRow(row), input.getRow(row)) / 7;
    }
    assertEquals(expected, PretrainGradients.score(layer, x, null), 1e-12);
    double mean = 0;
    for (double one : layer.losses(x, input)) {
      mean += one / 7;
    }
    assertEquals(expected, mean, 1e-12);
  }

  private static double loss(
      DenoisingAutoEncoderLayer layer, ReconstructionLoss loss, INDArray x, INDArray input) {
    INDArray w = layer.getParam("W");
    double[] h = new double[N_OUT];
    for (int j = 0; j < N_OUT; j++) {
      double a = layer.getParam("b").getDouble(j);
      for (int i = 0; i < N_IN; i++) {
        a += input.getDouble(i) * w.getDouble(i, j);
      }
      h[j] = 1 / (1 + Math.exp(-a));
    }
    double sum = 0;
    for (int i = 0; i < N_IN; i++) {
      double a = layer.getParam("vb").getDouble(i);
      for (int j = 0; j < N_OUT; j++) {
        a += h[j] * w.getDouble(i, j);
      }
      double s = 1 / (1 + Math.exp(-a));
      double t = x.getDouble(i);
      sum +=
          switch (loss) {
            case CROSS_ENTROPY -> -t * Math.log(s) - (1 - t) * Math.log(1 - s);
            case SQUARED_ERROR -> (a - t) * (a - t) / 2;
            case SQUARED_ERROR_OF_SIGMOID -> (s - t) * (s - t) / 2;
          };
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(ReconstructionLoss.class)
  void trainingGoesDownhill(ReconstructionLoss loss) {
    MultiLayerNetwork network =
        network(global(DataType.FLOAT, new Sgd(0.1)), builder().corruptionLevel(0.2).loss(loss));
    DenoisingAutoEncoderLayer layer = layer(network);
    INDArray x = data(loss, 20).castTo(DataType.FLOAT);
    double before = mean(layer.losses(x, x));
    double last = before;
    for (int round = 0; round < 3; round++) {
      for (int step = 0; step < 100; step++) {
        network.pretrainLayer(0, x);
      }
      double now = mean(layer.losses(x, x));
      assertTrue(now < last, round + ": " + last + " then " + now);
      last = now;
    }
    NdAssert.assertClose(
        layer.decode(layer.activate(x, false, noWorkspaces())), layer.reconstruct(x), 1e-5);
  }

  private static LayerWorkspaceMgr noWorkspaces() {
    return LayerWorkspaceMgr.noWorkspaces();
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value / values.length;
    }
    return sum;
  }

  @Test
  void noiseIsAFunctionOfSeedLayerAndIteration() {
    DenoisingAutoEncoderLayer layer = layer(network(builder()));
    INDArray x = unit(30);
    INDArray first = layer.corrupt(x, 0);
    NdAssert.assertSame(first, layer(network(builder())).corrupt(x, 0));
    assertNotEquals(first, layer.corrupt(x, 1));
    assertNotEquals(
        first,
        layer(network(global(DataType.DOUBLE, new Sgd(1)).seed(5), builder())).corrupt(x, 0));
    layer.setIndex(1);
    assertNotEquals(first, layer.corrupt(x, 0));
  }

  @Test
  void floatIsCloseToDouble() {
    for (Arguments kind : kinds().toList()) {
      Corruption corruption = (Corruption) kind.get()[0];
      ReconstructionLoss loss = (ReconstructionLoss) kind.get()[1];
      Activation activation = (Activation) kind.get()[2];
      Supplier<DenoisingAutoEncoder.Builder> same =
          () -> builder().corruption(corruption).loss(loss).activation(activation);
      MultiLayerNetwork exact = network(same.get());
      MultiLayerNetwork single = network(global(DataType.FLOAT, new Sgd(1)), same.get());
      single.params().assign(exact.params().castTo(DataType.FLOAT));
      INDArray x = data(loss, 33);
      NdAssert.assertClose(
          PretrainGradients.step(layer(exact), x, null),
          PretrainGradients.step(layer(single), x.castTo(DataType.FLOAT), null),
          1e-4,
          () -> corruption + " " + loss + " " + activation);
      assertEquals(layer(exact).score(), layer(single).score(), 1e-4 * layer(exact).score());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void saturatedUnitsHaveAFiniteLoss(DataType type) {
    MultiLayerNetwork network =
        network(global(type, new Sgd(1)), builder().corruption(new NoCorruption()));
    DenoisingAutoEncoderLayer layer = layer(network);
    layer.getParam("vb").assign(5000);
    INDArray x = Nd4j.zeros(type, 2, N_IN);
    INDArray step = PretrainGradients.step(layer, x, null);
    assertEquals(5000.0 * N_IN, layer.score(), 20);
    assertTrue(Double.isFinite(step.sumNumber().doubleValue()));
    assertEquals(1, step.getDouble(step.length() - 1), 1e-6, "derivative by a visible bias");
  }

  @Test
  void goesOnBitForBit() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork network = network(global(type, new Adam(0.05)), builder());
      INDArray x = unit(9).castTo(type);
      for (int step = 0; step < 4; step++) {
        network.pretrainLayer(0, x);
      }
      PretrainState state = layer(network).pretrainState();
      MultiLayerNetwork other = new MultiLayerNetwork(network.getLayerWiseConfigurations().clone());
      other.init(network.params().dup(), false);
      layer(other).restorePretrainState(state);
      assertEquals(layer(network).score(), layer(other).score());
      for (int step = 0; step < 4; step++) {
        network.pretrainLayer(0, x);
        other.pretrainLayer(0, x);
        assertEquals(layer(network).score(), layer(other).score());
      }
      NdAssert.assertSame(network.params(), other.params());
    }
    DenoisingAutoEncoderLayer layer = layer(network(builder()));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    layer.restorePretrainState(
                        new PretrainState(null, Map.of("chains", Nd4j.zeros(1)), null, 0)))
            .getMessage()
            .contains("[chains]"));
  }

  @Test
  void batchesOfSeveralSizesMemoryLayoutsAndArguments() {
    DenoisingAutoEncoderLayer layer = layer(network(builder().activation(Activation.TANH)));
    for (int rows : new int[] {5, 1, 8, 5}) {
      INDArray x = unit(rows);
      INDArray before = x.dup();
      INDArray step = PretrainGradients.step(layer, x, null);
      NdAssert.assertSame(before, x);
      NdAssert.assertSame(step, PretrainGradients.step(layer, NdAssert.fortran(x), null));
      if (rows > 1) {
        NdAssert.assertSame(step, PretrainGradients.step(layer, NdAssert.view(x), null));
      }
      NdAssert.assertSame(
          PretrainGradients.step(layer, x.castTo(DataType.FLOAT).castTo(DataType.DOUBLE), null),
          PretrainGradients.step(layer, x.castTo(DataType.FLOAT), null));
    }
  }

  @Test
  void aWeightIsANumberOfCopies() {
    DenoisingAutoEncoderLayer layer = layer(network(builder().corruption(new NoCorruption())));
    INDArray x = unit(3);
    INDArray step = PretrainGradients.step(layer, x, Nd4j.createFromArray(2.0, 0.0, 1.0));
    double score = layer.score();
    INDArray copies = Nd4j.vstack(x.getRow(0, true), x.getRow(0, true), x.getRow(2, true));
    NdAssert.assertClose(PretrainGradients.step(layer, copies, null), step, 1e-13);
    assertEquals(layer.score(), score, 1e-13);
  }

  @Test
  void theTwoNetworkClassesAgree() {
    LayerChecks checks =
        new LayerChecks(
            () -> List.of(builder().corruption(new NoCorruption()).nOut(4).build()), unit(6));
    MultiLayerNetwork network = checks.multiLayerNetwork(DataType.DOUBLE, new Adam(0.01));
    ComputationGraph graph = checks.graph(DataType.DOUBLE, new Adam(0.01));
    graph.params().assign(network.params());
    for (int step = 0; step < 5; step++) {
      network.pretrainLayer(0, unit(6));
      graph.pretrainLayer(
          "0", new ListDataSetIterator<>(List.of(new DataSet(unit(6), labels(6))), 6));
    }
    NdAssert.assertClose(network.params(), graph.params(), 1e-12);
    INDArray before = network.params().dup();
    network.fit(unit(6), labels(6));
    assertNotEquals(before, network.params());
    NdAssert.assertClose(
        before.get(NDArrayIndex.interval(28, 34)),
        network.params().get(NDArrayIndex.interval(28, 34)),
        0,
        () -> "supervised training moved the visible bias");
  }

  @Test
  void weightNoiseActsInPretrainingAndDropoutDoesNot() {
    INDArray x = unit(6);
    INDArray plain = PretrainGradients.step(layer(network(builder())), x, null);
    NdAssert.assertSame(
        plain, PretrainGradients.step(layer(network(builder().dropOut(0.5))), x, null));
    DenoisingAutoEncoderLayer noisy = layer(network(builder().weightNoise(new DropConnect(0.5))));
    INDArray first = PretrainGradients.step(noisy, x, null);
    assertNotEquals(plain, first);
    assertNotEquals(first, PretrainGradients.step(noisy, x, null), "noise was kept");
  }

  @Test
  void badDataAreRefusedBeforeAnythingChanges() {
    DenoisingAutoEncoderLayer layer = layer(network(builder()));
    INDArray before = layer.params().dup();
    for (Object[] bad :
        new Object[][] {
          {unit(4).muli(3), "accepted by the cross-entropy: 0 to 1"},
          {unit(4).subi(1), "accepted by the cross-entropy: 0 to 1"},
          {unit(4).putScalar(2, 2, Double.NaN), "NaN or infinite"},
          {Nd4j.zeros(DataType.DOUBLE, 4, N_IN + 1), "accepted: [n, 6] with n at least 1"}
        }) {
      String message =
          assertThrows(
                  DL4JInvalidInputException.class,
                  () -> layer.fit((INDArray) bad[0], noWorkspaces()))
              .getMessage();
      assertTrue(message.contains((String) bad[1]) && message.contains("encoder"), message);
    }
    assertThrows(
        DL4JInvalidInputException.class,
        () -> layer.fit(unit(2), Nd4j.createFromArray(1.0, -1.0), noWorkspaces()));
    NdAssert.assertSame(before, layer.params());
    assertEquals(0, layer.conf().getIterationCount());
  }

  private static String refused(Runnable build) {
    return assertThrows(DL4JInvalidConfigException.class, build::run).getMessage();
  }

  @Test
  void badConfigurationsAreRefused() {
    assertTrue(refused(() -> builder().name("a").corruption(null).build()).contains("\"a\""));
    assertTrue(refused(() -> builder().loss(null).build()).contains("loss is null"));
    assertTrue(
        refused(() -> builder().lossFunction(LossFunction.MSE)).contains("lossFunction is MSE"));
    assertTrue(
        refused(() -> builder().visibleBiasInit(Double.NaN).build()).contains("visibleBiasInit"));
    assertTrue(
        refused(() -> network(global(DataType.DOUBLE, new Sgd(1)).seed(0), builder()))
            .contains("seed is 0"));
    assertTrue(
        refused(() -> network(global(DataType.FLOAT16, new Sgd(1)), builder())).contains("HALF"));
    DenoisingAutoEncoder same =
        builder().lossFunction(LossFunction.XENT).corruptionLevel(0.25).build();
    assertEquals(ReconstructionLoss.CROSS_ENTROPY, same.getLoss());
    assertEquals(new MaskingCorruption(0.25), same.getCorruption());
  }

  @Test
  void configurationsAreEqualIfAllOptionsAre() {
    DenoisingAutoEncoder one = builder().build();
    assertEquals(one, builder().build());
    assertEquals(one.hashCode(), builder().build().hashCode());
    assertNotEquals(one, builder().corruptionLevel(0.1).build());
    assertNotEquals(one, builder().loss(ReconstructionLoss.SQUARED_ERROR).build());
    assertNotEquals(one, builder().l2(0.1).build());
    assertTrue(one.toString().contains("MaskingCorruption[probability=0.3]"));
  }

  @Test
  void memoryReport() {
    String report =
        network(builder())
            .getLayerWiseConfigurations()
            .getMemoryReport(InputType.feedForward(N_IN))
            .toString()
            .toLowerCase(Locale.ROOT);
    assertTrue(report.contains("denoisingautoencoder"), report);
  }

  @Test
  void transferLearning() {
    MultiLayerNetwork network = network(builder());
    network.pretrainLayer(0, unit(6));
    MultiLayerNetwork changed =
        new TransferLearning.Builder(network).nOutReplace(0, 9, WeightInit.XAVIER).build();
    assertArrayEquals(new long[] {N_IN, 9}, layer(changed).getParam("W").shape());
    changed.pretrainLayer(0, unit(6));
    changed.fit(unit(6), labels(6));
    assertEquals(9, changed.feedForward(unit(6)).get(1).size(1));
  }

  @Test
  void onlySigmoidUnitsCanBeSampled() {
    DenoisingAutoEncoderLayer layer = layer(network(builder()));
    assertTrue(layer.reasonNotSampled().isEmpty());
    try (RandomStream random = new RandomStream(3)) {
      INDArray states = layer.sampleOutput(unit(50), random);
      for (double state : NdAssert.values(states)) {
        assertTrue(state == 0 || state == 1);
      }
      DenoisingAutoEncoderLayer tanh = layer(network(builder().activation(Activation.TANH)));
      assertFalse(tanh.reasonNotSampled().isEmpty());
      assertThrows(IllegalStateException.class, () -> tanh.sampleOutput(unit(5), random));
    }
    NdAssert.assertSame(
        layer.reconstruct(unit(3)),
        layer
            .sampleVisibleGivenHidden(layer.sampleHiddenGivenVisible(unit(3)).getSecond())
            .getFirst());
  }

  private static DynamicNode checks(String name, Supplier<List<Layer>> layers, INDArray input) {
    return dynamicContainer(name, new LayerChecks(layers, input).all());
  }

  @TestFactory
  Stream<DynamicNode> layers() {
    return Stream.of(
        checks("default", () -> List.of(builder().nOut(4).build()), unit(6)),
        checks(
            "every option",
            () ->
                List.of(
                    builder()
                        .nOut(4)
                        .name("bottom")
                        .corruption(new SaltAndPepperCorruption(0.2, -0.5, 1.5))
                        .loss(ReconstructionLoss.SQUARED_ERROR_OF_SIGMOID)
                        .activation(Activation.TANH)
                        .visibleBiasInit(0.2)
                        .biasInit(-0.1)
                        .l1(0.01)
                        .l2(0.02)
                        .l1Bias(0.03)
                        .l2Bias(0.04)
                        .constrainWeights(new MaxNormConstraint(3, 1))
                        .build()),
            unit(6)),
        checks(
            "stack",
            () ->
                List.of(
                    builder().nOut(5).corruption(new GaussianCorruption(0.2)).build(),
                    new DenseLayer.Builder().nOut(4).activation(Activation.TANH).build(),
                    builder()
                        .nOut(3)
                        .corruption(new NoCorruption())
                        .loss(ReconstructionLoss.SQUARED_ERROR)
                        .activation(Activation.SOFTPLUS)
                        .build()),
            unit(6)),
        dynamicContainer(
            "images",
            new LayerChecks(
                    () -> List.of(builder().nOut(4).build()),
                    InputType.convolutional(3, 2, 2),
                    unit(8).reshape('c', new long[] {4, 2, 3, 2}))
                .all()));
  }
}
