/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.rbm.Centering;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.FastWeights;
import org.dl4jebm.layers.rbm.RbmObjective;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.dl4jebm.training.pretrain.PretrainResult;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
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
 * A step of each training algorithm of a 784-500 machine through {@link GreedyPretrainer}, batches
 * of {@value #BATCH}, against the matrix products of such a step alone: three with the data and two
 * for each sweep. An invocation is a pass over {@value #ROWS} rows.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 7, time = 2)
public class RbmTrainingBenchmark {

  static final int ROWS = 2_000;
  static final int BATCH = 100;

  private static final int TEMPERATURES = 10;
  private static final int VISIBLE = 784;
  private static final int HIDDEN = 500;
  private static final long SEED = 42;

  /** The algorithms. */
  public enum Algorithm {
    /** One sweep from the data. */
    CD1(1, ContrastiveDivergenceOptions.DEFAULT),
    /** Ten sweeps from the data. */
    CD10(10, ContrastiveDivergenceOptions.DEFAULT.withK(10)),
    /** One sweep of persistent chains. */
    PCD(1, ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(BATCH)),
    /** One sweep of persistent chains, centred gradient. */
    CENTERED_PCD(
        1,
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(BATCH)
            .withCentering(Centering.DEFAULT)),
    /** One sweep of persistent chains with fast weights. */
    FPCD(
        1,
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(BATCH)
            .withFastWeights(FastWeights.ofRate(0.01))),
    /** One sweep of as many tempered chains, ten temperatures each. */
    PT(
        1,
        TEMPERATURES,
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(BATCH)
            .withTempering(Tempering.ofTemperatures(TEMPERATURES)));

    private final int sweeps;
    private final int temperatures;
    private final RbmObjective objective;

    Algorithm(int sweeps, RbmObjective objective) {
      this(sweeps, 1, objective);
    }

    Algorithm(int sweeps, int temperatures, RbmObjective objective) {
      this.sweeps = sweeps;
      this.temperatures = temperatures;
      this.objective = objective;
    }
  }

  /** The algorithm. */
  @Param public Algorithm algorithm;

  private MultiLayerNetwork network;
  private ShuffledDataSetIterator data;
  private INDArray weights;
  private INDArray gradient;
  private INDArray visible;
  private INDArray hidden;
  private INDArray reconstruction;
  private INDArray chainVisible;
  private INDArray chainHidden;

  /** Creates the state; JMH fills in the parameters. */
  public RbmTrainingBenchmark() {}

  /** Builds network, data and the arrays of the products. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    Nd4j.getRandom().setSeed(SEED);
    INDArray rows = Nd4j.rand(DataType.FLOAT, ROWS, VISIBLE).gt(0.5).castTo(DataType.FLOAT);
    data =
        new ShuffledDataSetIterator(
            rows, ShuffledDataSetIterator.Options.shuffled(BATCH, SEED).reusingArrays());
    network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new Sgd(0.01))
                .weightInit(new NormalDistribution(0, 0.01))
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .nIn(VISIBLE)
                        .nOut(HIDDEN)
                        .objective(algorithm.objective)
                        .build())
                .build());
    network.init();
    weights = Nd4j.rand(DataType.FLOAT, VISIBLE, HIDDEN).subi(0.5).muli(0.02).dup('f');
    gradient = Nd4j.create(DataType.FLOAT, new long[] {VISIBLE, HIDDEN}, 'f');
    visible = Nd4j.rand(DataType.FLOAT, BATCH, VISIBLE).gt(0.5).castTo(DataType.FLOAT).dup('f');
    hidden = Nd4j.create(DataType.FLOAT, new long[] {BATCH, HIDDEN}, 'f');
    reconstruction = Nd4j.create(DataType.FLOAT, new long[] {BATCH, VISIBLE}, 'f');
    int chains = BATCH * algorithm.temperatures;
    chainVisible = Nd4j.create(DataType.FLOAT, new long[] {chains, VISIBLE}, 'f');
    chainHidden = Nd4j.create(DataType.FLOAT, new long[] {chains, HIDDEN}, 'f');
  }

  /**
   * The matrix products alone.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray products() {
    for (int i = 0; i < ROWS / BATCH; i++) {
      Nd4j.gemm(visible, weights, hidden, false, false, 1.0, 0.0);
      Nd4j.gemm(visible, hidden, gradient, true, false, 1.0, 0.0);
      for (int sweep = 0; sweep < algorithm.sweeps; sweep++) {
        Nd4j.gemm(chainHidden, weights, chainVisible, false, true, 1.0, 0.0);
        Nd4j.gemm(chainVisible, weights, chainHidden, false, false, 1.0, 0.0);
      }
      Nd4j.gemm(reconstruction, hidden, gradient, true, false, -1.0, 1.0);
    }
    return gradient;
  }

  /**
   * A pass of training through the public trainer.
   *
   * @return what the trainer reports
   */
  @Benchmark
  public PretrainResult training() {
    return new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, data);
  }
}
