/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import org.dl4jebm.training.host.HostTuning;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.random.impl.BernoulliDistribution;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the thread wait policy of {@link HostTuning} does to a loop of small operations, as samplers
 * and contrastive divergence run it: half a Gibbs step of a 784-500 machine on 100 rows (product,
 * sigmoid, Bernoulli draw, all into arrays that are there already), with and without another
 * process that wants a core.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 6, time = 2)
public class SmallOperationsBenchmark {

  private static final int ROWS = 100;
  private static final int VISIBLE = 784;
  private static final int HIDDEN = 500;
  private static final long SEED = 42;

  /** Whether {@link HostTuning} sets the thread policy before ND4J loads. */
  @Param({"false", "true"})
  public boolean tuned;

  /** Whether a second process keeps one core busy meanwhile. */
  @Param({"false", "true"})
  public boolean busy;

  private BusyCore neighbour;
  private INDArray visible;
  private INDArray weights;
  private INDArray probability;
  private INDArray sample;

  /** Creates the state; JMH fills in the parameters. */
  public SmallOperationsBenchmark() {}

  /** Tunes the host, then allocates all arrays. */
  @Setup(Level.Trial)
  public void setUp() {
    if (tuned) {
      System.out.println(HostTuning.apply());
    }
    neighbour = BusyCore.start(busy);
    Nd4j.getRandom().setSeed(SEED);
    visible = Nd4j.rand(DataType.FLOAT, ROWS, VISIBLE).dup('f');
    weights = Nd4j.randn(DataType.FLOAT, VISIBLE, HIDDEN).muli(0.01).dup('f');
    probability = Nd4j.create(DataType.FLOAT, new long[] {ROWS, HIDDEN}, 'f');
    sample = Nd4j.create(DataType.FLOAT, new long[] {ROWS, HIDDEN}, 'f');
  }

  /** Ends the second process. */
  @TearDown(Level.Trial)
  public void tearDown() {
    neighbour.close();
  }

  /**
   * Draws the hidden units given the visible ones.
   *
   * @return the sample
   */
  @Benchmark
  public INDArray sampleHidden() {
    Nd4j.gemm(visible, weights, probability, false, false, 1.0, 0.0);
    Transforms.sigmoid(probability, false);
    return Nd4j.getExecutioner().exec(new BernoulliDistribution(sample, probability));
  }
}
