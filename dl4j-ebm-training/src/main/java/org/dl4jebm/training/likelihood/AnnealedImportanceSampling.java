/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.device.DeviceAnnealing;
import org.dl4jebm.training.device.DeviceException;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.device.OpenDevice;
import org.dl4jebm.training.likelihood.AisEstimate.Direction;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Annealed importance sampling of {@code log Z} (Neal, Statistics and Computing 2001; for
 * restricted Boltzmann machines Salakhutdinov and Murray, ICML 2008), forward and in reverse
 * (Burda, Grosse and Salakhutdinov, AISTATS 2015; Grosse, Ghahramani and Adams 2015).
 *
 * <p>Chains go through machines with the coupling {@code beta W} and biases between those of a
 * {@link BaseRate} and the model's own,
 *
 * <pre>{@code
 * f_k(v) = exp(-F(v)) of the machine  beta_k W,  (1 - beta_k) b_A + beta_k b,  (1 - beta_k) c_A + beta_k c
 * forward:   v_1 ~ f_0,   v_{k+1} from v_k by one Gibbs sweep of machine k,   k = 1, ..., K - 1
 *            w = product over k = 1, ..., K of f_k(v_k) / f_{k-1}(v_k),       E[w] = Z / Z_A
 * reverse:   v_K ~ f_K,   v_k from v_{k+1} by one Gibbs sweep of machine k,   k = K - 1, ..., 1
 *            w = product over k = K, ..., 1 of f_{k-1}(v_k) / f_k(v_k),       E[w] = Z_A / Z
 * }</pre>
 *
 * <p>A block Gibbs sweep is reversible, so that the reverse chain is the forward one run backwards.
 * With the mean weight {@code m} over chains the forward estimate is {@code log Z_A + log m} and
 * the reverse one {@code log Z_A - log m}; the weights are unbiased, and so by Jensen's inequality
 *
 * <pre>{@code   E[forward] <= log Z <= E[reverse]}</pre>
 *
 * <p>the latter if the reverse chains start from draws of the model. Exact draws are to be had for
 * small machines ({@link ExactLikelihood#sample}); else run long Gibbs chains from the training
 * data, and believe the bound as far as they mix. Started from chains that miss a part of the
 * model, the reverse estimate can fall below {@code log Z}.
 *
 * <p>Use it where {@link ExactLikelihood} cannot. One forward run alone is an optimistic
 * likelihood: report both directions. Time: two matrix products of {@code chains x nIn x nOut} a
 * step, and half as much for the units (more where steps are large or hidden units are not
 * Bernoulli). Log weights are summed in DOUBLE, states are drawn in the type of the parameters.
 * Units whose samples are only approximate, as those of noisy rectified units, are refused: neither
 * estimate would tend to {@code log Z}, nor be a bound.
 *
 * <p>If the thread is interrupted, a run ends with a {@link CancellationException} and the
 * interruption flag stays set. Runs with the same options give the same result, in whatever order
 * they are called.
 */
public final class AnnealedImportanceSampling {

  private static final Logger LOG = LoggerFactory.getLogger(AnnealedImportanceSampling.class);

  /** Streams of random numbers of the different runs. */
  private static final long FORWARD_STREAM = 1;

  private static final long REVERSE_STREAM = 2;
  private static final long PILOT_STREAM = 3;

  /** Chains of a pilot run: enough for standard deviations within some 7 %. */
  private static final int PILOT_CHAINS = 100;

  /** Parts of a pilot run, and steps in each. */
  private static final int PILOT_PARTS = 50;

  private static final int PILOT_PART_STEPS = 20;

  private final RbmModel model;
  private final BaseRate base;
  private final AisOptions options;
  private final Progress progress;

  /**
   * Prepares runs in silence.
   *
   * @param model the machine, kept. Not modified.
   * @param base the distribution at inverse temperature 0
   * @param options schedule, number of chains, seed
   * @throws IllegalArgumentException if the base rate is of another machine, or units are sampled
   *     only approximately
   */
  public AnnealedImportanceSampling(RbmModel model, BaseRate base, AisOptions options) {
    this(model, base, options, Progress.silent());
  }

  /**
   * Prepares runs.
   *
   * @param model the machine, kept. Not modified.
   * @param base the distribution at inverse temperature 0
   * @param options schedule, number of chains, seed
   * @param progress what to tell how far the work is, kept
   * @throws IllegalArgumentException if the base rate is of another machine, or units are sampled
   *     only approximately
   */
  public AnnealedImportanceSampling(
      RbmModel model, BaseRate base, AisOptions options, Progress progress) {
    base.requireFits(model);
    requireExactSamples(model.visibleUnits(), "visible");
    requireExactSamples(model.hiddenUnits(), "hidden");
    this.model = model;
    this.base = base;
    this.options = options;
    this.progress = progress;
  }

  private static void requireExactSamples(UnitType units, String side) {
    if (!units.samplesExactly()) {
      throw new IllegalArgumentException(
          side
              + " units are "
              + units.describe()
              + ", whose samples are approximate, so that chains would anneal to another"
              + " distribution; accepted: units that are sampled exactly, as TruncatedGaussianUnits"
              + " are");
    }
  }

  /**
   * Anneals chains from the base rate to the model.
   *
   * @return an estimate that is at most {@code log Z} in expectation
   * @throws IllegalArgumentException if a parameter is not finite
   * @throws org.dl4jebm.layers.rbm.NotNormalisableException if the machine has no {@code Z}
   * @throws ArithmeticException if log weights are not finite, which takes energies near the limits
   *     of the data type
   */
  public AisEstimate forward() {
    requireMachine();
    double[] betas = options.schedule().betas();
    double[] logWeights =
        annealAnywhere("forward AIS", FORWARD_STREAM, betas, null, options.chains());
    return estimate(Direction.FORWARD, logWeights);
  }

  /**
   * Anneals chains from the model to the base rate.
   *
   * @param starts draws of the model, {@code [n, nIn]}, one for each chain. Not modified.
   * @return an estimate that is at least {@code log Z} in expectation if the starts are draws of
   *     the model
   * @throws IllegalArgumentException if a parameter is not finite or the starts are not states of
   *     the visible units
   * @throws org.dl4jebm.layers.rbm.NotNormalisableException if the machine has no {@code Z}
   * @throws ArithmeticException if log weights are not finite, which takes energies near the limits
   *     of the data type
   */
  public AisEstimate reverse(INDArray starts) {
    requireMachine();
    model.requireVisibleStates(starts, "starts");
    double[] betas = options.schedule().betas();
    double[] falling = new double[betas.length];
    Arrays.setAll(falling, k -> betas[betas.length - 1 - k]);
    int chains = Math.toIntExact(starts.size(0));
    double[] logWeights = annealAnywhere("reverse AIS", REVERSE_STREAM, falling, starts, chains);
    return estimate(Direction.REVERSE, logWeights);
  }

  /**
   * Runs both directions.
   *
   * @param starts draws of the model for the reverse chains, {@code [n, nIn]}. Not modified.
   * @return both estimates
   * @throws IllegalArgumentException if a parameter is not finite or the starts are not states of
   *     the visible units
   * @throws org.dl4jebm.layers.rbm.NotNormalisableException if the machine has no {@code Z}
   * @throws ArithmeticException if log weights are not finite
   */
  public AisSandwich both(INDArray starts) {
    model.requireVisibleStates(starts, "starts");
    return new AisSandwich(forward(), reverse(starts));
  }

  /**
   * Finds a schedule for this machine and base rate by a short forward run: steps are small where
   * the machine changes fast or chains mix slowly. The run has random numbers of its own, so that
   * estimates with the schedule err as any others do.
   *
   * @param steps number of steps of the schedule, at least 1
   * @return the schedule
   * @throws IllegalArgumentException if {@code steps} is below 1 or a parameter is not finite
   * @throws ArithmeticException if log weights are not finite
   */
  public AnnealingSchedule adaptedSchedule(int steps) {
    AnnealingSchedule.linear(steps);
    requireMachine();
    double[] betas = AnnealingSchedule.linear(PILOT_PARTS * PILOT_PART_STEPS).betas();
    double[] deviation = new double[PILOT_PARTS];
    INDArray sum = Nd4j.create(DataType.DOUBLE, new long[] {1, PILOT_CHAINS}, 'f');
    anneal(
        "pilot AIS",
        PILOT_STREAM,
        betas,
        null,
        PILOT_CHAINS,
        (step, increments) -> {
          sum.addi(increments);
          if (step % PILOT_PART_STEPS == 0) {
            deviation[step / PILOT_PART_STEPS - 1] = sum.stdNumber().doubleValue();
            sum.assign(0);
          }
        });
    return AnnealingSchedule.adapted(steps, AnnealingSchedule.linear(PILOT_PARTS), deviation);
  }

  private void requireMachine() {
    model.requireFiniteParameters();
    model.requireNormalisable();
  }

  private AisEstimate estimate(Direction direction, double[] logWeights) {
    for (double logWeight : logWeights) {
      if (!Double.isFinite(logWeight)) {
        throw new ArithmeticException(
            String.format(
                Locale.ROOT,
                "a log weight is %s; accepted: finite ones. The energies of the machine are too"
                    + " large for %s",
                logWeight,
                model.weights().dataType()));
      }
    }
    return AisEstimate.of(
        direction, logWeights, base.logPartition(model), options.schedule().steps());
  }

  /** Log weights of all chains, on a device where that is asked for and possible. */
  private double[] annealAnywhere(
      String task, long stream, double[] betas, INDArray starts, int chains) {
    if (options.execution() == Execution.DEVICE) {
      String reason = DeviceAnnealing.reasonNot(model).orElse(null);
      OpenDevice opened = null;
      if (reason == null) {
        try {
          opened = OpenDevice.open();
        } catch (DeviceException e) {
          reason = e.getMessage();
        }
      }
      if (opened != null) {
        try (OpenDevice device = opened) {
          return annealOn(device, task, stream, betas, starts, chains);
        }
      }
      LOG.warn("{} runs on ND4J and not on a device: {}", task, reason);
    }
    return anneal(task, stream, betas, starts, chains, StepObserver.NONE);
  }

  private double[] annealOn(
      OpenDevice device, String task, long stream, double[] betas, INDArray starts, int chains) {
    int steps = betas.length - 1;
    progress.start(task + ", " + chains + " chains on " + device.describe(), steps);
    double[] logWeights =
        device
            .annealing(model, base.visibleBias(), base.hiddenBias())
            .run(
                betas,
                starts,
                chains,
                Seeds.derive(options.seed(), stream),
                step -> {
                  if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException(
                        task + " was interrupted at step " + step + " of " + steps);
                  }
                  progress.step(step, null);
                });
    progress.finish(null);
    return logWeights;
  }

  /** Log weights of all chains, which are run in blocks that fit memory. */
  private double[] anneal(
      String task,
      long stream,
      double[] betas,
      INDArray starts,
      int chains,
      StepObserver observer) {
    int rows = (int) Math.min(chains, AnnealingChains.maxChains(model));
    int blocks = (chains + rows - 1) / rows;
    int steps = betas.length - 1;
    progress.start(task + ", " + chains + " chains", (long) blocks * steps);
    double[] logWeights = new double[chains];
    try (RandomStream random = new RandomStream(Seeds.derive(options.seed(), stream))) {
      for (int block = 0; block < blocks; block++) {
        int from = block * rows;
        int to = Math.min(chains, from + rows);
        long done = (long) block * steps;
        try (AnnealingChains run = new AnnealingChains(model, base, to - from, random)) {
          if (starts == null) {
            run.startAtBase();
          } else {
            run.startAt(Rows.of(starts, from, to));
          }
          for (int k = 1; k <= steps; k++) {
            if (Thread.currentThread().isInterrupted()) {
              throw new CancellationException(
                  task + " was interrupted at step " + k + " of " + steps);
            }
            observer.observe(k, run.step(betas[k - 1], betas[k], k < steps));
            progress.step(done + k, null);
          }
          System.arraycopy(run.logWeights(), 0, logWeights, from, to - from);
        }
      }
    }
    progress.finish(null);
    return logWeights;
  }

  /** Sees the log weights' increments of each step, {@code [1, chains]}, valid until the next. */
  @FunctionalInterface
  interface StepObserver {

    StepObserver NONE = (step, increments) -> {};

    void observe(int step, INDArray increments);
  }
}
