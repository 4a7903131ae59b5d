/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.rbm.RbmParamInitializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.updater.HostNesterovs;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.dl4jebm.training.pretrain.PretrainResult;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
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
 * One CD-1 training step of a 784-{@code hidden} machine through {@link GreedyPretrainer}, with
 * data gathering, checks, score and update, against the five matrix products of such a step alone.
 *
 * <p>An invocation is a whole pass over {@value #ROWS} rows, reported in milliseconds a pass; all
 * benchmarks do the same number of steps, so the ratio of the two is what counts. Compare only
 * figures of one run: the speed of shared machines drifts.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 7, time = 2)
public class ContrastiveDivergenceBenchmark {

  static final int ROWS = 10_000;
  private static final int VISIBLE = 784;
  private static final long SEED = 42;

  /** Hidden units. */
  @Param({"500", "4096"})
  public int hidden;

  /** Rows of a batch. */
  @Param({"100", "1000"})
  public int batch;

  /** Updater of the trained machine: DL4J's, or {@link HostNesterovs}. */
  @Param({"sgd", "nesterovs", "hostNesterovs"})
  public String updater;

  /** Iterations from one score to the next; a large number switches it off. */
  @Param("10")
  public int scoreEvery;

  /** Whether {@link HostTuning} sets the thread policy before ND4J loads. */
  @Param("true")
  public boolean tuned;

  /** Whether a second process keeps one core busy meanwhile. */
  @Param("false")
  public boolean busy;

  private BusyCore neighbour;
  private MultiLayerNetwork network;
  private ShuffledDataSetIterator data;
  private Products products;
  private IdleMachine idle;
  private INDArray firstBatch;

  /** Creates the state; JMH fills in the parameters. */
  public ContrastiveDivergenceBenchmark() {}

  /** Builds network, data and the arrays of the products. */
  @Setup(Level.Trial)
  public void setUp() {
    if (tuned) {
      HostTuning.apply();
    }
    neighbour = BusyCore.start(busy);
    Nd4j.getRandom().setSeed(SEED);
    INDArray rows = Nd4j.rand(DataType.FLOAT, ROWS, VISIBLE).gt(0.5).castTo(DataType.FLOAT);
    data =
        new ShuffledDataSetIterator(
            rows, ShuffledDataSetIterator.Options.shuffled(batch, SEED).reusingArrays());
    network = network(newUpdater());
    products = new Products(batch, VISIBLE, hidden);
    network.initGradientsView();
    idle = IdleMachine.like(network.getLayer(0));
    firstBatch = data.next().getFeatures();
  }

  /** Ends the second process. */
  @TearDown(Level.Trial)
  public void tearDown() {
    neighbour.close();
  }

  /**
   * The matrix products of CD-1, alone.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray products() {
    INDArray last = null;
    for (int i = 0; i < ROWS / batch; i++) {
      last = products.once();
    }
    return last;
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

  /**
   * As many steps of DL4J's solver and updater for a layer that computes no gradient: what DL4J
   * itself costs, in time and, with {@code -prof gc}, in allocated memory.
   *
   * @return the layer
   */
  @Benchmark
  public Object solverAlone() {
    for (int i = 0; i < ROWS / batch; i++) {
      idle.fit(firstBatch, LayerWorkspaceMgr.noWorkspaces());
    }
    return idle;
  }

  private IUpdater newUpdater() {
    return switch (updater) {
      case "sgd" -> new Sgd(0.05);
      case "nesterovs" -> new Nesterovs(0.05, 0.5);
      case "hostNesterovs" -> new HostNesterovs(0.05, 0.5);
      default ->
          throw new IllegalArgumentException(
              "updater is " + updater + "; accepted: sgd, nesterovs, hostNesterovs");
    };
  }

  private MultiLayerNetwork network(IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(updater)
                .weightInit(new NormalDistribution(0, 0.01))
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .nIn(VISIBLE)
                        .nOut(hidden)
                        .scoreEvery(scoreEvery)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .nIn(hidden)
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }

  /** A layer with the parameters of a machine that leaves its gradient at zero. */
  private static final class IdleMachine extends RestrictedBoltzmannMachineLayer {

    private static final long serialVersionUID = 1L;

    IdleMachine(NeuralNetConfiguration conf) {
      super(conf, DataType.FLOAT);
    }

    static IdleMachine like(Layer machine) {
      NeuralNetConfiguration conf = machine.conf().clone();
      INDArray parameters = machine.params().dup();
      IdleMachine idle = new IdleMachine(conf);
      idle.setParamsViewArray(parameters);
      idle.setParamTable(RbmParamInitializer.getInstance().init(conf, parameters, false));
      idle.setBackpropGradientsViewArray(parameters.like());
      return idle;
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr workspaceMgr) {
      gradient = new DefaultGradient(gradientsFlattened);
      gradient.gradientForVariable().putAll(gradientViews);
    }
  }

  /**
   * The five products of one CD-1 step, in the order and memory layout that is fastest for gemm.
   */
  private static final class Products {

    private final INDArray weights;
    private final INDArray gradient;
    private final INDArray data;
    private final INDArray hiddenMean;
    private final INDArray reconstruction;

    Products(int batch, int visible, int hidden) {
      weights = Nd4j.rand(DataType.FLOAT, visible, hidden).subi(0.5).muli(0.02).dup('f');
      gradient = Nd4j.create(DataType.FLOAT, new long[] {visible, hidden}, 'f');
      data = Nd4j.rand(DataType.FLOAT, batch, visible).gt(0.5).castTo(DataType.FLOAT).dup('f');
      hiddenMean = Nd4j.create(DataType.FLOAT, new long[] {batch, hidden}, 'f');
      reconstruction = Nd4j.create(DataType.FLOAT, new long[] {batch, visible}, 'f');
    }

    INDArray once() {
      Nd4j.gemm(data, weights, hiddenMean, false, false, 1.0, 0.0);
      Nd4j.gemm(hiddenMean, weights, reconstruction, false, true, 1.0, 0.0);
      Nd4j.gemm(reconstruction, weights, hiddenMean, false, false, 1.0, 0.0);
      Nd4j.gemm(data, hiddenMean, gradient, true, false, 1.0, 0.0);
      Nd4j.gemm(reconstruction, hiddenMean, gradient, true, false, -1.0, 1.0);
      return gradient;
    }
  }
}
