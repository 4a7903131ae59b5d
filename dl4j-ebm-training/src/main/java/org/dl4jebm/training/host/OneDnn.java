/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.deeplearning4j.config.DL4JClassLoading;
import org.deeplearning4j.config.DL4JSystemProperties;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;
import org.nd4j.common.config.ND4JClassLoading;

/** Lets Deeplearning4j's layers use the oneDNN in ND4J's natives, and nothing else use it. */
final class OneDnn {

  static final String PROPERTY = DL4JSystemProperties.DISABLE_HELPER_PROPERTY;
  static final String FORBID_VARIABLE = "SD_FORBID_HELPERS";

  private static final String CUDA_BACKEND = "org/nd4j/linalg/jcublas/JCublasBackend.class";
  private static final String NATIVES = "org/nd4j/linalg/cpu/nativecpu/bindings/";
  private static final List<String> EXTENSIONS =
      List.of("-onednn", "-onednn-avx2", "-onednn-avx512");

  private OneDnn() {}

  static Part apply() {
    try {
      return enable();
    } catch (LinkageError | ClassNotFoundException | RuntimeException e) {
      return new Part(Outcome.UNAVAILABLE, "unexpected Deeplearning4j on the class path: " + e);
    }
  }

  private static Part enable() throws ClassNotFoundException {
    String property = System.getProperty(PROPERTY);
    if (property != null && Boolean.parseBoolean(property)) {
      return new Part(Outcome.LEFT_TO_USER, PROPERTY + "=" + property);
    }
    String forbidden = System.getenv(FORBID_VARIABLE);
    if (forbidden != null) {
      return new Part(Outcome.LEFT_TO_USER, FORBID_VARIABLE + "=" + forbidden);
    }
    ClassLoader loader = DL4JClassLoading.getDl4jClassloader();
    if (loader != ND4JClassLoading.getNd4jClassloader()) {
      return new Part(Outcome.LEFT_TO_USER, "Deeplearning4j was given a class loader: " + loader);
    }
    if (loader == null
        || Class.forName(MKLDNNConvHelper.class.getName(), false, loader)
            != MKLDNNConvHelper.class) {
      return new Part(
          Outcome.UNAVAILABLE, "Deeplearning4j looks for classes in another loader: " + loader);
    }
    if (loader.getResource(CUDA_BACKEND) != null && !BackendGuard.hasHiddenCuda()) {
      // The property would switch on the cuDNN helpers, about which nothing is known here.
      return new Part(Outcome.UNAVAILABLE, "a CUDA backend is on the class path");
    }
    String platform = platform();
    Optional<String> natives =
        EXTENSIONS.stream()
            .map(extension -> platform + extension)
            .filter(name -> loader.getResource(nativesOf(name)) != null)
            .findFirst();
    if (natives.isEmpty()) {
      return new Part(
          Outcome.UNAVAILABLE,
          "no nd4j-native with classifier " + platform + EXTENSIONS.get(0) + " on the class path");
    }
    forbidElsewhere();
    DL4JClassLoading.setDl4jClassloader(new HelperClassLoader(loader));
    if (property == null) {
      System.setProperty(PROPERTY, "false");
    }
    return new Part(
        Outcome.APPLIED, "convolution and batch normalization, natives " + natives.get());
  }

  /**
   * Switches oneDNN off for operations outside {@link OneDnnScope}. ND4J's natives read the
   * variable once, when they start. Where it cannot be set, the first layer with a helper does the
   * same.
   */
  private static void forbidElsewhere() {
    if (NativeLibraries.hasNd4jThread()) {
      OneDnnScope.confine();
      return;
    }
    try {
      CLibrary.open().set(FORBID_VARIABLE, "1");
    } catch (LinkageError | RuntimeException e) {
      return;
    }
  }

  private static String nativesOf(String platform) {
    return NATIVES + platform + "/" + System.mapLibraryName("jnind4jcpu");
  }

  /** The platform as JavaCPP spells it; asking JavaCPP would fix its settings too early. */
  private static String platform() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String system = os.startsWith("windows") ? "windows" : os.startsWith("mac") ? "macosx" : os;
    String processor =
        switch (arch) {
          case "amd64", "x86_64", "x86-64" -> "x86_64";
          case "aarch64", "arm64" -> "arm64";
          default -> arch;
        };
    return system + "-" + processor;
  }
}
