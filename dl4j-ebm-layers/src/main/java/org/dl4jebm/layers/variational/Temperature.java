/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.Schedules;
import org.nd4j.linalg.schedule.ISchedule;

/** Checks of the temperature of relaxed distributions. */
final class Temperature {

  private Temperature() {}

  static double require(double tau) {
    if (!(tau > 0 && tau < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "temperature is " + tau + "; accepted: a finite number above 0");
    }
    return tau;
  }

  static void require(double tau, ISchedule schedule) {
    require(tau);
    Schedules.requireReadable(schedule, "temperature schedule");
    if (schedule != null) {
      at(tau, schedule, 0, 0);
    }
  }

  static double at(double tau, ISchedule schedule, int iteration, int epoch) {
    if (schedule == null) {
      return tau;
    }
    double value = schedule.valueAt(iteration, epoch);
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "temperature is "
              + value
              + " at iteration "
              + iteration
              + ", epoch "
              + epoch
              + " of "
              + schedule
              + "; accepted: a finite number above 0");
    }
    return value;
  }
}
