/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.sampling.Box;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A distribution that can be drawn from and whose {@code log Z} is known, where annealed importance
 * sampling of an energy begins. A {@link #gaussian} as wide as the data is a good choice; {@link
 * #uniform} is the one for energies that are defined in a box only.
 */
public interface BaseDistribution extends DifferentiableEnergy {

  /**
   * {@code log} of the integral of {@code exp(-energy)}.
   *
   * @return in nats
   */
  double logPartition();

  /**
   * Draws independent points.
   *
   * @param n how many, at least 1
   * @param random the stream to draw from
   * @return {@code [n, ...]}, new
   */
  INDArray draw(int n, RandomStream random);

  /**
   * The walls of the distribution.
   *
   * @return the box outside of which nothing lies, or null for none
   */
  Box bounds();

  /**
   * A normal distribution with the same deviation in every direction, {@code E_0(x) = |x - mean|^2
   * / (2 deviation^2)}.
   *
   * @param mean of one point, of the shape of a point with 1 as the first dimension; FLOAT or
   *     DOUBLE, the type of all points. Not modified.
   * @param deviation standard deviation, finite and above 0
   * @return the distribution
   * @throws IllegalArgumentException if an argument is not so
   */
  static BaseDistribution gaussian(INDArray mean, double deviation) {
    if (mean.rank() < 2 || mean.size(0) != 1) {
      throw new IllegalArgumentException(
          "mean has shape "
              + Arrays.toString(mean.shape())
              + "; accepted: one point, with 1 as the first dimension");
    }
    if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "deviation is " + deviation + "; accepted: a finite number above 0");
    }
    INDArray centre = mean.dup('c');
    double d = mean.length();
    double log = d * (Math.log(2 * Math.PI) / 2 + Math.log(deviation));
    return new BaseDistribution() {
      @Override
      public double logPartition() {
        return log;
      }

      @Override
      public INDArray draw(int n, RandomStream random) {
        long[] shape = centre.shape().clone();
        shape[0] = n;
        INDArray out = Nd4j.create(centre.dataType(), shape, 'c');
        random.gaussian(deviation, out);
        return out.addi(centre);
      }

      @Override
      public Box bounds() {
        return null;
      }

      @Override
      public INDArray energy(INDArray x) {
        return energyAndGradient(x).energy();
      }

      @Override
      public INDArray gradient(INDArray x) {
        return x.sub(centre).divi(deviation * deviation);
      }

      @Override
      public EnergyGradient energyAndGradient(INDArray x) {
        INDArray gradient = gradient(x);
        INDArray rows =
            gradient
                .castTo(DataType.DOUBLE)
                .reshape('c', new long[] {x.size(0), x.length() / x.size(0)});
        INDArray energy = rows.muli(rows.dup()).sum(1).muli(deviation * deviation / 2);
        return new EnergyGradient(energy, gradient);
      }
    };
  }

  /**
   * The uniform distribution in a box, {@code E_0 = 0}.
   *
   * @param box the box
   * @param type FLOAT or DOUBLE, the type of all points
   * @param exampleShape shape of a point, without the dimension of the examples
   * @return the distribution
   * @throws IllegalArgumentException if the shape has no or an empty dimension
   */
  static BaseDistribution uniform(Box box, DataType type, long... exampleShape) {
    if (exampleShape.length == 0 || Arrays.stream(exampleShape).anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "exampleShape is "
              + Arrays.toString(exampleShape)
              + "; accepted: one or more sizes of at least 1");
    }
    long[] example = exampleShape.clone();
    double log = Arrays.stream(example).reduce(1, (a, b) -> a * b) * Math.log(box.width());
    return new BaseDistribution() {
      @Override
      public double logPartition() {
        return log;
      }

      @Override
      public INDArray draw(int n, RandomStream random) {
        long[] shape = new long[example.length + 1];
        System.arraycopy(example, 0, shape, 1, example.length);
        shape[0] = n;
        INDArray out = Nd4j.create(type, shape, 'c');
        random.uniform(out);
        return out.muli(box.width()).addi(box.low());
      }

      @Override
      public Box bounds() {
        return box;
      }

      @Override
      public INDArray energy(INDArray x) {
        return Nd4j.zeros(DataType.DOUBLE, x.size(0));
      }

      @Override
      public INDArray gradient(INDArray x) {
        return Nd4j.create(x.dataType(), x.shape(), 'c');
      }
    };
  }
}
