/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.dense;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Against DL4J's dense layer. */
@Tag("gpu")
class CachedDenseTest {

  private static final int SIZE = 6;
  private static final int CLASSES = 3;

  private static INDArray normal(DataType type, long seed, long... shape) {
    INDArray result = Nd4j.zeros(type, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(result, 1, result);
    }
    return result;
  }

  private static FeedForwardLayer dense(int units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  private static FeedForwardLayer cached(int units, Activation activation) {
    return new CachedDense.Builder().nOut(units).activation(activation).build();
  }

  @TestFactory
  Stream<DynamicTest> layer() {
    return new LayerChecks(
            () -> List.of(cached(5, Activation.SOFTPLUS), cached(4, Activation.TANH)),
            normal(DataType.DOUBLE, 1, 4, SIZE))
        .all();
  }

  private static MultiLayerNetwork network(
      BiFunction<Integer, Activation, FeedForwardLayer> layer,
      Activation activation,
      NeuralNetConfiguration.Builder global) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global
                .seed(3)
                .updater(new Sgd(0.1))
                .list()
                .layer(layer.apply(8, activation))
                // Works in place on the activations of the layer below.
                .layer(new ActivationLayer(Activation.SOFTPLUS))
                .layer(layer.apply(7, Activation.SIGMOID))
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(CLASSES)
                        .build())
                .setInputType(InputType.feedForward(SIZE))
                .build());
    network.init();
    return network;
  }

  private static NeuralNetConfiguration.Builder global(DataType type) {
    return new NeuralNetConfiguration.Builder().dataType(type).l2(0.01).l1(0.001);
  }

  private static void assertTrainAlike(
      MultiLayerNetwork expected, MultiLayerNetwork actual, DataType type) {
    NdAssert.assertSame(expected.params(), actual.params());
    INDArray y = Nd4j.eye(CLASSES).castTo(type).repeat(0, 4);
    for (int i = 0; i < 5; i++) {
      INDArray x = normal(type, i + 1, y.size(0), SIZE);
      Nd4j.getRandom().setSeed(i + 1);
      expected.fit(x, y);
      Nd4j.getRandom().setSeed(i + 1);
      actual.fit(x, y);
      assertEquals(expected.score(), actual.score(), type == DataType.FLOAT ? 1e-5 : 1e-12);
    }
    NdAssert.assertClose(expected.params(), actual.params(), type == DataType.FLOAT ? 1e-5 : 1e-12);
    INDArray x = normal(type, 9, 3, SIZE);
    NdAssert.assertClose(expected.output(x), actual.output(x), type == DataType.FLOAT ? 1e-5 : 0);
  }

  @Test
  void networksTrainAsWithDenseLayers() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      for (Activation activation :
          new Activation[] {
            Activation.RELU, Activation.TANH, Activation.IDENTITY, Activation.SWISH, Activation.CUBE
          }) {
        assertTrainAlike(
            network(CachedDenseTest::dense, activation, global(type)),
            network(CachedDenseTest::cached, activation, global(type)),
            type);
      }
    }
  }

  @Test
  void dropoutAndWeightNoiseAreThoseOfDenseLayers() {
    DataType type = DataType.DOUBLE;
    // Of the first layer alone: masks are drawn in the order of memory, which is another above.
    assertTrainAlike(
        network(
            (units, activation) ->
                new DenseLayer.Builder()
                    .nOut(units)
                    .activation(activation)
                    .dropOut(units == 8 ? 0.7 : 0)
                    .build(),
            Activation.TANH,
            global(type)),
        network(
            (units, activation) ->
                new CachedDense.Builder()
                    .nOut(units)
                    .activation(activation)
                    .dropOut(units == 8 ? 0.7 : 0)
                    .build(),
            Activation.TANH,
            global(type)),
        type);
    assertTrainAlike(
        network(
            CachedDenseTest::dense, Activation.TANH, global(type).weightNoise(new DropConnect(.8))),
        network(
            CachedDenseTest::cached,
            Activation.TANH,
            global(type).weightNoise(new DropConnect(.8))),
        type);
  }

  private static MultiLayerNetwork recurrent(
      BiFunction<Integer, Activation, FeedForwardLayer> layer) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(DataType.DOUBLE)
                .seed(3)
                .updater(new Sgd(0.1))
                .list()
                .layer(layer.apply(5, Activation.SOFTPLUS))
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(CLASSES)
                        .build())
                .setInputType(InputType.recurrent(SIZE))
                .build());
    network.init();
    return network;
  }

  @Test
  void masksOfTimeSeriesAreThoseOfDenseLayers() {
    MultiLayerNetwork expected = recurrent(CachedDenseTest::dense);
    MultiLayerNetwork actual = recurrent(CachedDenseTest::cached);
    INDArray x = normal(DataType.DOUBLE, 1, 4, SIZE, 5);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, 4, CLASSES, 5);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 4, 5);
    for (int i = 0; i < 4; i++) {
      for (int t = 0; t < 5; t++) {
        y.putScalar(i, (i + t) % CLASSES, t, 1);
        mask.putScalar(i, t, t <= i ? 1 : 0);
      }
    }
    for (int i = 0; i < 3; i++) {
      expected.fit(new DataSet(x, y, mask, mask));
      actual.fit(new DataSet(x, y, mask, mask));
    }
    NdAssert.assertClose(expected.params(), actual.params(), 1e-12);
  }

  private static INDArray backward(CachedDenseLayer layer, INDArray epsilon) {
    return layer
        .backpropGradient(epsilon.dup(), LayerWorkspaceMgr.noWorkspaces())
        .getFirst()
        .getGradientFor("W");
  }

  @Test
  void backwardPassUsesWhatTheForwardPassComputed() {
    MultiLayerNetwork network =
        network(CachedDenseTest::cached, Activation.TANH, global(DataType.DOUBLE));
    network.initGradientsView();
    CachedDenseLayer layer = (CachedDenseLayer) network.getLayer(0);
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    INDArray x = normal(DataType.DOUBLE, 1, 3, SIZE);
    INDArray epsilon = normal(DataType.DOUBLE, 2, 3, 8);
    layer.setInput(x, workspaces);
    INDArray a = layer.activate(true, workspaces).dup();
    // Visible only to a layer that computes its preactivations again.
    INDArray weights = layer.getParam("W");
    INDArray before = weights.dup();
    weights.muli(2);
    INDArray gradient = backward(layer, epsilon);
    INDArray delta = a.mul(a).rsub(1).mul(epsilon);
    NdAssert.assertClose(x.transpose().mmul(delta), gradient, 1e-12);
    // Kept values are used once, and not for other input.
    weights.assign(before);
    layer.setInput(x, workspaces);
    layer.activate(true, workspaces);
    INDArray other = normal(DataType.DOUBLE, 3, 3, SIZE);
    layer.setInput(other, workspaces);
    gradient = backward(layer, epsilon);
    INDArray b = Transforms.tanh(other.mmul(weights), true);
    NdAssert.assertClose(other.transpose().mmul(b.mul(b).rsub(1).mul(epsilon)), gradient, 1e-12);
  }

  @Test
  void firstLayersCanLeaveTheDerivativeInTheDataOut() {
    BiFunction<Integer, Activation, FeedForwardLayer> first =
        (units, activation) ->
            new CachedDense.Builder()
                .nOut(units)
                .activation(activation)
                .inputGradient(units != 8)
                .build();
    assertTrainAlike(
        network(CachedDenseTest::dense, Activation.TANH, global(DataType.DOUBLE)),
        network(first, Activation.TANH, global(DataType.DOUBLE)),
        DataType.DOUBLE);
    MultiLayerNetwork network = network(first, Activation.TANH, global(DataType.DOUBLE));
    network.initGradientsView();
    network.setInput(normal(DataType.DOUBLE, 1, 3, SIZE));
    network.feedForward(true, false);
    Pair<Gradient, INDArray> result =
        network
            .getLayer(0)
            .backpropGradient(normal(DataType.DOUBLE, 2, 3, 8), LayerWorkspaceMgr.noWorkspaces());
    assertNull(result.getSecond());
  }

  @Test
  void behindAPreprocessorOfImagesTheDerivativeIsComputed() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(DataType.DOUBLE)
                .list()
                .layer(new CachedDense.Builder().nOut(5).inputGradient(false).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nOut(CLASSES).build())
                .setInputType(InputType.convolutional(3, 4, 2))
                .build());
    network.init();
    INDArray before = network.params().dup();
    network.fit(
        new DataSet(
            normal(DataType.DOUBLE, 1, 6, 2, 3, 4), normal(DataType.DOUBLE, 2, 6, CLASSES)));
    assertNotEquals(before, network.params());
  }

  @Test
  void configurations() {
    MultiLayerConfiguration configuration =
        network(CachedDenseTest::cached, Activation.TANH, global(DataType.FLOAT))
            .getLayerWiseConfigurations();
    assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()));
    CachedDense one = new CachedDense.Builder().nIn(2).nOut(3).updater(new Sgd(0.1)).build();
    CachedDense other = (CachedDense) one.clone();
    other.setInputGradient(false);
    assertNotEquals(one, other);
    assertEquals(one, one.clone());
    assertEquals(other, other.clone());
    assertTrue(one.getMemoryReport(InputType.feedForward(2)).toString().contains("CachedDense"));
    assertThrows(
        DL4JInvalidConfigException.class,
        () ->
            new MultiLayerNetwork(
                    new NeuralNetConfiguration.Builder()
                        .list()
                        .layer(new CachedDense.Builder().nOut(3).build())
                        .build())
                .init());
    MultiLayerNetwork network =
        network(CachedDenseTest::cached, Activation.TANH, global(DataType.FLOAT));
    DL4JInvalidInputException wrong =
        assertThrows(
            DL4JInvalidInputException.class,
            () -> network.output(normal(DataType.FLOAT, 1, 2, SIZE + 1)));
    assertTrue(wrong.getMessage().contains("[n, 6]"), wrong.getMessage());
  }
}
