/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Model;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.training.NetworkSteps;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * What score matching needs of the two network classes.
 *
 * @param <M> the class
 */
abstract class TrainedNetwork<M extends Model> {

  private final NetworkSteps steps;
  private UnaryOperator<INDArray> gradient;

  TrainedNetwork(NetworkSteps steps) {
    this.steps = steps;
  }

  final NetworkSteps steps() {
    return steps;
  }

  final DataType type() {
    return steps.type();
  }

  abstract M model();

  /**
   * A network with the same parameters and a loss.
   *
   * @param layout the streams of the twin, or null for the network's own rows
   */
  abstract TrainedNetwork<M> withLoss(StreamLayout layout, ILossFunction loss);

  /** Computes the gradient of the energy in {@code x}. */
  final INDArray energyGradient(INDArray x) {
    if (gradient == null) {
      gradient = makeEnergyGradient();
    }
    return gradient.apply(x);
  }

  abstract UnaryOperator<INDArray> makeEnergyGradient();

  /** The passes of a network of dense layers, if it is one. */
  abstract Optional<DenseChain> makeChain(StreamLayout layout);

  /** The input of the network for a stack without second derivatives. */
  DataSet input(DataSet stack) {
    return stack;
  }

  /**
   * Computes the score and the gradient of the parameters, which {@link NetworkSteps#gradient} has
   * afterwards: of the sum of the loss over rows.
   */
  abstract void compute(DataSet input);

  /** The score without gradient, without regularization. */
  abstract double score(DataSet input);

  /** Lets go of the activations. */
  abstract void clear();

  /** The stacks of graphs have second derivatives from the start. */
  static DataSet withSeconds(DataSet stack, StreamLayout layout) {
    if (layout == null || layout.sums() == 0) {
      return stack;
    }
    INDArray features = stack.getFeatures();
    long[] shape = features.shape().clone();
    shape[0] = shape[0] / layout.inputStreams() * layout.sums();
    return new DataSet(
        Nd4j.concat(0, features, Nd4j.zeros(features.dataType(), shape)), stack.getLabels());
  }
}
