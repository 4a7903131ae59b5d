/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.Map;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A gradient whose array is the layer's flattened view itself. {@link DefaultGradient} returns
 * another wrapper of the view at each call, and DL4J's updater, which compares by identity, then
 * takes it for the gradient of another network.
 */
final class ViewGradient extends DefaultGradient {

  private static final long serialVersionUID = 1L;

  private final INDArray view;

  ViewGradient(INDArray view, Map<String, INDArray> views) {
    super(view);
    this.view = view;
    gradientForVariable().putAll(views);
  }

  @Override
  public INDArray gradient() {
    return view;
  }
}
