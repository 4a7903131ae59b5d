/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The schedule of Jang, Gu and Poole (ICLR 2017): {@code max(minimum, initial exp(-rate t))}, with
 * {@code t} the iteration or epoch rounded down to a multiple of {@code every}. They took initial
 * 1, minimum 0.5, a rate of 1e-5 or 1e-4 an iteration.
 *
 * @param scheduleType what {@code t} counts
 * @param initial the value at {@code t = 0}, above 0
 * @param rate how fast it falls, 0 or more
 * @param minimum the least value, above 0, at most {@code initial}
 * @param every the value changes at multiples of this only, 1 or more
 */
public record AnnealedTemperature(
    @JsonProperty("scheduleType") ScheduleType scheduleType,
    @JsonProperty("initial") double initial,
    @JsonProperty("rate") double rate,
    @JsonProperty("minimum") double minimum,
    @JsonProperty("every") int every)
    implements ISchedule {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the one that is out of range
   */
  public AnnealedTemperature {
    require(scheduleType != null, "scheduleType", scheduleType, "ITERATION or EPOCH");
    require(initial > 0 && initial < Double.POSITIVE_INFINITY, "initial", initial, "above 0");
    require(rate >= 0 && rate < Double.POSITIVE_INFINITY, "rate", rate, "finite, 0 or more");
    require(
        minimum > 0 && minimum <= initial,
        "minimum",
        minimum,
        "above 0, at most initial " + initial);
    require(every >= 1, "every", every, "1 or more");
  }

  private static void require(boolean met, String name, Object value, String accepted) {
    if (!met) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: " + accepted);
    }
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    int t = scheduleType == ScheduleType.ITERATION ? iteration : epoch;
    return Math.max(minimum, initial * Math.exp(-rate * (t - t % every)));
  }

  @Override
  public ISchedule clone() {
    return this;
  }
}
