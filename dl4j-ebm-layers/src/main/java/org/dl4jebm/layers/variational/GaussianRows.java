/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.FloatPointer;
import org.dl4jebm.layers.HostBlocks;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The formulas of {@link LocationScale} and {@link DiagonalGaussian} for rows of FLOAT parameters
 * {@code mu (k), rho (k)} in the memory of the CPU, each in one pass.
 */
final class GaussianRows {

  private static final ThreadLocal<GaussianRows> SCRATCH =
      ThreadLocal.withInitial(GaussianRows::new);

  private float[] location = new float[0];
  private float[] scale;
  private float[] third;
  private float[] fourth;
  private double[] work;

  private GaussianRows() {}

  /** The formulas for a row. Called by several threads at once. */
  @FunctionalInterface
  private interface Row {
    void on(GaussianRows at, FloatPointer[] arrays, long row);
  }

  /** Whether the arrays are matrices whose rows follow each other in memory that is in reach. */
  static boolean reach(INDArray... arrays) {
    for (INDArray array : arrays) {
      if (array.rank() != 2 || array.ordering() != 'c' || !HostBlocks.reach(array)) {
        return false;
      }
    }
    return true;
  }

  /** {@code mu + exp(c rho) noise}. */
  static INDArray sample(INDArray eta, INDArray noise, double exponent) {
    int k = Math.toIntExact(noise.size(1));
    INDArray out = Nd4j.createUninitialized(eta.dataType(), noise.shape(), 'c');
    run(
        k,
        (at, arrays, row) -> {
          arrays[1].position(row * k).get(at.third, 0, k);
          ExpBlocks.apply(at.scale, at.work, k, exponent);
          scaleAndShift(at.location, at.scale, at.third, k);
          arrays[2].position(row * k).put(at.location, 0, k);
        },
        eta,
        noise,
        out);
    return out;
  }

  private static void scaleAndShift(float[] location, float[] scale, float[] noise, int k) {
    for (int j = 0; j < k; j++) {
      location[j] += scale[j] * noise[j];
    }
  }

  /** {@code gradient} beside {@code c exp(c rho) noise gradient}. */
  static INDArray sampleGradient(INDArray eta, INDArray noise, double exponent, INDArray gradient) {
    int k = Math.toIntExact(noise.size(1));
    INDArray out = Nd4j.createUninitialized(eta.dataType(), eta.shape(), 'c');
    float factor = (float) exponent;
    run(
        k,
        (at, arrays, row) -> {
          arrays[1].position(row * k).get(at.third, 0, k);
          arrays[2].position(row * k).get(at.fourth, 0, k);
          ExpBlocks.apply(at.scale, at.work, k, exponent);
          product(at.scale, at.third, at.fourth, factor, k);
          arrays[3].position(row * 2 * k).put(at.fourth, 0, k);
          arrays[3].position(row * 2 * k + k).put(at.scale, 0, k);
        },
        eta,
        noise,
        gradient,
        out);
    return out;
  }

  private static void product(float[] scale, float[] noise, float[] gradient, float by, int k) {
    for (int j = 0; j < k; j++) {
      scale[j] *= noise[j] * gradient[j] * by;
    }
  }

  /** {@code (exp(rho) - rho + mu^2 - 1) / 2}. */
  static INDArray divergence(INDArray eta) {
    int k = Math.toIntExact(eta.size(1) / 2);
    INDArray out = Nd4j.createUninitialized(eta.dataType(), new long[] {eta.size(0), k}, 'c');
    run(
        k,
        (at, arrays, row) -> {
          System.arraycopy(at.scale, 0, at.third, 0, k);
          ExpBlocks.apply(at.third, at.work, k, 1);
          divergence(at.location, at.scale, at.third, k);
          arrays[1].position(row * k).put(at.third, 0, k);
        },
        eta,
        out);
    return out;
  }

  private static void divergence(float[] mean, float[] logVariance, float[] variance, int k) {
    for (int j = 0; j < k; j++) {
      variance[j] = 0.5f * (variance[j] - logVariance[j] + mean[j] * mean[j] - 1);
    }
  }

  /** {@code weight mu} beside {@code weight (exp(rho) - 1) / 2}. */
  static INDArray divergenceGradient(INDArray eta, INDArray weight) {
    int k = Math.toIntExact(weight.size(1));
    INDArray out = Nd4j.createUninitialized(eta.dataType(), eta.shape(), 'c');
    run(
        k,
        (at, arrays, row) -> {
          arrays[1].position(row * k).get(at.third, 0, k);
          ExpBlocks.apply(at.scale, at.work, k, 1);
          divergenceGradient(at.location, at.scale, at.third, k);
          arrays[2].position(row * 2 * k).put(at.location, 0, k);
          arrays[2].position(row * 2 * k + k).put(at.scale, 0, k);
        },
        eta,
        weight,
        out);
    return out;
  }

  private static void divergenceGradient(float[] mean, float[] variance, float[] weight, int k) {
    for (int j = 0; j < k; j++) {
      mean[j] *= weight[j];
      variance[j] = 0.5f * weight[j] * (variance[j] - 1);
    }
  }

  /** Runs over all rows; the first array has {@code 2 k} columns and is read already. */
  private static void run(int k, Row work, INDArray... arrays) {
    long rows = arrays[0].size(0);
    long atOnce = Math.max(1, HostBlocks.LENGTH / k);
    long blocks = (rows - 1) / atOnce + 1;
    HostBlocks.ranges(
        blocks * HostBlocks.LENGTH,
        (from, to) -> {
          GaussianRows at = SCRATCH.get();
          at.reserve(k);
          FloatPointer[] memory = new FloatPointer[arrays.length];
          for (int i = 0; i < memory.length; i++) {
            memory[i] = HostBlocks.memory(arrays[i]);
          }
          long last = Math.min(rows, to / HostBlocks.LENGTH * atOnce);
          for (long row = from / HostBlocks.LENGTH * atOnce; row < last; row++) {
            memory[0].position(row * 2 * k).get(at.location, 0, k);
            memory[0].position(row * 2 * k + k).get(at.scale, 0, k);
            work.on(at, memory, row);
          }
        });
    Reference.reachabilityFence(arrays);
  }

  private void reserve(int k) {
    if (location.length < k) {
      location = new float[k];
      scale = new float[k];
      third = new float[k];
      fourth = new float[k];
      work = new double[k];
    }
  }
}
