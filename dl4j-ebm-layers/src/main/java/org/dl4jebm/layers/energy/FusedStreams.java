/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.FloatPointer;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Softplus;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The rules of {@link ActivationStreams} in FLOAT on the CPU, for activations made of the logistic
 * function, in one pass in loops that the JVM vectorises. As separate operations they read and
 * write every stream several times, which takes longer than the matrix products of small networks.
 * Absolute errors are those of {@link Logistic}, below 1e-6.
 */
enum FusedStreams {
  /** See {@link ActivationTable#SIGMOID}. */
  SIGMOID {
    @Override
    void derivatives(float[] z, float[][] f, int n, boolean value) {
      logistic(z, f[0], n);
      float[] f0 = f[0];
      float[] f1 = f[1];
      float[] f2 = f[2];
      float[] f3 = f[3];
      for (int i = 0; i < n; i++) {
        float s = f0[i];
        float first = s * (1 - s);
        f1[i] = first;
        f2[i] = first * (1 - 2 * s);
        f3[i] = first * (1 - 6 * first);
      }
    }
  },

  /** See {@link ActivationTable#SOFTPLUS}. */
  SOFTPLUS {
    @Override
    void derivatives(float[] z, float[][] f, int n, boolean value) {
      if (value) {
        System.arraycopy(z, 0, f[0], 0, n);
        Softplus.apply(f[0], n);
      }
      logistic(z, f[1], n);
      float[] f1 = f[1];
      float[] f2 = f[2];
      float[] f3 = f[3];
      for (int i = 0; i < n; i++) {
        float s = f1[i];
        float second = s * (1 - s);
        f2[i] = second;
        f3[i] = second * (1 - 2 * s);
      }
    }
  },

  /** See {@link ActivationTable#SWISH}. */
  SWISH {
    @Override
    void derivatives(float[] z, float[][] f, int n, boolean value) {
      logistic(z, f[0], n);
      float[] f0 = f[0];
      float[] f1 = f[1];
      float[] f2 = f[2];
      float[] f3 = f[3];
      for (int i = 0; i < n; i++) {
        float x = z[i];
        float s = f0[i];
        float first = s * (1 - s);
        float second = first * (1 - 2 * s);
        f0[i] = x * s;
        f1[i] = s + x * first;
        f2[i] = 2 * first + x * second;
        f3[i] = 3 * second + x * first * (1 - 6 * first);
      }
    }
  };

  /** Values that are worked on at a time; their blocks fit the second-level cache. */
  private static final int LENGTH = HostBlocks.LENGTH / 2;

  private static final ThreadLocal<Blocks> BLOCKS = ThreadLocal.withInitial(Blocks::new);

  /**
   * Writes f and its first three derivatives of each value.
   *
   * @param value whether f itself is needed
   */
  abstract void derivatives(float[] z, float[][] f, int n, boolean value);

  private static void logistic(float[] z, float[] s, int n) {
    System.arraycopy(z, 0, s, 0, n);
    Logistic.apply(s, n);
  }

  /** The fused form of a function, or null. */
  static FusedStreams of(ActivationDerivatives function) {
    if (function == ActivationTable.SIGMOID) {
      return SIGMOID;
    }
    if (function == ActivationTable.SOFTPLUS) {
      return SOFTPLUS;
    }
    return function == ActivationTable.SWISH ? SWISH : null;
  }

  /** Whether all arrays can be worked on. */
  static boolean reach(INDArray... arrays) {
    for (INDArray array : arrays) {
      if (!HostBlocks.reach(array) || array.ordering() != 'c') {
        return false;
      }
    }
    return true;
  }

  /** As {@link ActivationStreams#forward}. */
  void forward(StreamLayout layout, boolean secondsIn, INDArray z, INDArray a) {
    long points = z.size(1);
    HostBlocks.ranges(
        points,
        (from, to) -> {
          Pass pass = new Pass(layout, secondsIn, points, BLOCKS.get());
          FloatPointer in = HostBlocks.memory(z);
          FloatPointer out = HostBlocks.memory(a);
          for (long at = from; at < to; at += LENGTH) {
            forward(pass, in, out, at, (int) Math.min(LENGTH, to - at));
          }
        });
    Reference.reachabilityFence(z);
    Reference.reachabilityFence(a);
  }

  private void forward(Pass pass, FloatPointer z, FloatPointer a, long at, int n) {
    Blocks blocks = pass.blocks;
    float[] tangent = blocks.tangent;
    float[] sum = blocks.sum;
    float[] f1 = blocks.f[1];
    z.position(at).get(blocks.z, 0, n);
    derivatives(blocks.z, blocks.f, n, true);
    a.position(at).put(blocks.f[0], 0, n);
    for (int k = 0; k < pass.layout.directions(); k++) {
      z.position(pass.tangent(k) + at).get(tangent, 0, n);
      boolean first = k % pass.directionsInSum == 0;
      for (int i = 0; i < n; i++) {
        float t = tangent[i];
        sum[i] = first ? t * t : sum[i] + t * t;
        tangent[i] = f1[i] * t;
      }
      a.position(pass.tangent(k) + at).put(tangent, 0, n);
      if (pass.curved && (k + 1) % pass.directionsInSum == 0) {
        long seconds = pass.second(k) + at;
        curve(pass, z, seconds, n);
        a.position(seconds).put(blocks.second, 0, n);
      }
    }
  }

  /** Second derivatives of one part: {@code f'' sum + f' z''}. */
  private static void curve(Pass pass, FloatPointer z, long seconds, int n) {
    float[] sum = pass.blocks.sum;
    float[] second = pass.blocks.second;
    float[] f1 = pass.blocks.f[1];
    float[] f2 = pass.blocks.f[2];
    if (pass.secondsIn) {
      z.position(seconds).get(second, 0, n);
      for (int i = 0; i < n; i++) {
        second[i] = f2[i] * sum[i] + f1[i] * second[i];
      }
    } else {
      for (int i = 0; i < n; i++) {
        second[i] = f2[i] * sum[i];
      }
    }
  }

  /** As {@link ActivationStreams#backward}. */
  void backward(StreamLayout layout, boolean secondsIn, INDArray z, INDArray e, INDArray dz) {
    long points = z.size(1);
    HostBlocks.ranges(
        points,
        (from, to) -> {
          Pass pass = new Pass(layout, secondsIn, points, BLOCKS.get());
          FloatPointer in = HostBlocks.memory(z);
          FloatPointer errors = HostBlocks.memory(e);
          FloatPointer out = HostBlocks.memory(dz);
          for (long at = from; at < to; at += LENGTH) {
            backward(pass, in, errors, out, at, (int) Math.min(LENGTH, to - at));
          }
        });
    Reference.reachabilityFence(z);
    Reference.reachabilityFence(e);
    Reference.reachabilityFence(dz);
  }

  private void backward(
      Pass pass, FloatPointer z, FloatPointer e, FloatPointer dz, long at, int n) {
    Blocks blocks = pass.blocks;
    float[] tangent = blocks.tangent;
    float[] error = blocks.error;
    float[] result = blocks.result;
    float[] f1 = blocks.f[1];
    float[] f2 = blocks.f[2];
    z.position(at).get(blocks.z, 0, n);
    derivatives(blocks.z, blocks.f, n, false);
    e.position(at).get(result, 0, n);
    for (int i = 0; i < n; i++) {
      result[i] *= f1[i];
    }
    for (int k = 0; k < pass.layout.directions(); k++) {
      if (pass.curved && k % pass.directionsInSum == 0) {
        long seconds = pass.second(k) + at;
        e.position(seconds).get(blocks.sum, 0, n);
        if (pass.secondsIn) {
          secondErrors(pass, z.position(seconds), n);
          dz.position(seconds).put(blocks.second, 0, n);
        }
      }
      z.position(pass.tangent(k) + at).get(tangent, 0, n);
      e.position(pass.tangent(k) + at).get(error, 0, n);
      if (pass.curved) {
        curvedErrors(blocks, n);
      } else {
        for (int i = 0; i < n; i++) {
          float t = tangent[i];
          result[i] += error[i] * t * f2[i];
          tangent[i] = error[i] * f1[i];
        }
      }
      dz.position(pass.tangent(k) + at).put(tangent, 0, n);
    }
    dz.position(at).put(result, 0, n);
  }

  /** What comes back through the second derivatives of the arguments. */
  private static void secondErrors(Pass pass, FloatPointer z, int n) {
    float[] second = pass.blocks.second;
    float[] secondError = pass.blocks.sum;
    float[] result = pass.blocks.result;
    float[] f1 = pass.blocks.f[1];
    float[] f2 = pass.blocks.f[2];
    z.get(second, 0, n);
    for (int i = 0; i < n; i++) {
      float error = secondError[i];
      result[i] += error * f2[i] * second[i];
      second[i] = error * f1[i];
    }
  }

  /** What comes back through one direction, where its second derivatives count. */
  private static void curvedErrors(Blocks blocks, int n) {
    float[] tangent = blocks.tangent;
    float[] error = blocks.error;
    float[] secondError = blocks.sum;
    float[] result = blocks.result;
    float[] f1 = blocks.f[1];
    float[] f2 = blocks.f[2];
    float[] f3 = blocks.f[3];
    for (int i = 0; i < n; i++) {
      float t = tangent[i];
      float curvature = secondError[i] * t;
      result[i] += t * (error[i] * f2[i] + curvature * f3[i]);
      tangent[i] = error[i] * f1[i] + 2 * curvature * f2[i];
    }
  }

  /** Where streams begin. */
  private static final class Pass {
    private final StreamLayout layout;
    private final boolean secondsIn;
    private final long points;
    private final boolean curved;
    private final int directionsInSum;
    private final Blocks blocks;

    Pass(StreamLayout layout, boolean secondsIn, long points, Blocks blocks) {
      this.layout = layout;
      this.secondsIn = secondsIn;
      this.points = points;
      this.blocks = blocks;
      curved = layout.sums() > 0;
      directionsInSum = curved ? layout.directionsInSum() : Math.max(1, layout.directions());
    }

    long tangent(int direction) {
      return (1 + direction) * points;
    }

    long second(int direction) {
      return (1 + layout.directions() + direction / directionsInSum) * points;
    }
  }

  /** What a thread works on. */
  private static final class Blocks {
    private final float[] z = new float[LENGTH];
    private final float[][] f = new float[ActivationDerivatives.HIGHEST + 1][LENGTH];
    private final float[] tangent = new float[LENGTH];
    private final float[] second = new float[LENGTH];

    /** Forward, of squared tangents; backward, errors of second derivatives. */
    private final float[] sum = new float[LENGTH];

    private final float[] error = new float[LENGTH];
    private final float[] result = new float[LENGTH];
  }
}
