/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.IOException;
import java.net.URL;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.dl4jebm.training.host.BackendReport.Choice;
import org.nd4j.common.config.ND4JClassLoading;

/**
 * Keeps ND4J's CUDA backend from being chosen on GPUs for which it has no code. ND4J 1.0.0-M2.1
 * counts GPUs and does not look at their compute capability: on a Hopper or Blackwell card it
 * chooses the CUDA backend, whose released jars hold machine code up to 8.6 and nothing that a
 * driver could translate, and fails at the first operation. Where there is no GPU, it prints a
 * stack trace before it takes the CPU.
 *
 * <p>One call before the first use of an ND4J class asks the driver, with no CUDA toolkit, and
 * where the backend could not run makes ND4J look for its backends without it:
 *
 * <pre>{@code
 * public static void main(String[] args) {
 *   System.out.println(BackendGuard.apply());
 *   ...
 * }
 * }</pre>
 *
 * <p>Nothing that the user has set is overridden ({@code BACKEND_PRIORITY_CPU}, {@code
 * BACKEND_PRIORITY_GPU}). Lines of the backend that this class does not know, such as
 * nd4j-cuda-12.9, are left to ND4J. The call never throws and does not load ND4J; a second call
 * returns the report of the first. The answers of the driver were tested with stand-ins, not on a
 * GPU.
 */
public final class BackendGuard {

  private static final String PRIORITY_CPU = "BACKEND_PRIORITY_CPU";
  private static final String PRIORITY_GPU = "BACKEND_PRIORITY_GPU";

  private static BackendReport report;

  private BackendGuard() {}

  /**
   * Looks for the CUDA backend and for GPUs that it has code for, and hides it where it could not
   * run.
   *
   * @return what was found and what runs; the same object on every call
   */
  public static synchronized BackendReport apply() {
    if (report == null) {
      report = decideHere();
      if (report.choice() == Choice.CPU && report.hidden()) {
        CudaBackend.hide();
      }
    }
    return report;
  }

  /** Whether {@link #apply()} was called and hid a CUDA backend, so that ND4J takes the CPU. */
  static synchronized boolean hasHiddenCuda() {
    return report != null && report.hidden();
  }

  private static BackendReport decideHere() {
    try {
      Optional<URL> found = CudaBackend.find(ND4JClassLoading.getNd4jClassloader());
      if (found.isEmpty()) {
        return new BackendReport(Choice.CPU, false, "no CUDA backend on the class path");
      }
      if (NativeLibraries.hasNd4jThread()) {
        return new BackendReport(Choice.LEFT_TO_ND4J, false, "ND4J has chosen already");
      }
      boolean windows = System.getProperty("os.name").startsWith("Windows");
      return decide(
          CudaBackend.line(found.get()), windows, System::getenv, () -> NvidiaDriver.open().gpus());
    } catch (IOException | LinkageError e) {
      return new BackendReport(Choice.LEFT_TO_ND4J, false, "cannot tell: " + e.getMessage());
    }
  }

  /**
   * Decides where there is a CUDA backend.
   *
   * @param line of the backend, or nothing if unknown
   * @param windows whether on Windows
   * @param environment the variables
   * @param driver is asked for GPUs
   */
  static BackendReport decide(
      Optional<String> line, boolean windows, UnaryOperator<String> environment, GpuDriver driver) {
    for (String variable : List.of(PRIORITY_CPU, PRIORITY_GPU)) {
      if (environment.apply(variable) != null) {
        return new BackendReport(Choice.LEFT_TO_ND4J, false, variable + " is set");
      }
    }
    String backend = "nd4j-cuda" + line.map(number -> "-" + number).orElse("");
    List<Gpu> gpus;
    try {
      gpus = driver.gpus();
    } catch (GpuDriver.Failure e) {
      return new BackendReport(Choice.CPU, true, e.getMessage());
    }
    if (gpus.isEmpty()) {
      return new BackendReport(Choice.CPU, true, "the NVIDIA driver sees no GPU");
    }
    String names = gpus.stream().map(Gpu::toString).collect(Collectors.joining(", "));
    Optional<List<String>> code = line.flatMap(number -> CudaCode.of(number, windows));
    if (code.isEmpty()) {
      return new BackendReport(
          Choice.LEFT_TO_ND4J, false, names + "; it is not known what " + backend + " runs on");
    }
    List<Gpu> unsupported = gpus.stream().filter(gpu -> !CudaCode.runs(code.get(), gpu)).toList();
    if (unsupported.isEmpty()) {
      return new BackendReport(Choice.CUDA, false, names + ", which " + backend + " has code for");
    }
    String without =
        unsupported.stream().map(Gpu::toString).collect(Collectors.joining(", "))
            + ", which "
            + backend
            + " has no code for";
    if (unsupported.size() == gpus.size()) {
      return new BackendReport(Choice.CPU, true, without);
    }
    String supported =
        gpus.stream()
            .filter(gpu -> !unsupported.contains(gpu))
            .map(gpu -> String.valueOf(gpu.ordinal()))
            .collect(Collectors.joining(","));
    return new BackendReport(
        Choice.CPU, true, without + "; CUDA_VISIBLE_DEVICES=" + supported + " leaves it out");
  }
}
