/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.eigen.Eigen;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Whitening by the symmetric root of the inverse covariance (ZCA; Bell and Sejnowski, Vision
 * Research 1997): with the mean {@code m} and the covariance {@code C = U diag(l) U^T} of data
 *
 * <pre>{@code
 * y = (x - m) U diag(1 / sqrt(l + epsilon)) U^T
 * }</pre>
 *
 * <p>so that values of {@code y} are uncorrelated with variance 1, but for {@code epsilon}, and as
 * close to {@code x} as they can be: whitened images are still images. Choose it for patches of
 * natural images before a model whose hidden units are to find more than correlations. Directions
 * in which data do not vary stay at 0 with an {@code epsilon} above 0, which also keeps noise of
 * small variance small.
 *
 * <p>Takes time of the order of {@code d^3} for {@code d} values of an example: meant for some
 * hundreds.
 */
public final class Whitening {

  private final INDArray mean;
  private final INDArray matrix;

  private Whitening(INDArray mean, INDArray matrix) {
    this.mean = mean;
    this.matrix = matrix;
  }

  /**
   * Finds the transformation of data.
   *
   * @param data {@code [n, d]}, n at least 2, finite. Not modified.
   * @param epsilon added to variances, in the units of the data squared, finite and above 0
   * @return the transformation
   * @throws IllegalArgumentException naming what is not accepted
   */
  public static Whitening of(INDArray data, double epsilon) {
    if (data.rank() != 2 || data.size(0) < 2) {
      throw new IllegalArgumentException(
          "data have the shape "
              + Arrays.toString(data.shape())
              + "; accepted: [n, d] with n at least 2");
    }
    if (!(epsilon > 0) || Double.isInfinite(epsilon)) {
      throw new IllegalArgumentException(
          "epsilon is " + epsilon + "; accepted: a finite number above 0");
    }
    INDArray x = data.castTo(DataType.DOUBLE);
    INDArray mean = x.mean(0);
    INDArray centred = x.subRowVector(mean);
    INDArray vectors = centred.transpose().mmul(centred).divi(x.size(0) - 1.0).dup('f');
    if (!Double.isFinite(vectors.sumNumber().doubleValue())) {
      throw new IllegalArgumentException(
          "data hold NaN or infinite values; accepted: finite numbers");
    }
    INDArray values = Eigen.symmetricGeneralizedEigenvalues(vectors, true);
    // Rounding can make the variance of a direction without any a negative one.
    INDArray scale = Transforms.max(values, 0).addi(epsilon);
    scale = Transforms.pow(scale, -0.5);
    INDArray matrix =
        vectors
            .mulRowVector(scale.reshape('c', new long[] {scale.length()}))
            .mmul(vectors.transpose());
    return new Whitening(mean, matrix);
  }

  /**
   * Transforms examples.
   *
   * @param x {@code [n, d]}. Not modified.
   * @return {@code [n, d]} in the type of {@code x}, new
   * @throws IllegalArgumentException if there are not as many columns as the data had
   */
  public INDArray apply(INDArray x) {
    if (x.rank() != 2 || x.size(1) != mean.length()) {
      throw new IllegalArgumentException(
          "x has the shape "
              + Arrays.toString(x.shape())
              + "; accepted: [n, "
              + mean.length()
              + "]");
    }
    return x.castTo(DataType.DOUBLE).subRowVector(mean).mmul(matrix).castTo(x.dataType()).dup('c');
  }
}
