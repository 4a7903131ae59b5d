/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.dl4jebm.training.host.HostTuning;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the structure of 0/1 states could buy in the product of {@value #ROWS} states with the
 * weights of a 784-500 machine: the field of a row is the sum of the weights' rows of those units
 * that are on, so that nothing need be multiplied and the units that are off need not be looked at.
 * The same sums serve for keeping the field of a chain and adding only the units that have flipped;
 * {@code density} is then the share of these.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BinaryStatesBenchmark {

  static final int ROWS = 100;

  private static final int VISIBLE = 784;
  private static final int HIDDEN = 500;
  private static final long SEED = 42;

  /** Rounding of a sum of some hundred numbers below 1/2. */
  private static final double TOLERANCE = 1e-3;

  /** Share of the units that are on. */
  @Param({"0.02", "0.05", "0.1", "0.2", "0.5"})
  public double density;

  /** Hidden units that are summed at once, so that their weights fit a cache. */
  @Param({"128", "500"})
  public int columns;

  private INDArray weights;
  private INDArray states;
  private INDArray field;
  private float[] heapWeights;
  private float[] heapField;
  private int[] on;
  private int[] rowStarts;

  /** Creates the state; JMH fills in the parameters. */
  public BinaryStatesBenchmark() {}

  /** Draws the states. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    Nd4j.getRandom().setSeed(SEED);
    weights = Nd4j.rand(DataType.FLOAT, VISIBLE, HIDDEN).subi(0.5).dup('f');
    states = Nd4j.rand(DataType.FLOAT, ROWS, VISIBLE).lt(density).castTo(DataType.FLOAT).dup('c');
    field = Nd4j.create(DataType.FLOAT, new long[] {HIDDEN, ROWS}, 'f');
    heapWeights = weights.dup('c').data().asFloat();
    heapField = new float[ROWS * HIDDEN];
    on = new int[ROWS * VISIBLE];
    rowStarts = new int[ROWS + 1];
    float[] products = product().data().asFloat();
    float[] sums = sumsOfRows();
    for (int i = 0; i < sums.length; i++) {
      if (Math.abs(sums[i] - products[i]) > TOLERANCE) {
        throw new IllegalStateException("field " + i + " is " + sums[i] + ", not " + products[i]);
      }
    }
  }

  /**
   * The matrix product.
   *
   * @return the fields
   */
  @Benchmark
  public INDArray product() {
    return Nd4j.gemm(weights, states.transpose(), field, true, false, 1.0, 0.0);
  }

  /**
   * The sums of rows on the Java heap, where the JVM vectorises them, with the search for the units
   * that are on; without the copies from and to native memory.
   *
   * @return the fields
   */
  @Benchmark
  public float[] sumsOfRows() {
    findUnitsThatAreOn();
    Arrays.fill(heapField, 0);
    for (int first = 0; first < HIDDEN; first += columns) {
      int width = Math.min(columns, HIDDEN - first);
      for (int row = 0; row < ROWS; row++) {
        for (int i = rowStarts[row]; i < rowStarts[row + 1]; i++) {
          add(heapWeights, on[i] * HIDDEN + first, heapField, row * HIDDEN + first, width);
        }
      }
    }
    return heapField;
  }

  private static void add(float[] from, int start, float[] to, int target, int n) {
    for (int j = 0; j < n; j++) {
      to[target + j] += from[start + j];
    }
  }

  private void findUnitsThatAreOn() {
    float[] values = states.data().asFloat();
    int found = 0;
    for (int row = 0; row < ROWS; row++) {
      rowStarts[row] = found;
      for (int i = 0; i < VISIBLE; i++) {
        if (values[row * VISIBLE + i] != 0) {
          on[found++] = i;
        }
      }
    }
    rowStarts[ROWS] = found;
  }
}
