/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What is refused, with which words, and that nothing was changed. */
class LikelihoodBadInputTest {

  private static MultiLayerNetwork network(
      LikelihoodOutput output, int decoderOutputs, DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(type)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nOut(decoderOutputs)
                        .activation(Activation.IDENTITY)
                        .build())
                .layer(output)
                .setInputType(InputType.feedForward(2))
                .build());
    network.init();
    return network;
  }

  private static LikelihoodOutput output(Likelihood likelihood) {
    return new LikelihoodOutput.Builder(likelihood).name("decoder").build();
  }

  private static void refused(MultiLayerNetwork network, INDArray labels, String... words) {
    INDArray before = network.params().dup();
    INDArray input = Nd4j.ones(labels.dataType(), 4, 2);
    DL4JInvalidInputException e =
        assertThrows(DL4JInvalidInputException.class, () -> network.fit(input, labels));
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e.getMessage());
    }
    assertTrue(e.getMessage().contains("decoder"), e.getMessage());
    NdAssert.assertSame(before, network.params());
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.01, 1.01, Double.NaN, Double.POSITIVE_INFINITY})
  void labelsOutOfRange(double value) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray labels = Nd4j.zeros(type, 4, 3).putScalar(2, 1, value);
      refused(network(output(new BernoulliLikelihood()), 3, type), labels, "0 to 1");
      refused(network(output(new CategoricalLikelihood(3)), 3, type), labels, "sum 1");
      if (!Double.isFinite(value)) {
        refused(network(output(new GaussianLikelihood()), 3, type), labels, "finite values");
      }
    }
  }

  @Test
  void labelsOfTheWrongShape() {
    MultiLayerNetwork network = network(output(new BernoulliLikelihood()), 3, DataType.DOUBLE);
    for (long[] shape : new long[][] {{4, 4}, {3, 3}, {8, 3}, {4, 1, 4}, {4}}) {
      refused(network, Nd4j.zeros(DataType.DOUBLE, shape), "accepted");
    }
    assertDoesNotThrow(
        () -> network.fit(Nd4j.ones(DataType.DOUBLE, 4, 2), Nd4j.zeros(DataType.DOUBLE, 2, 3)));
  }

  @Test
  void masksOfTheWrongShape() {
    MultiLayerNetwork network = network(output(new BernoulliLikelihood()), 3, DataType.DOUBLE);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, 4, 3);
    for (long[] shape : new long[][] {{3, 1}, {4, 2}, {3, 3}}) {
      INDArray mask = Nd4j.ones(DataType.DOUBLE, shape);
      DL4JInvalidInputException e =
          assertThrows(
              DL4JInvalidInputException.class,
              () -> network.fit(Nd4j.ones(DataType.DOUBLE, 4, 2), labels, null, mask));
      assertTrue(e.getMessage().contains("mask has shape"), e.getMessage());
    }
  }

  @Test
  void inputOfTheWrongShape() {
    MultiLayerNetwork network = network(output(new BernoulliLikelihood()), 3, DataType.DOUBLE);
    org.deeplearning4j.nn.api.Layer layer = network.getOutputLayer();
    LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
    for (long[] shape : new long[][] {{4, 4}, {4}, {4, 4, 3}}) {
      assertThrows(
          DL4JInvalidInputException.class,
          () -> layer.activate(Nd4j.zeros(DataType.DOUBLE, shape), false, none));
    }
    assertThrows(
        IllegalStateException.class,
        () ->
            network(output(new BernoulliLikelihood()), 3, DataType.DOUBLE)
                .getOutputLayer()
                .backpropGradient(null, none));
  }

  @Test
  void leaveOneOutNeedsTwoSamples() {
    LikelihoodOutput conf =
        new LikelihoodOutput.Builder(new BernoulliLikelihood())
            .name("decoder")
            .bound(SampleBound.SCORE_FUNCTION)
            .baseline(ScoreFunctionBaseline.LEAVE_ONE_OUT)
            .build();
    MultiLayerNetwork network = network(conf, 4, DataType.DOUBLE);
    refused(network, Nd4j.zeros(DataType.DOUBLE, 4, 3), "LEAVE_ONE_OUT", "2 or more");
    network.fit(Nd4j.ones(DataType.DOUBLE, 4, 2), Nd4j.zeros(DataType.DOUBLE, 2, 3));
  }

  private static void refusedConfiguration(
      LikelihoodOutput.Builder builder, InputType input, String word) {
    DL4JInvalidConfigException e =
        assertThrows(
            DL4JInvalidConfigException.class,
            () -> {
              MultiLayerNetwork network =
                  new MultiLayerNetwork(
                      new NeuralNetConfiguration.Builder()
                          .updater(new Sgd(0.1))
                          .list()
                          .layer(builder.name("decoder").build())
                          .setInputType(input)
                          .build());
              network.init();
            });
    assertTrue(e.getMessage().contains("decoder"), e.getMessage());
    assertTrue(e.getMessage().contains(word), e.getMessage());
  }

  @Test
  void configurations() {
    InputType three = InputType.feedForward(3);
    refusedConfiguration(
        new LikelihoodOutput.Builder(GaussianLikelihood.varianceFromNetwork()),
        three,
        "even number");
    refusedConfiguration(
        new LikelihoodOutput.Builder(new CategoricalLikelihood(2)), three, "multiple of 2");
    refusedConfiguration(new LikelihoodOutput.Builder(null), three, "likelihood is null");
    refusedConfiguration(
        new LikelihoodOutput.Builder(new BernoulliLikelihood()).bound(null), three, "bound null");
    refusedConfiguration(
        new LikelihoodOutput.Builder(new BernoulliLikelihood())
            .baseline(ScoreFunctionBaseline.LEAVE_ONE_OUT),
        three,
        "SCORE_FUNCTION only");
    refusedConfiguration(
        new LikelihoodOutput.Builder(new BernoulliLikelihood()).activation(Activation.SIGMOID),
        three,
        "the identity");
    assertThrows(
        UnsupportedOperationException.class,
        () -> new LikelihoodOutput.Builder(new BernoulliLikelihood()).nOut(3));
  }

  /** Networks of half precision. */
  @Test
  void dataTypes() {
    Layer output = new LikelihoodOutput.Builder(new BernoulliLikelihood()).nIn(3).build();
    Layer latents = new LatentVariables.Builder(new DiagonalGaussian()).nIn(6).nOut(3).build();
    for (Layer layer : List.of(output, latents)) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .dataType(DataType.FLOAT16)
                  .list()
                  .layer(layer)
                  .build());
      String message = assertThrows(DL4JInvalidConfigException.class, network::init).getMessage();
      assertTrue(message.contains("data type is HALF; accepted: FLOAT or DOUBLE"), message);
    }
  }

  @ParameterizedTest
  @EnumSource(value = SampleBound.class, names = "MEAN", mode = EnumSource.Mode.EXCLUDE)
  void boundsNeedAColumnOfFeedForwardInput(SampleBound bound) {
    refusedConfiguration(
        new LikelihoodOutput.Builder(new BernoulliLikelihood()).bound(bound),
        InputType.recurrent(3, 2),
        "feed-forward");
    refusedConfiguration(
        new LikelihoodOutput.Builder(new BernoulliLikelihood()).bound(bound),
        InputType.feedForward(1),
        "one more column");
    LikelihoodOutput conf =
        new LikelihoodOutput.Builder(new BernoulliLikelihood())
            .name("decoder")
            .bound(bound)
            .build();
    refused(network(conf, 3, DataType.DOUBLE), Nd4j.zeros(DataType.DOUBLE, 4, 3), "[n, 2]");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void variances(double variance) {
    assertThrows(IllegalArgumentException.class, () -> GaussianLikelihood.withVariance(variance));
    assertThrows(
        IllegalArgumentException.class, () -> GaussianLikelihood.learnedVariance(variance));
    assertThrows(
        IllegalArgumentException.class,
        () -> GaussianLikelihood.learnedVariancePerOutput(variance));
  }

  @Test
  void groups() {
    assertThrows(IllegalArgumentException.class, () -> new CategoricalLikelihood(1));
  }

  /** A layer by itself: nIn is needed only where the number of parameters depends on it. */
  @Test
  void withoutAnInputType() {
    LikelihoodParamInitializer initializer = LikelihoodParamInitializer.getInstance();
    assertEquals(0, initializer.numParams(output(new BernoulliLikelihood())));
    assertEquals(1, initializer.numParams(output(GaussianLikelihood.learnedVariance(1))));
    Likelihood perOutput = GaussianLikelihood.learnedVariancePerOutput(1);
    assertThrows(DL4JInvalidConfigException.class, () -> initializer.numParams(output(perOutput)));
    LikelihoodOutput given = new LikelihoodOutput.Builder(perOutput).nIn(3).build();
    assertEquals(3, initializer.numParams(given));
    assertEquals(3, given.getNOut());
  }

  /** Time series and images without an input type, with the channels last. */
  @Test
  void channelsLastWithoutAnInputType() {
    LikelihoodOutput conf =
        new LikelihoodOutput.Builder(GaussianLikelihood.varianceFromNetwork())
            .channelsLast(true)
            .build();
    LikelihoodOutputLayer layer =
        (LikelihoodOutputLayer)
            conf.instantiate(
                new NeuralNetConfiguration.Builder().layer(conf).build(),
                null,
                0,
                null,
                true,
                DataType.DOUBLE);
    INDArray mean =
        layer.activate(
            Nd4j.zeros(DataType.DOUBLE, 2, 5, 4), false, LayerWorkspaceMgr.noWorkspaces());
    assertArrayEquals(new long[] {2, 5, 2}, mean.shape());
  }
}
