/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

/**
 * Makes Deeplearning4j 1.0.0-M2.1 as fast on a CPU as its own native code allows. One call, as the
 * first statement of a {@code main}:
 *
 * <pre>{@code
 * public static void main(String[] args) {
 *   HostTuning.apply().lines().forEach(System.out::println);
 *   ...
 * }
 * }</pre>
 *
 * <p>It does three things.
 *
 * <ol>
 *   <li><b>Thread wait policy.</b> ND4J's OpenMP threads spin at every barrier, so whenever
 *       anything else wants a core each small operation waits out a time slice. {@code
 *       OMP_WAIT_POLICY=passive} lets them sleep. OpenMP reads it once, when its library is loaded;
 *       therefore it is put into the environment of this process, through the C library, before
 *       ND4J loads. Arithmetic results do not change.
 *   <li><b>Matrix products.</b> OpenBLAS 0.3.19, which comes with ND4J M2.1, chooses its kernels by
 *       the model of the processor, and on one that is newer than itself it falls back to those for
 *       very old processors, a quarter of the speed on a Zen 5. {@code OPENBLAS_CORETYPE} is set to
 *       its kernels for AVX-512 or AVX2, whichever the processor has. Results differ by rounding
 *       only.
 *   <li><b>oneDNN.</b> Natives built with oneDNN hold convolutions several times faster than the
 *       ones Deeplearning4j's layers use, but M2.1 leaves them unused: layer helpers are disabled
 *       by default, and their check for oneDNN asks for a class that was renamed. The helpers are
 *       enabled and the check is mended. This holds for networks built <em>after</em> the call, in
 *       FLOAT; other data types keep the built-in code. Results differ from the built-in code by
 *       rounding only.
 * </ol>
 *
 * <p>Of the helpers, those for convolution and batch normalisation are used, each behind a guard
 * for cases in which it fails ({@link GuardedConvolutionHelper}, {@link
 * GuardedBatchNormalizationHelper}). The one for pooling stays off ({@link DisabledHelper}): it
 * runs the same native operation as the layer does without it, and ignores {@code
 * avgPoolIncludePadInDivisor}.
 *
 * <p>Everything else is kept from using oneDNN ({@code SD_FORBID_HELPERS}). Natives built with
 * oneDNN use it in many operations without being asked, and in M2.1 some of these are wrong in
 * FLOAT: {@code softmax_bp} whenever an array is not in 'c' order, {@code softmax} over the
 * channels of images, {@code batchnorm} in 'f' order; dilated {@code Convolution1DLayer}, {@code
 * Convolution3D} and {@code Deconvolution2D} throw. A program that runs on such natives without
 * this class should set {@code SD_FORBID_HELPERS=1} in its environment.
 *
 * <p>Nothing that the user has set is overridden: {@code OMP_WAIT_POLICY}, {@code GOMP_SPINCOUNT}
 * or any {@code KMP_*} variable; {@code OPENBLAS_CORETYPE}; {@code SD_FORBID_HELPERS}; the system
 * property {@code org.eclipse.deeplearning4j.helpers.disable}; a class loader given to
 * Deeplearning4j. Where a part cannot be done (OpenMP or OpenBLAS is loaded already, no JNA,
 * Windows, no AVX2, natives without oneDNN, a CUDA backend) it is a no-op and the report says so.
 * The call never throws, does not load ND4J itself, and a second call only returns the report of
 * the first.
 *
 * <p>When not to use it: in a library, or in a program that shares its JVM with other users of
 * Deeplearning4j; the settings hold for the whole process.
 */
public final class HostTuning {

  private static HostTuningReport report;

  private HostTuning() {}

  /**
   * Applies the settings where that is possible and allowed. Call it before the first use of an
   * ND4J or Deeplearning4j class.
   *
   * @return what was done, left alone or not possible; the same object on every call
   */
  public static synchronized HostTuningReport apply() {
    if (report == null) {
      report =
          new HostTuningReport(ThreadWaitPolicy.apply(), MatrixKernels.apply(), OneDnn.apply());
    }
    return report;
  }

  /**
   * Whether networks built from now on compute their convolutions with oneDNN. Unlike {@link
   * #apply()}, which goes by what lies on the class path, this loads ND4J and asks the native
   * library that was in fact loaded.
   *
   * @return true if {@link #apply()} enabled oneDNN and the loaded natives have it
   */
  public static synchronized boolean oneDnnInUse() {
    return report != null && report.oneDnn().applied() && OneDnnScope.isPresent();
  }
}
