/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer does to streams of derivatives before its activation. For most layers it is a linear
 * map that acts on all streams alike, plus constants for the points, which are the first {@code n}
 * rows.
 */
interface PreActivation {

  /** Leaves everything as it is. */
  PreActivation NOTHING =
      new PreActivation() {
        @Override
        public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
          return x;
        }

        @Override
        public INDArray backward(
            INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
          return workspaces.leverageTo(ArrayType.ACTIVATION_GRAD, delta);
        }
      };

  /**
   * Forward.
   *
   * @param x all streams that enter, {@code [rows, ...]}. Not modified.
   * @param n how many of the rows are points
   * @return an array of the workspace of activations, or {@code x}
   */
  INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces);

  /**
   * Backward.
   *
   * @param x the argument of {@link #forward}. Not modified.
   * @param delta derivatives of the loss with respect to its result, contiguous in 'c' order. Not
   *     modified.
   * @param n how many of the rows are points
   * @param gradient gets the derivatives with respect to the parameters, written into the views of
   *     the gradient; or null, if they are not needed
   * @return derivatives with respect to {@code x}, in the workspace of activation gradients
   */
  INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces);

  /**
   * Backward, as far as the parameters need it: what a first layer can do without is the most
   * expensive product of many networks.
   *
   * @param x the argument of {@link #forward}. Not modified.
   * @param delta derivatives of the loss with respect to its result, contiguous in 'c' order. Not
   *     modified.
   * @param n how many of the rows are points
   * @param gradient gets the derivatives with respect to the parameters, written into the views of
   *     the gradient
   */
  default void parameterGradient(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    backward(x, delta, n, gradient, workspaces);
  }

  /**
   * Gets the memory of the gradient.
   *
   * @param flat that of all parameters of the layer
   * @param views the same by name
   */
  default void setGradientViews(INDArray flat, Map<String, INDArray> views) {}

  /** Lets go of what was kept for the backward pass. */
  default void clear() {}
}
