/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import static org.dl4jebm.training.variational.LinearGaussian.W;
import static org.dl4jebm.training.variational.LinearGaussian.x;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.GaussianLikelihood;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** The way from data to latent variables and back, for all shapes, and what is refused. */
class LatentVariableModelTest {

  @Test
  void encodesAndDecodes() {
    LatentVariableModel model = LatentVariableModel.of(LinearGaussian.exact(DataType.DOUBLE));
    assertEquals(2, model.latents());
    assertArrayEquals(
        LinearGaussian.POSTERIOR_MEAN, model.posteriorMean(x()).toDoubleVector(), 1e-8);
    assertArrayEquals(new long[] {1, 5}, model.posteriorParameters(x()).shape());
    INDArray z = Nd4j.createFromArray(new double[][] {{1, 2}, {-3, 0}});
    INDArray decoded = model.decode(z);
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 3; j++) {
        double expected = W[j][0] * z.getDouble(i, 0) + W[j][1] * z.getDouble(i, 1);
        assertEquals(expected, decoded.getDouble(i, j), 1e-14);
      }
    }
    INDArray reconstruction = model.reconstruct(x());
    assertArrayEquals(
        model.decode(model.posteriorMean(x())).toDoubleVector(),
        reconstruction.toDoubleVector(),
        1e-14);
  }

  @Test
  void samplesHaveTheMomentsOfPosteriorAndPrior() {
    LatentVariableModel model = LatentVariableModel.of(LinearGaussian.exact(DataType.DOUBLE));
    int n = 4000;
    double[][] covariance = LinearGaussian.covariance();
    INDArray z = model.samplePosterior(n, 3, x());
    INDArray prior = model.samplePrior(n, 3);
    for (int j = 0; j < 2; j++) {
      double deviation = Math.sqrt(covariance[j][j] / n);
      assertEquals(
          LinearGaussian.POSTERIOR_MEAN[j],
          z.getColumn(j).meanNumber().doubleValue(),
          Limits.SIGMAS * deviation);
      assertEquals(
          covariance[j][j],
          z.getColumn(j).varNumber().doubleValue(),
          2 * Limits.meanSquare(n) * covariance[j][j]);
      assertEquals(0, prior.getColumn(j).meanNumber().doubleValue(), Limits.SIGMAS / Math.sqrt(n));
      assertEquals(1, prior.getColumn(j).varNumber().doubleValue(), 2 * Limits.meanSquare(n));
    }
    assertEquals(model.samplePosterior(2, 3, x()), model.samplePosterior(2, 3, x()));
    assertEquals(model.generate(4, 9), model.decode(model.samplePrior(4, 9)));
  }

  @Test
  void theNetworkIsLeftAsItWasAlsoAfterAnException() {
    MultiLayerNetwork network = LinearGaussian.exact(DataType.DOUBLE);
    INDArray before = network.output(x());
    INDArray data = x();
    LatentVariableModel model = LatentVariableModel.of(network);
    EvidenceEstimator estimator = new EvidenceEstimator(model, EvidenceOptions.samples(4));
    estimator.estimate(data);
    assertEquals(before, network.output(x()));
    INDArray bad = Nd4j.createFromArray(new double[][] {{1, Double.NaN, 0}});
    assertThrows(RuntimeException.class, () -> estimator.estimate(new DataSet(x(), bad)));
    assertEquals(before, network.output(x()));
    assertEquals(x(), data);
    model.samplePosterior(3, 1, x());
    assertEquals(before, network.output(x()));
  }

  private static MultiLayerNetwork positions(InputType type, boolean images) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(2).dataType(DataType.DOUBLE).list();
    LatentVariables latents = new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build();
    LikelihoodOutput output =
        new LikelihoodOutput.Builder(GaussianLikelihood.withVariance(0.5)).build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            images
                ? list.layer(pointwise2(4))
                    .layer(latents)
                    .layer(pointwise2(3))
                    .layer(output)
                    .setInputType(type)
                    .build()
                : list.layer(pointwise1(4))
                    .layer(latents)
                    .layer(pointwise1(3))
                    .layer(output)
                    .setInputType(type)
                    .build());
    network.init();
    return network;
  }

  private static Convolution1DLayer pointwise1(int out) {
    return new Convolution1DLayer.Builder(1).nOut(out).activation(Activation.IDENTITY).build();
  }

  private static ConvolutionLayer pointwise2(int out) {
    return new ConvolutionLayer.Builder(1, 1)
        .convolutionMode(ConvolutionMode.Same)
        .nOut(out)
        .activation(Activation.IDENTITY)
        .build();
  }

  /** Weights that a pointwise network and a dense one have in common, at the exact posterior. */
  private static void setExact(MultiLayerNetwork network) {
    MultiLayerNetwork dense = LinearGaussian.constant(DataType.DOUBLE, MEAN, DIAGONAL);
    for (int i : new int[] {0, 2}) {
      INDArray w = dense.getLayer(i).getParam("W").transpose().dup('c');
      INDArray target = network.getLayer(i).getParam("W");
      target.assign(w.reshape('c', target.shape()));
      INDArray bias = network.getLayer(i).getParam("b");
      bias.assign(dense.getLayer(i).getParam("b").reshape('c', bias.shape()));
    }
  }

  private static final double[] MEAN = {0.1, -0.2};

  private static final double[] DIAGONAL = {0.5, 0.25};

  private static final int SAMPLES = 1000;

  /** Compares sums over all examples with those of closed forms over their positions. */
  private static void assertSums(INDArray rows, Evidence evidence) {
    double reconstruction = 0;
    double variance = 0;
    for (double[] x : rows.toDoubleMatrix()) {
      reconstruction += LinearGaussian.reconstruction(x, MEAN, DIAGONAL);
      variance += LinearGaussian.logWeightVariance(x, MEAN, DIAGONAL, 0);
    }
    double divergence = 0;
    for (int j = 0; j < 2; j++) {
      divergence += (MEAN[j] * MEAN[j] + DIAGONAL[j] - 1 - Math.log(DIAGONAL[j])) / 2;
    }
    int examples = evidence.reconstruction().values().length;
    assertEquals(rows.size(0) * divergence, examples * evidence.divergence().mean(), 1e-10);
    // Sums of thousands of quadratic forms are normal to all that matters here.
    assertEquals(
        reconstruction,
        examples * evidence.reconstruction().mean(),
        Limits.SIGMAS * Math.sqrt(variance / SAMPLES));
  }

  @Test
  void timeStepsAddUpAndMaskedOnesDoNotCount() {
    MultiLayerNetwork network = positions(InputType.recurrent(3, 4), false);
    setExact(network);
    INDArray x = Nd4j.rand(DataType.DOUBLE, 2, 3, 4);
    LatentVariableModel model = LatentVariableModel.of(network);
    EvidenceEstimator estimator =
        new EvidenceEstimator(model, EvidenceOptions.samples(SAMPLES).withBlockRows(700));
    Evidence all = estimator.estimate(x);
    INDArray rows = x.permute(0, 2, 1).dup('c').reshape('c', new long[] {8, 3});
    assertSums(rows, all);
    // In FLOAT, the only type in which DL4J's one-dimensional convolution takes masks.
    INDArray mask = Nd4j.createFromArray(new float[][] {{1, 1, 1, 0}, {1, 1, 0, 0}});
    Evidence masked = estimator.estimate(new DataSet(x, x, mask, mask));
    INDArray seen = Nd4j.pullRows(rows, 1, new int[] {0, 1, 2, 4, 5});
    assertSums(seen, masked);
    assertArrayEquals(new long[] {2, 2, 4}, model.posteriorMean(x).shape());
    assertArrayEquals(new long[] {5, 3, 4}, model.generate(5, 1, 4).shape());
    assertEquals(8, ActiveUnits.of(model, x).variances().length);
  }

  @Test
  void pixelsAddUp() {
    MultiLayerNetwork network = positions(InputType.convolutional(2, 3, 3), true);
    setExact(network);
    INDArray x = Nd4j.rand(DataType.DOUBLE, 2, 3, 2, 3);
    LatentVariableModel model = LatentVariableModel.of(network);
    Evidence all =
        new EvidenceEstimator(model, EvidenceOptions.samples(SAMPLES).withBlockRows(700))
            .estimate(x);
    INDArray rows = x.permute(0, 2, 3, 1).dup('c').reshape('c', new long[] {12, 3});
    assertSums(rows, all);
    assertArrayEquals(new long[] {4, 3, 2, 3}, model.generate(4, 1, 2, 3).shape());
    assertArrayEquals(new long[] {2, 2, 2, 3}, model.posteriorMean(x).shape());
    AggregatedPosterior posterior =
        AggregatedPosterior.of(model, EvidenceOptions.samples(3).withBlockRows(4), x);
    assertEquals(12, posterior.mean().length);
    assertEquals(0, posterior.information().mean(), 1e-12);
  }

  /** A recurrent encoder and decoder around dense latent variables: runs, and agrees with fit. */
  @Test
  void recurrentLayersOfOneStepGiveTheScoreOfTheNetwork() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(2)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new LSTM.Builder().nOut(5).activation(Activation.TANH).build())
                .layer(pointwise1(4))
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build())
                .layer(new LSTM.Builder().nOut(3).activation(Activation.TANH).build())
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).build())
                .setInputType(InputType.recurrent(3, 4))
                .build());
    network.init();
    INDArray x = Nd4j.rand(DataType.DOUBLE, 2, 3, 4);
    Evidence evidence =
        new EvidenceEstimator(LatentVariableModel.of(network), EvidenceOptions.samples(50))
            .estimate(x);
    // The score is that of the posterior means, near the bound where the decoder is smooth.
    assertEquals(-network.score(new DataSet(x, x)), evidence.lowerBound().mean(), 1.5);
  }

  @Test
  void refusesWhatIsNoModel() {
    MultiLayerNetwork noLatents =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(LinearGaussian.dense(3, 3))
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).nIn(3).build())
                .build());
    assertMessage(
        "not initialised",
        assertThrows(IllegalArgumentException.class, () -> LatentVariableModel.of(noLatents)));
    noLatents.init();
    assertMessage(
        "LatentVariables",
        assertThrows(IllegalArgumentException.class, () -> LatentVariableModel.of(noLatents)));
    MultiLayerNetwork noLikelihood =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(LinearGaussian.dense(3, 4))
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nIn(4).nOut(2).build())
                .layer(LinearGaussian.dense(2, 3))
                .layer(new LossLayer.Builder(LossFunctions.LossFunction.MSE).build())
                .build());
    noLikelihood.init();
    assertMessage(
        "LossLayer; accepted: a LikelihoodOutput",
        assertThrows(IllegalArgumentException.class, () -> LatentVariableModel.of(noLikelihood)));
  }

  @Test
  void refusesBadArguments() {
    LatentVariableModel model = LatentVariableModel.of(LinearGaussian.exact(DataType.DOUBLE));
    EvidenceEstimator estimator = new EvidenceEstimator(model, EvidenceOptions.samples(2));
    assertThrows(IllegalArgumentException.class, () -> EvidenceOptions.samples(0));
    assertThrows(IllegalArgumentException.class, () -> EvidenceOptions.DEFAULT.withBlockRows(0));
    assertThrows(IllegalArgumentException.class, () -> EvidenceOptions.DEFAULT.withSeed(0));
    assertThrows(IllegalArgumentException.class, () -> model.samplePrior(0, 1));
    assertThrows(IllegalArgumentException.class, () -> model.samplePrior(1, 0));
    assertThrows(IllegalArgumentException.class, () -> model.samplePrior(1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> model.samplePosterior(0, 1, x()));
    assertMessage(
        "accepted: 2", assertThrows(IllegalArgumentException.class, () -> model.decode(x())));
    assertThrows(IllegalArgumentException.class, () -> estimator.estimate(Nd4j.create(0, 3)));
    assertThrows(
        DL4JInvalidInputException.class,
        () -> estimator.estimate(new DataSet(x(), Nd4j.zeros(DataType.DOUBLE, 1, 4))));
    assertThrows(
        IllegalArgumentException.class,
        () -> estimator.estimate(new DataSet(x(), Nd4j.zeros(DataType.DOUBLE, 2, 3))));
    INDArray weights = Nd4j.ones(DataType.DOUBLE, 1, 1);
    assertMessage(
        "weight for each example",
        assertThrows(
            DL4JInvalidInputException.class,
            () -> estimator.estimate(new DataSet(x(), x(), null, weights))));
    assertThrows(IllegalArgumentException.class, () -> model.posteriorMean(x(), x()));
    MultiLayerNetwork broken = LinearGaussian.exact(DataType.DOUBLE);
    broken.getLayer(0).getParam("b").assign(Double.NaN);
    assertMessage(
        "example 0",
        assertThrows(
            IllegalStateException.class,
            () ->
                new EvidenceEstimator(LatentVariableModel.of(broken), EvidenceOptions.samples(2))
                    .estimate(x())));
  }

  private static void assertMessage(String part, Exception e) {
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }
}
