/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * The densities. All lie in the square {@link PlaneGrid#BOX} but for less than 1e-6 of their mass.
 * What has an edge or lies on a curve is convolved with a normal distribution of deviation 0.15, so
 * that it is smooth and has a score.
 */
public enum Shape {
  /** Circles of radius 1, 2 and 3, each as heavy as it is long. */
  RINGS(Shape::rings),

  /** Two half circles that reach into each other. */
  MOONS(Shape::moons),

  /** Eight of sixteen fields. */
  CHECKERBOARD(() -> new SmoothCheckerboard(4, 1.5, Shape.DEVIATION)),

  /** Five normal distributions of different weights, 0.1 to 0.3, apart from each other. */
  MIXTURE(Shape::mixture);

  private static final double DEVIATION = 0.15;

  private final Supplier<PlaneDensity> maker;

  Shape(Supplier<PlaneDensity> maker) {
    this.maker = maker;
  }

  PlaneDensity density() {
    return maker.get();
  }

  /** The name in tables and pictures. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Centres one deviation apart: the density along the curve then differs from the integral over
   * the curve by a factor of at most {@code 1 + 2 exp(-2 pi^2)}, less than 1 + 1e-8.
   */
  private static void arc(
      List<double[]> centres, double x, double y, double radius, double from, double angle) {
    int count = (int) Math.ceil(radius * angle / DEVIATION);
    for (int i = 0; i < count; i++) {
      double at = from + (i + 0.5) / count * angle;
      centres.add(new double[] {x + radius * Math.cos(at), y + radius * Math.sin(at)});
    }
  }

  private static PlaneDensity even(List<double[]> centres) {
    double[] weights = new double[centres.size()];
    Arrays.fill(weights, 1);
    return new GaussianMixture(centres.toArray(new double[0][]), weights, DEVIATION);
  }

  private static PlaneDensity rings() {
    List<double[]> centres = new ArrayList<>();
    for (int radius = 1; radius <= 3; radius++) {
      arc(centres, 0, 0, radius, 0, 2 * Math.PI);
    }
    return even(centres);
  }

  private static PlaneDensity moons() {
    double radius = 1.8;
    List<double[]> centres = new ArrayList<>();
    arc(centres, -radius / 2, -radius / 4, radius, 0, Math.PI);
    arc(centres, radius / 2, radius / 4, radius, Math.PI, Math.PI);
    return even(centres);
  }

  private static PlaneDensity mixture() {
    double radius = 2.2;
    double[] weights = {0.1, 0.15, 0.2, 0.25, 0.3};
    double[][] centres = new double[weights.length][];
    for (int k = 0; k < weights.length; k++) {
      double at = 2 * Math.PI * k / weights.length;
      centres[k] = new double[] {radius * Math.cos(at), radius * Math.sin(at)};
    }
    return new GaussianMixture(centres, weights, 0.35);
  }
}
