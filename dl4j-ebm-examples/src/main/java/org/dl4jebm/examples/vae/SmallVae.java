/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.variational.BernoulliLikelihood;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.KullbackLeiblerTerm;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.variational.Evidence;
import org.dl4jebm.training.variational.EvidenceEstimator;
import org.dl4jebm.training.variational.EvidenceOptions;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** A variational autoencoder of images with Gaussian latent variables, and its training. */
public final class SmallVae {

  private static final int HIDDEN = 200;
  private static final int FILTERS = 16;

  /** Each of the two convolutions halves the height and the width. */
  private static final int STRIDE = 2;

  private static final int KERNEL = 4;
  private static final int REDUCTION = STRIDE * STRIDE;

  /** Images that a bound is watched on, and how many times in a training. */
  private static final int WATCHED = 1000;

  private static final int LOOKS = 20;

  private final ComputationGraph network;
  private final List<double[]> looks = new ArrayList<>();

  private SmallVae(ComputationGraph network) {
    this.network = network;
    network.init();
  }

  private static ComputationGraphConfiguration.GraphBuilder start(
      SmallVaeArguments arguments, InputType images) {
    return new NeuralNetConfiguration.Builder()
        .seed(Seeds.derive(arguments.seed(), 1))
        .weightInit(WeightInit.XAVIER)
        .updater(new Adam(arguments.rate()))
        .graphBuilder()
        .addInputs("x")
        .setInputTypes(images);
  }

  private static LatentVariables latents(SmallVaeArguments arguments, KullbackLeiblerTerm term) {
    return new LatentVariables.Builder(new DiagonalGaussian())
        .nOut(arguments.latents())
        .divergence(term)
        .build();
  }

  private static LikelihoodOutput likelihood() {
    return new LikelihoodOutput.Builder(new BernoulliLikelihood()).build();
  }

  private static DenseLayer dense(long units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  /**
   * Dense layers, one in the encoder and one in the decoder.
   *
   * @param arguments latent variables, learning rate and seed
   * @param pixels of an image
   * @param term how the divergence enters the loss
   * @return an untrained autoencoder
   */
  public static SmallVae dense(SmallVaeArguments arguments, long pixels, KullbackLeiblerTerm term) {
    return new SmallVae(
        new ComputationGraph(
            start(arguments, InputType.feedForward(pixels))
                .addLayer("encoder", dense(HIDDEN, Activation.TANH), "x")
                .addLayer("eta", dense(2L * arguments.latents(), Activation.IDENTITY), "encoder")
                .addLayer("z", latents(arguments, term), "eta")
                .addLayer("decoder", dense(HIDDEN, Activation.TANH), "z")
                .addLayer("logits", dense(pixels, Activation.IDENTITY), "decoder")
                .addLayer("out", likelihood(), "logits")
                .setOutputs("out")
                .build()));
  }

  /**
   * Two convolutions in the encoder and two transposed ones in the decoder, each of which halves or
   * doubles height and width.
   *
   * @param arguments latent variables, learning rate and seed
   * @param height of an image, a multiple of 4
   * @param width of an image, a multiple of 4
   * @return an untrained autoencoder; it takes images as rows and gives {@code [n, 1, height,
   *     width]}
   * @throws IllegalArgumentException if height or width is no multiple of 4
   */
  public static SmallVae convolutional(SmallVaeArguments arguments, int height, int width) {
    Checks.require(
        height % REDUCTION == 0 && width % REDUCTION == 0,
        "size of the images",
        height + "x" + width,
        "multiples of " + REDUCTION);
    int h = height / REDUCTION;
    int w = width / REDUCTION;
    int channels = 2 * FILTERS;
    return new SmallVae(
        new ComputationGraph(
            start(arguments, InputType.convolutionalFlat(height, width, 1))
                .addLayer("conv1", convolution(FILTERS), "x")
                .addLayer("conv2", convolution(channels), "conv1")
                .addLayer("encoder", dense(HIDDEN, Activation.RELU), "conv2")
                .addLayer("eta", dense(2L * arguments.latents(), Activation.IDENTITY), "encoder")
                .addLayer("z", latents(arguments, KullbackLeiblerTerm.DEFAULT), "eta")
                .addLayer("decoder", dense((long) channels * h * w, Activation.RELU), "z")
                .addLayer(
                    "deconv1",
                    deconvolution(FILTERS, Activation.RELU),
                    new FeedForwardToCnnPreProcessor(h, w, channels),
                    "decoder")
                .addLayer("deconv2", deconvolution(1, Activation.IDENTITY), "deconv1")
                .addLayer("out", likelihood(), "deconv2")
                .setOutputs("out")
                .build()));
  }

  private static ConvolutionLayer convolution(int filters) {
    return new ConvolutionLayer.Builder(KERNEL, KERNEL)
        .stride(STRIDE, STRIDE)
        .convolutionMode(ConvolutionMode.Same)
        .nOut(filters)
        .activation(Activation.RELU)
        .build();
  }

  private static Deconvolution2D deconvolution(int filters, Activation activation) {
    return new Deconvolution2D.Builder(KERNEL, KERNEL)
        .stride(STRIDE, STRIDE)
        .convolutionMode(ConvolutionMode.Same)
        .nOut(filters)
        .activation(activation)
        .build();
  }

  /**
   * The network.
   *
   * @return the network itself
   */
  public ComputationGraph network() {
    return network;
  }

  /**
   * The network as a model.
   *
   * @return encoder and decoder
   */
  public LatentVariableModel model() {
    return LatentVariableModel.of(network);
  }

  /**
   * Trains it.
   *
   * @param arguments epochs, batch size and seed
   * @param data the images. Not modified.
   * @param name of the task, for the progress
   * @param progress follows the training
   * @throws TrainingDivergedException if the score stops being finite
   */
  public void fit(SmallVaeArguments arguments, VaeData data, String name, Progress progress) {
    INDArray train = data.train(arguments.seed(), 0);
    INDArray test = data.test();
    int epochs = arguments.epochs();
    int every = Math.max(1, epochs / LOOKS);
    ShuffledDataSetIterator batches =
        new ShuffledDataSetIterator(
            train,
            ShuffledDataSetIterator.Options.shuffled(
                    Math.min(arguments.batch(), train.rows()), Seeds.derive(arguments.seed(), 2))
                .reusingArrays());
    progress.start(name, epochs);
    for (int epoch = 1; epoch <= epochs; epoch++) {
      network.fit(batches);
      if (!Double.isFinite(network.score())) {
        throw new TrainingDivergedException(
            name + ": score is " + network.score() + " after epoch " + epoch);
      }
      if (epoch % every == 0 || epoch == epochs) {
        looks.add(new double[] {epoch, bound(train), bound(test)});
      }
      progress.step(epoch, String.format(Locale.ROOT, "%.1f nats", network.score()));
    }
    progress.finish(null);
  }

  private double bound(INDArray images) {
    return evidence(first(images, WATCHED), 1, Progress.silent()).lowerBound().mean();
  }

  private static INDArray first(INDArray images, int count) {
    return images.get(NDArrayIndex.interval(0, Math.min(count, images.rows())), NDArrayIndex.all());
  }

  /**
   * The bounds of images.
   *
   * @param images {@code [n, pixels]}. Not modified.
   * @param samples of each image
   * @param progress follows the work
   * @return nats an image
   */
  public Evidence evidence(INDArray images, int samples, Progress progress) {
    return new EvidenceEstimator(model(), EvidenceOptions.samples(samples), progress)
        .estimate(images);
  }

  /**
   * The bounds in the course of training.
   *
   * @return a chart of those of training and test images
   */
  public Curves curves() {
    double[] epochs = looks.stream().mapToDouble(look -> look[0]).toArray();
    return new Curves("Evidence lower bound, one sample", "epoch", "nats an image")
        .add("training images", epochs, looks.stream().mapToDouble(look -> look[1]).toArray())
        .add("test images", epochs, looks.stream().mapToDouble(look -> look[2]).toArray());
  }
}
