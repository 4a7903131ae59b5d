/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.score.FiniteDifferenceScoreLoss;
import org.dl4jebm.layers.score.ScoreMatchingLoss;
import org.dl4jebm.layers.score.ScoreNetworkMatchingLoss;
import org.dl4jebm.layers.score.VarianceReducedScoreLoss;

/**
 * What score matching minimises. With {@code s} for the score of the model, {@code d} for the
 * number of values of an example, and one pass of the network over the batch as the unit of costs:
 *
 * <ul>
 *   <li>{@link #denoising}: the usual choice, for data of any dimension and on manifolds. Learns
 *       the density of data with noise. Two streams, no second derivatives.
 *   <li>{@link #sliced}: the density of the data itself, for data with a smooth density. {@code M}
 *       directions cost {@code M + 2} streams. {@link #slicedVarianceReduced}, with {@code 2 M + 3}
 *       streams and a gradient, has less noise where the Hessian is nearly diagonal.
 *   <li>{@link #exact}: {@code d + 2} streams, in blocks; for up to some hundred values, and to
 *       check the others. {@link #regularised} adds a penalty on curvature.
 *   <li>{@link #finiteDifference}: for energies with layers that have no exact rule.
 *   <li>{@link #scoreNetworkDenoising}, {@link #noiseConditional}, {@link #scoreNetworkSliced},
 *       {@link #scoreNetworkExact}: for networks whose output is the score.
 * </ul>
 *
 * <p>Values are means over examples, up to a constant half the mean squared distance of the scores
 * of model and data; they can be negative, and are not in nats. Objects are immutable.
 */
public final class ScoreObjective {

  /** With so many directions the point and the sum, which they share, cost little. */
  private static final int DIRECTIONS = 32;

  private final String name;
  private final LongFunction<Stacker> whole;

  /** A part with so many of the unit vectors, for objectives that are sums over these, or null. */
  private final IntFunction<LongFunction<Stacker>> part;

  private final boolean ofEnergies;

  private ScoreObjective(
      String name,
      boolean ofEnergies,
      LongFunction<Stacker> whole,
      IntFunction<LongFunction<Stacker>> part) {
    this.name = name;
    this.ofEnergies = ofEnergies;
    this.whole = whole;
    this.part = part;
  }

  private static ScoreObjective single(String name, boolean ofEnergies, Stacker stacker) {
    return new ScoreObjective(name, ofEnergies, width -> stacker, null);
  }

  private static ScoreObjective sum(
      String name, boolean ofEnergies, IntFunction<LongFunction<Stacker>> part) {
    return new ScoreObjective(
        name, ofEnergies, width -> part.apply(Math.toIntExact(width)).apply(0), part);
  }

  /**
   * Exact score matching of an energy, {@code norm(grad E)^2 / 2 - tr Hess E} (Hyvarinen, JMLR
   * 2005).
   *
   * @return the objective
   */
  public static ScoreObjective exact() {
    return sum(
        "exact score matching",
        true,
        count -> from -> DirectionStacker.units(ScoreMatchingLoss.exact(count), from));
  }

  /**
   * Exact score matching of an energy with the penalty {@code lambda sum_i (d^2 E / dx_i^2)^2} of
   * Kingma and LeCun (NeurIPS 2010).
   *
   * @param curvature {@code lambda}, finite and at least 0
   * @return the objective
   * @throws IllegalArgumentException if it is not
   */
  public static ScoreObjective regularised(double curvature) {
    ScoreMatchingLoss.regularised(1, curvature);
    return sum(
        "regularised score matching",
        true,
        count ->
            from -> DirectionStacker.units(ScoreMatchingLoss.regularised(count, curvature), from));
  }

  /**
   * Sliced score matching of an energy, the mean of {@code (v . grad E)^2 / 2 - v^T Hess(E) v} over
   * random directions (Song, Garg, Shi and Ermon, UAI 2019). Unbiased for {@link #exact}.
   *
   * @param directions how many a point, at least 1; 1 is usual
   * @param kind of the directions; {@link Probes#RADEMACHER} is usual
   * @return the objective
   * @throws IllegalArgumentException if there is no direction
   */
  public static ScoreObjective sliced(int directions, Probes kind) {
    return single(
        "sliced score matching",
        true,
        DirectionStacker.random(ScoreMatchingLoss.sliced(directions), kind));
  }

  /**
   * Sliced score matching of an energy with variance reduction, {@code norm(grad E)^2 / 2} minus
   * the mean of {@code v^T Hess(E) v} (Song, Garg, Shi and Ermon, UAI 2019). Unbiased for {@link
   * #exact}. The name is that of the paper: the directions add no noise to the first term, but in
   * the plain objective that noise may cancel a part of that of the second. With independent signs
   * it is better where the Hessian is nearly diagonal.
   *
   * @param directions how many a point, at least 1
   * @param kind of the directions; {@link Probes#RADEMACHER} has the least variance
   * @return the objective
   * @throws IllegalArgumentException if there is no direction
   */
  public static ScoreObjective slicedVarianceReduced(int directions, Probes kind) {
    return single(
        "sliced score matching with variance reduction",
        true,
        DirectionStacker.random(new VarianceReducedScoreLoss(directions), kind));
  }

  /**
   * Denoising score matching of an energy (Vincent, Neural Computation 2011), {@code sigma^2 / 2
   * norm(-grad E(x~) + z / sigma)^2} at {@code x~ = x + sigma z}. With several levels one is drawn
   * for each example, and one energy is fitted to all.
   *
   * @param sigmas standard deviations of the noise, finite, above 0, falling. Not modified.
   * @return the objective
   * @throws IllegalArgumentException if one is not accepted
   */
  public static ScoreObjective denoising(double... sigmas) {
    return single(
        "denoising score matching", true, new DenoisingStacker(NoiseLevels.of(sigmas), false));
  }

  /**
   * Denoising score matching of a noise-conditional energy {@code E(x, sigma)} at many levels with
   * weights {@code sigma^2}. The network gets a further last column (of images in the order of
   * channels first, a further channel) with {@link NoiseLevels#feature}.
   *
   * @param levels of the noise
   * @return the objective
   */
  public static ScoreObjective noiseConditionalEnergy(NoiseLevels levels) {
    return single(
        "noise-conditional score matching", true, new DenoisingStacker(require(levels), true));
  }

  /**
   * Sliced score matching of an energy by finite differences (Pang and others, NeurIPS 2020), for
   * any DL4J layers that treat examples alone. Biased by the order of {@code step^2}.
   *
   * @param directions how many a point, at least 1
   * @param kind of the directions
   * @param step of the differences, finite and above 0; some hundredths of the scale of the data,
   *     in FLOAT not less than 0.03
   * @return the objective
   * @throws IllegalArgumentException naming what is not accepted
   */
  public static ScoreObjective finiteDifference(int directions, Probes kind, double step) {
    return single(
        "score matching by finite differences",
        true,
        new FiniteDifferenceStacker(new FiniteDifferenceScoreLoss(directions, step), kind));
  }

  /**
   * Exact score matching of a score network, {@code norm(s)^2 / 2 + tr J} with the Jacobian {@code
   * J} of {@code s}.
   *
   * @return the objective
   */
  public static ScoreObjective scoreNetworkExact() {
    return sum(
        "exact score matching",
        false,
        count ->
            from -> DirectionStacker.units(new ScoreNetworkMatchingLoss(count, 1, false), from));
  }

  /**
   * Sliced score matching of a score network with variance reduction, {@code norm(s)^2 / 2} plus
   * the mean of {@code v . J v} (Song, Garg, Shi and Ermon, UAI 2019). Here the reduction costs
   * nothing.
   *
   * @param directions how many a point, at least 1
   * @param kind of the directions
   * @return the objective
   * @throws IllegalArgumentException if there is no direction
   */
  public static ScoreObjective scoreNetworkSliced(int directions, Probes kind) {
    return single(
        "sliced score matching",
        false,
        DirectionStacker.random(
            new ScoreNetworkMatchingLoss(directions, 1.0 / directions, true), kind));
  }

  /**
   * Denoising score matching of a score network, {@code sigma^2 / 2 norm(s(x~) + z / sigma)^2}.
   *
   * @param sigmas standard deviations of the noise, finite, above 0, falling. Not modified.
   * @return the objective
   * @throws IllegalArgumentException if one is not accepted
   */
  public static ScoreObjective scoreNetworkDenoising(double... sigmas) {
    return single(
        "denoising score matching", false, new RegressionStacker(NoiseLevels.of(sigmas), false));
  }

  /**
   * Denoising score matching of a noise-conditional score network at many levels with weights
   * {@code sigma^2} (Song and Ermon, NeurIPS 2019). The network {@code f} gets a further last
   * column (of images in the order of channels first, a further channel) with {@link
   * NoiseLevels#feature}, and its output is {@code sigma s(x, sigma)}, so that it need not be large
   * where sigma is small; the loss is {@code norm(f(x~, sigma) + z)^2 / 2}.
   *
   * @param levels of the noise
   * @return the objective
   */
  public static ScoreObjective noiseConditional(NoiseLevels levels) {
    return single(
        "noise-conditional score matching", false, new RegressionStacker(require(levels), true));
  }

  private static NoiseLevels require(NoiseLevels levels) {
    if (levels == null) {
      throw new IllegalArgumentException("levels are null; accepted: at least one sigma");
    }
    return levels;
  }

  /**
   * Says in a few words what the values are.
   *
   * @return for example {@code sliced score matching}
   */
  public String scoreName() {
    return name;
  }

  /** Whether the network has one output. */
  boolean isOfEnergies() {
    return ofEnergies;
  }

  /** All in one stack. */
  Stacker whole(long width) {
    return whole.apply(width);
  }

  /** Stacks whose losses add up to the objective, of bounded numbers of rows where possible. */
  List<Stacker> parts(long n, long width, int maximumRows) {
    if (part == null) {
      return List.of(whole.apply(width));
    }
    // At most two rows a direction, and two that they share.
    long most = Math.max(1, Math.min(Math.min(width, DIRECTIONS), (maximumRows / n - 2) / 2));
    List<Stacker> parts = new ArrayList<>();
    for (long from = 0; from < width; from += most) {
      parts.add(part.apply((int) Math.min(most, width - from)).apply(from));
    }
    return parts;
  }

  @Override
  public String toString() {
    return name;
  }
}
