/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.training.host.HostTuning;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
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
 * A plain Deeplearning4j convolutional network before and after {@link HostTuning}: 28x28 images,
 * three 3x3 convolutions with 32, 64 and 64 filters and strides 1, 2 and 2, batch 128, FLOAT. Each
 * value of {@link #tuning} runs in a JVM of its own.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 6, time = 2)
public class ConvolutionBenchmark {

  private static final int SIDE = 28;
  private static final int BATCH = 128;
  private static final int CLASSES = 10;
  private static final long SEED = 42;

  /** Nothing, the thread wait policy alone, or all of {@link HostTuning}. */
  @Param({"none", "threads", "all"})
  public String tuning;

  private MultiLayerNetwork network;
  private INDArray images;
  private INDArray labels;

  /** Creates the state; JMH fills in the parameter. */
  public ConvolutionBenchmark() {}

  /** Tunes the host, then builds network and data. */
  @Setup(Level.Trial)
  public void setUp() {
    if (tuning.equals("threads")) {
      System.setProperty("org.eclipse.deeplearning4j.helpers.disable", "true");
    }
    if (!tuning.equals("none")) {
      System.out.println(HostTuning.apply());
    }
    Nd4j.getRandom().setSeed(SEED);
    images = Nd4j.rand(DataType.FLOAT, BATCH, 1, SIDE, SIDE);
    labels = Nd4j.zeros(DataType.FLOAT, BATCH, CLASSES);
    for (int row = 0; row < BATCH; row++) {
      labels.putScalar(row, row % CLASSES, 1);
    }
    network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new Adam(1e-3))
                .activation(Activation.RELU)
                .list()
                .layer(convolution(32, 1))
                .layer(convolution(64, 2))
                .layer(convolution(64, 2))
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(SIDE, SIDE, 1))
                .build());
    network.init();
  }

  private static ConvolutionLayer convolution(int filters, int stride) {
    return new ConvolutionLayer.Builder(3, 3).nOut(filters).stride(stride, stride).build();
  }

  /**
   * The forward pass.
   *
   * @return class probabilities
   */
  @Benchmark
  public INDArray forward() {
    return network.output(images);
  }

  /**
   * Forward and backward pass, with the gradients of parameters and input.
   *
   * @return the gradients
   */
  @Benchmark
  public Pair<Gradient, INDArray> gradients() {
    return network.calculateGradients(images, labels, null, null);
  }

  /**
   * A training step.
   *
   * @return the parameters
   */
  @Benchmark
  public INDArray fit() {
    network.fit(images, labels);
    return network.params();
  }
}
