/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.sampling.PathEnergy.Values;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Points with their energies and gradients, and how they move. The energy of chain {@code i} is
 * {@code beta_i E(x)}, with a base {@code E_0} {@code (1 - beta_i) E_0(x) + beta_i E(x)}.
 *
 * <p>Energies are numbers on the host, in DOUBLE, gradients and points arrays {@code [n, d]} that
 * are reused. Each leapfrog step evaluates the energy and its gradient once, for all chains; the
 * values at the chains' points are kept from the move that led there.
 */
final class Ensemble {

  /** Shared by all objects; each thread has its own memory behind it. */
  private static final ScratchSpace SCRATCH = new ScratchSpace();

  /** Half the resolution of uniform numbers, which can be 0. */
  private static final double HALF_STEP = 0x1p-24;

  private final PathEnergy path;
  private final long[] shape;
  private final int n;
  private final INDArray ones;
  private final INDArray points;
  private final INDArray momentum;
  private final INDArray momentumBefore;
  private final INDArray proposal;
  private final INDArray uniform;
  private final double[] beta;
  private final Values at;

  /** Chains whose trajectory has left the finite numbers in the present move. */
  private final boolean[] lost;

  /**
   * What became of a move.
   *
   * @param probability of acceptance, for each chain
   * @param accepted whether it was accepted, for each chain
   * @param diverged how many trajectories left the finite numbers
   */
  record Outcome(double[] probability, boolean[] accepted, int diverged) {}

  Ensemble(DifferentiableEnergy base, DifferentiableEnergy target, INDArray start, double[] beta) {
    path = new PathEnergy(base, target, start);
    this.beta = beta;
    shape = start.shape().clone();
    n = Math.toIntExact(shape[0]);
    points = PointRows.matrix(start.dup('c'));
    ones = Nd4j.ones(points.dataType(), points.size(1));
    momentum = points.ulike();
    momentumBefore = points.ulike();
    proposal = points.ulike();
    uniform = Nd4j.create(DataType.DOUBLE, n);
    lost = new boolean[n];
    at = path.evaluate(points, "start").copy();
  }

  static void requireStart(INDArray start, Box bounds) {
    requirePoints(start, bounds, "start");
  }

  /**
   * Requires finite points inside of walls.
   *
   * @param name names the argument in messages
   */
  static void requirePoints(INDArray start, Box bounds, String name) {
    if (start == null || start.rank() < 2 || start.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + (start == null ? " is null" : " has shape " + Arrays.toString(start.shape()))
              + "; accepted: one or more points along the first of two or more dimensions");
    }
    if (start.dataType() != DataType.FLOAT && start.dataType() != DataType.DOUBLE) {
      throw new IllegalArgumentException(
          name + " is of type " + start.dataType() + "; accepted: FLOAT or DOUBLE");
    }
    double low = start.minNumber().doubleValue();
    double high = start.maxNumber().doubleValue();
    // Neither minimum nor maximum need see a NaN; the sum does.
    if (!Double.isFinite(low + high) || Double.isNaN(start.sumNumber().doubleValue())) {
      throw new IllegalArgumentException(
          name + " has values that are not finite numbers; accepted: finite numbers");
    }
    if (bounds != null && !(low >= bounds.low() && high <= bounds.high())) {
      throw new IllegalArgumentException(
          name
              + " has values from "
              + low
              + " to "
              + high
              + "; accepted: inside "
              + bounds
              + ", the bounds of the kernel");
    }
  }

  int size() {
    return n;
  }

  INDArray points() {
    return points.reshape('c', shape);
  }

  Values values() {
    return at;
  }

  double[] beta() {
    return beta;
  }

  /** The energy that chain {@code i} moves in. */
  private double energy(Values values, int i) {
    // Without the test 0 times an infinite energy would be NaN.
    double own = beta[i] == 0 ? 0 : beta[i] * values.energy()[i];
    return !path.hasBase()
        ? own
        : beta[i] == 1 ? own : own + (1 - beta[i]) * values.baseEnergy()[i];
  }

  /** After a change of the energy itself. */
  void evaluateAgain() {
    put(path.evaluate(points, "the chains' points"));
  }

  /** Goes to given points, whose values are known. */
  void put(INDArray newPoints, Values values) {
    points.assign(newPoints.reshape('c', points.shape()));
    put(values);
  }

  private void put(Values values) {
    System.arraycopy(values.energy(), 0, at.energy(), 0, n);
    at.gradient().assign(values.gradient());
    if (path.hasBase()) {
      System.arraycopy(values.baseEnergy(), 0, at.baseEnergy(), 0, n);
      at.baseGradient().assign(values.baseGradient());
    }
  }

  /** Exchanges what stands in the rows: row {@code i} becomes what was in row {@code from[i]}. */
  void permute(int[] from) {
    permute(points, from);
    permute(at.gradient(), from);
    permute(at.energy(), from);
    if (path.hasBase()) {
      permute(at.baseGradient(), from);
      permute(at.baseEnergy(), from);
    }
  }

  private static void permute(INDArray rows, int[] from) {
    rows.assign(Nd4j.pullRows(rows, 1, from));
  }

  private static void permute(double[] values, int[] from) {
    double[] old = values.clone();
    Arrays.setAll(values, i -> old[from[i]]);
  }

  /**
   * Moves all chains once. If energies are not finite where they should be, the points stay as they
   * were.
   *
   * @param size of the leapfrog steps for each chain, before jitter
   * @param step number of the move, for messages
   */
  Outcome move(Leapfrog kernel, double[] size, Box bounds, RandomStream random, long step) {
    long[] before = random.state();
    try {
      return SCRATCH.call(() -> moveOnce(kernel, size, bounds, random, "step " + step));
    } catch (ArithmeticException e) {
      random.restore(before);
      throw e;
    }
  }

  private Outcome moveOnce(
      Leapfrog kernel, double[] size, Box bounds, RandomStream random, String where) {
    double[] sizes = size;
    if (kernel.jitter() > 0) {
      random.uniform(uniform);
      double factor = 1 + kernel.jitter() * (2 * uniform.getDouble(0) - 1);
      sizes = Arrays.stream(size).map(x -> x * factor).toArray();
    }
    random.gaussian(kernel.deviation(), momentum);
    momentumBefore.assign(momentum);
    proposal.assign(points);
    Values values = integrate(kernel, sizes, bounds, proposal, momentum, at, where);
    return kernel.tested() ? decide(values, random, where) : acceptAll(values);
  }

  /**
   * Takes the leapfrog steps. The last half kick is left out where moves are not tested, and the
   * energy must be finite there.
   *
   * @param x points {@code [n, d]}. Modified.
   * @param p their momenta. Modified.
   * @param from energies and gradients at {@code x}
   * @return those at the end
   */
  Values integrate(
      Leapfrog kernel,
      double[] sizes,
      Box bounds,
      INDArray x,
      INDArray p,
      Values from,
      String where) {
    double[] half = Arrays.stream(sizes).map(size -> size / 2).toArray();
    Arrays.fill(lost, false);
    Values values = from;
    kick(p, values, half, kernel.gradientClip());
    for (int i = 1; i <= kernel.count(); i++) {
      PointRows.addScaled(x, sizes, p);
      bringBackLost(x, kernel.tested() ? null : where);
      if (bounds != null) {
        bounds.reflect(x, p);
      }
      values = path.evaluate(x, kernel.tested() ? null : where);
      if (kernel.tested()) {
        kick(p, values, i < kernel.count() ? sizes : half, kernel.gradientClip());
      }
    }
    return values;
  }

  /**
   * Energies are not asked for points that are not finite, which some refuse. Moves that are not
   * tested fail there, {@code where} is then given.
   */
  private void bringBackLost(INDArray x, String where) {
    long[] flat = {x.length()};
    if (Double.isFinite(Nd4j.getBlasWrapper().asum(x.reshape('c', flat)))) {
      return;
    }
    // Finite values times 0 add up to 0, others to NaN.
    double[] sums = PointRows.sums(x.mul(0), ones);
    boolean[] away = new boolean[n];
    for (int i = 0; i < n; i++) {
      away[i] = !Double.isFinite(sums[i]);
      lost[i] |= away[i];
      if (away[i] && where != null) {
        throw new ArithmeticException(
            "chain "
                + i
                + " would leave the finite numbers at "
                + where
                + "; accepted: smaller steps. The chains are where they were before this step");
      }
    }
    PointRows.copy(points, x, away);
  }

  /** {@code p <- p - factor grad E}. */
  private void kick(INDArray p, Values values, double[] factor, double clip) {
    double[] own = new double[n];
    double[] other = new double[n];
    for (int i = 0; i < n; i++) {
      own[i] = -factor[i] * beta[i];
      other[i] = -factor[i] * (1 - beta[i]);
    }
    INDArray kick = clip < Double.POSITIVE_INFINITY ? Nd4j.zerosLike(p) : p;
    PointRows.addScaled(kick, own, values.gradient());
    if (path.hasBase()) {
      PointRows.addScaled(kick, other, values.baseGradient());
    }
    if (kick != p) {
      // Only unadjusted moves are clipped, whose factors are the same for all chains.
      clip(kick, clip * factor[0]);
      p.addi(kick);
    }
  }

  /** Limits the magnitude of each entry. */
  static void clip(INDArray gradient, double largest) {
    Transforms.max(Transforms.min(gradient, largest, false), -largest, false);
  }

  private Outcome acceptAll(Values values) {
    points.assign(proposal);
    put(values);
    boolean[] accepted = new boolean[n];
    Arrays.fill(accepted, true);
    double[] probability = new double[n];
    Arrays.fill(probability, 1);
    return new Outcome(probability, accepted, 0);
  }

  private Outcome decide(Values values, RandomStream random, String where) {
    // (|p'|^2 - |p|^2) / 2 as a product, in which nothing cancels.
    INDArray difference = momentum.sub(momentumBefore);
    double[] kinetic = PointRows.products(difference, momentum.addi(momentumBefore), ones);
    random.uniform(uniform);
    double[] u = uniform.data().asDouble();
    double[] probability = new double[n];
    boolean[] accepted = new boolean[n];
    int diverged = 0;
    for (int i = 0; i < n; i++) {
      double next = energy(values, i);
      double log = energy(at, i) - next - kinetic[i] / 2;
      if (lost[i] || next == Double.POSITIVE_INFINITY || log == Double.NEGATIVE_INFINITY) {
        diverged += next == Double.POSITIVE_INFINITY && !lost[i] ? 0 : 1;
        log = Double.NEGATIVE_INFINITY;
      } else if (!Double.isFinite(log)) {
        throw notANumber(i, next, where);
      }
      probability[i] = Math.min(1, Math.exp(log));
      accepted[i] = Math.log(u[i] + HALF_STEP) < log;
    }
    accept(values, accepted);
    return new Outcome(probability, accepted, diverged);
  }

  private static ArithmeticException notANumber(int chain, double energy, String where) {
    boolean bad = !Double.isFinite(energy);
    return new ArithmeticException(
        (bad ? "the energy" : "the gradient of the energy")
            + " of chain "
            + chain
            + " is "
            + (bad ? energy : "not finite")
            + " at "
            + where
            + "; accepted: finite numbers, or infinite energies where a point is impossible. The"
            + " chains are where they were before this step");
  }

  private void accept(Values values, boolean[] accepted) {
    PointRows.copy(proposal, points, accepted);
    PointRows.copy(values.gradient(), at.gradient(), accepted);
    if (path.hasBase()) {
      PointRows.copy(values.baseGradient(), at.baseGradient(), accepted);
    }
    for (int i = 0; i < n; i++) {
      if (accepted[i]) {
        at.energy()[i] = values.energy()[i];
        if (path.hasBase()) {
          at.baseEnergy()[i] = values.baseEnergy()[i];
        }
      }
    }
  }
}
