/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link LayerChecks} on networks with one and several RBM layers. */
@Tag("gpu")
class RbmLayerChecksTest {

  private static RestrictedBoltzmannMachine.Builder rbm(int nOut) {
    return new RestrictedBoltzmannMachine.Builder().nOut(nOut);
  }

  private static INDArray binary(int... shape) {
    INDArray u =
        Nd4j.create(DataType.DOUBLE, java.util.Arrays.stream(shape).asLongStream().toArray());
    new RandomStream(3).uniform(u);
    return u;
  }

  private static INDArray real(int rows, int columns) {
    return binary(rows, columns).muli(4).subi(2);
  }

  private static DynamicNode checks(String name, Supplier<List<Layer>> layers, INDArray input) {
    return dynamicContainer(name, new LayerChecks(layers, input).all());
  }

  @TestFactory
  Stream<DynamicNode> layers() {
    return Stream.of(
        checks("one layer", () -> List.of(rbm(4).build()), binary(6, 5)),
        checks(
            "every option",
            () ->
                List.of(
                    rbm(4)
                        .name("bottom")
                        .k(3)
                        .persistentChains(7)
                        .sparsityTarget(0.2)
                        .sparsityCost(0.5)
                        .scoreEvery(4)
                        .visibleBiasInit(-0.25)
                        .biasInit(0.125)
                        .l1(0.01)
                        .l2(0.02)
                        .l1Bias(0.03)
                        .l2Bias(0.04)
                        .build()),
            binary(6, 5)),
        checks(
            "deep belief network",
            () -> List.of(rbm(4).build(), rbm(6).l2(0.05).build(), rbm(3).build()),
            binary(6, 5)),
        checks(
            "Gaussian visible units of variance 1",
            () -> List.of(rbm(4).visibleUnits(GaussianUnits.unitVariance()).build()),
            real(6, 5)),
        checks(
            "Gaussian visible units of one variance",
            () -> List.of(rbm(4).visibleUnits(GaussianUnits.withVariance(0.3)).build()),
            real(6, 5)),
        checks(
            "Gaussian visible units of given variances, l1 and l2, below an RBM",
            () ->
                List.of(
                    rbm(4)
                        .visibleUnits(GaussianUnits.withVariance(0.5, 1, 1.5, 2, 0.1))
                        .l1(0.01)
                        .l2(0.02)
                        .l2Bias(0.03)
                        .build(),
                    rbm(3).l1Bias(0.01).build()),
            real(6, 5)),
        checks(
            "weight decay and constraints",
            () ->
                List.of(
                    rbm(4)
                        .weightDecay(0.01)
                        .weightDecayBias(0.02)
                        .constrainWeights(new MaxNormConstraint(2, 1))
                        .constrainBias(new NonNegativeConstraint())
                        .build()),
            binary(6, 5)),
        checks(
            "between dense layers",
            () ->
                List.of(
                    new DenseLayer.Builder().nOut(5).activation(Activation.SIGMOID).build(),
                    rbm(4).build(),
                    new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build()),
            real(6, 4)),
        checks(
            "Gaussian visible units of given variances above a dense layer",
            () ->
                List.of(
                    new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(),
                    rbm(4).visibleUnits(GaussianUnits.withVariance(0.5, 1, 1.5, 2, 0.1)).build()),
            real(6, 4)),
        dynamicContainer(
            "images",
            new LayerChecks(
                    () -> List.of(rbm(4).build()),
                    InputType.convolutional(3, 2, 2),
                    binary(4, 2, 3, 2))
                .all()),
        dynamicContainer(
            "flat images",
            new LayerChecks(
                    () -> List.of(rbm(4).build()),
                    InputType.convolutionalFlat(3, 2, 1),
                    binary(4, 6))
                .all()));
  }
}
