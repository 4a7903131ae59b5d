/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import org.dl4jebm.layers.random.NormalQuantile;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A normal distribution with any covariance matrix {@code L L'}: {@code z = mu + L eps}, {@code eps
 * ~ N(0, I)}. A row of parameters holds {@code mu (k)}, then the lower triangle of {@code L} row by
 * row {@code (k (k + 1) / 2)}, with {@code log L_jj} in place of the diagonal. For posteriors whose
 * variables depend on each other; the cost of a row grows with {@code k^2}. Computed on the host in
 * double precision.
 *
 * <p>With a prior of mean {@code m} and factor {@code R} the divergence is {@code (|R^-1 L|^2 +
 * |R^-1 (mu - m)|^2 - k) / 2 + log det R - log det L}.
 */
public final class FullGaussian implements LatentDistribution {

  private static final long serialVersionUID = 1L;
  private static final double LOG_SQRT_TWO_PI = Math.log(2 * Math.PI) / 2;

  /** Creates the family. */
  public FullGaussian() {}

  @Override
  public long parameters(long latents) {
    return latents + latents * (latents + 1) / 2;
  }

  @Override
  public long factors(long latents) {
    return 1;
  }

  @Override
  public String describeParameters() {
    return "mu and the lower triangle of L by rows, with log L_jj on the diagonal";
  }

  @Override
  public double noise(double u) {
    return NormalQuantile.at(u);
  }

  @Override
  public boolean hasDivergence() {
    return true;
  }

  @Override
  public boolean isReparameterized() {
    return true;
  }

  /** Parameters of one row, unpacked. */
  private static final class Row {

    final int k;
    final double[] mean;
    final double[][] factor;

    Row(double[] eta, int k) {
      this.k = k;
      mean = Arrays.copyOf(eta, k);
      factor = new double[k][];
      int at = k;
      for (int i = 0; i < k; i++) {
        factor[i] = Arrays.copyOfRange(eta, at, at + i + 1);
        factor[i][i] = Math.exp(factor[i][i]);
        at += i + 1;
      }
    }

    /** Replaces b by the solution of {@code L x = b}. */
    void solve(double[] b) {
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < i; j++) {
          b[i] -= factor[i][j] * b[j];
        }
        b[i] /= factor[i][i];
      }
    }

    /** Replaces b by the solution of {@code L' x = b}. */
    void solveTransposed(double[] b) {
      for (int i = k - 1; i >= 0; i--) {
        for (int j = i + 1; j < k; j++) {
          b[i] -= factor[j][i] * b[j];
        }
        b[i] /= factor[i][i];
      }
    }

    double logDeterminant() {
      double sum = 0;
      for (int i = 0; i < k; i++) {
        sum += Math.log(factor[i][i]);
      }
      return sum;
    }

    /** Column j of the factor. */
    double[] column(int j) {
      double[] column = new double[k];
      for (int i = j; i < k; i++) {
        column[i] = factor[i][j];
      }
      return column;
    }

    double[] minus(double[] other) {
      double[] difference = new double[k];
      for (int i = 0; i < k; i++) {
        difference[i] = mean[i] - other[i];
      }
      return difference;
    }
  }

  /** {@code k} from {@code P = k (k + 3) / 2}. */
  private static int latents(INDArray eta) {
    return (int) Math.round((Math.sqrt(9 + 8.0 * eta.size(1)) - 3) / 2);
  }

  /** In one copy; ND4J's toDoubleMatrix asks for the values one by one. */
  private static double[][] host(INDArray rows) {
    double[] values = rows.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    int width = (int) rows.size(1);
    double[][] result = new double[(int) rows.size(0)][];
    for (int r = 0; r < result.length; r++) {
      result[r] = Arrays.copyOfRange(values, r * width, (r + 1) * width);
    }
    return result;
  }

  private static INDArray device(double[][] rows, INDArray like) {
    double[] values = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    return Nd4j.createFromArray(values)
        .reshape('c', new long[] {rows.length, rows[0].length})
        .castTo(like.dataType());
  }

  /** A row of parameters for each row, or the only one for all of them. */
  private static Row row(double[][] eta, int i, int k) {
    return new Row(eta[eta.length == 1 ? 0 : i], k);
  }

  @Override
  public INDArray sample(INDArray eta, INDArray noise, double temperature) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] eps = host(noise);
    double[][] z = new double[eps.length][k];
    for (int r = 0; r < z.length; r++) {
      Row row = row(parameters, r, k);
      for (int i = 0; i < k; i++) {
        z[r][i] = row.mean[i];
        for (int j = 0; j <= i; j++) {
          z[r][i] += row.factor[i][j] * eps[r][j];
        }
      }
    }
    return device(z, eta);
  }

  @Override
  public INDArray sampleGradient(
      INDArray eta, INDArray noise, double temperature, INDArray gradient) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] eps = host(noise);
    double[][] dz = host(gradient);
    double[][] result = new double[dz.length][];
    for (int r = 0; r < dz.length; r++) {
      result[r] = packed(row(parameters, r, k), dz[r], eps[r], 0);
    }
    return device(result, eta);
  }

  /**
   * {@code [a, a_i b_j (i >= j)]}, plus {@code shift / L_ii} on the diagonal, which is then taken
   * to the derivative in {@code log L_ii}.
   */
  private static double[] packed(Row row, double[] a, double[] b, double shift) {
    int k = row.k;
    double[] result = Arrays.copyOf(a, k + k * (k + 1) / 2);
    int at = k;
    for (int i = 0; i < k; i++) {
      for (int j = 0; j <= i; j++) {
        result[at++] = a[i] * b[j];
      }
      result[at - 1] = result[at - 1] * row.factor[i][i] + shift;
    }
    return result;
  }

  @Override
  public INDArray mean(INDArray eta) {
    int k = latents(eta);
    return eta.get(NDArrayIndex.all(), NDArrayIndex.interval(0, k)).dup('c');
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] priors = prior == null ? new double[1][(int) eta.size(1)] : host(prior);
    double[][] result = new double[parameters.length][1];
    for (int r = 0; r < parameters.length; r++) {
      Row q = row(parameters, r, k);
      Row p = row(priors, r, k);
      double[] distance = q.minus(p.mean);
      p.solve(distance);
      double twice = squared(distance) - k;
      for (int j = 0; j < k; j++) {
        double[] column = q.column(j);
        p.solve(column);
        twice += squared(column);
      }
      result[r][0] = twice / 2 + p.logDeterminant() - q.logDeterminant();
    }
    return device(result, eta);
  }

  private static double squared(double[] x) {
    double sum = 0;
    for (double v : x) {
      sum += v * v;
    }
    return sum;
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] priors = prior == null ? new double[1][(int) eta.size(1)] : host(prior);
    double[][] weights = host(weight);
    double[][] result = new double[parameters.length][];
    for (int r = 0; r < parameters.length; r++) {
      Row q = row(parameters, r, k);
      Row p = row(priors, r, k);
      double[] mean = q.minus(p.mean);
      p.solve(mean);
      p.solveTransposed(mean);
      double[] gradient = Arrays.copyOf(mean, (int) eta.size(1));
      for (int j = 0; j < k; j++) {
        double[] column = q.column(j);
        p.solve(column);
        p.solveTransposed(column);
        for (int i = j; i < k; i++) {
          int at = k + i * (i + 1) / 2 + j;
          gradient[at] = i == j ? column[i] * q.factor[i][i] - 1 : column[i];
        }
      }
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] *= weights[r][0];
      }
      result[r] = gradient;
    }
    return device(result, eta);
  }

  @Override
  public INDArray logProbability(INDArray eta, INDArray z) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] values = host(z);
    double[][] result = new double[values.length][1];
    for (int r = 0; r < values.length; r++) {
      Row q = row(parameters, r, k);
      double[] standard = q.minus(values[r]);
      q.solve(standard);
      result[r][0] = -squared(standard) / 2 - q.logDeterminant() - k * LOG_SQRT_TWO_PI;
    }
    return device(result, z);
  }

  @Override
  public LogProbabilityGradient logProbabilityGradient(INDArray eta, INDArray z, INDArray weight) {
    int k = latents(eta);
    double[][] parameters = host(eta);
    double[][] values = host(z);
    double[][] weights = host(weight);
    double[][] inParameters = new double[values.length][];
    double[][] inLatents = new double[values.length][k];
    for (int r = 0; r < values.length; r++) {
      Row q = row(parameters, r, k);
      double[] standard = q.minus(values[r]);
      for (int i = 0; i < k; i++) {
        standard[i] = -standard[i];
      }
      q.solve(standard);
      double[] pulled = standard.clone();
      q.solveTransposed(pulled);
      inParameters[r] = packed(q, pulled, standard, -1);
      for (int i = 0; i < inParameters[r].length; i++) {
        inParameters[r][i] *= weights[r][0];
      }
      for (int i = 0; i < k; i++) {
        inLatents[r][i] = -pulled[i] * weights[r][0];
      }
    }
    return new LogProbabilityGradient(device(inParameters, z), device(inLatents, z));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FullGaussian;
  }

  @Override
  public int hashCode() {
    return FullGaussian.class.hashCode();
  }

  @Override
  public String toString() {
    return "FullGaussian";
  }
}
