/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dl4jebm.layers.testing.NdAssert;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The families, data for them, and their formulas value by value in plain Java. */
final class LikelihoodCases {

  private LikelihoodCases() {}

  static Stream<Likelihood> families() {
    return Stream.of(
        new BernoulliLikelihood(),
        new GaussianLikelihood(),
        GaussianLikelihood.withVariance(0.3),
        GaussianLikelihood.learnedVariance(0.5),
        GaussianLikelihood.learnedVariancePerOutput(0.7),
        GaussianLikelihood.varianceFromNetwork(),
        new CategoricalLikelihood(3),
        new CategoricalLikelihood(2));
  }

  static long[] shape(long rows, long channels, long... positions) {
    long[] shape = new long[positions.length + 2];
    shape[0] = rows;
    shape[1] = channels;
    System.arraycopy(positions, 0, shape, 2, positions.length);
    return shape;
  }

  static INDArray normal(SplittableRandom random, long... shape) {
    INDArray out = Nd4j.create(DataType.DOUBLE, shape);
    for (long i = 0; i < out.length(); i++) {
      double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
      out.putScalar(i, radius * Math.cos(2 * Math.PI * random.nextDouble()));
    }
    return out;
  }

  static INDArray uniform(SplittableRandom random, long... shape) {
    INDArray out = Nd4j.create(DataType.DOUBLE, shape);
    for (long i = 0; i < out.length(); i++) {
      out.putScalar(i, random.nextDouble());
    }
    return out;
  }

  /** Binary, real or one-hot; the last rows of bounded data hold probabilities. */
  static INDArray data(Likelihood family, long[] shape, SplittableRandom random) {
    if (family instanceof GaussianLikelihood) {
      return normal(random, shape);
    }
    INDArray u = uniform(random, shape);
    if (family instanceof BernoulliLikelihood) {
      INDArray x = u.gt(0.5).castTo(DataType.DOUBLE);
      x.get(NDArrayIndex.interval(0, 1)).assign(u.get(NDArrayIndex.interval(0, 1)));
      return x;
    }
    int k = (int) ((CategoricalLikelihood) family).groupSize();
    double[] values = NdAssert.values(u);
    int rows = (int) shape[0];
    int channels = (int) shape[1];
    int positions = values.length / (rows * channels);
    for (int row = 0; row < rows; row++) {
      for (int group = 0; group < channels / k; group++) {
        for (int p = 0; p < positions; p++) {
          int first = (row * channels + group * k) * positions + p;
          double sum = 0;
          int greatest = 0;
          for (int c = 0; c < k; c++) {
            sum += values[first + c * positions];
            if (values[first + c * positions] > values[first + greatest * positions]) {
              greatest = c;
            }
          }
          for (int c = 0; c < k; c++) {
            int at = first + c * positions;
            values[at] = row == 0 ? values[at] / sum : c == greatest ? 1 : 0;
          }
        }
      }
    }
    return Nd4j.createFromArray(values).reshape('c', shape);
  }

  static INDArray parameters(GaussianLikelihood likelihood) {
    try {
      java.lang.reflect.Field field = GaussianLikelihood.class.getDeclaredField("logVariance");
      field.setAccessible(true);
      return (INDArray) field.get(likelihood);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static double logVariance(
      GaussianLikelihood g, double[] eta, int at, int channel, int otherHalf) {
    INDArray learned = parameters(g);
    return switch (g.source()) {
      case FIXED -> Math.log(g.variance());
      case LEARNED -> learned == null ? Math.log(g.variance()) : learned.getDouble(0);
      case LEARNED_PER_OUTPUT ->
          learned == null ? Math.log(g.variance()) : learned.getDouble(channel);
      case FROM_NETWORK -> eta[at + otherHalf];
    };
  }

  /** One row of outputs after the other. */
  static double[] logProbability(Likelihood family, INDArray x, INDArray mask, INDArray eta) {
    int rows = (int) eta.size(0);
    int samples = (int) (rows / x.size(0));
    int outputs = (int) eta.size(1);
    int channels = (int) x.size(1);
    int positions = (int) (x.length() / (x.size(0) * channels));
    double[] data = NdAssert.values(x);
    double[] output = NdAssert.values(eta);
    double[] weights = mask == null ? null : NdAssert.values(mask);
    double[] result = new double[rows];
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < channels; j++) {
        for (int p = 0; p < positions; p++) {
          int at = (row / samples * channels + j) * positions + p;
          int from = (row * outputs + j) * positions + p;
          double term;
          if (family instanceof BernoulliLikelihood) {
            double on = 1 / (1 + Math.exp(-output[from]));
            term = data[at] * Math.log(on) + (1 - data[at]) * Math.log(1 - on);
          } else if (family instanceof GaussianLikelihood g) {
            double theta = logVariance(g, output, from, j, channels * positions);
            double error = data[at] - output[from];
            term =
                -0.5 * Math.log(2 * Math.PI * Math.exp(theta))
                    - error * error / (2 * Math.exp(theta));
          } else {
            int k = (int) ((CategoricalLikelihood) family).groupSize();
            double sum = 0;
            for (int c = 0; c < k; c++) {
              sum += Math.exp(output[from + (c - j % k) * positions]);
            }
            term = data[at] * (output[from] - Math.log(sum));
          }
          result[row] += (weights == null ? 1 : weights[at]) * term;
        }
      }
    }
    return result;
  }

  /** Variance of each value given one row of outputs. */
  static double[] variance(Likelihood family, INDArray eta) {
    double[] mean = NdAssert.values(family.mean(eta));
    double[] output = NdAssert.values(eta);
    int channels = (int) family.dataSize(eta.size(1));
    int positions = mean.length / channels;
    double[] variance = new double[mean.length];
    for (int i = 0; i < mean.length; i++) {
      variance[i] =
          family instanceof GaussianLikelihood g
              ? Math.exp(logVariance(g, output, i, i / positions, mean.length))
              : mean[i] * (1 - mean[i]);
    }
    return variance;
  }
}
