/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import org.dl4jebm.training.host.Gpu;

/**
 * The primary context of a GPU, which is the one that ND4J uses, too, with a stream of its own. The
 * context is made current in the thread that calls {@link #enter}, if that thread was not the last.
 */
final class CudaContext implements AutoCloseable {

  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;
  private static final int LEAST_MAJOR = 8;
  private static final int NAME_LENGTH = 256;
  private static final int NON_BLOCKING = 1;

  private final CudaDriver driver;
  private final Releases releases = new Releases();
  private final Gpu gpu;
  private final Pointer context;
  private final Pointer stream;
  private Thread current;

  CudaContext(CudaDriver driver, int ordinal) {
    this.driver = driver;
    driver.call("cuInit", 0);
    IntByReference count = new IntByReference();
    driver.call("cuDeviceGetCount", count);
    if (ordinal >= count.getValue()) {
      throw new DeviceException(
          "there is no GPU " + ordinal + "; the driver has " + count.getValue());
    }
    IntByReference device = new IntByReference();
    driver.call("cuDeviceGet", device, ordinal);
    gpu = describe(ordinal, device.getValue());
    if (gpu.major() < LEAST_MAJOR) {
      throw new DeviceException(
          gpu + " cannot run the kernels; accepted: compute capability 8.0 (Ampere) or higher");
    }
    try {
      PointerByReference out = new PointerByReference();
      driver.call("cuDevicePrimaryCtxRetain", out, device.getValue());
      releases.add(() -> driver.call("cuDevicePrimaryCtxRelease_v2", device.getValue()));
      context = out.getValue();
      PointerByReference before = new PointerByReference();
      driver.call("cuCtxGetCurrent", before);
      enter();
      Thread opener = current;
      releases.add(
          () -> {
            if (Thread.currentThread() == opener) {
              driver.call("cuCtxSetCurrent", before.getValue());
            }
          });
      driver.call("cuStreamCreate", out, NON_BLOCKING);
      stream = out.getValue();
      releases.add(() -> driver.call("cuStreamDestroy_v2", stream));
    } catch (RuntimeException | Error e) {
      releases.closeAfter(e);
      throw e;
    }
  }

  private Gpu describe(int ordinal, int device) {
    byte[] name = new byte[NAME_LENGTH];
    driver.call("cuDeviceGetName", name, NAME_LENGTH, device);
    int length = 0;
    while (length < NAME_LENGTH && name[length] != 0) {
      length++;
    }
    return new Gpu(
        ordinal,
        new String(name, 0, length, StandardCharsets.UTF_8),
        attribute(CAPABILITY_MAJOR, device),
        attribute(CAPABILITY_MINOR, device));
  }

  private int attribute(int attribute, int device) {
    IntByReference value = new IntByReference();
    driver.call("cuDeviceGetAttribute", value, attribute, device);
    return value.getValue();
  }

  CudaDriver driver() {
    return driver;
  }

  Gpu gpu() {
    return gpu;
  }

  Pointer stream() {
    return stream;
  }

  /** Makes the context current in this thread. */
  void enter() {
    Thread thread = Thread.currentThread();
    if (thread != current) {
      driver.call("cuCtxSetCurrent", context);
      current = thread;
    }
  }

  /** Waits for the stream. */
  void synchronize() {
    enter();
    driver.call("cuStreamSynchronize", stream);
  }

  long freeBytes() {
    enter();
    LongByReference free = new LongByReference();
    LongByReference total = new LongByReference();
    driver.call("cuMemGetInfo_v2", free, total);
    return free.getValue();
  }

  /**
   * Reserves memory of the GPU.
   *
   * @param what it is for, in messages
   * @throws DeviceException if there is not as much, without asking the driver for it
   */
  long allocate(String what, long bytes) {
    long free = freeBytes();
    if (bytes > free) {
      throw new DeviceException(what + " needs " + bytes + " bytes and " + free + " are free");
    }
    LongByReference address = new LongByReference();
    int code = driver.code("cuMemAlloc_v2", address, bytes);
    if (code != 0) {
      throw driver.failure("cuMemAlloc_v2", code, " for " + what + " of " + bytes + " bytes");
    }
    return address.getValue();
  }

  void free(long address) {
    enter();
    driver.call("cuMemFree_v2", address);
  }

  @Override
  public void close() {
    releases.close();
  }
}
