/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A driver and a cuBLAS without a GPU: memory is the host's, kernels run on the CPU if they are
 * given. As on a GPU nothing is done before somebody waits for it; and each call needs a context
 * that is current in its thread. Calls can be made to fail, and what was not freed is counted.
 *
 * <pre>{@code
 * EmulatedDriver driver = new EmulatedDriver(EmulatedKernels.get());
 * try (Device device = driver.open(CudaOptions.DEFAULT)) { ... }
 * }</pre>
 */
final class EmulatedDriver implements NativeFunctions {

  static final int OUT_OF_MEMORY = 2;
  private static final int INVALID_VALUE = 1;
  private static final int INVALID_CONTEXT = 201;
  private static final int NOT_FOUND = 500;
  private static final int CAPTURE_UNSUPPORTED = 900;
  private static final Pattern ENTRY =
      Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)", Pattern.DOTALL);

  private final EmulatedKernels kernels;
  private final EmulatedMemory memory;
  private final int major;
  private final int minor;

  /** Kernels of the module, in the order of the PTX, with the bytes of their parameters. */
  private final Map<String, List<Integer>> entries = new LinkedHashMap<>();

  private final Map<Thread, Long> current = new HashMap<>();
  private final Map<Long, String> alive = new TreeMap<>();
  private final Map<Long, List<Runnable>> graphs = new HashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final List<Launch> launches = new ArrayList<>();
  private final Set<String> missing = new LinkedHashSet<>();
  private final List<Runnable> queue = new ArrayList<>();
  private List<Runnable> capture;
  private int failAt = -1;
  private int failCode;
  private int failedLaunch;
  private long nextHandle = 1;

  /**
   * A launch of a kernel.
   *
   * @param arguments the bits of the arguments, each as wide as the kernel's parameter
   */
  record Launch(String kernel, CudaGrid grid, List<Long> arguments) {}

  /** With 1 GiB of memory, as an Ampere card; kernels may be null, launches then do nothing. */
  EmulatedDriver(EmulatedKernels kernels) {
    this(kernels, 1L << 30, 8, 0);
  }

  EmulatedDriver(EmulatedKernels kernels, long bytes, int major, int minor) {
    this.kernels = kernels;
    this.memory = new EmulatedMemory(bytes);
    this.major = major;
    this.minor = minor;
  }

  /** A device on this driver. */
  CudaDevice open(CudaOptions options) {
    return CudaDevice.open(options, this, this);
  }

  /** Lets one call fail, counted from 0. */
  void failAt(int call, int code) {
    failAt = call;
    failCode = code;
  }

  /** Leaves a function out of the library. */
  void leaveOut(String function) {
    missing.add(function);
  }

  /** The names of all functions that were called. */
  List<String> calls() {
    return calls;
  }

  List<Launch> launches() {
    return launches;
  }

  /** What is not freed, empty if nothing. */
  List<String> alive() {
    List<String> all = new ArrayList<>(alive.values());
    if (memory.count() > 0) {
      all.add(memory.count() + " blocks of memory");
    }
    return all;
  }

  /** Checks that no kernel wrote beside any memory. */
  void checkMemory() {
    memory.check();
  }

  @Override
  public int call(String name, Object... a) {
    if (missing.contains(name)) {
      throw new UnsatisfiedLinkError(name);
    }
    if (name.startsWith("cuGetError")) {
      return describe(name, (Integer) a[0], (PointerByReference) a[1]);
    }
    calls.add(name);
    if (calls.size() - 1 == failAt) {
      return failCode;
    }
    if (name.startsWith("cublas")) {
      return blas(name, a);
    }
    boolean anywhere =
        name.equals("cuInit") || name.startsWith("cuDevice") || name.startsWith("cuCtx");
    if (!anywhere && current.getOrDefault(Thread.currentThread(), 0L) == 0) {
      return INVALID_CONTEXT;
    }
    boolean known = name.startsWith("cuMem") || name.startsWith("cuModule");
    return anywhere ? device(name, a) : known ? memory(name, a) : stream(name, a);
  }

  private final Map<String, Memory> texts = new HashMap<>();

  private int describe(String name, int code, PointerByReference out) {
    String text = (name.equals("cuGetErrorName") ? "CUDA_ERROR_" : "description of ") + code;
    Memory bytes = texts.computeIfAbsent(text, t -> new Memory(t.length() + 1L));
    bytes.setString(0, text);
    out.setValue(bytes);
    return 0;
  }

  private int device(String name, Object... a) {
    switch (name) {
      case "cuInit" -> {}
      case "cuDeviceGetCount" -> ((IntByReference) a[0]).setValue(1);
      case "cuDeviceGet" -> ((IntByReference) a[0]).setValue((Integer) a[1]);
      case "cuDeviceGetName" -> {
        byte[] text = "emulated".getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, (byte[]) a[0], 0, text.length);
      }
      case "cuDeviceGetAttribute" ->
          ((IntByReference) a[0]).setValue((Integer) a[1] == 75 ? major : minor);
      case "cuDevicePrimaryCtxRetain" -> create(a[0], "context");
      case "cuDevicePrimaryCtxRelease_v2" -> alive.values().remove("context");
      case "cuCtxGetCurrent" ->
          ((PointerByReference) a[0]).setValue(pointer(current.get(Thread.currentThread())));
      case "cuCtxSetCurrent" -> current.put(Thread.currentThread(), value(a[0]));
      default -> throw new UnsatisfiedLinkError(name);
    }
    return 0;
  }

  private int memory(String name, Object... a) {
    switch (name) {
      case "cuMemGetInfo_v2" -> {
        ((LongByReference) a[0]).setValue(memory.free());
        ((LongByReference) a[1]).setValue(memory.free());
      }
      case "cuMemAlloc_v2" -> {
        long address = memory.allocate((Long) a[1]);
        ((LongByReference) a[0]).setValue(address);
        return capture != null ? CAPTURE_UNSUPPORTED : address == 0 ? OUT_OF_MEMORY : 0;
      }
      case "cuMemFree_v2" -> {
        flush();
        return memory.release((Long) a[0]) ? 0 : INVALID_VALUE;
      }
      case "cuMemAllocHost_v2" -> {
        Memory buffer = new Memory((Long) a[1]);
        hostBuffers.put(Pointer.nativeValue(buffer), buffer);
        alive.put(Pointer.nativeValue(buffer), "buffer of the host");
        ((PointerByReference) a[0]).setValue(buffer);
      }
      case "cuMemFreeHost" -> {
        hostBuffers.remove(value(a[0]));
        return destroy(a[0]);
      }
      case "cuMemsetD8Async" -> {
        require((Long) a[0], (Long) a[2]);
        submit(() -> new Pointer((Long) a[0]).setMemory(0, (Long) a[2], (Byte) a[1]));
      }
      case "cuMemcpyHtoDAsync_v2" -> copy((Long) a[0], value(a[1]), (Long) a[2], true, false);
      case "cuMemcpyDtoHAsync_v2" -> copy(value(a[0]), (Long) a[1], (Long) a[2], false, true);
      case "cuMemcpyDtoDAsync_v2" -> copy((Long) a[0], (Long) a[1], (Long) a[2], true, true);
      case "cuModuleLoadDataEx" -> {
        Matcher matcher = ENTRY.matcher(((Pointer) a[1]).getString(0));
        while (matcher.find()) {
          entries.put(matcher.group(1), bytesOf(matcher.group(2)));
        }
        create(a[0], "module");
      }
      case "cuModuleGetFunction" -> {
        int index = List.copyOf(entries.keySet()).indexOf((String) a[2]);
        ((PointerByReference) a[0]).setValue(pointer(index + 1L));
        return index < 0 ? NOT_FOUND : 0;
      }
      case "cuModuleUnload" -> {
        return destroy(a[0]);
      }
      default -> throw new UnsatisfiedLinkError(name);
    }
    return 0;
  }

  private final Map<Long, Memory> hostBuffers = new HashMap<>();

  private int stream(String name, Object... a) {
    switch (name) {
      case "cuStreamCreate" -> create(a[0], "stream");
      case "cuStreamDestroy_v2" -> {
        flush();
        return destroy(a[0]);
      }
      case "cuStreamSynchronize" -> {
        flush();
        return capture != null ? CAPTURE_UNSUPPORTED : failedLaunch;
      }
      case "cuLaunchKernel" -> {
        return launch(a);
      }
      case "cuStreamBeginCapture_v2" -> capture = new ArrayList<>();
      case "cuStreamEndCapture" -> {
        graphs.put(create(a[1], "graph"), capture);
        capture = null;
      }
      case "cuGraphInstantiateWithFlags" ->
          graphs.put(create(a[0], "executable graph"), graphs.get(value(a[1])));
      case "cuGraphLaunch" -> graphs.get(value(a[0])).forEach(this::submit);
      case "cuGraphDestroy", "cuGraphExecDestroy" -> {
        flush();
        graphs.remove(value(a[0]));
        return destroy(a[0]);
      }
      default -> throw new UnsatisfiedLinkError(name);
    }
    return 0;
  }

  private int blas(String name, Object... a) {
    switch (name) {
      case "cublasCreate_v2" -> create(a[0], "handle of cuBLAS");
      case "cublasDestroy_v2" -> {
        return destroy(a[0]);
      }
      case "cublasSetStream_v2", "cublasSetMathMode" -> {}
      case "cublasSetWorkspace_v2" -> require(value(a[1]), (Long) a[2]);
      case "cublasSgemm_v2" -> {
        float alpha = ((Pointer) a[6]).getFloat(0);
        float beta = ((Pointer) a[11]).getFloat(0);
        Object[] g = {a[1], a[2], a[3], a[4], a[5], alpha, a[7], a[8], a[9], a[10], beta, a[12], a[13]};
        submit(
            () -> {
              if (kernels != null) {
                kernels.call("emulation_gemm", g);
              }
            });
      }
      default -> throw new UnsatisfiedLinkError(name);
    }
    return 0;
  }

  private int launch(Object... a) {
    int index = (int) value(a[0]) - 1;
    String kernel = List.copyOf(entries.keySet()).get(index);
    CudaGrid grid = new CudaGrid((Integer) a[1], (Integer) a[2], (Integer) a[4], (Integer) a[5]);
    List<Integer> sizes = entries.get(kernel);
    // The driver, too, copies the arguments.
    Memory arguments = new Memory((long) sizes.size() * (Long.BYTES + Native.POINTER_SIZE));
    long addresses = (long) sizes.size() * Long.BYTES;
    List<Long> bits = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      Pointer from = ((Pointer) a[9]).getPointer((long) i * Native.POINTER_SIZE);
      boolean wide = sizes.get(i) == Long.BYTES;
      long slot = (long) i * Long.BYTES;
      arguments.setLong(slot, wide ? from.getLong(0) : from.getInt(0) & 0xffffffffL);
      bits.add(arguments.getLong(slot));
      arguments.setPointer(addresses + (long) i * Native.POINTER_SIZE, arguments.share(slot));
    }
    launches.add(new Launch(kernel, grid, bits));
    if (kernels != null) {
      int number = kernels.number(kernel);
      submit(
          () -> {
            int code = kernels.launch(number, grid, arguments.share(addresses));
            failedLaunch = failedLaunch == 0 ? code : failedLaunch;
          });
    }
    return 0;
  }

  private static List<Integer> bytesOf(String parameters) {
    List<Integer> sizes = new ArrayList<>();
    Matcher matcher = Pattern.compile("\\.param \\.[a-z](\\d+)").matcher(parameters);
    while (matcher.find()) {
      sizes.add(Integer.parseInt(matcher.group(1)) / Byte.SIZE);
    }
    return sizes;
  }

  private void copy(long to, long from, long bytes, boolean toDevice, boolean fromDevice) {
    if (toDevice) {
      require(to, bytes);
    }
    if (fromDevice) {
      require(from, bytes);
    }
    submit(
        () ->
            new Pointer(to)
                .getByteBuffer(0, bytes)
                .put(new Pointer(from).getByteBuffer(0, bytes)));
  }

  private void require(long address, long bytes) {
    if (!memory.contains(address, bytes)) {
      throw new AssertionError("memory of " + bytes + " bytes that was not allocated");
    }
  }

  private void submit(Runnable operation) {
    (capture != null ? capture : queue).add(operation);
  }

  private void flush() {
    queue.forEach(Runnable::run);
    queue.clear();
  }

  private long create(Object out, String what) {
    long handle = nextHandle++;
    alive.put(handle, what);
    ((PointerByReference) out).setValue(pointer(handle));
    return handle;
  }

  private int destroy(Object handle) {
    return alive.remove(value(handle)) == null ? INVALID_VALUE : 0;
  }

  private static Pointer pointer(Long value) {
    return value == null || value == 0 ? null : new Pointer(value);
  }

  private static long value(Object pointer) {
    return Pointer.nativeValue((Pointer) pointer);
  }
}
