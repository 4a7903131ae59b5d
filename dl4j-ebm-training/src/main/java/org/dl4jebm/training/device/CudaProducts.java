/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;

/** Products of matrices by cuBLAS, on the stream of a context. */
final class CudaProducts implements AutoCloseable {

  private static final int NOT_TRANSPOSED = 0;
  private static final int TRANSPOSED = 1;
  private static final int DEFAULT_MATH = 0;
  private static final int TF32_MATH = 3;
  private static final int HOPPER = 9;

  /** What NVIDIA recommends for Hopper and newer, and for what came before. */
  private static final long LARGE_WORKSPACE = 32L << 20;

  private static final long SMALL_WORKSPACE = 4L << 20;

  private static final Map<Integer, String> CODES =
      Map.of(
          1, "CUBLAS_STATUS_NOT_INITIALIZED",
          3, "CUBLAS_STATUS_ALLOC_FAILED",
          7, "CUBLAS_STATUS_INVALID_VALUE",
          8, "CUBLAS_STATUS_ARCH_MISMATCH",
          11, "CUBLAS_STATUS_MAPPING_ERROR",
          13, "CUBLAS_STATUS_EXECUTION_FAILED",
          14, "CUBLAS_STATUS_INTERNAL_ERROR",
          15, "CUBLAS_STATUS_NOT_SUPPORTED",
          16, "CUBLAS_STATUS_LICENSE_ERROR");

  private final NativeFunctions functions;
  private final Releases releases = new Releases();
  private final Pointer handle;

  /** cuBLAS reads them during the call. */
  private final Memory alpha = new Memory(Float.BYTES);

  private final Memory beta = new Memory(Float.BYTES);

  CudaProducts(NativeFunctions functions, CudaContext context, boolean tf32) {
    this.functions = functions;
    try {
      // With this memory cuBLAS allocates nothing while operations are recorded.
      long bytes = context.gpu().major() >= HOPPER ? LARGE_WORKSPACE : SMALL_WORKSPACE;
      long workspace = context.allocate("the workspace of cuBLAS", bytes);
      releases.add(() -> context.free(workspace));
      PointerByReference out = new PointerByReference();
      call("cublasCreate_v2", out);
      handle = out.getValue();
      releases.add(() -> call("cublasDestroy_v2", handle));
      // The stream first: setting it takes a workspace away.
      call("cublasSetStream_v2", handle, context.stream());
      call("cublasSetWorkspace_v2", handle, new Pointer(workspace), bytes);
      call("cublasSetMathMode", handle, tf32 ? TF32_MATH : DEFAULT_MATH);
    } catch (RuntimeException | Error e) {
      releases.closeAfter(e);
      throw e;
    }
  }

  private void call(String name, Object... arguments) {
    int code;
    try {
      code = functions.call(name, arguments);
    } catch (LinkageError e) {
      throw new DeviceException(
          "cuBLAS has no function " + name + "; accepted: cuBLAS of CUDA 11.4 or newer", e);
    }
    if (code != 0) {
      throw new DeviceException(
          "cuBLAS's "
              + name
              + " failed with code "
              + code
              + " ("
              + CODES.getOrDefault(code, "unknown")
              + ")");
    }
  }

  /** {@link Device#gemm} of addresses. */
  void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc) {
    this.alpha.setFloat(0, alpha);
    this.beta.setFloat(0, beta);
    call(
        "cublasSgemm_v2",
        handle,
        transposeA ? TRANSPOSED : NOT_TRANSPOSED,
        transposeB ? TRANSPOSED : NOT_TRANSPOSED,
        m,
        n,
        k,
        this.alpha,
        new Pointer(a),
        lda,
        new Pointer(b),
        ldb,
        this.beta,
        new Pointer(c),
        ldc);
  }

  @Override
  public void close() {
    releases.close();
  }
}
