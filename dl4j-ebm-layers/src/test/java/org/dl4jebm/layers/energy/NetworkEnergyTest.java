/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Tag("gpu")
class NetworkEnergyTest {

  private static final double H = 1e-5;

  @TestFactory
  Stream<DynamicTest> layers() {
    return EnergyNetworks.all().entrySet().stream()
        .map(entry -> dynamicTest(entry.getKey(), () -> check(entry.getValue().get())));
  }

  @TestFactory
  Stream<DynamicTest> activations() {
    return ActivationTableTest.activations().entrySet().stream()
        .filter(entry -> entry.getValue() > 0)
        .map(
            entry ->
                dynamicTest(
                    entry.getKey().toString(),
                    () -> check(EnergyNetworks.mlp(DataType.DOUBLE, entry.getKey(), 3))));
  }

  /** Everything against central differences, energies against DL4J's output. */
  private static void check(EnergyNetworks.Case made) {
    NetworkEnergy energy = new NetworkEnergy(made.network(), 70);
    INDArray x = made.points(3, 11);
    INDArray v = made.points(3, 12);
    INDArray xBefore = x.dup();
    INDArray vBefore = v.dup();
    NdAssert.assertClose(output(made, x), energy.energy(x), 1e-12, () -> "energy");

    INDArray first = difference(output(made, x.add(v.mul(H))), output(made, x.sub(v.mul(H))));
    NdAssert.assertClose(first, energy.directionalDerivative(x, v), 1e-8, () -> "E'");

    INDArray gradient = energy.gradient(x);
    assertArrayEquals(x.shape(), gradient.shape());
    NdAssert.assertClose(first, dot(gradient, v), 1e-8, () -> "v . grad E");
    NdAssert.assertSame(gradient.neg(), energy.score(x));
    NdAssert.assertSame(energy.energy(x), energy.energyAndGradient(x).energy());

    INDArray product =
        difference(energy.gradient(x.add(v.mul(H))), energy.gradient(x.sub(v.mul(H))));
    INDArray exact = energy.hessianVectorProduct(x, v);
    NdAssert.assertClose(product, exact, 2e-8, () -> "H v");
    NdAssert.assertClose(dot(exact, v), energy.quadraticForm(x, v), 1e-11, () -> "v^T H v");

    INDArray diagonal = energy.hessianDiagonal(x);
    assertArrayEquals(x.shape(), diagonal.shape());
    NdAssert.assertClose(diagonalByProducts(energy, x), flat(diagonal), 1e-11, () -> "diagonal");
    NdAssert.assertClose(flat(diagonal).sum(1), energy.hessianTrace(x), 1e-11, () -> "trace");
    NdAssert.assertSame(xBefore, x);
    NdAssert.assertSame(vBefore, v);
  }

  /** A copy, because a first layer that is an ActivationLayer of DL4J works in place. */
  private static INDArray output(EnergyNetworks.Case made, INDArray x) {
    return made.network().output(x.dup()).reshape('c', new long[] {x.size(0)});
  }

  private static INDArray difference(INDArray above, INDArray below) {
    return above.sub(below).divi(2 * H);
  }

  private static INDArray dot(INDArray a, INDArray b) {
    return flat(a.mul(b)).sum(1);
  }

  private static INDArray flat(INDArray x) {
    return x.dup('c').reshape('c', new long[] {x.size(0), x.length() / x.size(0)});
  }

  /** One row for each point and unit vector. */
  private static INDArray diagonalByProducts(NetworkEnergy energy, INDArray x) {
    int n = (int) x.size(0);
    int d = (int) (x.length() / n);
    long[] shape = x.shape().clone();
    shape[0] = (long) n * d;
    INDArray units = Nd4j.tile(Nd4j.eye(d).castTo(DataType.DOUBLE), n, 1);
    INDArray points = flat(x).repeat(0, d);
    INDArray products =
        flat(energy.hessianVectorProduct(points.reshape('c', shape), units.reshape('c', shape)));
    return products.mul(units).sum(1).reshape('c', new long[] {n, d});
  }

  /** {@code E(x) = sum_u a_u (w_u . x + b_u)^3}, whose derivatives are known. */
  @Test
  void closedFormOfCubes() {
    EnergyNetworks.Case made =
        new EnergyNetworks.Case(
            EnergyNetworks.network(
                DataType.DOUBLE,
                InputType.feedForward(3),
                List.of(EnergyNetworks.dense(4, new ActivationCube()), EnergyNetworks.output())),
            new long[] {3});
    MultiLayerNetwork network = made.network();
    INDArray w = network.getParam("0_W");
    INDArray a = network.getParam("1_W");
    INDArray x = made.points(5, 1);
    INDArray v = made.points(5, 2);
    NetworkEnergy energy = new NetworkEnergy(network);
    for (int row = 0; row < 5; row++) {
      INDArray u =
          x.getRow(row, true).mmul(w).addi(network.getParam("0_b").reshape('c', new long[] {1, 4}));
      INDArray hessian =
          w.mmul(
                  Nd4j.diag(
                      u.mul(6).reshape('c', new long[] {4}).mul(a.reshape('f', new long[] {4}))))
              .mmul(w.transpose());
      INDArray gradient = w.mmul(u.mul(u).muli(3).transpose().mul(a)).transpose();
      INDArray point = x.getRow(row, true).dup();
      INDArray direction = v.getRow(row, true).dup();
      NdAssert.assertClose(gradient, energy.gradient(point), 1e-12);
      NdAssert.assertClose(
          direction.mmul(hessian), energy.hessianVectorProduct(point, direction), 1e-12);
      assertEquals(
          direction.mmul(hessian).mmul(direction.transpose()).getDouble(0),
          energy.quadraticForm(point, direction).getDouble(0),
          1e-11);
      assertEquals(
          Nd4j.diag(hessian).sumNumber().doubleValue(),
          energy.hessianTrace(point).getDouble(0),
          1e-11);
    }
  }

  @Test
  void gradientIsThatOfDl4j() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 4);
    INDArray x = made.points(6, 3);
    // Half the squared distance from E - 1 has the gradient of E.
    MultiLayerNetwork network = made.network();
    INDArray labels = network.output(x).sub(1);
    ((OutputLayer) network.getOutputLayer().conf().getLayer())
        .setLossFn(LossFunction.L2.getILossFunction());
    INDArray expected = network.calculateGradients(x, labels, null, null).getSecond().div(2);
    NdAssert.assertClose(expected, new NetworkEnergy(network).gradient(x), 1e-12);
  }

  @Test
  void firstDerivativesOfKinks() {
    for (IActivation kink : List.of(new ActivationReLU(), new ActivationSELU())) {
      EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, kink, 4);
      NetworkEnergy energy = new NetworkEnergy(made.network());
      INDArray x = made.points(4, 5);
      INDArray v = made.points(4, 6);
      NdAssert.assertClose(
          difference(output(made, x.add(v.mul(H))), output(made, x.sub(v.mul(H)))),
          energy.directionalDerivative(x, v),
          1e-8);
      for (Runnable second :
          List.<Runnable>of(
              () -> energy.quadraticForm(x, v),
              () -> energy.hessianVectorProduct(x, v),
              () -> energy.hessianTrace(x))) {
        String message = assertThrows(DL4JInvalidConfigException.class, second::run).getMessage();
        assertTrue(
            message.contains("layer '") && message.contains("kink") && message.contains("softplus"),
            message);
      }
    }
  }

  @Test
  void blocksAndLayoutsDoNotMatter() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSoftPlus(), 34);
    INDArray x = made.points(3, 21);
    NetworkEnergy whole = new NetworkEnergy(made.network(), 100_000);
    INDArray diagonal = whole.hessianDiagonal(x);
    INDArray trace = whole.hessianTrace(x);
    for (int rows : new int[] {9, 75}) {
      NetworkEnergy parts = new NetworkEnergy(made.network(), rows);
      NdAssert.assertClose(diagonal, parts.hessianDiagonal(x), 1e-12);
      NdAssert.assertClose(trace, parts.hessianTrace(x), 1e-12);
    }
    INDArray v = made.points(3, 22);
    INDArray product = whole.hessianVectorProduct(x, v);
    for (INDArray other : List.of(NdAssert.fortran(x), NdAssert.view(x))) {
      NdAssert.assertClose(whole.energy(x), whole.energy(other), 1e-13);
      NdAssert.assertClose(whole.gradient(x), whole.gradient(other), 1e-13);
      NdAssert.assertClose(product, whole.hessianVectorProduct(other, NdAssert.view(v)), 1e-13);
      NdAssert.assertClose(trace, whole.hessianTrace(other), 1e-12);
      NdAssert.assertClose(
          diagonal, new NetworkEnergy(made.network(), 9).hessianDiagonal(other), 1e-12);
    }
    INDArray one = x.get(NDArrayIndex.interval(2, 3), NDArrayIndex.all());
    NdAssert.assertClose(trace.get(NDArrayIndex.interval(2, 3)), whole.hessianTrace(one), 1e-12);
    NdAssert.assertClose(
        whole.energy(x).get(NDArrayIndex.interval(2, 3)), whole.energy(one), 1e-13);
  }

  @Test
  void floatIsCloseToDouble() {
    EnergyNetworks.Case exact = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 6);
    EnergyNetworks.Case single = EnergyNetworks.mlp(DataType.FLOAT, new ActivationSwish(), 6);
    single.network().params().assign(exact.network().params());
    NetworkEnergy a = new NetworkEnergy(exact.network());
    NetworkEnergy b = new NetworkEnergy(single.network());
    INDArray x = exact.points(5, 31);
    INDArray v = exact.points(5, 32);
    assertEquals(DataType.FLOAT, b.energy(x).dataType());
    NdAssert.assertClose(a.energy(x), b.energy(x), 1e-5);
    NdAssert.assertClose(a.gradient(x), b.gradient(x), 1e-5);
    NdAssert.assertClose(a.hessianVectorProduct(x, v), b.hessianVectorProduct(x, v), 2e-5);
    NdAssert.assertClose(a.hessianTrace(x), b.hessianTrace(x), 2e-5);
  }

  @Test
  void parametersAreThoseOfTheNetwork() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 4);
    NetworkEnergy energy = new NetworkEnergy(made.network());
    INDArray x = made.points(2, 41);
    INDArray before = energy.hessianTrace(x);
    made.network().params().muli(1.5);
    NdAssert.assertSame(new NetworkEnergy(made.network()).hessianTrace(x), energy.hessianTrace(x));
    assertTrue(!before.equals(energy.hessianTrace(x)));
  }

  /**
   * The estimate is a mean of independent values, normal for many probes; the limit is that of
   * {@link Limits#SIGMAS} with 10 per cent for the estimated error of 2000 probes. The standard
   * error itself is checked against the closed forms of the variance.
   */
  @Test
  void estimatedTrace() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSoftPlus(), 5);
    NetworkEnergy energy = new NetworkEnergy(made.network());
    INDArray x = made.points(3, 51);
    INDArray trace = energy.hessianTrace(x);
    int probes = 2000;
    for (Probes kind : Probes.values()) {
      TraceEstimate estimate = energy.estimateTrace(x, kind, probes, 5);
      NdAssert.assertSame(estimate.trace(), energy.estimateTrace(x, kind, probes, 5).trace());
      for (int row = 0; row < 3; row++) {
        double error = estimate.standardError().getDouble(row);
        assertTrue(
            Math.abs(estimate.trace().getDouble(row) - trace.getDouble(row))
                < 1.1 * Limits.SIGMAS * error);
        INDArray hessian =
            energy.hessianVectorProduct(
                Nd4j.tile(x.getRow(row, true), 5, 1), Nd4j.eye(5).castTo(DataType.DOUBLE));
        double squares = hessian.mul(hessian).sumNumber().doubleValue();
        INDArray diagonal = Nd4j.diag(hessian);
        double onDiagonal = diagonal.mul(diagonal).sumNumber().doubleValue();
        double mean = trace.getDouble(row);
        double variance =
            switch (kind) {
              case RADEMACHER -> 2 * (squares - onDiagonal);
              case GAUSSIAN -> 2 * squares;
              case SPHERE -> 2 * 5.0 / 7 * (squares - mean * mean / 5);
            };
        // The kurtosis of v^T H v is at most 15 for normal v: relative error of the estimated
        // variance sqrt(14 / 2000) = 0.084.
        assertEquals(1, error * error * probes / variance, Limits.SIGMAS * 0.084);
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> energy.estimateTrace(x, Probes.GAUSSIAN, 1, 5));
    assertThrows(
        IllegalArgumentException.class, () -> energy.estimateTrace(x, Probes.GAUSSIAN, 5, 0));
  }

  @Test
  void refusals() {
    IActivation swish = new ActivationSwish();
    refused(
        InputType.feedForward(3),
        List.of(
            new DenseLayer.Builder().name("wide").nOut(4).activation(Activation.SOFTMAX).build(),
            EnergyNetworks.output()),
        "wide",
        "softmax");
    refused(
        InputType.convolutional(4, 4, 1),
        List.of(
            new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.PNORM).pnorm(2).build(),
            EnergyNetworks.output()),
        "layer 'layer0' (SubsamplingLayer) of type PNORM",
        "average and max");
    refused(
        InputType.convolutional(4, 4, 1),
        List.of(new GlobalPoolingLayer.Builder(PoolingType.PNORM).build(), EnergyNetworks.output()),
        "(GlobalPoolingLayer) of type PNORM",
        "FiniteDifferenceEnergy");
    refused(
        InputType.recurrent(3),
        List.of(
            new LSTM.Builder().nOut(3).build(),
            new RnnOutputLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .nOut(1)
                .build()),
        "LSTM",
        "dense");

    refused(
        InputType.recurrent(3, RNNFormat.NWC),
        List.of(
            new Convolution1D.Builder(1).nOut(3).rnnDataFormat(RNNFormat.NWC).build(),
            new GlobalPoolingLayer.Builder(PoolingType.AVG).poolingDimensions(1).build(),
            EnergyNetworks.output()),
        "layer 'layer0' (Convolution1DLayer) has the format NWC",
        "NCW");
    for (Layer layer :
        List.of(
            new EmbeddingLayer.Builder().nIn(3).nOut(2).build(),
            new PReLULayer.Builder().inputShape(3).build(),
            new VariationalAutoencoder.Builder().nOut(2).build())) {
      refused(
          InputType.feedForward(3),
          List.of(layer, EnergyNetworks.output()),
          "layer 'layer0' (" + layer.getClass().getSimpleName() + ") has no rule",
          "dense");
    }

    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, swish, 3);
    NetworkEnergy energy = new NetworkEnergy(made.network());
    assertThrows(
        DL4JInvalidInputException.class,
        () -> energy.quadraticForm(made.points(3, 1), made.points(2, 2)));
    assertThrows(
        DL4JInvalidInputException.class, () -> energy.energy(EnergyNetworks.normal(3, 2, 5)));
    assertThrows(IllegalArgumentException.class, () -> new NetworkEnergy(made.network(), 2));
    for (INDArray bad : List.of(Nd4j.zeros(DataType.DOUBLE, 3), Nd4j.empty(DataType.DOUBLE))) {
      assertThrows(DL4JInvalidInputException.class, () -> energy.energy(bad));
      assertThrows(DL4JInvalidInputException.class, () -> energy.hessianTrace(bad));
    }

    MultiLayerNetwork two =
        EnergyNetworks.network(
            DataType.DOUBLE,
            InputType.feedForward(3),
            List.of(
                new OutputLayer.Builder(LossFunction.MSE)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build()));
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () -> new NetworkEnergy(two).energy(EnergyNetworks.normal(4, 2, 3)))
            .getMessage();
    assertTrue(message.contains("[2, 2]") && message.contains("one output"), message);
    NetworkEnergy empty =
        new NetworkEnergy(new MultiLayerNetwork(two.getLayerWiseConfigurations()));
    assertThrows(
        IllegalArgumentException.class, () -> empty.energy(EnergyNetworks.normal(4, 2, 3)));
  }

  private static void refused(InputType input, List<Layer> layers, String... parts) {
    MultiLayerNetwork network = EnergyNetworks.network(DataType.DOUBLE, input, layers);
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> new NetworkEnergy(network))
            .getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void eluWithAlphaOneIsAccepted() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationELU(), 3);
    new NetworkEnergy(made.network()).hessianTrace(made.points(2, 1));
  }
}
