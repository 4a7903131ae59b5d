/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Products and sums of arrays that {@link HostBlocks#reach} can reach, by calls of OpenBLAS, the
 * library that ND4J's CPU backend itself uses; others are left to ND4J. An operation of ND4J takes
 * some 40 microseconds for its context, shapes and checks of memory, as long as the arithmetic of
 * many of them; such a call takes less than one.
 */
public final class HostBlas {

  private static final int COLUMN_MAJOR = 102;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  /** Longer sums are left to ND4J: OpenBLAS adds one number after the other, in FLOAT. */
  private static final int LONGEST_SUM = 4096;

  private HostBlas() {}

  /**
   * Writes {@code c = alpha a b + beta c}, as {@code Nd4j.gemm} does.
   *
   * @param a {@code [m, k]}, or {@code [k, m]} if it is to be transposed. Not modified.
   * @param b {@code [k, n]}, or {@code [n, k]} if it is to be transposed. Not modified.
   * @param c {@code [m, n]}. Modified. Arrays that are not in 'f' order are left to ND4J.
   * @param transposeA whether {@code a} is transposed
   * @param transposeB whether {@code b} is transposed
   * @param alpha factor of the product
   * @param beta factor of what is in {@code c}; with 0 it may be uninitialised
   */
  public static void gemm(
      INDArray a,
      INDArray b,
      INDArray c,
      boolean transposeA,
      boolean transposeB,
      double alpha,
      double beta) {
    int innerOfA = transposeA ? 0 : 1;
    int innerOfB = transposeB ? 1 : 0;
    boolean fits =
        Calls.AVAILABLE
            && c.ordering() == 'f'
            && isPlainMatrix(a)
            && isPlainMatrix(b)
            && isPlainMatrix(c)
            && a.size(1 - innerOfA) == c.size(0)
            && a.size(innerOfA) == b.size(innerOfB)
            && b.size(1 - innerOfB) == c.size(1);
    if (!fits) {
      Nd4j.gemm(a, b, c, transposeA, transposeB, alpha, beta);
      return;
    }
    boolean rowsOfA = a.ordering() == 'c';
    boolean rowsOfB = b.ordering() == 'c';
    Calls.gemm(
        rowsOfA == transposeA ? PLAIN : TRANSPOSED,
        rowsOfB == transposeB ? PLAIN : TRANSPOSED,
        (int) c.size(0),
        (int) c.size(1),
        (int) a.size(innerOfA),
        (float) alpha,
        HostBlocks.memory(a),
        (int) a.size(rowsOfA ? 1 : 0),
        HostBlocks.memory(b),
        (int) b.size(rowsOfB ? 1 : 0),
        (float) beta,
        HostBlocks.memory(c),
        (int) c.size(0));
    keep(a, b, c);
  }

  /**
   * Writes {@code y = alpha a x + beta y}.
   *
   * @param a {@code [m, n]}. Not modified.
   * @param x {@code [n]}. Not modified.
   * @param y {@code [m]}. Modified.
   * @param alpha factor of the product
   * @param beta factor of what is in {@code y}; with 0 it may be uninitialised
   */
  public static void gemv(INDArray a, INDArray x, INDArray y, double alpha, double beta) {
    boolean fits =
        Calls.AVAILABLE
            && isPlainMatrix(a)
            && HostBlocks.reach(x)
            && HostBlocks.reach(y)
            && a.size(0) == y.length()
            && a.size(1) == x.length()
            && a.size(1) <= LONGEST_SUM;
    if (!fits) {
      Nd4j.exec(new Mmul(a, x, y, alpha, beta, MMulTranspose.allFalse()));
      return;
    }
    boolean rows = a.ordering() == 'c';
    int lines = (int) a.size(rows ? 1 : 0);
    Calls.gemv(
        rows ? TRANSPOSED : PLAIN,
        lines,
        (int) a.size(rows ? 0 : 1),
        (float) alpha,
        HostBlocks.memory(a),
        lines,
        HostBlocks.memory(x),
        (float) beta,
        HostBlocks.memory(y));
    keep(a, x, y);
  }

  /**
   * Multiplies every value.
   *
   * @param x the array. Modified.
   * @param factor what to multiply by
   */
  public static void scale(INDArray x, double factor) {
    if (!Calls.AVAILABLE || !HostBlocks.reach(x) || x.length() > Integer.MAX_VALUE) {
      x.muli(factor);
      return;
    }
    Calls.scale((int) x.length(), (float) factor, HostBlocks.memory(x));
    Reference.reachabilityFence(x);
  }

  private static boolean isPlainMatrix(INDArray array) {
    return array.rank() == 2
        && array.length() <= Integer.MAX_VALUE
        && HostBlocks.reach(array)
        && array.stride(array.ordering() == 'c' ? 1 : 0) == 1
        && array.stride(array.ordering() == 'c' ? 0 : 1)
            == array.size(array.ordering() == 'c' ? 1 : 0);
  }

  private static void keep(INDArray a, INDArray b, INDArray c) {
    Reference.reachabilityFence(a);
    Reference.reachabilityFence(b);
    Reference.reachabilityFence(c);
  }

  /** The functions, found by name: the bindings are on the class path of the CPU backend only. */
  private static final class Calls {

    private static final String BINDINGS = "org.bytedeco.openblas.global.openblas";
    private static final Class<?> MEMORY = FloatPointer.class;

    private static final MethodHandle GEMM =
        find(
            "cblas_sgemm",
            int.class,
            int.class,
            int.class,
            int.class,
            int.class,
            int.class,
            float.class,
            MEMORY,
            int.class,
            MEMORY,
            int.class,
            float.class,
            MEMORY,
            int.class);

    private static final MethodHandle GEMV =
        find(
            "cblas_sgemv",
            int.class,
            int.class,
            int.class,
            int.class,
            float.class,
            MEMORY,
            int.class,
            MEMORY,
            int.class,
            float.class,
            MEMORY,
            int.class);

    private static final MethodHandle SCALE =
        find("cblas_sscal", int.class, float.class, MEMORY, int.class);

    static final boolean AVAILABLE = GEMM != null && GEMV != null && SCALE != null;

    private static MethodHandle find(String name, Class<?>... arguments) {
      if (!Nd4j.getEnvironment().isCPU()) {
        return null;
      }
      return bindings().map(type -> find(type, name, arguments)).orElse(null);
    }

    private static MethodHandle find(Class<?> type, String name, Class<?>... arguments) {
      try {
        return MethodHandles.publicLookup()
            .findStatic(type, name, MethodType.methodType(void.class, arguments));
      } catch (NoSuchMethodException | IllegalAccessException e) {
        return null;
      }
    }

    private static Optional<Class<?>> bindings() {
      try {
        return Optional.of(
            Class.forName(BINDINGS, true, Nd4j.getBackend().getClass().getClassLoader()));
      } catch (ClassNotFoundException | LinkageError e) {
        return Optional.empty();
      }
    }

    static void gemm(
        int transA,
        int transB,
        int m,
        int n,
        int k,
        float alpha,
        FloatPointer a,
        int lda,
        FloatPointer b,
        int ldb,
        float beta,
        FloatPointer c,
        int ldc) {
      try {
        GEMM.invokeExact(
            COLUMN_MAJOR, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
      } catch (Throwable e) {
        throw failure(e);
      }
    }

    static void gemv(
        int trans,
        int m,
        int n,
        float alpha,
        FloatPointer a,
        int lda,
        FloatPointer x,
        float beta,
        FloatPointer y) {
      try {
        GEMV.invokeExact(COLUMN_MAJOR, trans, m, n, alpha, a, lda, x, 1, beta, y, 1);
      } catch (Throwable e) {
        throw failure(e);
      }
    }

    static void scale(int n, float factor, FloatPointer x) {
      try {
        SCALE.invokeExact(n, factor, x, 1);
      } catch (Throwable e) {
        throw failure(e);
      }
    }

    private static IllegalStateException failure(Throwable cause) {
      return new IllegalStateException("OpenBLAS could not be called", cause);
    }
  }
}
