/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Tag("gpu")
class NetworkJacobianTest {

  private static final double H = 1e-5;

  private static MultiLayerNetwork dense() {
    return EnergyNetworks.network(
        DataType.DOUBLE,
        InputType.feedForward(3),
        List.of(
            EnergyNetworks.dense(5, new ActivationSwish()),
            EnergyNetworks.dense(6, new ActivationReLU()),
            EnergyNetworks.dense(5, new ActivationELU(1.5)),
            new OutputLayer.Builder(LossFunction.MSE)
                .nOut(2)
                .activation(Activation.IDENTITY)
                .build()));
  }

  @Test
  void products() {
    MultiLayerNetwork network = dense();
    check(network, new NetworkJacobian(network), EnergyNetworks.normal(1, 4, 3));
    check(
        network, new NetworkJacobian(network.toComputationGraph()), EnergyNetworks.normal(1, 4, 3));
  }

  @Test
  void imagesToImages() {
    Layer convolution =
        new ConvolutionLayer.Builder(3, 3)
            .nOut(2)
            .convolutionMode(ConvolutionMode.Same)
            .activation(Activation.SOFTPLUS)
            .build();
    MultiLayerNetwork network =
        EnergyNetworks.network(
            DataType.DOUBLE,
            InputType.convolutional(4, 3, 2),
            List.of(convolution, convolution.clone()));
    check(network, new NetworkJacobian(network), EnergyNetworks.normal(1, 2, 2, 4, 3));
  }

  private static void check(MultiLayerNetwork network, NetworkJacobian jacobian, INDArray x) {
    INDArray before = x.dup();
    INDArray output = network.output(x);
    NdAssert.assertClose(output, jacobian.value(x), 1e-12);
    INDArray v = EnergyNetworks.normal(2, x.shape());
    INDArray product = jacobian.jacobianVectorProduct(x, v);
    NdAssert.assertClose(
        network.output(x.add(v.mul(H))).sub(network.output(x.sub(v.mul(H)))).divi(2 * H),
        product,
        1e-8);
    // u . (J v) = (J^T u) . v, example by example
    INDArray u = EnergyNetworks.normal(3, output.shape());
    NdAssert.assertClose(
        rowSums(u.mul(product)), rowSums(jacobian.transposedProduct(x, u).mul(v)), 1e-11);
    NdAssert.assertSame(before, x);
  }

  private static INDArray rowSums(INDArray array) {
    return array.dup('c').reshape('c', new long[] {array.size(0), -1}).sum(1);
  }

  @Test
  void badShapes() {
    NetworkJacobian jacobian = new NetworkJacobian(dense());
    INDArray x = EnergyNetworks.normal(1, 4, 3);
    assertThrows(
        DL4JInvalidInputException.class,
        () -> jacobian.jacobianVectorProduct(x, EnergyNetworks.normal(1, 3, 3)));
    assertThrows(DL4JInvalidInputException.class, () -> jacobian.transposedProduct(x, x));
    assertThrows(
        DL4JInvalidInputException.class, () -> jacobian.value(Nd4j.zeros(DataType.DOUBLE, 3)));
  }
}
