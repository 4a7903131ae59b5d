/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import org.dl4jebm.training.ModelFiles;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Standard deviations of the noise that is added to data, from the largest to the smallest (Song
 * and Ermon, NeurIPS 2019). The largest should be about the largest distance between two examples,
 * so that a sampler crosses between modes there, the smallest below what can be seen; neighbours
 * should overlap: a ratio of 1.2 to 2, and closer to 1 in many dimensions (Song and Ermon, NeurIPS
 * 2020).
 */
public final class NoiseLevels implements Serializable {

  private static final long serialVersionUID = 1L;

  private static final String KEY = "dl4jebmNoiseLevels";

  private final double[] sigmas;

  @JsonCreator
  private NoiseLevels(@JsonProperty("sigmas") double[] sigmas) {
    if (sigmas == null || sigmas.length == 0) {
      throw new IllegalArgumentException("there is no sigma; accepted: at least one");
    }
    for (int i = 0; i < sigmas.length; i++) {
      requireSigma(sigmas[i]);
      if (i > 0 && !(sigmas[i] < sigmas[i - 1])) {
        throw new IllegalArgumentException(
            "sigma " + sigmas[i] + " follows " + sigmas[i - 1] + "; accepted: falling values");
      }
    }
    this.sigmas = sigmas.clone();
  }

  private static void requireSigma(double sigma) {
    if (!(sigma > 0) || Double.isInfinite(sigma)) {
      throw new IllegalArgumentException(
          "sigma is " + sigma + "; accepted: a finite number above 0");
    }
  }

  /**
   * Given levels.
   *
   * @param sigmas standard deviations, finite, above 0, falling. Not modified.
   * @return the levels
   * @throws IllegalArgumentException if there is none, or one is not accepted
   */
  public static NoiseLevels of(double... sigmas) {
    return new NoiseLevels(sigmas);
  }

  /**
   * Levels with the same ratio from each to the next.
   *
   * @param largest the first, finite
   * @param smallest the last, above 0 and below {@code largest}
   * @param count how many, at least 2
   * @return the levels
   * @throws IllegalArgumentException naming what is not accepted
   */
  public static NoiseLevels geometric(double largest, double smallest, int count) {
    if (count < 2) {
      throw new IllegalArgumentException("count is " + count + "; accepted: at least 2");
    }
    requireSigma(largest);
    requireSigma(smallest);
    double[] sigmas = new double[count];
    for (int i = 0; i < count; i++) {
      sigmas[i] = largest * Math.pow(smallest / largest, i / (count - 1.0));
    }
    sigmas[count - 1] = smallest;
    return new NoiseLevels(sigmas);
  }

  /**
   * Returns the standard deviations.
   *
   * @return falling, a copy
   */
  @JsonProperty("sigmas")
  public double[] sigmas() {
    return sigmas.clone();
  }

  /**
   * Returns the number of levels.
   *
   * @return at least 1
   */
  public int count() {
    return sigmas.length;
  }

  /**
   * Returns one of them.
   *
   * @param level from 0, the largest, to {@link #count()} - 1
   * @return the standard deviation
   */
  public double sigma(int level) {
    return sigmas[level];
  }

  /**
   * What a noise-conditional network is told of a level: the logarithm of sigma, shifted and scaled
   * so that the largest level has 1 and the smallest -1.
   *
   * @param sigma above 0, also one that is not among the levels
   * @return the number; 0 for a single level
   */
  public double feature(double sigma) {
    double top = Math.log(sigmas[0]);
    double bottom = Math.log(sigmas[sigmas.length - 1]);
    return top == bottom ? 0 : (2 * Math.log(sigma) - top - bottom) / (top - bottom);
  }

  /**
   * Adds the levels to a model file, so that they are at hand when the network is.
   *
   * @param file as {@link ModelFiles#write} or DL4J's {@code ModelSerializer} wrote it. Modified.
   * @throws IOException if it is not a model file, or cannot be written
   */
  public void addTo(Path file) throws IOException {
    ModelFiles.addObject(file, KEY, this);
  }

  /**
   * Reads levels from a model file.
   *
   * @param file a file that {@link #addTo} added levels to
   * @return the levels
   * @throws IOException if it is not a model file, or has no levels
   */
  public static NoiseLevels readFrom(Path file) throws IOException {
    return ModelFiles.readObject(file, KEY, NoiseLevels.class);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoiseLevels levels && Arrays.equals(sigmas, levels.sigmas);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sigmas);
  }

  @Override
  public String toString() {
    return Arrays.toString(sigmas);
  }
}
