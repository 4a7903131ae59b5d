/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.likelihood.AisEstimate.Direction;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.sampling.EnergyChains;
import org.dl4jebm.training.sampling.Kernel;
import org.dl4jebm.training.sampling.Langevin;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Annealed importance sampling of {@code log Z} of any energy with a gradient, such as a network's
 * (Neal, Statistics and Computing 2001), forward and in reverse (Grosse, Ghahramani and Adams
 * 2015). For restricted Boltzmann machines {@link AnnealedImportanceSampling} is far better: its
 * moves are block Gibbs sweeps.
 *
 * <p>Chains go along the geometric path from a base distribution to the model by moves of {@link
 * org.dl4jebm.training.sampling.Mala} or {@link org.dl4jebm.training.sampling.Hmc},
 *
 * <pre>{@code
 * E_k(x) = (1 - beta_k) E_0(x) + beta_k E(x)
 * forward:   x_1 ~ exp(-E_0) / Z_0,  x_{k+1} from x_k by moves for E_k,  k = 1, ..., K - 1
 *            log w = sum over k = 1, ..., K of  E_{k-1}(x_k) - E_k(x_k),       E[w] = Z / Z_0
 * reverse:   x_K ~ exp(-E) / Z,      x_k from x_{k+1} by moves for E_k,  k = K - 1, ..., 1
 *            log w = sum over k = K, ..., 1 of  E_k(x_k) - E_{k-1}(x_k),       E[w] = Z_0 / Z
 * }</pre>
 *
 * <p>The moves are reversible, so that the reverse chain is the forward one run backwards, and with
 * the mean weight over chains, {@code E[forward] <= log Z <= E[reverse]}, the latter if the reverse
 * chains start from draws of the model. For a network there are no exact draws; long chains are
 * believed as far as they mix. See {@link AisEstimate} and {@link AisSandwich} for what a gap
 * tells.
 *
 * <p>Each move takes one evaluation of the energy and its gradient for all chains, as one batch (of
 * {@link org.dl4jebm.training.sampling.Hmc} one for each leapfrog step); the weights need none. One
 * step size rarely suits the whole path: call {@link #adaptStepSizes} first. Log weights are summed
 * in DOUBLE.
 *
 * <p>If the thread is interrupted, a run ends with a {@link CancellationException} and the
 * interruption flag stays set. Runs with the same options give the same result, in whatever order
 * they are called.
 */
public final class EnergyAnnealing {

  /** Streams of random numbers of the different runs. */
  private static final long FORWARD_STREAM = 1;

  private static final long REVERSE_STREAM = 2;
  private static final long PILOT_STREAM = 3;

  /** Chains of a pilot run. */
  private static final int PILOT_CHAINS = 100;

  /** Parts of a pilot run for a schedule, and steps in each. */
  private static final int PILOT_PARTS = 50;

  private static final int PILOT_PART_STEPS = 20;

  /** Moves at the base before a pilot run begins. */
  private static final int PILOT_WARM_UP = 100;

  /** How far a pilot run changes the logarithm of the step size after a move, at most. */
  private static final double PILOT_GAIN = 0.2;

  private final DifferentiableEnergy energy;
  private final BaseDistribution base;
  private final Kernel kernel;
  private final int moves;
  private final AisOptions options;
  private final Progress progress;

  /** Of the moves at each inverse temperature; null for the kernel's own. */
  private double[] sizes;

  /**
   * Prepares runs in silence, with one move for each step.
   *
   * @param energy the energy, kept
   * @param base where the path begins, kept
   * @param kernel how chains move, with the bounds of the base
   * @param options schedule, number of chains, seed
   * @throws IllegalArgumentException if the kernel has other bounds than the base, or moves without
   *     a test
   */
  public EnergyAnnealing(
      DifferentiableEnergy energy, BaseDistribution base, Kernel kernel, AisOptions options) {
    this(energy, base, kernel, 1, options, Progress.silent());
  }

  /**
   * Prepares runs.
   *
   * @param energy the energy, kept
   * @param base where the path begins, kept
   * @param kernel how chains move, with the bounds of the base
   * @param moves at each step, at least 1
   * @param options schedule, number of chains, seed
   * @param progress what to tell how far the work is, kept
   * @throws IllegalArgumentException if the kernel has other bounds than the base or moves without
   *     a test, or {@code moves} is below 1
   */
  public EnergyAnnealing(
      DifferentiableEnergy energy,
      BaseDistribution base,
      Kernel kernel,
      int moves,
      AisOptions options,
      Progress progress) {
    if (kernel instanceof Langevin) {
      throw new IllegalArgumentException(
          "kernel is "
              + kernel
              + ", whose moves are not tested, so that neither estimate would tend to log Z;"
              + " accepted: Mala or Hmc");
    }
    if (!Objects.equals(kernel.bounds(), base.bounds())) {
      throw new IllegalArgumentException(
          "the bounds of the kernel are "
              + kernel.bounds()
              + "; accepted: those of the base, "
              + base.bounds());
    }
    if (moves < 1) {
      throw new IllegalArgumentException("moves is " + moves + "; accepted: 1 or more");
    }
    this.energy = energy;
    this.base = base;
    this.kernel = kernel;
    this.moves = moves;
    this.options = options;
    this.progress = progress;
  }

  /**
   * Finds step sizes for each step of the schedule by a pilot run from the base with random numbers
   * of its own; later runs keep them, so that their weights stay unbiased.
   *
   * @param targetAcceptance acceptance rate to keep to, above 0 and below 1, such as {@link
   *     org.dl4jebm.training.sampling.Mala#TARGET_ACCEPTANCE}
   * @return this
   * @throws IllegalArgumentException if the rate is out of range
   * @throws ArithmeticException if an energy or gradient is not a number
   */
  public EnergyAnnealing adaptStepSizes(double targetAcceptance) {
    double[] none = new double[PILOT_CHAINS];
    sizes = pilot(options.schedule().betas(), targetAcceptance, none, k -> {});
    return this;
  }

  /**
   * Finds a schedule for this energy and base by a pilot run with step sizes that adapt on the way:
   * steps are small where the energy changes fast or chains mix slowly. It has random numbers of
   * its own, so that estimates with the schedule err as any others do. Give the schedule to the
   * options of another object.
   *
   * @param steps number of steps of the schedule, at least 1
   * @param targetAcceptance acceptance rate of the pilot run, above 0 and below 1
   * @return the schedule
   * @throws IllegalArgumentException if a number is out of range
   * @throws ArithmeticException if an energy or gradient is not a number
   */
  public AnnealingSchedule adaptedSchedule(int steps, double targetAcceptance) {
    AnnealingSchedule.linear(steps);
    AnnealingSchedule fine = AnnealingSchedule.linear(PILOT_PARTS * PILOT_PART_STEPS);
    double[] deviation = new double[PILOT_PARTS];
    double[] logWeights = new double[PILOT_CHAINS];
    pilot(
        fine.betas(),
        targetAcceptance,
        logWeights,
        k -> {
          if (k % PILOT_PART_STEPS == 0) {
            deviation[k / PILOT_PART_STEPS - 1] = new StandardDeviation().evaluate(logWeights);
            Arrays.fill(logWeights, 0);
          }
        });
    return AnnealingSchedule.adapted(steps, AnnealingSchedule.linear(PILOT_PARTS), deviation);
  }

  /**
   * Goes along the path once with step sizes that follow the acceptance rate.
   *
   * @param logWeights gathers what each step adds to them
   * @param afterStep told of the number of each step, before its moves
   * @return the step sizes at each inverse temperature but the first
   */
  private double[] pilot(
      double[] betas, double targetAcceptance, double[] logWeights, IntConsumer afterStep) {
    double[] found = new double[betas.length];
    try (RandomStream random = stream(PILOT_STREAM)) {
      EnergyChains chains =
          EnergyChains.onPath(base, energy, base.draw(PILOT_CHAINS, random), kernel, random);
      chains.setBeta(betas[1]).warmUp(PILOT_WARM_UP, targetAcceptance);
      progress.start("pilot AIS", betas.length - 1L);
      for (int k = 1; k < betas.length; k++) {
        requireNotInterrupted("pilot AIS", k, betas.length - 1);
        weigh(chains, betas[k] - betas[k - 1], logWeights);
        afterStep.accept(k);
        chains.setBeta(betas[k]);
        for (int i = 0; i < moves; i++) {
          chains.resetCounts();
          double size = chains.kernel().leapfrog().size();
          double change = chains.step(1).acceptanceRate() - targetAcceptance;
          chains.setKernel(kernel.withLeapfrogSize(size * Math.exp(PILOT_GAIN * change)));
        }
        found[k] = chains.kernel().leapfrog().size();
        progress.step(k, null);
      }
      progress.finish(null);
    }
    return found;
  }

  /** {@code E_from(x) - E_to(x)}, added to the log weights. */
  private static void weigh(EnergyChains chains, double rise, double[] logWeights) {
    double[] own = chains.energies();
    double[] other = chains.baseEnergies();
    Arrays.setAll(logWeights, i -> logWeights[i] + rise * (other[i] - own[i]));
  }

  /**
   * Anneals chains from the base to the model.
   *
   * @return an estimate that is at most {@code log Z} in expectation
   * @throws ArithmeticException if an energy, gradient or weight is not finite
   */
  public AisEstimate forward() {
    try (RandomStream random = stream(FORWARD_STREAM)) {
      INDArray starts = base.draw(options.chains(), random);
      return anneal(Direction.FORWARD, starts, random);
    }
  }

  /**
   * Anneals chains from the model to the base.
   *
   * @param starts draws of the model, {@code [n, ...]}, one for each chain. Not modified.
   * @return an estimate that is at least {@code log Z} in expectation if the starts are draws of
   *     the model
   * @throws IllegalArgumentException if the starts are empty, not finite or out of the bounds
   * @throws ArithmeticException if an energy, gradient or weight is not finite
   */
  public AisEstimate reverse(INDArray starts) {
    try (RandomStream random = stream(REVERSE_STREAM)) {
      return anneal(Direction.REVERSE, starts, random);
    }
  }

  /**
   * Runs both directions.
   *
   * @param starts draws of the model for the reverse chains, {@code [n, ...]}. Not modified.
   * @return both estimates
   * @throws IllegalArgumentException if the starts are empty, not finite or out of the bounds
   * @throws ArithmeticException if an energy, gradient or weight is not finite
   */
  public AisSandwich both(INDArray starts) {
    AisEstimate reverse = reverse(starts);
    return new AisSandwich(forward(), reverse);
  }

  private RandomStream stream(long number) {
    return new RandomStream(Seeds.derive(options.seed(), number));
  }

  private AisEstimate anneal(Direction direction, INDArray starts, RandomStream random) {
    double[] betas = options.schedule().betas();
    int steps = betas.length - 1;
    boolean forward = direction == Direction.FORWARD;
    EnergyChains chains = EnergyChains.onPath(base, energy, starts, kernel, random);
    double[] logWeights = new double[(int) starts.size(0)];
    String task = direction.name().toLowerCase(Locale.ROOT) + " AIS";
    progress.start(task + ", " + logWeights.length + " chains", steps);
    for (int i = 1; i <= steps; i++) {
      requireNotInterrupted(task, i, steps);
      int from = forward ? i - 1 : steps - i + 1;
      int to = forward ? i : steps - i;
      weigh(chains, betas[to] - betas[from], logWeights);
      if (i < steps) {
        if (sizes != null) {
          chains.setKernel(kernel.withLeapfrogSize(sizes[to]));
        }
        chains.setBeta(betas[to]).step(moves);
      }
      progress.step(i, null);
    }
    progress.finish(null);
    for (double logWeight : logWeights) {
      if (!Double.isFinite(logWeight)) {
        throw new ArithmeticException("a log weight is " + logWeight + "; accepted: finite ones");
      }
    }
    return AisEstimate.of(direction, logWeights, base.logPartition(), steps);
  }

  private static void requireNotInterrupted(String task, int step, int steps) {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException(task + " was interrupted at step " + step + " of " + steps);
    }
  }
}
