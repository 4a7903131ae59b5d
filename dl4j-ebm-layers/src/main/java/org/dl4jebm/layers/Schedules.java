/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.io.IOException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Checks of DL4J's schedules. */
public final class Schedules {

  private Schedules() {}

  /**
   * Refuses a schedule that a saved model could not be read with; DL4J's RampSchedule, for one, is
   * written to a file that it cannot be read from.
   *
   * @param schedule the schedule, or null for none. Not modified.
   * @param name how the schedule is called in the message
   * @throws IllegalArgumentException if it cannot be read back from its JSON
   */
  public static void requireReadable(ISchedule schedule, String name) {
    if (schedule == null) {
      return;
    }
    try {
      ObjectMapper mapper = NeuralNetConfiguration.mapper();
      mapper.readValue(mapper.writeValueAsString(schedule), ISchedule.class);
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException(
          name
              + " is a "
              + schedule.getClass().getName()
              + ", which cannot be read back from JSON, nor could a model that is saved with it;"
              + " accepted: schedules that can, such as MapSchedule",
          e);
    }
  }
}
