/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.dense.CachedDense;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.layers.variational.BernoulliLikelihood;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.dl4jebm.training.host.HostTuning;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * One training step of a variational autoencoder 784-400-20-400-784 with Adam through {@code
 * MultiLayerNetwork.fit}, against the matrix products of such a step alone: four forward, four of
 * the gradients of the weights, three of the derivatives that go back. (DL4J computes a fourth,
 * that in the data, which nobody needs; it counts as overhead.)
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 9, time = 1)
public class VariationalBenchmark {

  private static final int ROWS = 12_800;
  private static final int[] SIZES = {784, 400, 40, 20, 400, 784};
  private static final long SEED = 42;

  /** Rows of a batch. */
  @Param("128")
  public int batch;

  /** DL4J's Adam, or {@link HostAdam}. */
  @Param({"adam", "hostAdam"})
  public String updater;

  /** DL4J's dense layers, or {@link CachedDense}. */
  @Param({"dense", "cached"})
  public String layers;

  private MultiLayerNetwork network;
  private MultiLayerNetwork plain;
  private GradientUpdater<?> adam;
  private INDArray step;
  private final List<INDArray> batches = new ArrayList<>();
  private int next;
  private final List<Products> products = new ArrayList<>();

  /** Creates the state; JMH fills in the parameters. */
  public VariationalBenchmark() {}

  /** Builds network, data and the arrays of the products. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    Nd4j.getRandom().setSeed(SEED);
    INDArray rows = Nd4j.rand(DataType.FLOAT, ROWS, SIZES[0]).gt(0.5).castTo(DataType.FLOAT);
    for (int from = 0; from + batch <= ROWS; from += batch) {
      batches.add(rows.get(NDArrayIndex.interval(from, from + batch), NDArrayIndex.all()).dup('c'));
    }
    network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(dense(SIZES[1], Activation.RELU, true))
                .layer(dense(SIZES[2], Activation.IDENTITY, false))
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(SIZES[3]).build())
                .layer(dense(SIZES[4], Activation.RELU, false))
                .layer(dense(SIZES[5], Activation.IDENTITY, false))
                .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).build())
                .setInputType(InputType.feedForward(SIZES[0]))
                .build());
    network.init();
    plain =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(dense(SIZES[1], Activation.RELU, true))
                .layer(dense(SIZES[2], Activation.IDENTITY, false))
                .layer(dense(SIZES[4], Activation.RELU, false))
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.XENT)
                        .nOut(SIZES[5])
                        .activation(Activation.SIGMOID)
                        .build())
                .setInputType(InputType.feedForward(SIZES[0]))
                .build());
    plain.init();
    step = Nd4j.rand(DataType.FLOAT, 1, network.numParams());
    Adam configuration = newUpdater();
    adam =
        configuration.instantiate(
            Nd4j.zeros(DataType.FLOAT, 1, configuration.stateSize(network.numParams())), true);
    for (int i : new int[] {0, 1, 3, 4}) {
      products.add(new Products(batch, SIZES[i], SIZES[i + 1], i > 0));
    }
  }

  private NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder().seed(SEED).updater(newUpdater());
  }

  private Adam newUpdater() {
    return updater.equals("adam") ? new Adam(1e-3) : new HostAdam(1e-3);
  }

  private FeedForwardLayer dense(int units, Activation activation, boolean first) {
    return layers.equals("cached")
        ? new CachedDense.Builder().nOut(units).activation(activation).inputGradient(!first).build()
        : new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  /**
   * A training step.
   *
   * @return the score
   */
  @Benchmark
  public double training() {
    INDArray x = batches.get(next++ % batches.size());
    network.fit(x, x);
    return network.score();
  }

  /**
   * The matrix products of a step.
   *
   * @return the array written last
   */
  @Benchmark
  public INDArray products() {
    INDArray last = null;
    for (Products layer : products) {
      last = layer.once();
    }
    return last;
  }

  /**
   * DL4J's own part of such a step: the same dense layers and updater as a plain autoencoder, its
   * code of 40 numbers, with DL4J's binary cross-entropy.
   *
   * @return the score
   */
  @Benchmark
  public double plainAutoencoder() {
    INDArray x = batches.get(next++ % batches.size());
    plain.fit(x, x);
    return plain.score();
  }

  /**
   * The updater alone, on as many numbers as the network has parameters.
   *
   * @return the step
   */
  @Benchmark
  public INDArray adam() {
    adam.applyUpdater(step, next++, 0);
    return step;
  }

  /** The products of one dense layer, forward and back. */
  private static final class Products {

    private final INDArray input;
    private final INDArray weights;
    private final INDArray output;
    private final INDArray gradient;
    private final INDArray inputGradient;

    Products(int batch, int in, int out, boolean back) {
      input = Nd4j.rand(DataType.FLOAT, batch, in).dup('f');
      weights = Nd4j.rand(DataType.FLOAT, in, out).subi(0.5).muli(0.02).dup('f');
      output = Nd4j.create(DataType.FLOAT, new long[] {batch, out}, 'f');
      gradient = Nd4j.create(DataType.FLOAT, new long[] {in, out}, 'f');
      inputGradient = back ? Nd4j.create(DataType.FLOAT, new long[] {batch, in}, 'f') : null;
    }

    INDArray once() {
      Nd4j.gemm(input, weights, output, false, false, 1.0, 0.0);
      Nd4j.gemm(input, output, gradient, true, false, 1.0, 0.0);
      if (inputGradient != null) {
        Nd4j.gemm(output, weights, inputGradient, false, true, 1.0, 0.0);
      }
      return gradient;
    }
  }
}
