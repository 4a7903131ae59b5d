/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.MemoryPlan.Memory;

/**
 * Parameters of a restricted Boltzmann machine on a device, in the order of DL4J's flat array:
 * weights {@code [nIn, nOut]} in 'f' order, hidden bias, visible bias.
 */
final class DeviceMachine {

  private static final String PARAMETERS = "parameters";

  private final Device device;
  private final int nIn;
  private final int nOut;
  private final DeviceUnits visibleUnits;
  private final DeviceArray parameters;
  private final DeviceArray weights;
  private final DeviceArray hiddenBias;
  private final DeviceArray visibleBias;

  /** Shape of a machine. */
  record Shape(int nIn, int nOut) {

    long weights() {
      return (long) nIn * nOut;
    }

    long parameters() {
      return weights() + nOut + nIn;
    }
  }

  DeviceMachine(Device device, Memory memory, Shape shape, UnitType visible) {
    this.device = device;
    nIn = shape.nIn();
    nOut = shape.nOut();
    visibleUnits = DeviceUnits.of(device, memory, visible, nIn);
    parameters = memory.get(PARAMETERS);
    weights = parameters.slice(0, shape.weights());
    hiddenBias = parameters.slice(shape.weights(), nOut);
    visibleBias = parameters.slice(shape.weights() + nOut, nIn);
  }

  static void plan(MemoryPlan plan, Shape shape, UnitType visible) {
    plan.add(PARAMETERS, Type.FLOAT, shape.parameters());
    DeviceUnits.plan(plan, visible, shape.nIn());
  }

  static Shape shape(RbmModel model) {
    return new Shape(Math.toIntExact(model.visibleSize()), Math.toIntExact(model.hiddenSize()));
  }

  /** Takes over the parameters of a machine. */
  void upload(RbmModel model) {
    weights.upload(Transfers.floats(model.weights().transpose()));
    hiddenBias.upload(Transfers.floats(model.hiddenBias()));
    visibleBias.upload(Transfers.floats(model.visibleBias()));
  }

  DeviceUnits visibleUnits() {
    return visibleUnits;
  }

  DeviceArray parameters() {
    return parameters;
  }

  DeviceArray weights() {
    return weights;
  }

  DeviceArray hiddenBias() {
    return hiddenBias;
  }

  DeviceArray visibleBias() {
    return visibleBias;
  }

  /** {@code out = t(v) W} for rows of visible statistics. */
  void hiddenField(DeviceArray statistics, int rows, DeviceArray out) {
    device.gemm(true, false, nOut, rows, nIn, 1, weights, nIn, statistics, nIn, 0, out, nOut);
  }

  /** {@code out = factor h W'} for rows of hidden units. */
  void visibleField(DeviceArray hidden, int rows, float factor, DeviceArray out) {
    device.gemm(false, false, nIn, rows, nOut, factor, weights, nIn, hidden, nOut, 0, out, nIn);
  }

  /** Draws hidden states from their field, in place. */
  void drawHidden(DeviceArray field, int rows, Draw draw) {
    device.logistic(field, hiddenBias, rows, nOut, 1, null, field, draw);
  }

  /** Draws visible states from their field, in place, and keeps means where wanted. */
  void drawVisible(DeviceArray field, int rows, DeviceArray mean, Draw draw) {
    visibleUnits.fieldTo(field, visibleBias, rows, mean, field, draw);
  }
}
