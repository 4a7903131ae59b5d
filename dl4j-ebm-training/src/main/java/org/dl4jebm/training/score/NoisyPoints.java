/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Arrays;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Points with noise, each of a level drawn from the uniform distribution over levels.
 *
 * @param points {@code x~ = x + sigma z}, of the shape of the points
 * @param noise {@code z}, as a matrix
 * @param sigma {@code [n]}
 * @param feature what a network is told of the levels, {@code [n]}
 */
record NoisyPoints(INDArray points, INDArray noise, INDArray sigma, INDArray feature) {

  static NoisyPoints draw(INDArray x, NoiseLevels levels, RandomStream random) {
    int n = Math.toIntExact(x.size(0));
    double[] sigma = new double[n];
    double[] feature = new double[n];
    INDArray u = Nd4j.zeros(x.dataType(), n);
    if (levels.count() > 1) {
      random.uniform(u);
    }
    for (int i = 0; i < n; i++) {
      // Rounding can make a number below 1 times the count the count itself.
      int level = Math.min(levels.count() - 1, (int) (u.getDouble(i) * levels.count()));
      sigma[i] = levels.sigma(level);
      feature[i] = levels.feature(sigma[i]);
    }
    INDArray sigmas = Nd4j.createFromArray(sigma).castTo(x.dataType());
    INDArray z = Stacks.flat(Stacks.directions(x, Probes.GAUSSIAN, 1, random));
    INDArray points = z.mulColumnVector(sigmas).addi(Stacks.flat(x)).reshape('c', x.shape());
    return new NoisyPoints(points, z, sigmas, Nd4j.createFromArray(feature).castTo(x.dataType()));
  }

  /** The points with the feature as last column, or channel along the second dimension. */
  INDArray conditioned() {
    return condition(points, feature);
  }

  static INDArray condition(INDArray points, INDArray feature) {
    long[] shape = points.shape().clone();
    shape[1] = 1;
    long each = Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
    INDArray channel =
        Nd4j.createUninitialized(points.dataType(), new long[] {shape[0], each}, 'c');
    channel.assign(feature.reshape('c', new long[] {shape[0], 1}).broadcast(shape[0], each));
    return Nd4j.concat(1, points, channel.reshape('c', shape));
  }
}
