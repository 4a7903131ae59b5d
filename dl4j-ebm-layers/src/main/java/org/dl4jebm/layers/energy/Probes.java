/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Distributions of random directions {@code v} with {@code E[v v^T] = I}, so that {@code v^T H v}
 * has the expectation {@code trace H}.
 */
public enum Probes {
  /**
   * Independent signs. Variance of {@code v^T H v}: {@code 2 sum_{i != j} H_ij^2}, 0 for a diagonal
   * matrix, the least of all distributions with independent values.
   */
  RADEMACHER {
    @Override
    public void draw(RandomStream random, INDArray out) {
      random.bernoulli(Nd4j.valueArrayOf(out.shape(), 0.5, out.dataType()), out);
      out.muli(2).subi(1);
    }
  },

  /** Independent standard normal values. Variance of {@code v^T H v}: {@code 2 norm(H)_F^2}. */
  GAUSSIAN {
    @Override
    public void draw(RandomStream random, INDArray out) {
      random.gaussian(1, out);
    }
  },

  /**
   * Uniform on the sphere of radius {@code sqrt(d)}. Variance of {@code v^T H v}: {@code 2 d / (d +
   * 2) (norm(H)_F^2 - (trace H)^2 / d)}, 0 for a multiple of the unit matrix.
   */
  SPHERE {
    @Override
    public void draw(RandomStream random, INDArray out) {
      GAUSSIAN.draw(random, out);
      long n = out.size(0);
      INDArray rows = out.reshape('c', new long[] {n, out.length() / n});
      INDArray norms = rows.norm2(true, 1);
      rows.diviColumnVector(norms).muli(Math.sqrt(rows.size(1)));
    }
  };

  /**
   * Draws directions.
   *
   * @param random the stream to draw from
   * @param out one direction along all dimensions but the first for each place of the first, of
   *     {@link DataType#FLOAT} or {@link DataType#DOUBLE}, contiguous in 'c' order. Modified.
   */
  public abstract void draw(RandomStream random, INDArray out);
}
