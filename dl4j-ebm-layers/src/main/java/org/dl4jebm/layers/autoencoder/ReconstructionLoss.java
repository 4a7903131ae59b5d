/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Optional;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Softplus;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the visible units of an autoencoder are, and how far a reconstruction is from the data. With
 * {@code a = b + W h} the input of the visible units, each loss is, but for a constant, the
 * negative log-likelihood of the data in nats, summed over the visible units.
 */
public enum ReconstructionLoss {

  /**
   * Sigmoid units and the cross-entropy, {@code sum softplus(a_i) - x_i a_i}, computed from the
   * inputs so that saturated units do no harm. For data in [0, 1].
   */
  CROSS_ENTROPY {
    @Override
    void apply(INDArray a, INDArray x, INDArray loss) {
      if (reach(a, x, loss)) {
        HostBlocks.map(a, x, loss, (block, data, n, from) -> crossEntropy(block, data, n));
        HostBlocks.map(
            a,
            x,
            a,
            (block, data, n, from) -> {
              Logistic.apply(block, n);
              subtract(block, data, n);
            });
      } else {
        loss.assign(Softplus.of(a)).subi(a.mul(x));
        Logistic.apply(a);
        a.subi(x);
      }
    }

    @Override
    void toMean(INDArray a) {
      Logistic.apply(a);
    }

    @Override
    Optional<String> findBadData(INDArray x) {
      double low = x.minNumber().doubleValue();
      double high = x.maxNumber().doubleValue();
      return low >= 0 && high <= 1
          ? Optional.empty()
          : Optional.of(
              "values from " + low + " to " + high + "; accepted by the cross-entropy: 0 to 1");
    }
  },

  /**
   * Linear units and half the squared error, {@code |a - x|^2 / 2}: normal distributions of
   * variance 1. For real-valued data, best with a standard deviation near 1.
   */
  SQUARED_ERROR {
    @Override
    void apply(INDArray a, INDArray x, INDArray loss) {
      a.subi(x);
      loss.assign(a).muli(a).muli(0.5);
    }

    @Override
    void toMean(INDArray a) {}
  },

  /**
   * Sigmoid units and half the squared error, {@code |sigmoid(a) - x|^2 / 2}. Its gradient vanishes
   * at saturated units, wrong ones too: for data in [0, 1] the cross-entropy usually learns faster.
   */
  SQUARED_ERROR_OF_SIGMOID {
    @Override
    void apply(INDArray a, INDArray x, INDArray loss) {
      Logistic.apply(a);
      INDArray slope = a.rsub(1).muli(a);
      a.subi(x);
      loss.assign(a).muli(a).muli(0.5);
      a.muli(slope);
    }

    @Override
    void toMean(INDArray a) {
      Logistic.apply(a);
    }
  };

  /**
   * Computes the loss and its derivative.
   *
   * @param a inputs of the visible units, {@code [n, nIn]}. Becomes the derivative of the loss by
   *     them.
   * @param x the data, of the same shape, type and order. Not modified.
   * @param loss gets the loss of each value; of the same shape, type and order
   */
  abstract void apply(INDArray a, INDArray x, INDArray loss);

  /** Turns inputs of visible units into their means, the reconstruction. */
  abstract void toMean(INDArray a);

  /** What was found and what is accepted, or empty if finite data can be used. */
  Optional<String> findBadData(INDArray x) {
    return Optional.empty();
  }

  private static boolean reach(INDArray a, INDArray x, INDArray loss) {
    return HostBlocks.reach(a)
        && HostBlocks.reach(x)
        && HostBlocks.reach(loss)
        && a.ordering() == x.ordering()
        && a.ordering() == loss.ordering();
  }

  /** Replaces inputs by losses; the data are lost. */
  private static void crossEntropy(float[] a, float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= a[i];
    }
    Softplus.apply(a, n);
    subtract(a, x, n);
  }

  private static void subtract(float[] a, float[] x, int n) {
    for (int i = 0; i < n; i++) {
      a[i] -= x[i];
    }
  }
}
