/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.LangevinChains;
import org.dl4jebm.training.score.ScoreMatching;
import org.dl4jebm.training.score.ScoreMatchingOptions;
import org.dl4jebm.training.score.ScoreMatchingResult;
import org.dl4jebm.training.score.ScoreObjective;
import org.dl4jebm.training.score.ScoreTwin;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One step of score matching of an energy {@code d}-512-512-1 with softplus, batch 128, Adam,
 * against its matrix products alone and against an ordinary step of the same network; and one step
 * of 128 Langevin chains on it.
 *
 * <p>The products of a sliced step have three streams, 384 rows, but for those of the first layer,
 * whose second derivatives are 0: they have 256. They are three forward, three of the gradients of
 * the weights, and two of the derivatives that go back; none of the derivatives in the data. A
 * denoising step needs the gradient in the data besides (five products of 128 rows), then two
 * streams. An exact step has 66 streams, 65 in the first layer.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
public class ScoreMatchingBenchmark {

  private static final int BATCH = 128;
  private static final int BATCHES = 50;
  private static final int HIDDEN = 512;
  private static final long SEED = 42;

  /** What is minimised. */
  @Param({"sliced", "denoising", "exact"})
  public String objective;

  /** Width of the data. */
  @Param({"784", "64"})
  public int width;

  /** Activation of the hidden layers; SWISH is PyTorch's SiLU. */
  @Param({"SOFTPLUS"})
  public String activation = "SOFTPLUS";

  private MultiLayerNetwork network;
  private LangevinChains imageChains;
  private ScoreTwin<MultiLayerNetwork> twin;
  private RandomStream random;
  private LangevinChains chains;
  private NetworkEnergy energy;
  private final List<INDArray> batches = new ArrayList<>();
  private final List<INDArray> labels = new ArrayList<>();
  private DataSetIterator data;
  private int next;
  private List<Products> products;
  private List<Products> plainProducts;

  /** Creates the state; JMH fills in the parameters. */
  public ScoreMatchingBenchmark() {}

  /** Builds network, data and the arrays of the products. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    Nd4j.getRandom().setSeed(SEED);
    random = new RandomStream(SEED);
    INDArray rows = Nd4j.rand(DataType.FLOAT, BATCHES * BATCH, width);
    data =
        new ShuffledDataSetIterator(
            rows, ShuffledDataSetIterator.Options.shuffled(BATCH, SEED).reusingArrays());
    for (int i = 0; i < BATCHES; i++) {
      INDArray batch =
          rows.get(NDArrayIndex.interval((long) i * BATCH, (i + 1L) * BATCH), NDArrayIndex.all());
      batches.add(batch.dup('c'));
      labels.add(batch.mean(true, 1));
    }
    Activation hidden = Activation.valueOf(activation);
    network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new HostAdam(1e-4))
                .list()
                .layer(new DenseLayer.Builder().nOut(HIDDEN).activation(hidden).build())
                .layer(new DenseLayer.Builder().nOut(HIDDEN).activation(hidden).build())
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(width))
                .build());
    network.init();
    twin = ScoreTwin.of(network, objective(), width);
    energy = new NetworkEnergy(network);
    chains =
        LangevinChains.from(
            DifferentiableEnergy.of(energy),
            batches.get(0),
            Langevin.ofPaperStep(0.01),
            new RandomStream(SEED));
    int streams = streams();
    boolean seconds = !objective.equals("denoising");
    products =
        List.of(
            new Products((streams - (seconds ? 1 : 0)) * BATCH, width, HIDDEN, false, true),
            new Products(streams * BATCH, HIDDEN, HIDDEN, true, true),
            new Products(streams * BATCH, HIDDEN, 1, true, true));
    plainProducts =
        List.of(
            new Products(BATCH, width, HIDDEN, true, false),
            new Products(BATCH, HIDDEN, HIDDEN, true, false),
            new Products(BATCH, HIDDEN, 1, true, false));
  }

  private ScoreObjective objective() {
    return switch (objective) {
      case "sliced" -> ScoreObjective.sliced(1, Probes.GAUSSIAN);
      case "denoising" -> ScoreObjective.denoising(0.3);
      case "exact" -> ScoreObjective.exact();
      default ->
          throw new IllegalArgumentException(
              "objective is " + objective + "; accepted: sliced, denoising, exact");
    };
  }

  private int streams() {
    return switch (objective) {
      case "sliced" -> 3;
      case "denoising" -> 2;
      default -> 2 + width;
    };
  }

  /**
   * A step of score matching.
   *
   * @return the score
   */
  @Benchmark
  public double training() {
    MultiLayerNetwork trained = twin.network();
    trained.fit(twin.minibatch(batches.get(next++ % BATCHES), random));
    return trained.score();
  }

  /**
   * A step through the trainer, in passes over {@value #BATCHES} batches.
   *
   * @return what the trainer reports
   */
  @Benchmark
  @OperationsPerInvocation(BATCHES)
  public ScoreMatchingResult trainer() {
    data.reset();
    return new ScoreMatching(ScoreMatchingOptions.of(objective(), 1)).fit(network, data);
  }

  /**
   * The matrix products of that step.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray products() {
    if (objective.equals("denoising")) {
      plainProducts.forEach(Products::once);
    }
    INDArray last = null;
    for (Products layer : products) {
      last = layer.once();
    }
    return last;
  }

  /**
   * An ordinary training step of the network, with a squared error, through {@code
   * MultiLayerNetwork.fit}.
   *
   * @return the score
   */
  @Benchmark
  public double plain() {
    int i = next++ % BATCHES;
    network.fit(batches.get(i), labels.get(i));
    return network.score();
  }

  /**
   * One step of 128 Langevin chains.
   *
   * @return the chains
   */
  @Benchmark
  public LangevinChains langevin() {
    return chains.step(1);
  }

  /**
   * One step of 128 Langevin chains of images of 28 x 28 pixels on a network of three convolutions
   * (3 x 3, 32, 64 and 64 channels, strides 1, 2 and 2, swish) and a dense output.
   *
   * @return the chains
   */
  @Benchmark
  public LangevinChains imageLangevin() {
    if (imageChains == null) {
      imageChains = imageChains();
    }
    return imageChains.step(1);
  }

  private static LangevinChains imageChains() {
    MultiLayerNetwork images =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .list()
                .layer(convolution(32, 1))
                .layer(convolution(64, 2))
                .layer(convolution(64, 2))
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(28, 28, 1))
                .build());
    images.init();
    return LangevinChains.from(
        DifferentiableEnergy.of(new NetworkEnergy(images)),
        Nd4j.rand(DataType.FLOAT, BATCH, 1, 28, 28),
        Langevin.ofPaperStep(0.01),
        new RandomStream(SEED));
  }

  private static ConvolutionLayer convolution(int channels, int stride) {
    return new ConvolutionLayer.Builder(3, 3)
        .nOut(channels)
        .stride(stride, stride)
        .padding(1, 1)
        .activation(Activation.SWISH)
        .build();
  }

  /**
   * The gradient in the data alone.
   *
   * @return the gradient
   */
  @Benchmark
  public INDArray inputGradient() {
    return energy.gradient(batches.get(next++ % BATCHES));
  }

  /**
   * The products of a gradient in the data: forward, and back without gradients of the weights.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray inputGradientProducts() {
    INDArray last = null;
    for (Products layer : plainProducts) {
      last = layer.once();
    }
    return last;
  }

  /** The products of one dense layer, forward and back. */
  private static final class Products {

    private final INDArray input;
    private final INDArray weights;
    private final INDArray output;
    private final INDArray gradient;
    private final INDArray inputGradient;

    Products(int rows, int in, int out, boolean back, boolean weightGradient) {
      input = Nd4j.rand(DataType.FLOAT, rows, in).dup('f');
      weights = Nd4j.rand(DataType.FLOAT, in, out).subi(0.5).muli(0.02).dup('f');
      output = Nd4j.create(DataType.FLOAT, new long[] {rows, out}, 'f');
      gradient = weightGradient ? Nd4j.create(DataType.FLOAT, new long[] {in, out}, 'f') : null;
      inputGradient = back ? Nd4j.create(DataType.FLOAT, new long[] {rows, in}, 'f') : null;
    }

    INDArray once() {
      Nd4j.gemm(input, weights, output, false, false, 1.0, 0.0);
      if (gradient != null) {
        Nd4j.gemm(input, output, gradient, true, false, 1.0, 0.0);
      }
      if (inputGradient != null) {
        Nd4j.gemm(output, weights, inputGradient, false, true, 1.0, 0.0);
      }
      return output;
    }
  }
}
