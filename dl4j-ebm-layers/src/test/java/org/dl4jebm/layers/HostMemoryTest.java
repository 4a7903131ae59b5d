/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.dense.CachedDense;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.layers.updater.HostNesterovs;
import org.dl4jebm.layers.variational.BernoulliLikelihood;
import org.dl4jebm.layers.variational.GaussianLikelihood;
import org.dl4jebm.layers.variational.Likelihood;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What works on host memory gives the numbers of ND4J's operations, which other backends use. */
@Tag("gpu")
class HostMemoryTest {

  private static final int ROWS = 40;
  private static final int SIZE = 60;

  /** The same each time; generators of ND4J and of blocks give different numbers. */
  private static INDArray numbers(double scale, long... shape) {
    long n = 1;
    for (long size : shape) {
      n *= size;
    }
    float[] values = new float[(int) n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (scale * Math.sin(1.7 * i + 0.3 * Math.cos(i)));
    }
    return Nd4j.createFromArray(values).reshape('c', shape);
  }

  private static INDArray unit(long... shape) {
    return numbers(0.5, shape).addi(0.5);
  }

  private static MultiLayerNetwork trained(
      IUpdater updater, Activation activation, Layer output, INDArray x, INDArray y) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .updater(updater)
                .list()
                .layer(dense(80, activation))
                .layer(dense(SIZE, Activation.TANH))
                .layer(output)
                .setInputType(InputType.feedForward(SIZE))
                .build());
    network.init();
    network.params().assign(numbers(0.2, network.params().shape()));
    for (int i = 0; i < 5; i++) {
      network.fit(x, y);
    }
    return network;
  }

  private static FeedForwardLayer dense(int units, Activation activation) {
    return new CachedDense.Builder().nOut(units).activation(activation).build();
  }

  private static INDArray trained(IUpdater updater, Activation activation) {
    OutputLayer output =
        new OutputLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).nOut(3).build();
    return trained(updater, activation, output, numbers(1, ROWS, SIZE), numbers(1, ROWS, 3))
        .params();
  }

  private static INDArray trained(Likelihood likelihood, INDArray data) {
    LikelihoodOutput output = new LikelihoodOutput.Builder(likelihood).build();
    MultiLayerNetwork network =
        trained(new HostNesterovs(0.001, 0.9), Activation.SOFTPLUS, output, data, data);
    return Nd4j.concat(0, network.params(), Nd4j.createFromArray((float) network.score()));
  }

  private static NetworkEnergy energy() {
    OutputLayer output =
        new OutputLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).nOut(1).build();
    return new NetworkEnergy(
        trained(
            new HostNesterovs(0.001, 0.9),
            Activation.SOFTPLUS,
            output,
            numbers(1, ROWS, SIZE),
            numbers(1, ROWS, 1)));
  }

  private static INDArray logistic(INDArray x) {
    Logistic.apply(x);
    return x;
  }

  /** What is subtracted after some steps, and the state. */
  private static INDArray steps(IUpdater updater) {
    long n = (long) ROWS * SIZE;
    INDArray state = Nd4j.zeros(DataType.FLOAT, 1, updater.stateSize(n));
    GradientUpdater<?> steps = updater.instantiate(state, true);
    INDArray gradient = null;
    for (int iteration = 0; iteration < 5; iteration++) {
      gradient = numbers(0.1 * (iteration + 1), 1, n);
      steps.applyUpdater(gradient, iteration, 0);
    }
    return Nd4j.concat(1, gradient, state);
  }

  private static INDArray filled() {
    INDArray matrix = Nd4j.zeros(DataType.FLOAT, ROWS, SIZE);
    Rows.fill(matrix, numbers(1, 1, SIZE));
    return matrix;
  }

  private static INDArray noise() {
    INDArray noise = Nd4j.zeros(DataType.FLOAT, ROWS, SIZE);
    CounterNoise.fill(7, p -> 2 * p - 1, noise);
    return noise;
  }

  private static final Map<String, Supplier<INDArray>> CASES =
      Map.ofEntries(
          Map.entry("softplus", () -> Softplus.of(numbers(20, ROWS, SIZE))),
          Map.entry("logistic", () -> logistic(numbers(20, ROWS, SIZE))),
          Map.entry("noise", HostMemoryTest::noise),
          Map.entry("rows filled", HostMemoryTest::filled),
          Map.entry("HostAdam", () -> steps(new HostAdam(0.001))),
          Map.entry("HostNesterovs", () -> steps(new HostNesterovs(0.01, 0.9))),
          Map.entry("network", () -> trained(new HostNesterovs(0.01, 0.9), Activation.SWISH)),
          Map.entry(
              "Bernoulli likelihood", () -> trained(new BernoulliLikelihood(), unit(ROWS, SIZE))),
          Map.entry(
              "Gaussian likelihood",
              () -> trained(GaussianLikelihood.withVariance(0.5), numbers(1, ROWS, SIZE))),
          Map.entry("energy", () -> energy().energy(numbers(1, ROWS, SIZE))),
          Map.entry("gradient", () -> energy().gradient(numbers(1, ROWS, SIZE))),
          Map.entry("trace of the Hessian", () -> energy().hessianTrace(numbers(1, 5, SIZE))));

  @TestFactory
  Stream<DynamicTest> numbersAreThoseOfOperations() {
    return CASES.entrySet().stream()
        .map(each -> DynamicTest.dynamicTest(each.getKey(), () -> compare(each.getValue())));
  }

  private static void compare(Supplier<INDArray> work) {
    INDArray blocks = work.get();
    NdAssert.assertClose(WithoutHostMemory.get(work), blocks, 1e-4);
  }

  @Test
  void forbiddenMemoryIsNotReached() {
    INDArray array = Nd4j.zeros(DataType.FLOAT, 3, 4);
    assertFalse(WithoutHostMemory.get(HostMemory::holdsArrays));
    assertFalse(WithoutHostMemory.get(() -> HostBlocks.reach(array)));
  }

  @Test
  void rangesAreJudgedAlike() {
    for (double high : List.of(1.0, 1.5)) {
      INDArray values = unit(ROWS, SIZE).putScalar(7, high);
      boolean blocks = ValueRange.holds(values, 0, 1);
      assertEquals(high == 1, blocks);
      assertEquals(blocks, WithoutHostMemory.get(() -> ValueRange.holds(values, 0, 1)));
    }
  }
}
