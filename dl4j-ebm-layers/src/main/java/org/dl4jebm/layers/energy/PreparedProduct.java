/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A product of arrays that stay where they are, {@code c = op(a) op(b) + beta c}. A call of {@code
 * Nd4j.gemm} makes some twenty small native allocations for its arguments, which is a tenth of the
 * time of the product itself in small networks; here they are made once.
 */
final class PreparedProduct {

  private final Mmul product;
  private final OpContext context;

  /**
   * Prepares a product.
   *
   * @param a a matrix; read at each {@link #run}
   * @param b a matrix or, with a vector as {@code c}, a vector; read at each {@link #run}
   * @param c gets the result; matrices in 'f' order
   * @param transposeA whether {@code a} is transposed
   * @param transposeB whether {@code b} is transposed
   * @param beta what {@code c} is multiplied by before
   */
  PreparedProduct(
      INDArray a, INDArray b, INDArray c, boolean transposeA, boolean transposeB, double beta) {
    product =
        new Mmul(
            a,
            b,
            c,
            1,
            beta,
            MMulTranspose.builder().transposeA(transposeA).transposeB(transposeB).build());
    context = Nd4j.getExecutioner().buildContext();
    context.setInputArrays(product.inputArguments());
    context.setOutputArrays(product.outputArguments());
    context.setIArguments(product.iArgs());
    context.setTArguments(product.tArgs());
  }

  /** Computes. */
  void run() {
    Nd4j.getExecutioner().exec(product, context);
  }
}
