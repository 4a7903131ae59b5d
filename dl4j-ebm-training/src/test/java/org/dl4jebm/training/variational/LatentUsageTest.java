/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.FullGaussian;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** Active units and the aggregated posterior of encoders with known answers, and a trained one. */
class LatentUsageTest {

  /** Posterior means {@code [a x_0, b x_1]} and one variance for all. */
  private static LatentVariableModel encoder(double a, double b, double variance) {
    MultiLayerNetwork network =
        LinearGaussian.network(DataType.DOUBLE, new DiagonalGaussian(), 2, 4, null);
    double log = Math.log(variance);
    LinearGaussian.set(
        network.getLayer(0),
        new double[][] {{a, 0, 0, 0}, {0, b, 0, 0}, {0, 0, 0, 0}},
        new double[] {0, 0, log, log});
    LinearGaussian.setDecoder(network);
    return LatentVariableModel.of(network);
  }

  @Test
  void activeUnitsAreThoseWhoseMeansVary() {
    INDArray data =
        Nd4j.createFromArray(new double[][] {{1, 1, 0}, {-1, 1, 5}, {1, -1, 0}, {-1, -1, 5}});
    ActiveUnits units = ActiveUnits.of(encoder(2, 0.09, 0.5), data);
    assertArrayEquals(new double[] {4, 0.0081}, units.variances(), 1e-14);
    assertTrue(units.isActive(0));
    assertFalse(units.isActive(1));
    assertEquals(1, units.count());
    assertEquals(2, units.withThreshold(0.008).count());
    assertThrows(IllegalArgumentException.class, () -> units.withThreshold(-1));
  }

  @Test
  void farPosteriorsTellTheExample() {
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}});
    LatentVariableModel model = encoder(100, 0, 0.5);
    AggregatedPosterior posterior =
        AggregatedPosterior.of(model, EvidenceOptions.samples(20).withBlockRows(150), data);
    assertEquals(Math.log(3), posterior.information().mean(), 1e-12);
    assertArrayEquals(new double[] {200, 0}, posterior.mean(), 1e-12);
    assertEquals(20000 / 3.0 + 0.5, posterior.variance()[0], 150);
    // Relative error of a mean of 600 squared normal numbers.
    assertEquals(0.5, posterior.variance()[1], 0.5 * Limits.meanSquare(600));
  }

  @Test
  void equalPosteriorsTellNothingAndDifferFromThePriorByTheirDivergence() {
    INDArray data = Nd4j.rand(DataType.DOUBLE, 5, 3);
    LatentVariableModel model = encoder(0, 0, 0.25);
    AggregatedPosterior posterior =
        AggregatedPosterior.of(model, EvidenceOptions.samples(400), data);
    assertEquals(0, posterior.information().mean(), 1e-12);
    // log q - log p = (log 4 - 3/4 e^2) / 2 for each variable, of variance 9/32.
    double expected = 0.25 - 1 + Math.log(4);
    assertEquals(
        expected,
        posterior.divergenceFromPrior().mean(),
        Limits.SIGMAS * Math.sqrt(2 * 9 / 32.0 / 2000));
  }

  @Test
  void theTermsAddUpToTheDivergence() {
    INDArray data = Nd4j.rand(DataType.DOUBLE, 30, 3).muli(4);
    LatentVariableModel model = encoder(1, -0.5, 0.3);
    EvidenceOptions options = EvidenceOptions.samples(7);
    AggregatedPosterior posterior = AggregatedPosterior.of(model, options, data);
    AggregatedPosterior blocks = AggregatedPosterior.of(model, options.withBlockRows(20), data);
    assertArrayEquals(posterior.information().values(), blocks.information().values(), 1e-12);
    Evidence evidence = new EvidenceEstimator(model, EvidenceOptions.samples(2000)).estimate(data);
    double sum = posterior.information().mean() + posterior.divergenceFromPrior().mean();
    // Unbiased for the mean divergence; the log ratio of a sample has variance 1.05 or so.
    assertEquals(evidence.divergence().mean(), sum, Limits.SIGMAS * Math.sqrt(2.5 / 210));
    assertTrue(posterior.information().mean() < Math.log(30));
    assertTrue(posterior.information().mean() > 0.5);
  }

  /**
   * Maximum likelihood of probabilistic PCA with a given noise variance (Tipping and Bishop, 1999)
   * is what the best linear VAE reaches, for its posterior is exact then.
   */
  @Test
  void aTrainedLinearModelReachesTheMaximumLikelihood() {
    int n = 200;
    LatentVariableModel source = LatentVariableModel.of(LinearGaussian.exact(DataType.DOUBLE));
    INDArray data = source.generate(n, 5);
    Nd4j.getRandom().setSeed(11);
    data.addi(Nd4j.randn(DataType.DOUBLE, n, 3).muli(Math.sqrt(LinearGaussian.VARIANCE)));
    data.subiRowVector(data.mean(0));
    double best = bestLikelihood(data);
    MultiLayerNetwork network =
        LinearGaussian.network(DataType.DOUBLE, new FullGaussian(), 2, 5, new Adam(0.05));
    // As the variances of the optimum do: they do not depend on the data at the start.
    network
        .getLayer(0)
        .getParam("W")
        .get(NDArrayIndex.all(), NDArrayIndex.interval(2, 5))
        .assign(0);
    ShuffledDataSetIterator batches =
        new ShuffledDataSetIterator(data, ShuffledDataSetIterator.Options.shuffled(100, 3));
    for (double rate : new double[] {0.05, 0.01, 0.002}) {
      network.setLearningRate(rate);
      network.fit(batches, 50);
    }
    EvidenceEstimator estimator =
        new EvidenceEstimator(LatentVariableModel.of(network), EvidenceOptions.samples(20));
    Evidence evidence = estimator.estimate(new DataSet(data, data));
    // The start is 2 nats or more below. The log weights of a nearly exact posterior hardly vary,
    // so
    // that a few samples are enough for the bound by samples.
    assertEquals(best, evidence.sampledLowerBound().mean(), 0.03);
    assertEquals(best, evidence.importanceWeightedBound().mean(), 0.01);
  }

  private static double bestLikelihood(INDArray centred) {
    INDArray covariance = centred.transpose().mmul(centred).divi(centred.size(0));
    double[] eigenvalues = symmetricEigenvalues(covariance.toDoubleMatrix());
    double s2 = LinearGaussian.VARIANCE;
    double sum = 3 * Math.log(2 * Math.PI);
    for (int i = 0; i < 3; i++) {
      // Two components take the largest; what lies below the noise is not modelled.
      double modelled = i < 2 ? Math.max(s2, eigenvalues[i]) : s2;
      sum += Math.log(modelled) + eigenvalues[i] / modelled;
    }
    return -sum / 2;
  }

  /** Largest first, by Jacobi rotations. */
  private static double[] symmetricEigenvalues(double[][] a) {
    for (int sweep = 0; sweep < 50; sweep++) {
      for (int p = 0; p < 3; p++) {
        for (int q = p + 1; q < 3; q++) {
          double angle = Math.atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2;
          double c = Math.cos(angle);
          double s = Math.sin(angle);
          for (int k = 0; k < 3; k++) {
            double u = a[k][p];
            a[k][p] = c * u - s * a[k][q];
            a[k][q] = s * u + c * a[k][q];
          }
          for (int k = 0; k < 3; k++) {
            double u = a[p][k];
            a[p][k] = c * u - s * a[q][k];
            a[q][k] = s * u + c * a[q][k];
          }
        }
      }
    }
    double[] values = {a[0][0], a[1][1], a[2][2]};
    Arrays.sort(values);
    return new double[] {values[2], values[1], values[0]};
  }
}
