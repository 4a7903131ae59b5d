/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.dl4jebm.layers.rbm.RbmModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Machines with parameters in DOUBLE, for differences of energies. */
final class DoubleModel {

  private DoubleModel() {}

  /**
   * The machine with its present parameters in DOUBLE; the machine itself if they are.
   *
   * @throws IllegalArgumentException if a parameter is not finite
   */
  static RbmModel of(RbmModel model) {
    model.requireFiniteParameters();
    if (model.weights().dataType() == DataType.DOUBLE) {
      return model;
    }
    INDArray hiddenBias = model.hiddenBias().castTo(DataType.DOUBLE);
    INDArray visibleBias = model.visibleBias().castTo(DataType.DOUBLE);
    return new RbmModel(
            model.weights().castTo(DataType.DOUBLE),
            hiddenBias,
            visibleBias,
            model.visibleUnits(),
            model.hiddenUnits())
        .tempered(model.coupling(), hiddenBias, visibleBias);
  }
}
