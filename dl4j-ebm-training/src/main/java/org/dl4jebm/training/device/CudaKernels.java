/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * The kernels of {@code src/main/cuda}, which the driver translates for the GPU at hand when they
 * are first loaded and then keeps in its cache. A launch is put together as {@code
 * start(kernel).add(...) ... .launch(grid)}, with the arguments in the order of the kernel's
 * parameters.
 */
final class CudaKernels implements AutoCloseable {

  private static final String RESOURCE = "rbm.ptx";

  /** No kernel has more parameters. */
  private static final int MOST_ARGUMENTS = 16;

  private static final int SLOT = Long.BYTES;
  private static final int LOG_BYTES = 16384;
  private static final int INFO_LOG_BUFFER = 3;
  private static final int INFO_LOG_BYTES = 4;
  private static final int ERROR_LOG_BUFFER = 5;
  private static final int ERROR_LOG_BYTES = 6;

  private final CudaContext context;
  private final CudaDriver driver;
  private final Pointer module;
  private final Map<Kernel, Pointer> functions = new EnumMap<>(Kernel.class);
  private final Memory arguments = new Memory((long) MOST_ARGUMENTS * SLOT);
  private final Memory addresses = new Memory((long) MOST_ARGUMENTS * Native.POINTER_SIZE);
  private Kernel kernel;
  private int count;

  /** The kernels by the names they have in the PTX. */
  enum Kernel {
    TICK,
    GATHER,
    WORDS,
    LOGISTIC,
    GAUSSIAN,
    SOFTMAX,
    SCALE_COLUMNS,
    COLUMN_SUMS,
    COLUMN_SUMS_END,
    SGD,
    NESTEROVS,
    SCALE,
    SOFTPLUS_SUMS,
    ROW_DOTS,
    SQUARED_DISTANCES,
    ANNEAL_HIDDEN,
    ANNEAL_VISIBLE,
    ANNEAL_VISIBLE_WEIGHTS,
    NOT_FINITE;

    String function() {
      return "rbm_" + name().toLowerCase(Locale.ROOT);
    }
  }

  CudaKernels(CudaContext context) {
    this.context = context;
    this.driver = context.driver();
    for (int i = 0; i < MOST_ARGUMENTS; i++) {
      addresses.setPointer((long) i * Native.POINTER_SIZE, arguments.share((long) i * SLOT));
    }
    module = load(driver, ptx());
    try {
      PointerByReference function = new PointerByReference();
      for (Kernel each : Kernel.values()) {
        driver.call("cuModuleGetFunction", function, module, each.function());
        functions.put(each, function.getValue());
      }
    } catch (RuntimeException | Error e) {
      try {
        close();
      } catch (DeviceException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  static String ptx() {
    try (InputStream in = CudaKernels.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new DeviceException(RESOURCE + " is missing from the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Pointer load(CudaDriver driver, String ptx) {
    Memory image = new Memory(ptx.length() + 1L);
    image.setString(0, ptx, StandardCharsets.US_ASCII.name());
    Memory info = new Memory(LOG_BYTES);
    Memory errors = new Memory(LOG_BYTES);
    info.clear();
    errors.clear();
    int[] options = {INFO_LOG_BUFFER, INFO_LOG_BYTES, ERROR_LOG_BUFFER, ERROR_LOG_BYTES};
    Pointer[] values = {info, new Pointer(LOG_BYTES), errors, new Pointer(LOG_BYTES)};
    PointerByReference out = new PointerByReference();
    int code = driver.code("cuModuleLoadDataEx", out, image, options.length, options, values);
    if (code != 0) {
      throw driver.failure(
          "cuModuleLoadDataEx", code, ": " + (errors.getString(0) + info.getString(0)).strip());
    }
    return out.getValue();
  }

  /** Begins a launch. */
  CudaKernels start(Kernel next) {
    kernel = next;
    count = 0;
    return this;
  }

  CudaKernels add(int number) {
    arguments.setInt((long) count++ * SLOT, number);
    return this;
  }

  CudaKernels add(long number) {
    arguments.setLong((long) count++ * SLOT, number);
    return this;
  }

  CudaKernels add(float number) {
    arguments.setFloat((long) count++ * SLOT, number);
    return this;
  }

  CudaKernels add(double number) {
    arguments.setDouble((long) count++ * SLOT, number);
    return this;
  }

  /** Adds an address, 0 for null. */
  CudaKernels add(CudaArray array) {
    return add(array == null ? 0 : array.address());
  }

  /** Adds the five parameters of a draw; zeros where nothing is drawn. */
  CudaKernels add(Draw draw, CudaArray clock) {
    if (clock == null) {
      return add(0).add(0).add(0).add(0).add(0L);
    }
    return add((int) draw.seed())
        .add((int) (draw.seed() >>> Integer.SIZE))
        .add(draw.channel())
        .add(draw.firstRow())
        .add(clock);
  }

  void launch(CudaGrid grid) {
    context.enter();
    int code =
        driver.code(
            "cuLaunchKernel",
            functions.get(kernel),
            grid.blocksX(),
            grid.blocksY(),
            1,
            grid.threadsX(),
            grid.threadsY(),
            1,
            0,
            context.stream(),
            addresses,
            Pointer.NULL);
    if (code != 0) {
      throw driver.failure("cuLaunchKernel", code, " for " + kernel.function() + " on " + grid);
    }
  }

  @Override
  public void close() {
    driver.call("cuModuleUnload", module);
  }
}
