/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

class FiniteDifferenceEnergyTest {

  private static final int D = 4;

  /** {@code x^T A x / 2 + b . x}, of which central differences have rounding errors alone. */
  @Test
  void quadraticEnergy() {
    INDArray half = EnergyNetworks.normal(1, D, D);
    INDArray a = half.add(half.transpose());
    INDArray b = EnergyNetworks.normal(2, 1, D);
    INDArray x = EnergyNetworks.normal(3, 5, D);
    INDArray v = EnergyNetworks.normal(4, 5, D);
    for (int rows : new int[] {1, 3, 17, 1000}) {
      FiniteDifferenceEnergy energy =
          new FiniteDifferenceEnergy(
              points -> points.mmul(a).div(2).addRowVector(b).mul(points).sum(1),
              DataType.DOUBLE,
              new DifferenceSteps(0.1, 0.1),
              rows);
      INDArray gradient = x.mmul(a).addRowVector(b);
      INDArray product = v.mmul(a);
      NdAssert.assertClose(x.mmul(a).div(2).addRowVector(b).mul(x).sum(1), energy.energy(x), 1e-13);
      NdAssert.assertClose(gradient, energy.gradient(x), 1e-11);
      NdAssert.assertClose(gradient.neg(), energy.score(x), 1e-11);
      NdAssert.assertClose(gradient.mul(v).sum(1), energy.directionalDerivative(x, v), 1e-11);
      NdAssert.assertClose(product, energy.hessianVectorProduct(x, v), 1e-10);
      NdAssert.assertClose(product.mul(v).sum(1), energy.quadraticForm(x, v), 1e-10);
      NdAssert.assertClose(
          Nd4j.tile(Nd4j.diag(a).reshape('c', new long[] {1, D}), 5, 1)
              .reshape('c', new long[] {5, D}),
          energy.hessianDiagonal(x),
          1e-10);
      double trace = Nd4j.diag(a).sumNumber().doubleValue();
      NdAssert.assertClose(
          Nd4j.valueArrayOf(new long[] {5}, trace, DataType.DOUBLE), energy.hessianTrace(x), 1e-10);
      // Without variance along the axes, and 2 sum_{i != j} A_ij^2 otherwise.
      TraceEstimate estimate = energy.estimateTrace(x, Probes.RADEMACHER, 400, 7);
      double variance =
          2
              * (a.mul(a).sumNumber().doubleValue()
                  - Nd4j.diag(a).mul(Nd4j.diag(a)).sumNumber().doubleValue());
      for (int i = 0; i < 5; i++) {
        // Five standard errors: false alarms at 6e-7 a point.
        assertEquals(trace, estimate.trace().getDouble(i), 5 * Math.sqrt(variance / 400));
      }
    }
  }

  /** The largest error, relative to derivatives above 1. */
  private static double worst(INDArray exact, INDArray approximate) {
    INDArray error = exact.sub(approximate.castTo(DataType.DOUBLE));
    return error
        .div(Transforms.max(Transforms.abs(exact, true), 1.0, false))
        .amaxNumber()
        .doubleValue();
  }

  /**
   * Errors of gradient, diagonal and product at steps that are a factor larger than the default.
   */
  private static double[] errors(DataType type, double factor) {
    double[] worst = new double[3];
    for (int width : new int[] {3, 20}) {
      EnergyNetworks.Case made = EnergyNetworks.mlp(type, new ActivationSwish(), width);
      EnergyNetworks.Case same = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), width);
      same.network().params().assign(made.network().params());
      INDArray x = made.points(20, 1);
      INDArray v = made.points(20, 2);
      NetworkEnergy exact = new NetworkEnergy(same.network());
      DifferenceSteps steps = DifferenceSteps.of(type);
      FiniteDifferenceEnergy energy =
          new FiniteDifferenceEnergy(
              points -> made.network().output(points, false),
              type,
              new DifferenceSteps(factor * steps.first(), factor * steps.second()),
              1000);
      assertEquals(type, energy.gradient(x).dataType());
      double[] errors = {
        worst(exact.gradient(x), energy.gradient(x)),
        worst(exact.hessianDiagonal(x), energy.hessianDiagonal(x)),
        worst(exact.hessianVectorProduct(x, v), energy.hessianVectorProduct(x, v))
      };
      for (int i = 0; i < errors.length; i++) {
        worst[i] = Math.max(worst[i], errors[i]);
      }
    }
    return worst;
  }

  /** The figures in the documentation, and that other steps are not much better. */
  @Test
  void defaultSteps() {
    for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
      double[] limits =
          type == DataType.DOUBLE
              ? new double[] {3e-10, 1e-7, 3e-7}
              : new double[] {2e-4, 2e-3, 8e-3};
      double[] errors = errors(type, 1);
      for (int i = 0; i < errors.length; i++) {
        assertTrue(errors[i] < limits[i], type + " " + Arrays.toString(errors));
      }
      for (double factor : new double[] {0.1, 1.0 / 3, 3, 10}) {
        double[] others = errors(type, factor);
        for (int i = 0; i < errors.length; i++) {
          assertTrue(
              errors[i] < 3 * others[i],
              type + " " + factor + " " + Arrays.toString(errors) + Arrays.toString(others));
        }
      }
    }
  }

  /** Halving the step divides the error by four, where rounding is far away. */
  @Test
  void errorIsOfSecondOrder() {
    double[] coarse = errors(DataType.DOUBLE, 200);
    double[] fine = errors(DataType.DOUBLE, 100);
    for (int i = 0; i < 3; i++) {
      assertEquals(4, coarse[i] / fine[i], 0.4, "operation " + i);
    }
  }

  private static MultiLayerNetwork recurrent() {
    return EnergyNetworks.network(
        DataType.DOUBLE,
        InputType.recurrent(2),
        List.of(
            new LSTM.Builder().nOut(3).activation(Activation.TANH).build(),
            new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
            EnergyNetworks.output()));
  }

  @Test
  void layersWithoutRule() {
    MultiLayerNetwork network = recurrent();
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> new NetworkEnergy(network))
            .getMessage();
    assertTrue(message.contains("LSTM") && message.contains("FiniteDifferenceEnergy"), message);
    INDArray x = EnergyNetworks.normal(1, 3, 2, 5);
    INDArray v = EnergyNetworks.normal(2, 3, 2, 5);
    INDArray u = EnergyNetworks.normal(3, 3, 2, 5);
    INDArray before = x.dup();
    for (FiniteDifferenceEnergy energy :
        List.of(
            new FiniteDifferenceEnergy(network),
            new FiniteDifferenceEnergy(network.toComputationGraph()))) {
      NdAssert.assertClose(output(network, x), energy.energy(x), 1e-12);
      INDArray gradient = energy.gradient(x);
      assertArrayEquals(x.shape(), gradient.shape());
      NdAssert.assertClose(gradientOfDl4j(network, x), gradient, 1e-8);
      NdAssert.assertClose(dot(gradient, v), energy.directionalDerivative(x, v), 1e-8);
      double h = 1e-5;
      INDArray product =
          gradientOfDl4j(network, x.add(v.mul(h)))
              .sub(gradientOfDl4j(network, x.sub(v.mul(h))))
              .divi(2 * h);
      NdAssert.assertClose(product, energy.hessianVectorProduct(x, v), 1e-6);
      NdAssert.assertClose(dot(product, v), energy.quadraticForm(x, v), 1e-6);
      NdAssert.assertClose(
          dot(product, u), dot(energy.hessianVectorProduct(x, u), v), 1e-5, () -> "symmetry");
      NdAssert.assertClose(
          dot(energy.hessianDiagonal(x), x.like().addi(1)), energy.hessianTrace(x), 1e-12);
    }
    NdAssert.assertSame(before, x);
  }

  @Test
  void attention() {
    MultiLayerNetwork network =
        EnergyNetworks.network(
            DataType.DOUBLE,
            InputType.recurrent(2),
            List.of(
                new SelfAttentionLayer.Builder().nOut(4).nHeads(1).projectInput(true).build(),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                EnergyNetworks.output()));
    FiniteDifferenceEnergy energy = new FiniteDifferenceEnergy(network);
    INDArray x = EnergyNetworks.normal(1, 3, 2, 5);
    INDArray v = EnergyNetworks.normal(2, 3, 2, 5);
    INDArray u = EnergyNetworks.normal(3, 3, 2, 5);
    NdAssert.assertClose(output(network, x), energy.energy(x), 1e-12);
    NdAssert.assertClose(dot(energy.gradient(x), v), energy.directionalDerivative(x, v), 1e-8);
    INDArray product = energy.hessianVectorProduct(x, v);
    NdAssert.assertClose(dot(product, v), energy.quadraticForm(x, v), 1e-6);
    NdAssert.assertClose(dot(product, u), dot(energy.hessianVectorProduct(x, u), v), 1e-6);
  }

  /** Half the squared distance from E - 1 has the gradient of E. */
  private static INDArray gradientOfDl4j(MultiLayerNetwork network, INDArray x) {
    ((OutputLayer) network.getOutputLayer().conf().getLayer())
        .setLossFn(LossFunction.L2.getILossFunction());
    INDArray labels = network.output(x).sub(1);
    return network.calculateGradients(x, labels, null, null).getSecond().div(2);
  }

  private static INDArray output(MultiLayerNetwork network, INDArray x) {
    return network.output(x).reshape('c', new long[] {x.size(0)});
  }

  private static INDArray dot(INDArray a, INDArray b) {
    return a.mul(b).dup('c').reshape('c', new long[] {a.size(0), a.length() / a.size(0)}).sum(1);
  }

  @Test
  void jacobian() {
    MultiLayerNetwork network =
        EnergyNetworks.network(
            DataType.DOUBLE,
            InputType.convolutional(4, 3, 2),
            List.of(
                new ConvolutionLayer.Builder(3, 3)
                    .nOut(2)
                    .convolutionMode(ConvolutionMode.Same)
                    .activation(Activation.SOFTPLUS)
                    .build(),
                new CnnLossLayer.Builder(LossFunction.MSE).activation(Activation.TANH).build()));
    NetworkJacobian exact = new NetworkJacobian(network);
    INDArray x = EnergyNetworks.normal(1, 3, 2, 4, 3);
    INDArray v = EnergyNetworks.normal(2, 3, 2, 4, 3);
    for (JacobianProducts products :
        List.of(
            new FiniteDifferenceJacobian(network),
            new FiniteDifferenceJacobian(network.toComputationGraph()),
            new FiniteDifferenceJacobian(
                points -> network.output(points),
                DataType.DOUBLE,
                DifferenceSteps.of(DataType.DOUBLE),
                5))) {
      NdAssert.assertClose(network.output(x), products.value(x), 1e-12);
      NdAssert.assertClose(exact.value(x), products.value(x), 1e-12);
      NdAssert.assertClose(
          exact.jacobianVectorProduct(x, v), products.jacobianVectorProduct(x, v), 1e-9);
      NdAssert.assertClose(exact.transposedProduct(x, v), products.transposedProduct(x, v), 1e-9);
      INDArray bad = x.dup();
      bad.putScalar(new long[] {1, 0, 0, 0}, Double.NaN);
      assertThrows(DL4JInvalidInputException.class, () -> products.value(bad));
      assertThrows(DL4JInvalidInputException.class, () -> products.jacobianVectorProduct(x, bad));
      assertThrows(DL4JInvalidInputException.class, () -> products.transposedProduct(x, bad));
      assertThrows(
          DL4JInvalidInputException.class,
          () -> products.transposedProduct(x, Nd4j.zeros(DataType.DOUBLE, 3, 2)));
    }
  }

  @Test
  void badInput() {
    MultiLayerNetwork network =
        EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSoftPlus(), 3).network();
    FiniteDifferenceEnergy energy = new FiniteDifferenceEnergy(network);
    INDArray x = EnergyNetworks.normal(1, 2, 3);
    INDArray zero = x.like();
    NdAssert.assertSame(Nd4j.zeros(DataType.DOUBLE, 2), energy.directionalDerivative(x, zero));
    NdAssert.assertSame(Nd4j.zeros(DataType.DOUBLE, 2), energy.quadraticForm(x, zero));
    NdAssert.assertClose(zero, energy.hessianVectorProduct(x, zero), 1e-12);
    INDArray bad = x.dup();
    bad.putScalar(1, 1, Double.NEGATIVE_INFINITY);
    for (Runnable operation :
        List.<Runnable>of(
            () -> energy.energy(bad),
            () -> energy.gradient(bad),
            () -> energy.energyAndGradient(bad),
            () -> energy.directionalDerivative(x, bad),
            () -> energy.quadraticForm(bad, x),
            () -> energy.hessianVectorProduct(x, bad),
            () -> energy.hessianDiagonal(bad),
            () -> energy.hessianTrace(bad),
            () -> energy.estimateTrace(bad, Probes.GAUSSIAN, 2, 1),
            () -> energy.quadraticForm(x, EnergyNetworks.normal(1, 3, 3)),
            () -> energy.energy(Nd4j.zeros(DataType.DOUBLE, 3)))) {
      assertThrows(DL4JInvalidInputException.class, operation::run);
    }
    assertThrows(
        IllegalArgumentException.class, () -> energy.estimateTrace(x, Probes.GAUSSIAN, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> energy.estimateTrace(x, Probes.GAUSSIAN, 2, 0));
    for (double step : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> new DifferenceSteps(step, 1));
      assertThrows(IllegalArgumentException.class, () -> new DifferenceSteps(1, step));
    }
    assertThrows(IllegalArgumentException.class, () -> DifferenceSteps.of(DataType.FLOAT16));
    DifferenceSteps steps = DifferenceSteps.of(DataType.FLOAT);
    assertThrows(
        IllegalArgumentException.class,
        () -> new FiniteDifferenceEnergy(points -> points, DataType.FLOAT, steps, 0));
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    new FiniteDifferenceEnergy(points -> points, DataType.FLOAT, steps, 10)
                        .energy(x))
            .getMessage();
    assertTrue(message.contains("[2, 3]") && message.contains("one output"), message);
  }
}
