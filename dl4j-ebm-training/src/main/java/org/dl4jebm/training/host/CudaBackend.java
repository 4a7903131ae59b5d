/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nd4j.common.config.ND4JClassLoading;

/** ND4J's CUDA backend on the class path, found and hidden by the file that announces it. */
final class CudaBackend {

  static final String SERVICE = "META-INF/services/org.nd4j.linalg.factory.Nd4jBackend";

  private static final String CLASS_NAME = "JCublasBackend";
  private static final Pattern LINE = Pattern.compile("nd4j-cuda-(\\d+\\.\\d+)");

  private CudaBackend() {}

  /**
   * Looks for the backend.
   *
   * @param loader what ND4J looks for backends with
   * @return where it is announced, or nothing
   */
  static Optional<URL> find(ClassLoader loader) throws IOException {
    for (URL url : Collections.list(loader.getResources(SERVICE))) {
      if (announces(url)) {
        return Optional.of(url);
      }
    }
    return Optional.empty();
  }

  /** The line of CUDA in the name of the jar, 11.6 of nd4j-cuda-11.6, or nothing. */
  static Optional<String> line(URL announcement) {
    Matcher matcher = LINE.matcher(announcement.toString());
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** Makes ND4J look for its backends without it. */
  static void hide() {
    ND4JClassLoading.setNd4jClassloader(hiding(ND4JClassLoading.getNd4jClassloader()));
  }

  /** A loader of the same classes and resources without what announces the backend. */
  static ClassLoader hiding(ClassLoader parent) {
    return new ClassLoader(parent) {
      @Override
      public Enumeration<URL> getResources(String name) throws IOException {
        Enumeration<URL> all = super.getResources(name);
        if (!SERVICE.equals(name)) {
          return all;
        }
        List<URL> kept = new ArrayList<>();
        for (URL url : Collections.list(all)) {
          if (!announces(url)) {
            kept.add(url);
          }
        }
        return Collections.enumeration(kept);
      }
    };
  }

  private static boolean announces(URL url) throws IOException {
    try (InputStream in = url.openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).contains(CLASS_NAME);
    }
  }
}
