/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Passes through the layers of a stacked twin without its loss: forward, and backward into the
 * input without the gradient of the parameters, which {@code calculateGradients} cannot leave out.
 */
abstract class StreamPass {

  private static final String WORKSPACE = "WS_DERIVATIVES_IN_X";

  private final StreamLayout layout;

  StreamPass(StreamLayout layout) {
    this.layout = layout;
  }

  /**
   * Runs an action with a workspace for what passes need on the way.
   *
   * @param action makes passes; its arrays must be detached before it returns
   */
  static <T> T inWorkspace(Supplier<T> action) {
    return Workspaces.within(WORKSPACE, action);
  }

  /** For DL4J's layers: the workspace of {@link #inWorkspace}, or none outside of it. */
  static LayerWorkspaceMgr workspaces() {
    return Nd4j.getWorkspaceManager().checkIfWorkspaceExistsAndActive(WORKSPACE)
        ? LayerWorkspaceMgr.builder().defaultWorkspace(WORKSPACE, Workspaces.TEMPORARY).build()
        : LayerWorkspaceMgr.noWorkspaces();
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
    return alone(stack, this::forward);
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

  /**
   * Forward alone, for networks with any number of outputs.
   *
   * @param stack the input streams. Not modified.
   * @return all streams of the output
   */
  final INDArray values(INDArray stack) {
    return alone(stack, this::pass);
  }

  private INDArray alone(INDArray stack, UnaryOperator<INDArray> forward) {
    return inWorkspace(
        () -> {
          INDArray output = forward.apply(stack);
          clear();
          return output.detach();
        });
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
