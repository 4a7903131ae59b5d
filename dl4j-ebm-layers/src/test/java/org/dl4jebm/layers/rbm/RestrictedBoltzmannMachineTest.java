/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.constraint.UnitNormConstraint;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryType;
import org.deeplearning4j.nn.conf.memory.MemoryUseMode;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.nn.weights.WeightInitXavier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** The configuration class. */
class RestrictedBoltzmannMachineTest {

  private static RestrictedBoltzmannMachine.Builder builder() {
    return new RestrictedBoltzmannMachine.Builder().name("bottom").nIn(4).nOut(3);
  }

  private static RestrictedBoltzmannMachine build(RestrictedBoltzmannMachine.Builder builder) {
    return builder.build();
  }

  @Test
  void defaults() {
    RestrictedBoltzmannMachine rbm = build(builder());
    assertEquals(new BernoulliUnits(), rbm.getVisibleUnits());
    assertEquals(new BernoulliUnits(), rbm.getHiddenUnits());
    assertEquals(ContrastiveDivergenceOptions.DEFAULT, rbm.contrastiveDivergenceOptions());
    assertEquals(1, rbm.getK());
    assertEquals(0, rbm.getPersistentChains());
    assertEquals(0, rbm.getSparsityCost());
    assertEquals(10, rbm.getScoreEvery());
    assertEquals(0, rbm.getVisibleBiasInit());
    assertEquals(new ActivationSigmoid(), rbm.getActivationFn());
    RestrictedBoltzmannMachine bare = new RestrictedBoltzmannMachine();
    assertEquals(rbm.contrastiveDivergenceOptions(), bare.contrastiveDivergenceOptions());
    assertEquals(rbm.getScoreEvery(), bare.getScoreEvery());
    assertEquals(rbm.getVisibleUnits(), bare.getVisibleUnits());
  }

  @Test
  void builderSetsEveryOption() {
    RestrictedBoltzmannMachine.Builder builder =
        builder()
            .visibleUnits(GaussianUnits.withVariance(2))
            .hiddenUnits(new BernoulliUnits())
            .k(5)
            .persistentChains(20)
            .sparsityTarget(0.05)
            .sparsityCost(0.5)
            .scoreEvery(7)
            .visibleBiasInit(0.3)
            .biasInit(-0.1)
            .updater(new Adam(0.1))
            .biasUpdater(new Nesterovs(0.2))
            .weightInit(WeightInit.XAVIER)
            .activation(Activation.SIGMOID)
            .dropOut(0.8)
            .weightNoise(new DropConnect(0.9))
            .gradientNormalization(GradientNormalization.ClipL2PerLayer)
            .gradientNormalizationThreshold(3)
            .constrainWeights(new MaxNormConstraint(2, 1))
            .constrainBias(new NonNegativeConstraint())
            .constrainAllParameters(new UnitNormConstraint(Set.of("W"), 1));
    builder.l1(0.01).l1Bias(0.02).l2(0.03).l2Bias(0.04);
    RestrictedBoltzmannMachine rbm = build(builder);
    assertEquals("bottom", rbm.getLayerName());
    assertEquals(4, rbm.getNIn());
    assertEquals(3, rbm.getNOut());
    assertEquals(GaussianUnits.withVariance(2), rbm.getVisibleUnits());
    assertEquals(
        ContrastiveDivergenceOptions.DEFAULT
            .withK(5)
            .withPersistentChains(20)
            .withSparsity(0.05, 0.5),
        rbm.contrastiveDivergenceOptions());
    assertEquals(7, rbm.getScoreEvery());
    assertEquals(0.3, rbm.getVisibleBiasInit());
    assertEquals(-0.1, rbm.getBiasInit());
    assertEquals(new Adam(0.1), rbm.getIUpdater());
    assertEquals(new Nesterovs(0.2), rbm.getBiasUpdater());
    assertEquals(new WeightInitXavier(), rbm.getWeightInitFn());
    assertEquals(new Dropout(0.8), rbm.getIDropout());
    assertEquals(new DropConnect(0.9), rbm.getWeightNoise());
    assertEquals(GradientNormalization.ClipL2PerLayer, rbm.getGradientNormalization());
    assertEquals(3, rbm.getGradientNormalizationThreshold());
    assertEquals(
        List.of(new L1Regularization(0.01), new L2Regularization(0.03)), rbm.getRegularization());
    assertEquals(
        List.of(new L1Regularization(0.02), new L2Regularization(0.04)),
        rbm.getRegularizationBias());
    // initializeConstraints comes last in the constructor; the visible bias is among the biases.
    assertEquals(3, rbm.getConstraints().size());
    assertEquals(Set.of("W", "b", "vb"), rbm.getConstraints().get(0).getParams());
    assertEquals(Set.of("W"), rbm.getConstraints().get(1).getParams());
    assertEquals(Set.of("b", "vb"), rbm.getConstraints().get(2).getParams());
  }

  @Test
  void theActivationFollowsFromTheHiddenUnits() {
    for (UnitType hidden : UnitCases.HIDDEN) {
      assertEquals(hidden.activation(), build(builder().hiddenUnits(hidden)).getActivationFn());
      assertEquals(
          hidden.activation(),
          build(builder().hiddenUnits(hidden).activation(hidden.activation())).getActivationFn());
    }
    assertEquals(
        new ActivationTanH(), build(builder().hiddenUnits(new SpinUnits())).getActivationFn());
    assertMessage(
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> builder().hiddenUnits(new SpinUnits()).activation(Activation.SIGMOID).build()),
        "tanh, which follows from spin units");
  }

  @Test
  void groupsThatDoNotFitAreRefused() {
    assertMessage(
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> initialised(1, builder().hiddenUnits(new SoftmaxUnits(2)))),
        "3 units in groups of 2");
    assertMessage(
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> initialised(1, builder().visibleUnits(new SoftmaxUnits(3)))),
        "4 units in groups of 3");
  }

  @Test
  void aSparsityPenaltyNeedsBernoulliUnits() {
    assertMessage(
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> initialised(1, builder().hiddenUnits(new SpinUnits()).sparsityCost(0.1))),
        "sparsityCost is 0.1 and the hidden layer has spin units");
  }

  /** What is not set comes from the network, as for every DL4J layer. */
  @Test
  void inheritsFromTheNetwork() {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .updater(new Adam(0.3))
            .weightInit(WeightInit.ZERO)
            .activation(Activation.RELU)
            .biasInit(0.7)
            .l2(0.1)
            .dropOut(0.4)
            .list()
            .layer(builder().build())
            .layer(new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(conf);
    network.init();
    RestrictedBoltzmannMachine rbm = layer(network).layerConf();
    assertEquals(new Adam(0.3), rbm.getIUpdater());
    assertEquals(new ActivationSigmoid(), rbm.getActivationFn(), "follows from the hidden units");
    assertEquals(List.of(new L2Regularization(0.1)), rbm.getRegularization());
    assertEquals(new Dropout(0.4), rbm.getIDropout());
    assertEquals(0, network.getParam("0_W").norm1Number().doubleValue());
    assertEquals(0.7, network.getParam("0_b").meanNumber().doubleValue(), 1e-6);
    assertEquals(0, network.getParam("0_vb").meanNumber().doubleValue());
  }

  static Stream<Consumer<RestrictedBoltzmannMachine>> changes() {
    return Stream.of(
        rbm -> rbm.setVisibleUnits(GaussianUnits.unitVariance()),
        rbm -> rbm.setHiddenUnits(GaussianUnits.unitVariance()),
        rbm -> rbm.setK(2),
        rbm -> rbm.setPersistentChains(2),
        rbm -> rbm.setSparsityTarget(0.2),
        rbm -> rbm.setSparsityCost(0.2),
        rbm -> rbm.setScoreEvery(2),
        rbm -> rbm.setVisibleBiasInit(0.5),
        rbm -> rbm.setNOut(9),
        rbm -> rbm.setObjective(ContrastiveDivergenceOptions.DEFAULT),
        rbm ->
            rbm.setObjective(
                ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(4).withSparsity(0.3, 2)),
        rbm ->
            rbm.setObjective(
                ContrastiveDivergenceOptions.DEFAULT
                    .withPersistentChains(9)
                    .withFastWeights(new FastWeights(0.3, 0.5))),
        rbm ->
            rbm.setObjective(
                ContrastiveDivergenceOptions.DEFAULT
                    .withPersistentChains(9)
                    .withTempering(new Tempering(3, 7, 0.4, 20, Tempering.Path.ENERGY))),
        rbm ->
            rbm.setObjective(
                ContrastiveDivergenceOptions.DEFAULT.withCentering(
                    new Centering(0.3, Centering.Offsets.MEAN))),
        rbm ->
            rbm.setObjective(
                ContrastiveDivergenceOptions.DEFAULT.withKSchedule(
                    new StepSchedule(ScheduleType.EPOCH, 1, 2, 3))),
        // Values that only instantiation refuses must not break comparison either.
        rbm -> rbm.setK(0),
        rbm -> rbm.setSparsityTarget(Double.NaN));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void equalityAndTextSeeEveryOption(Consumer<RestrictedBoltzmannMachine> change) {
    RestrictedBoltzmannMachine rbm = build(builder());
    RestrictedBoltzmannMachine same = build(builder());
    assertEquals(rbm, same);
    assertEquals(rbm.hashCode(), same.hashCode());
    assertEquals(rbm.toString(), same.toString());
    change.accept(same);
    assertNotEquals(rbm, same);
    assertNotEquals(same, rbm);
    assertNotEquals(rbm.toString(), same.toString());
    RestrictedBoltzmannMachine both = build(builder());
    change.accept(both);
    assertEquals(same, both);
    assertEquals(same.hashCode(), both.hashCode());
    assertNotEquals(rbm, null);
    assertNotEquals(rbm, "rbm");
  }

  /** A field that JSON lost would be set to its default without a word. */
  @Test
  void everyOptionIsStored() {
    List<RestrictedBoltzmannMachine> originals = new ArrayList<>();
    changes()
        .limit(15)
        .forEach(
            change -> {
              RestrictedBoltzmannMachine rbm = build(builder());
              change.accept(rbm);
              originals.add(rbm);
            });
    for (RestrictedBoltzmannMachine original : originals) {
      NeuralNetConfiguration conf = new NeuralNetConfiguration.Builder().layer(original).build();
      assertEquals(original, NeuralNetConfiguration.fromJson(conf.toJson()).getLayer());
      assertEquals(original, NeuralNetConfiguration.fromYaml(conf.toYaml()).getLayer());
    }
  }

  @Test
  void cloneIsEqualAndIndependent() {
    RestrictedBoltzmannMachine rbm = build(builder().k(3));
    RestrictedBoltzmannMachine copy = (RestrictedBoltzmannMachine) rbm.clone();
    assertNotSame(rbm, copy);
    assertEquals(rbm, copy);
    copy.setK(4);
    assertEquals(3, rbm.getK());
  }

  /** DL4J copies array fields of a configuration onto the wrong object when it is cloned. */
  @Test
  void holdsNoArrays() {
    for (Class<?> c : new Class<?>[] {RestrictedBoltzmannMachine.class}) {
      for (Field field : c.getDeclaredFields()) {
        assertFalse(INDArray.class.isAssignableFrom(field.getType()), field.getName());
      }
      assertTrue(Modifier.isPublic(c.getModifiers()));
    }
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("k is 0", change(b -> b.k(0))),
        Arguments.of("k is -1", change(b -> b.k(-1))),
        Arguments.of("persistentChains is -2", change(b -> b.persistentChains(-2))),
        Arguments.of("sparsityTarget is 0.0", change(b -> b.sparsityTarget(0))),
        Arguments.of("sparsityTarget is 1.0", change(b -> b.sparsityTarget(1))),
        Arguments.of("sparsityTarget is NaN", change(b -> b.sparsityTarget(Double.NaN))),
        Arguments.of("sparsityCost is -0.5", change(b -> b.sparsityCost(-0.5))),
        Arguments.of(
            "sparsityCost is Infinity", change(b -> b.sparsityCost(Double.POSITIVE_INFINITY))),
        Arguments.of(
            "the one or the other",
            change(b -> b.k(2).objective(ContrastiveDivergenceOptions.DEFAULT))),
        Arguments.of("scoreEvery is 0", change(b -> b.scoreEvery(0))),
        Arguments.of("visibleUnits are null", change(b -> b.visibleUnits(null))),
        Arguments.of("hiddenUnits null", change(b -> b.hiddenUnits(null))),
        Arguments.of(
            "hiddenUnits are Gaussian units of learned variances",
            change(b -> b.hiddenUnits(GaussianUnits.learnedVariance()))),
        Arguments.of("activation is relu", change(b -> b.activation(Activation.RELU))),
        Arguments.of("activation is tanh", change(b -> b.activation(Activation.TANH))),
        Arguments.of("visibleBiasInit is NaN", change(b -> b.visibleBiasInit(Double.NaN))));
  }

  private static Consumer<RestrictedBoltzmannMachine.Builder> change(
      Consumer<RestrictedBoltzmannMachine.Builder> change) {
    return change;
  }

  @ParameterizedTest
  @MethodSource("refused")
  void badOptionsAreRefusedByName(
      String part, Consumer<RestrictedBoltzmannMachine.Builder> change) {
    RestrictedBoltzmannMachine.Builder builder = builder();
    change.accept(builder);
    assertMessage(assertThrows(DL4JInvalidConfigException.class, builder::build), part);
  }

  private static void assertMessage(Exception e, String part) {
    String message = e.getMessage();
    assertTrue(message.contains("\"bottom\""), message);
    assertTrue(message.contains(part), message);
    assertTrue(message.contains("accepted"), message);
  }

  private static MultiLayerNetwork initialised(
      long seed, RestrictedBoltzmannMachine.Builder builder) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .list()
                .layer(builder.build())
                .layer(
                    new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    network.init();
    return network;
  }

  @Test
  void seedZeroIsRefused() {
    assertMessage(
        assertThrows(DL4JInvalidConfigException.class, () -> initialised(0, builder())),
        "seed is 0");
    assertNotNull(initialised(1, builder()));
  }

  @Test
  void variancesThatDoNotFitAreRefused() {
    assertMessage(
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> initialised(1, builder().visibleUnits(GaussianUnits.withVariance(1, 2, 3)))),
        "3 variances for 4");
  }

  /** Setters are for deserialisation; what they brought is checked when a network is made. */
  @Test
  void optionsFromAModelFileAreChecked() {
    MultiLayerConfiguration conf = initialised(1, builder()).getLayerWiseConfigurations().clone();
    ((RestrictedBoltzmannMachine) conf.getConf(0).getLayer()).setK(0);
    MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(conf.toJson());
    assertMessage(
        assertThrows(DL4JInvalidConfigException.class, () -> new MultiLayerNetwork(read).init()),
        "k is 0");
  }

  @Test
  void sizesMustBeGiven() {
    for (RestrictedBoltzmannMachine.Builder builder :
        List.of(builder().nIn(0), builder().nOut(0), builder().nOut(-3))) {
      String message =
          assertThrows(DL4JInvalidConfigException.class, () -> initialised(1, builder))
              .getMessage();
      assertTrue(message.contains("bottom"), message);
    }
  }

  @Test
  void inputTypes() {
    for (InputType type :
        List.of(InputType.feedForward(12), InputType.convolutionalFlat(3, 4, 1))) {
      RestrictedBoltzmannMachine rbm = build(new RestrictedBoltzmannMachine.Builder().nOut(3));
      rbm.setNIn(type, true);
      assertEquals(12, rbm.getNIn());
      assertNull(rbm.getPreProcessorForInputType(type));
      assertEquals(InputType.feedForward(3), rbm.getOutputType(0, type));
    }
    RestrictedBoltzmannMachine rbm = build(new RestrictedBoltzmannMachine.Builder().nOut(3));
    assertEquals(
        new CnnToFeedForwardPreProcessor(3, 4, 2),
        rbm.getPreProcessorForInputType(InputType.convolutional(3, 4, 2)));
    assertThrows(
        IllegalStateException.class, () -> rbm.getOutputType(0, InputType.convolutional(3, 4, 2)));
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .list()
            .layer(new RestrictedBoltzmannMachine.Builder().nOut(3).build())
            .layer(new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
            .setInputType(InputType.convolutional(3, 4, 2))
            .build();
    assertEquals(24, ((RestrictedBoltzmannMachine) conf.getConf(0).getLayer()).getNIn());
    assertTrue(conf.getInputPreProcess(0) instanceof CnnToFeedForwardPreProcessor);
  }

  @Test
  void memoryReportCountsAllParametersAndTheirUpdaterState() {
    MultiLayerNetwork network =
        RbmNetworks.network(
            global(new Adam(0.1)).biasUpdater(new Nesterovs(0.1)), b -> b.persistentChains(9));
    RestrictedBoltzmannMachine rbm = layer(network).layerConf();
    LayerMemoryReport report = rbm.getMemoryReport(InputType.feedForward(6));
    assertEquals(41, report.getParameterSize());
    // Adam keeps two numbers a weight, Nesterovs one a bias.
    assertEquals(2 * 30 + 5 + 6, report.getUpdaterStateSize());
    long fixed =
        report.getMemoryBytes(
            MemoryType.WORKING_MEMORY_FIXED,
            1,
            MemoryUseMode.TRAINING,
            CacheMode.NONE,
            DataType.FLOAT);
    assertEquals(4 * 9 * (6 + 2 * 5), fixed);
    assertEquals(RestrictedBoltzmannMachine.class, report.getLayerType());
    String wholeNetwork =
        RbmNetworks.network(global(new Sgd(0.1)), b -> b)
            .getLayerWiseConfigurations()
            .getMemoryReport(InputType.feedForward(6))
            .toString();
    assertTrue(wholeNetwork.contains("RestrictedBoltzmannMachine"), wholeNetwork);
  }
}
