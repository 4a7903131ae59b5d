/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PoolingStreamsTest {

  private static MultiLayerNetwork images(DataType type, Layer pooling) {
    return EnergyNetworks.network(
        type,
        InputType.convolutional(4, 4, 1),
        List.of(pooling, EnergyNetworks.dense(3, new ActivationSwish()), EnergyNetworks.output()));
  }

  private static Layer pooling(int stride) {
    return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
        .kernelSize(2, 2)
        .stride(stride, stride)
        .build();
  }

  @Test
  void dilatedWindowsAreRefused() {
    Layer dilated =
        new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
            .kernelSize(2, 2)
            .stride(1, 1)
            .dilation(2, 1)
            .build();
    MultiLayerNetwork exact = images(DataType.DOUBLE, dilated);
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> new NetworkEnergy(exact)).getMessage();
    assertTrue(message.contains("(SubsamplingLayer) has dilation [2, 1]"), message);
  }

  /** Windows at a stride above their size, of which some see the input at one place only. */
  @Test
  void strideAboveTheSizeOfWindows() {
    for (ConvolutionMode mode : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
      for (int size = 1; size <= 3; size++) {
        for (int stride = 2; stride <= 4; stride++) {
          MultiLayerNetwork network =
              images(
                  DataType.DOUBLE,
                  new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                      .kernelSize(size, size)
                      .stride(stride, stride)
                      .convolutionMode(mode)
                      .build());
          NetworkEnergy energy = new NetworkEnergy(network);
          INDArray x = EnergyNetworks.normal(4, 3, 1, 4, 4);
          INDArray v = EnergyNetworks.normal(5, 3, 1, 4, 4);
          double h = 1e-5;
          INDArray slope =
              network.output(x.add(v.mul(h))).sub(network.output(x.sub(v.mul(h)))).divi(2 * h);
          NdAssert.assertClose(
              slope.reshape('c', new long[] {3}), energy.directionalDerivative(x, v), 1e-8);
          NdAssert.assertClose(
              energy.directionalDerivative(x, v), energy.gradient(x).mul(v).sum(1, 2, 3), 1e-12);
        }
      }
    }
  }

  /** Of equal values one is taken, so that moving all of them moves the energy at the same rate. */
  @Test
  void tiesAreBrokenOnce() {
    for (Layer pooling : List.of(pooling(1), pooling(2), new GlobalPoolingLayer(PoolingType.MAX))) {
      MultiLayerNetwork network = images(DataType.DOUBLE, pooling);
      NetworkEnergy energy = new NetworkEnergy(network);
      double h = 1e-5;
      INDArray x = Nd4j.zeros(DataType.DOUBLE, 1, 1, 4, 4).addi(0.3);
      INDArray ones = x.like().addi(1);
      double slope =
          (network.output(x.add(h)).getDouble(0) - network.output(x.sub(h)).getDouble(0)) / (2 * h);
      assertEquals(network.output(x).getDouble(0), energy.energy(x).getDouble(0), 1e-13);
      assertEquals(slope, energy.directionalDerivative(x, ones).getDouble(0), 1e-9);
      assertEquals(slope, energy.gradient(x).sumNumber().doubleValue(), 1e-9);
    }
  }

  @Test
  void floatIsCloseToDouble() {
    for (Layer pooling : List.of(pooling(1), pooling(2), new GlobalPoolingLayer(PoolingType.MAX))) {
      MultiLayerNetwork exact = images(DataType.DOUBLE, pooling);
      MultiLayerNetwork single = images(DataType.FLOAT, pooling);
      single.params().assign(exact.params());
      NetworkEnergy a = new NetworkEnergy(exact);
      NetworkEnergy b = new NetworkEnergy(single);
      INDArray x = EnergyNetworks.normal(1, 5, 1, 4, 4);
      INDArray v = EnergyNetworks.normal(2, 5, 1, 4, 4);
      NdAssert.assertClose(a.gradient(x), b.gradient(x), 1e-5);
      NdAssert.assertClose(a.hessianVectorProduct(x, v), b.hessianVectorProduct(x, v), 2e-5);
      NdAssert.assertClose(a.hessianTrace(x), b.hessianTrace(x), 2e-5);
    }
  }

  /** Layer normalization of equal units is 0 in DL4J; so is the derivative, and nothing is NaN. */
  @Test
  void layerNormalizationOfEqualUnits() {
    for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
      MultiLayerNetwork network =
          EnergyNetworks.network(
              type,
              InputType.feedForward(3),
              List.of(
                  new DenseLayer.Builder()
                      .nOut(1)
                      .hasLayerNorm(true)
                      .activation(Activation.SOFTPLUS)
                      .build(),
                  EnergyNetworks.output()));
      NetworkEnergy energy = new NetworkEnergy(network);
      INDArray x = EnergyNetworks.normal(1, 2, 3).castTo(type);
      NdAssert.assertClose(network.output(x).reshape('c', new long[] {2}), energy.energy(x), 1e-6);
      INDArray zero = x.like();
      NdAssert.assertClose(zero, energy.gradient(x), 0);
      NdAssert.assertClose(zero, energy.hessianVectorProduct(x, x), 0);
      NdAssert.assertClose(Nd4j.zeros(type, 2), energy.hessianTrace(x), 0);
    }
  }
}
