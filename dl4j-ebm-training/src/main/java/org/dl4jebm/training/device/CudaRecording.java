/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** Operations that were captured as a CUDA graph. */
final class CudaRecording implements Device.Recording {

  /** Calls of other threads, such as ND4J's, go on meanwhile. */
  private static final int CAPTURE_OF_THIS_THREAD = 1;

  private final CudaContext context;
  private final CudaDriver driver;
  private final Runnable closed;
  private Pointer executable;

  private CudaRecording(CudaContext context, Pointer executable, Runnable closed) {
    this.context = context;
    this.driver = context.driver();
    this.executable = executable;
    this.closed = closed;
  }

  /**
   * Captures operations.
   *
   * @param closed is run when the recording was closed
   */
  static CudaRecording of(CudaContext context, Runnable operations, Runnable closed) {
    CudaDriver driver = context.driver();
    context.enter();
    driver.call("cuStreamBeginCapture_v2", context.stream(), CAPTURE_OF_THIS_THREAD);
    PointerByReference graph = new PointerByReference();
    try {
      operations.run();
    } catch (RuntimeException | Error e) {
      // The capture has to end; that it failed is no news.
      if (driver.code("cuStreamEndCapture", context.stream(), graph) == 0) {
        destroyAfter(e, driver, "cuGraphDestroy", graph.getValue());
      }
      throw e;
    }
    driver.call("cuStreamEndCapture", context.stream(), graph);
    PointerByReference executable = new PointerByReference();
    try {
      driver.call("cuGraphInstantiateWithFlags", executable, graph.getValue(), 0L);
    } catch (RuntimeException | Error e) {
      destroyAfter(e, driver, "cuGraphDestroy", graph.getValue());
      throw e;
    }
    try {
      driver.call("cuGraphDestroy", graph.getValue());
    } catch (RuntimeException | Error e) {
      destroyAfter(e, driver, "cuGraphExecDestroy", executable.getValue());
      throw e;
    }
    return new CudaRecording(context, executable.getValue(), closed);
  }

  private static void destroyAfter(
      Throwable failure, CudaDriver driver, String call, Pointer what) {
    try {
      driver.call(call, what);
    } catch (DeviceException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void replay() {
    if (executable == null) {
      throw new IllegalStateException("replay of a recording that is closed");
    }
    context.enter();
    driver.call("cuGraphLaunch", executable, context.stream());
  }

  @Override
  public void close() {
    if (executable != null) {
      Pointer last = executable;
      executable = null;
      closed.run();
      context.enter();
      driver.call("cuGraphExecDestroy", last);
    }
  }
}
