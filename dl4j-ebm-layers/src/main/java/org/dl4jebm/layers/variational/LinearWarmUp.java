/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A schedule that rises from {@code start} to {@code end} in equal steps and stays there: {@code
 * start + (end - start) min(1, t / duration)}, for {@link KullbackLeiblerTerm#warmUp} or {@link
 * KullbackLeiblerTerm#capacity}.
 *
 * @param scheduleType what {@code t} counts
 * @param start value at {@code t = 0}, finite
 * @param end value from {@code t = duration} on, finite
 * @param duration number of iterations or epochs, 1 or more
 */
public record LinearWarmUp(
    @JsonProperty("scheduleType") ScheduleType scheduleType,
    @JsonProperty("start") double start,
    @JsonProperty("end") double end,
    @JsonProperty("duration") int duration)
    implements ISchedule {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the one that is out of range
   */
  public LinearWarmUp {
    if (scheduleType == null) {
      throw new IllegalArgumentException("scheduleType is null; accepted: ITERATION or EPOCH");
    }
    if (!Double.isFinite(start) || !Double.isFinite(end)) {
      throw new IllegalArgumentException(
          "start is " + start + " and end is " + end + "; accepted: finite numbers");
    }
    if (duration < 1) {
      throw new IllegalArgumentException("duration is " + duration + "; accepted: 1 or more");
    }
  }

  /**
   * From 0 to 1.
   *
   * @param scheduleType what {@code t} counts
   * @param duration number of iterations or epochs, 1 or more
   */
  public LinearWarmUp(ScheduleType scheduleType, int duration) {
    this(scheduleType, 0, 1, duration);
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    int t = scheduleType == ScheduleType.ITERATION ? iteration : epoch;
    return start + (end - start) * Math.min(1, t / (double) duration);
  }

  @Override
  public ISchedule clone() {
    return this;
  }
}
