/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.likelihood.AisEstimate;
import org.dl4jebm.training.likelihood.AisOptions;
import org.dl4jebm.training.likelihood.AnnealedImportanceSampling;
import org.dl4jebm.training.likelihood.BaseRate;
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
 * Sampling from a 784-500 machine against the matrix products alone: Gibbs sweeps, and as many
 * steps of annealed importance sampling, which make two products each. Milliseconds an invocation.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 7, time = 2)
public class RbmSamplingBenchmark {

  private static final int VISIBLE = 784;
  private static final int HIDDEN = 500;
  private static final long SEED = 42;

  /** Chains, as rows of a batch. */
  @Param({"1000", "10000"})
  public int chains;

  /** Gibbs sweeps, and steps of annealing. */
  @Param("20")
  public int sweeps;

  private RbmModel model;
  private RandomStream random;
  private BaseRate base;
  private INDArray weights;
  private INDArray visible;
  private INDArray hiddenField;
  private INDArray visibleField;

  /** Creates the state; JMH fills in the parameters. */
  public RbmSamplingBenchmark() {}

  /** Makes a machine with weights of the size of trained ones. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    Nd4j.getRandom().setSeed(SEED);
    weights =
        Nd4j.randn(DataType.FLOAT, new long[] {VISIBLE, HIDDEN}).muli(0.1).castTo(DataType.FLOAT);
    weights = weights.dup('f');
    model =
        new RbmModel(
            weights,
            Nd4j.zeros(DataType.FLOAT, HIDDEN),
            Nd4j.zeros(DataType.FLOAT, VISIBLE),
            new BernoulliUnits(),
            new BernoulliUnits());
    random = new RandomStream(SEED);
    visible = Nd4j.rand(DataType.FLOAT, chains, VISIBLE).gt(0.5).castTo(DataType.FLOAT);
    base = BaseRate.ofData(model, visible);
    hiddenField = Nd4j.create(DataType.FLOAT, new long[] {chains, HIDDEN}, 'f');
    visibleField = Nd4j.create(DataType.FLOAT, new long[] {chains, VISIBLE}, 'f');
  }

  /**
   * The two matrix products of a sweep, alone.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray products() {
    for (int i = 0; i < sweeps; i++) {
      Nd4j.gemm(visible, weights, hiddenField, false, false, 1.0, 0.0);
      Nd4j.gemm(hiddenField, weights, visibleField, false, true, 1.0, 0.0);
    }
    return visibleField;
  }

  /**
   * Block Gibbs sampling.
   *
   * @return the states
   */
  @Benchmark
  public INDArray gibbs() {
    return model.gibbs(visible, sweeps, random);
  }

  /**
   * Annealed importance sampling.
   *
   * @return the estimate
   */
  @Benchmark
  public AisEstimate annealing() {
    return new AnnealedImportanceSampling(model, base, AisOptions.linear(sweeps, chains)).forward();
  }
}
