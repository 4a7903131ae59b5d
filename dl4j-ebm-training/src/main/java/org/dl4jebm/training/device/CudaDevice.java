/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.dl4jebm.training.device.CudaKernels.Kernel;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.host.Gpu;

/**
 * The operations of a {@link Device} on an NVIDIA GPU from Ampere on, by the kernels of {@code
 * src/main/cuda} and cuBLAS, on one stream. Nothing but an upload, a download, {@link #synchronize}
 * and {@link #allFinite} waits for the GPU; a failure of an operation may therefore show in a later
 * call. A device may be handed from thread to thread, but two must not use it at once.
 */
final class CudaDevice extends CudaOperations {

  /** Sums of slices of columns; in front of them a flag. */
  private static final long SCRATCH_BYTES = 4L << 20;

  private static final long SUMS_AT = 256;
  private static final int FLOAT_EXPONENT = 0x7f800000;
  private static final int DOUBLE_EXPONENT = 0x7ff00000;

  private final CudaContext context;
  private final CudaKernels kernels;
  private final CudaProducts products;
  private final CudaTransfers transfers;
  private final CudaArray flag;
  private final CudaArray sums;
  private final Releases releases = new Releases();
  private final Set<CudaArray> arrays = new LinkedHashSet<>();
  private final Set<Recording> recordings = new LinkedHashSet<>();
  private boolean recording;
  private boolean closed;

  private CudaDevice(CudaOptions options, NativeFunctions driver, NativeFunctions blas) {
    try {
      context = new CudaContext(new CudaDriver(driver), options.ordinal());
      releases.add(context::close);
      kernels = new CudaKernels(context);
      releases.add(kernels::close);
      products = new CudaProducts(blas, context, options.tf32());
      releases.add(products::close);
      transfers = new CudaTransfers(context);
      releases.add(transfers::close);
      long scratch = context.allocate("the space for sums", SCRATCH_BYTES);
      releases.add(() -> context.free(scratch));
      flag = new CudaArray(this, "flag", Type.INT, scratch, 1);
      sums =
          new CudaArray(
              this,
              "sums",
              Type.DOUBLE,
              scratch + SUMS_AT,
              (SCRATCH_BYTES - SUMS_AT) / Double.BYTES);
    } catch (RuntimeException | Error e) {
      releases.closeAfter(e);
      throw e;
    }
  }

  /**
   * Opens a GPU.
   *
   * @throws DeviceException if there is no driver, no cuBLAS, no such GPU, if it is older than
   *     Ampere, or if a call fails
   */
  static CudaDevice open(CudaOptions options) {
    CudaLibraries libraries = CudaLibraries.ofThisMachine();
    return open(options, libraries.driver(), libraries.blas(options.libraries()));
  }

  /** The same with libraries that are open. */
  static CudaDevice open(CudaOptions options, NativeFunctions driver, NativeFunctions blas) {
    return new CudaDevice(options, driver, blas);
  }

  @Override
  public Gpu gpu() {
    return context.gpu();
  }

  @Override
  CudaKernels kernels() {
    return kernels;
  }

  @Override
  CudaArray sums() {
    return sums;
  }

  CudaTransfers transfers() {
    return transfers;
  }

  void requireNotRecording(String what) {
    if (recording) {
      throw new IllegalStateException(what + " while recording; accepted: operations");
    }
  }

  @Override
  public long freeBytes() {
    return context.freeBytes();
  }

  @Override
  public DeviceArray allocate(String name, Type type, long length) {
    requireNotRecording("allocation of \"" + name + "\"");
    if (closed || length < 0 || length > Long.MAX_VALUE / type.bytes()) {
      throw new IllegalArgumentException(
          "\""
              + name
              + "\" should have "
              + length
              + " numbers"
              + (closed ? " on a device that is closed" : "")
              + "; accepted: 0 or more");
    }
    // The driver has no empty ranges.
    long bytes = Math.max(1, length) * type.bytes();
    long address = context.allocate("\"" + name + "\"", bytes);
    try {
      context.driver().call("cuMemsetD8Async", address, (byte) 0, bytes, context.stream());
    } catch (RuntimeException | Error e) {
      Releases release = new Releases();
      release.add(() -> context.free(address));
      release.closeAfter(e);
      throw e;
    }
    CudaArray array = new CudaArray(this, name, type, address, length);
    arrays.add(array);
    return array;
  }

  void free(CudaArray array) {
    if (arrays.remove(array)) {
      context.free(array.address());
    }
  }

  @Override
  public void synchronize() {
    requireNotRecording("synchronisation");
    context.synchronize();
  }

  @Override
  public Recording record(Runnable operations) {
    requireNotRecording("a recording");
    recording = true;
    try {
      Recording[] made = new Recording[1];
      made[0] = CudaRecording.of(context, operations, () -> recordings.remove(made[0]));
      recordings.add(made[0]);
      return made[0];
    } finally {
      recording = false;
    }
  }

  /** Numbers that a matrix of BLAS extends over. */
  private static long extent(int rows, int columns, int lead) {
    if (lead < rows) {
      throw new IllegalArgumentException(
          "the leading dimension of a matrix of " + rows + " rows is " + lead + "; accepted: more");
    }
    return size(rows, lead) / rows * (columns - 1) + size(rows, columns) / columns;
  }

  @Override
  public void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      DeviceArray a,
      int lda,
      DeviceArray b,
      int ldb,
      float beta,
      DeviceArray c,
      int ldc) {
    CudaArray first = floats(a, extent(transposeA ? k : m, transposeA ? m : k, lda));
    CudaArray second = floats(b, extent(transposeB ? n : k, transposeB ? k : n, ldb));
    CudaArray out = floats(c, extent(m, n, ldc));
    context.enter();
    products.multiply(
        transposeA,
        transposeB,
        m,
        n,
        k,
        alpha,
        first.address(),
        lda,
        second.address(),
        ldb,
        beta,
        out.address(),
        ldc);
  }

  @Override
  public void copy(DeviceArray from, DeviceArray to) {
    CudaArray source = CudaArray.require(this, from, from.type(), 0);
    CudaArray target = CudaArray.require(this, to, from.type(), 0);
    if (source.length() != target.length()) {
      throw new IllegalArgumentException(
          "a copy of "
              + source.length()
              + " numbers to "
              + target.length()
              + "; accepted: as many");
    }
    if (source.length() > 0) {
      context.enter();
      context
          .driver()
          .call(
              "cuMemcpyDtoDAsync_v2",
              target.address(),
              source.address(),
              source.bytes(),
              context.stream());
    }
  }

  @Override
  public boolean allFinite(DeviceArray array) {
    requireNotRecording("a look at numbers");
    boolean isFloat = array.type() == Type.FLOAT;
    CudaArray numbers = isFloat ? floats(array, 0) : doubles(array, 0);
    int[] found = {0};
    if (numbers.length() > 0) {
      flag.upload(found);
      kernels
          .start(Kernel.NOT_FINITE)
          .add(numbers)
          .add(numbers.length())
          .add(isFloat ? 1 : 2)
          .add(isFloat ? FLOAT_EXPONENT : DOUBLE_EXPONENT)
          .add(flag)
          .launch(CudaGrid.each(numbers.length()));
      flag.download(found);
    }
    return found[0] == 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      List.copyOf(arrays).forEach(array -> releases.add(array::close));
      List.copyOf(recordings).forEach(each -> releases.add(each::close));
      releases.add(context::enter);
      releases.close();
    }
  }
}
