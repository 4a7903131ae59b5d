/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ReplayBufferTest {

  private static final Starts MARKED = (random, out) -> out.assign(-1);

  private static ReplayBuffer buffer(int capacity, double probability, RandomStream random) {
    return new ReplayBuffer(
        capacity, probability, MARKED, DataType.FLOAT, new long[] {2, 3}, random);
  }

  /** Every chain is drawn equally often, none twice in a batch. */
  @Test
  void drawsDifferentChainsEvenly() {
    try (RandomStream random = new RandomStream(3)) {
      ReplayBuffer buffer = buffer(10, 0, random);
      int[] counts = new int[10];
      int batches = 4000;
      for (int i = 0; i < batches; i++) {
        ReplayBuffer.Batch batch = buffer.draw(3);
        assertArrayEquals(new long[] {3, 2, 3}, batch.points().shape());
        assertEquals(3, Arrays.stream(batch.slots()).distinct().count());
        Arrays.stream(batch.slots()).forEach(slot -> counts[slot]++);
      }
      for (int count : counts) {
        assertEquals(0.3, (double) count / batches, Limits.bernstein(0.21, 0.7, batches));
      }
      assertEquals(0, buffer.restartRate());
    }
  }

  @Test
  void chainsComeBackUnlessBegunAnew() {
    try (RandomStream random = new RandomStream(3)) {
      ReplayBuffer buffer = buffer(50, 0.05, random);
      int restarts = 0;
      float[] marks = new float[50];
      Arrays.fill(marks, -1);
      int batches = 1000;
      for (int i = 0; i < batches; i++) {
        ReplayBuffer.Batch batch = buffer.draw(20);
        INDArray next = batch.points().dup();
        for (int j = 0; j < 20; j++) {
          float[] point = batch.points().slice(j).dup('c').data().asFloat();
          for (float value : point) {
            assertEquals(point[0], value);
          }
          if (point[0] == -1 && marks[batch.slots()[j]] != -1) {
            restarts++;
          } else {
            assertEquals(marks[batch.slots()[j]], point[0]);
          }
          marks[batch.slots()[j]] = i + 1;
          next.slice(j).assign(i + 1);
        }
        buffer.put(batch.slots(), next);
      }
      // The first draws of each chain show no restart.
      assertEquals(0.05, restarts / (20.0 * batches - 50), Limits.bernstein(0.0475, 0.95, 19_950));
      assertEquals(0.05, buffer.restartRate(), Limits.bernstein(0.0475, 0.95, 20_000));
      INDArray stored = buffer.points();
      for (int i = 0; i < 50; i++) {
        assertEquals(marks[i], stored.getFloat(i, 1, 2));
      }
    }
  }

  @Test
  void resumesWithTheSameNumbers() {
    Starts starts = Starts.uniform(new Box(-1, 2));
    try (RandomStream random = new RandomStream(3);
        RandomStream other = new RandomStream(4)) {
      ReplayBuffer buffer =
          new ReplayBuffer(9, 0.5, starts, DataType.DOUBLE, new long[] {4}, random);
      assertTrue(new Box(-1, 2).contains(buffer.points()));
      ReplayBuffer.Batch first = buffer.draw(5);
      buffer.put(first.slots(), first.points().addi(10));
      ReplayBuffer.State state = buffer.state();
      ReplayBuffer resumed =
          new ReplayBuffer(9, 0.5, starts, DataType.DOUBLE, new long[] {4}, other);
      resumed.restore(state);
      for (int i = 0; i < 3; i++) {
        ReplayBuffer.Batch a = buffer.draw(4);
        ReplayBuffer.Batch b = resumed.draw(4);
        assertArrayEquals(a.slots(), b.slots());
        NdAssert.assertSame(a.points(), b.points());
      }
      assertEquals(buffer.restartRate(), resumed.restartRate());
      ReplayBuffer smaller =
          new ReplayBuffer(8, 0.5, starts, DataType.DOUBLE, new long[] {4}, other);
      assertThrows(IllegalArgumentException.class, () -> smaller.restore(state));
    }
  }

  @Test
  void distributionsOfStarts() {
    INDArray out = Nd4j.create(DataType.DOUBLE, 10_000, 2);
    try (RandomStream random = new RandomStream(3)) {
      Starts.gaussian(3, 0.5).draw(random, out);
      assertEquals(1, TestEnergies.meanSquare(out.sub(3)) / 0.25, Limits.meanSquare(20_000));
      INDArray points = Nd4j.createFromArray(new double[][] {{1, 2}, {3, 4}, {5, 6}});
      Starts.among(points).draw(random, out);
      double[] values = NdAssert.values(out);
      double[] counts = new double[3];
      for (int i = 0; i < values.length; i += 2) {
        assertEquals(values[i] + 1, values[i + 1]);
        counts[(int) (values[i] - 1) / 2]++;
      }
      for (double count : counts) {
        assertEquals(1.0 / 3, count / 10_000, Limits.bernstein(2.0 / 9, 1, 10_000));
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> Starts.among(points).draw(random, Nd4j.create(DataType.DOUBLE, 4, 3)));
    }
    assertThrows(IllegalArgumentException.class, () -> Starts.gaussian(0, 0));
    assertThrows(IllegalArgumentException.class, () -> Starts.uniform(null));
    assertThrows(IllegalArgumentException.class, () -> Starts.among(Nd4j.empty(DataType.FLOAT)));
  }

  @Test
  void badInput() {
    try (RandomStream random = new RandomStream(3)) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> buffer(0, 0.1, random));
      assertTrue(e.getMessage().contains("empty buffer"), e::getMessage);
      assertThrows(IllegalArgumentException.class, () -> buffer(5, -0.1, random));
      assertThrows(
          IllegalArgumentException.class,
          () -> new ReplayBuffer(5, 0.1, null, DataType.FLOAT, new long[] {2}, random));
      assertThrows(IllegalArgumentException.class, () -> buffer(5, 1.1, random));
      assertThrows(
          IllegalArgumentException.class,
          () -> new ReplayBuffer(5, 0, MARKED, DataType.FLOAT, new long[0], random));
      ReplayBuffer buffer = buffer(5, 0, random);
      assertThrows(IllegalArgumentException.class, () -> buffer.draw(0));
      assertThrows(IllegalArgumentException.class, () -> buffer.draw(6));
      INDArray before = buffer.points();
      INDArray one = Nd4j.zeros(DataType.FLOAT, 1, 2, 3);
      for (Runnable bad :
          new Runnable[] {
            () -> buffer.put(new int[] {0, 1}, one),
            () -> buffer.put(new int[] {5}, one),
            () -> buffer.put(new int[] {0}, one.castTo(DataType.DOUBLE)),
            () -> buffer.put(new int[] {0}, one.dup().putScalar(3, Double.NaN))
          }) {
        assertThrows(IllegalArgumentException.class, bad::run);
      }
      NdAssert.assertSame(before, buffer.points());
    }
  }
}
