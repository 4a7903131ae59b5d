/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** Copies between Java arrays and the GPU through a buffer that the GPU reads and writes itself. */
final class CudaTransfers implements AutoCloseable {

  private static final long BUFFER_BYTES = 8L << 20;

  private final CudaContext context;
  private final Pointer buffer;

  /** Moves numbers between the beginning of the buffer and an array. */
  @FunctionalInterface
  interface Move {

    void move(Pointer buffer, int at, int numbers);
  }

  CudaTransfers(CudaContext context) {
    this.context = context;
    PointerByReference out = new PointerByReference();
    context.driver().call("cuMemAllocHost_v2", out, BUFFER_BYTES);
    buffer = out.getValue();
  }

  void upload(CudaArray to, Move fill) {
    context.enter();
    int bytes = to.type().bytes();
    for (long at = 0; at < to.length(); at += BUFFER_BYTES / bytes) {
      int n = (int) Math.min(BUFFER_BYTES / bytes, to.length() - at);
      fill.move(buffer, (int) at, n);
      context
          .driver()
          .call(
              "cuMemcpyHtoDAsync_v2",
              to.address() + at * bytes,
              buffer,
              (long) n * bytes,
              context.stream());
      context.synchronize();
    }
  }

  void download(CudaArray from, Move take) {
    context.enter();
    int bytes = from.type().bytes();
    for (long at = 0; at < from.length(); at += BUFFER_BYTES / bytes) {
      int n = (int) Math.min(BUFFER_BYTES / bytes, from.length() - at);
      context
          .driver()
          .call(
              "cuMemcpyDtoHAsync_v2",
              buffer,
              from.address() + at * bytes,
              (long) n * bytes,
              context.stream());
      context.synchronize();
      take.move(buffer, (int) at, n);
    }
  }

  @Override
  public void close() {
    context.driver().call("cuMemFreeHost", buffer);
  }
}
