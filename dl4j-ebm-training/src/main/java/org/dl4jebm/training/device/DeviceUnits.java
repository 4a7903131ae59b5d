/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Optional;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.MemoryPlan.Memory;

/** The visible units of a machine on a device. */
final class DeviceUnits {

  private static final String DEVIATION = "standard deviations";
  private static final String PRECISION = "inverse variances";

  private final Device device;
  private final UnitType type;
  private final int size;

  /** Null but for Gaussian units. */
  private final DeviceArray deviation;

  /** {@code 1 / s^2}; null where statistics are states. */
  private final DeviceArray precision;

  private DeviceUnits(
      Device device, UnitType type, int size, DeviceArray deviation, DeviceArray precision) {
    this.device = device;
    this.type = type;
    this.size = size;
    this.deviation = deviation;
    this.precision = precision;
  }

  /** Says why units cannot be visible ones of a machine on a device. */
  static Optional<String> reasonNotVisible(UnitType type) {
    boolean supported =
        type instanceof BernoulliUnits
            || type instanceof SoftmaxUnits
            || (type instanceof GaussianUnits gaussian && !gaussian.isLearned());
    return supported ? Optional.empty() : Optional.of("visible " + type.describe());
  }

  /** Says why units cannot be hidden ones of a machine on a device. */
  static Optional<String> reasonNotHidden(UnitType type) {
    return type instanceof BernoulliUnits
        ? Optional.empty()
        : Optional.of("hidden " + type.describe());
  }

  static void plan(MemoryPlan plan, UnitType type, int size) {
    if (type instanceof GaussianUnits) {
      plan.add(DEVIATION, Type.FLOAT, size);
      plan.add(PRECISION, Type.FLOAT, type.statisticIsState() ? 0 : size);
    }
  }

  static DeviceUnits of(Device device, Memory memory, UnitType type, int size) {
    DeviceArray deviation = memory.get(DEVIATION);
    DeviceArray precision = memory.get(PRECISION);
    if (type instanceof GaussianUnits gaussian) {
      float[] s = new float[size];
      float[] inverse = new float[size];
      for (int i = 0; i < size; i++) {
        double variance = varianceOf(gaussian.variance(), i);
        s[i] = (float) Math.sqrt(variance);
        inverse[i] = (float) (1 / variance);
      }
      deviation.upload(s);
      if (precision != null) {
        precision.upload(inverse);
      }
    }
    return new DeviceUnits(device, type, size, deviation, precision);
  }

  private static double varianceOf(double[] variances, int unit) {
    return variances.length == 0 ? 1 : variances[variances.length == 1 ? 0 : unit];
  }

  boolean isGaussian() {
    return deviation != null;
  }

  boolean statisticIsState() {
    return precision == null;
  }

  /** Means, times a factor, and states of units in a field; null for what is not wanted. */
  void fieldTo(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    if (isGaussian()) {
      device.gaussian(field, bias, deviation, rows, size, 1, mean, state, draw);
    } else if (type instanceof SoftmaxUnits groups) {
      device.softmax(field, bias, rows, size, groups.states(), 1, mean, state, draw);
    } else {
      device.logistic(field, bias, rows, size, 1, mean, state, draw);
    }
  }

  /** Replaces states by statistics, {@code t(v)}, or writes them elsewhere. */
  void statistics(DeviceArray states, int rows, DeviceArray out) {
    if (precision != null) {
      device.scaleColumns(states, precision, rows, size, out);
    }
  }

  /** {@code out[r] = sum (v / s)^2} of Gaussian units, from statistics. */
  void scaledSquares(
      DeviceArray statistics, int rows, DeviceArray scratch, DeviceArray zeros, DeviceArray out) {
    device.scaleColumns(statistics, deviation, rows, size, scratch);
    device.squaredDistances(scratch, zeros, rows, size, out);
  }
}
