/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Passes through the layers of a stacked twin without its loss: forward, and backward into the
 * input without the gradient of the parameters, which {@code calculateGradients} cannot leave out.
 */
abstract class StreamPass {

  private final StreamLayout layout;

  StreamPass(StreamLayout layout) {
    this.layout = layout;
  }

  final StreamLayout layout() {
    return layout;
  }

  /**
   * Forward alone.
   *
   * @param stack the input streams. Not modified.
   * @return all streams of the output, {@code [streams n, 1]}
   * @throws DL4JInvalidConfigException if the network has not one output for each example
   */
  final INDArray output(INDArray stack) {
    INDArray output = forward(stack);
    clear();
    return output;
  }

  /**
   * Forward, with {@link #backward} to follow.
   *
   * @param stack the input streams. Not modified.
   * @return all streams of the output, {@code [streams n, 1]}
   * @throws DL4JInvalidConfigException if the network has not one output for each example
   */
  final INDArray forward(INDArray stack) {
    INDArray output = pass(stack);
    if (output.rank() != 2 || output.size(1) != 1) {
      long[] shape = output.shape().clone();
      shape[0] /= layout.streams();
      throw new DL4JInvalidConfigException(
          lastLayer()
              + ": the network's output for "
              + stack.size(0) / layout.inputStreams()
              + " examples has shape "
              + Arrays.toString(shape)
              + "; accepted: one output for each example, which is the energy");
    }
    return output;
  }

  /** Forward, without a look at the result. */
  abstract INDArray pass(INDArray stack);

  /**
   * Backward, after {@link #forward}.
   *
   * @param epsilon derivatives of any number with respect to the output. Not modified.
   * @return derivatives with respect to the input streams
   */
  abstract INDArray backward(INDArray epsilon);

  /** Lets go of the activations. */
  abstract void clear();

  /** Names the last layer in messages. */
  abstract String lastLayer();
}
