/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.dl4jebm.training.device.Execution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link AnnealingSchedule} and {@link AisOptions}. */
class AnnealingScheduleTest {

  private static void assertValid(AnnealingSchedule schedule, int steps) {
    assertEquals(steps, schedule.steps());
    // The checks of given numbers hold for made ones.
    assertEquals(schedule, AnnealingSchedule.of(schedule.betas()));
    assertEquals(schedule.hashCode(), AnnealingSchedule.of(schedule.betas()).hashCode());
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 17, 100, 1000, 14_500})
  void allFormsRiseFromZeroToOne(int steps) {
    assertValid(AnnealingSchedule.linear(steps), steps);
    assertValid(AnnealingSchedule.salakhutdinovMurray(steps), steps);
    assertValid(AnnealingSchedule.sigmoid(steps, 0.1), steps);
    assertValid(AnnealingSchedule.sigmoid(steps, 4), steps);
    assertValid(AnnealingSchedule.sigmoid(steps, 15), steps);
  }

  @Test
  void oneStep() {
    assertArrayEquals(new double[] {0, 1}, AnnealingSchedule.linear(1).betas());
    assertArrayEquals(new double[] {0, 1}, AnnealingSchedule.sigmoid(1, 4).betas());
  }

  @Test
  void linear() {
    assertArrayEquals(
        new double[] {0, 0.25, 0.5, 0.75, 1}, AnnealingSchedule.linear(4).betas(), 1e-15);
  }

  /** The 14,500 of the paper: 500 to 0.5, 4,000 to 0.9, 10,000 to 1. */
  @Test
  void salakhutdinovMurray() {
    double[] betas = AnnealingSchedule.salakhutdinovMurray(14_500).betas();
    assertEquals(0.001, betas[1], 1e-15);
    assertEquals(0.5, betas[500], 1e-15);
    assertEquals(0.5001, betas[501], 1e-12);
    assertEquals(0.9, betas[4500], 1e-15);
    assertEquals(0.90001, betas[4501], 1e-12);
    assertEquals(1, betas[14_500]);
    // The proportions stay with other numbers.
    double[] fewer = AnnealingSchedule.salakhutdinovMurray(1450).betas();
    assertEquals(0.5, fewer[50], 1e-15);
    assertEquals(0.9, fewer[450], 1e-15);
    assertArrayEquals(
        new double[] {0, 0.5, 0.9, 1}, AnnealingSchedule.salakhutdinovMurray(3).betas(), 1e-15);
  }

  @Test
  void sigmoid() {
    double[] betas = AnnealingSchedule.sigmoid(10, 4).betas();
    assertEquals(0.5, betas[5], 1e-15);
    for (int k = 0; k <= 10; k++) {
      assertEquals(1, betas[k] + betas[10 - k], 1e-14, "symmetric");
      double logistic = 1 / (1 + Math.exp(-4 * (k / 5.0 - 1)));
      double low = 1 / (1 + Math.exp(4));
      assertEquals((logistic - low) / (1 - 2 * low), betas[k], 1e-14);
    }
  }

  /** Where the machine changes three times as fast, steps are a third as long. */
  @Test
  void adaptedToEqualChanges() {
    AnnealingSchedule pilot = AnnealingSchedule.linear(100);
    double[] deviation = new double[100];
    Arrays.fill(deviation, 0, 50, 0.01);
    Arrays.fill(deviation, 50, 100, 0.03);
    AnnealingSchedule schedule = AnnealingSchedule.adapted(40, pilot, deviation);
    assertValid(schedule, 40);
    double[] betas = schedule.betas();
    assertEquals(0.05, betas[1], 1e-12);
    assertEquals(0.5, betas[10], 1e-12);
    assertEquals(0.5 + 0.05 / 3, betas[11], 1e-12);

    // Nothing changes in one half: it still gets a share.
    Arrays.fill(deviation, 0, 50, 0);
    AnnealingSchedule floored = AnnealingSchedule.adapted(210, pilot, deviation);
    assertValid(floored, 210);
    assertEquals(0.5, floored.betas()[10], 1e-12);
    assertEquals(AnnealingSchedule.linear(7), AnnealingSchedule.adapted(7, pilot, new double[100]));
  }

  @Test
  void schedulesAreCopies() {
    double[] given = {0, 0.3, 1};
    AnnealingSchedule schedule = AnnealingSchedule.of(given);
    given[1] = 0.9;
    schedule.betas()[1] = 0.8;
    assertArrayEquals(new double[] {0, 0.3, 1}, schedule.betas());
    assertEquals("2 steps [0.0, 0.3, 1.0]", schedule.toString());
    assertEquals("100 steps [0.0, 0.01, ..., 1.0]", AnnealingSchedule.linear(100).toString());
  }

  @Test
  void badSchedules() {
    assertMessage("steps is 0; accepted: 1 or more", () -> AnnealingSchedule.linear(0));
    assertMessage(
        "steps is 2; accepted: 3 or more", () -> AnnealingSchedule.salakhutdinovMurray(2));
    assertMessage("steps is -1; accepted: 1 or more", () -> AnnealingSchedule.sigmoid(-1, 4));
    assertMessage(
        "steepness is 0.0; accepted: greater than 0, at most 15",
        () -> AnnealingSchedule.sigmoid(3, 0));
    assertMessage(
        "steepness is NaN; accepted: greater than 0, at most 15",
        () -> AnnealingSchedule.sigmoid(3, Double.NaN));
    assertMessage(
        "betas are [0.0]; accepted: at least two numbers, the first 0 and the last 1",
        () -> AnnealingSchedule.of(0));
    assertMessage(
        "betas are [0.1, 1.0]; accepted: at least two numbers, the first 0 and the last 1",
        () -> AnnealingSchedule.of(0.1, 1));
    assertMessage(
        "betas[2] is 0.5; accepted: more than betas[1], which is 0.5",
        () -> AnnealingSchedule.of(0, 0.5, 0.5, 1));
    assertMessage(
        "betas[1] is NaN; accepted: more than betas[0], which is 0.0",
        () -> AnnealingSchedule.of(0, Double.NaN, 1));
  }

  @Test
  void options() {
    assertEquals(10_000, AisOptions.DEFAULT.schedule().steps());
    AisOptions options = AisOptions.linear(7, 3).withSeed(5);
    assertEquals(new AisOptions(AnnealingSchedule.linear(7), 3, 5, Execution.ND4J), options);
    assertMessage("chains is 0; accepted: 1 or more", () -> options.withChains(0));
    assertMessage(
        "schedule is null; accepted: an AnnealingSchedule", () -> options.withSchedule(null));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> options.withSeed(0))
            .getMessage()
            .startsWith("seed is 0; accepted: any other long"));
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
