/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmEnumeration;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RbmMoments;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The likelihood of a small restricted Boltzmann machine without error, by a sum over all states of
 * the side that has fewer; the other side is summed (or integrated) in closed form:
 *
 * <pre>{@code
 * Z = sum_h exp(-F(h))  or  sum_v exp(-F(v)),    log p(v) = -F(v) - log Z
 * d mean log p / dW = mean t(v)' t(E[h | v]) - E[t(v)' t(h)]
 * }</pre>
 *
 * <p>The side must have at most {@link RbmEnumeration#MAX_STATES} states, such as 24 binary units,
 * or what the constructor says. The work is proportional to their number times the size of the
 * other side; the memory does not grow with it. Everything is computed in DOUBLE whatever the type
 * of the parameters, so that the only error is rounding. For larger machines see {@link
 * AnnealedImportanceSampling}.
 *
 * <p>Each call goes through all states again, so that it sees changes of the parameters. If the
 * thread is interrupted, a call ends with a {@link CancellationException} and the interruption flag
 * stays set.
 */
public final class ExactLikelihood {

  /** The sum of all probabilities may fall short of 1 by so much. */
  private static final double ROUNDING = 1e-9;

  private final RbmModel model;
  private final long maxStates;
  private final Progress progress;

  /**
   * Prepares to enumerate at most {@link RbmEnumeration#MAX_STATES} states, in silence.
   *
   * @param model the machine, kept. Not modified.
   * @throws IllegalArgumentException if both sides have too many states or are continuous
   */
  public ExactLikelihood(RbmModel model) {
    this(model, RbmEnumeration.MAX_STATES, Progress.silent());
  }

  /**
   * Prepares to enumerate.
   *
   * @param model the machine, kept. Not modified.
   * @param maxStates largest number of states to enumerate, at least 1
   * @param progress what to tell how far the work is, kept
   * @throws IllegalArgumentException if both sides have more states or are continuous; the message
   *     names the sizes
   */
  public ExactLikelihood(RbmModel model, long maxStates, Progress progress) {
    RbmEnumeration.enumeratesVisible(
        model.visibleUnits(),
        model.hiddenUnits(),
        model.visibleSize(),
        model.hiddenSize(),
        maxStates);
    this.model = model;
    this.maxStates = maxStates;
    this.progress = progress;
  }

  /**
   * Computes the log partition function.
   *
   * @return {@code log Z}, in nats
   * @throws IllegalArgumentException if a parameter is not finite
   */
  public double logPartition() {
    return enumerate("log Z", DoubleModel.of(model), RbmEnumeration::logZ);
  }

  /**
   * Computes the log-likelihood of each row.
   *
   * @param data {@code [n, nIn]}. Not modified.
   * @return {@code log p(v)} in nats (a log density where visible units are real-valued), {@code
   *     [n]} in DOUBLE, new
   * @throws IllegalArgumentException if a parameter is not finite or the data are not states of the
   *     visible units
   */
  public INDArray logLikelihood(INDArray data) {
    model.requireVisibleStates(data, "data");
    RbmModel exact = DoubleModel.of(model);
    double logPartition = logPartition();
    return Rows.map(data, exact::freeEnergy).addi(logPartition).negi();
  }

  /**
   * Computes the mean of {@link #logLikelihood}.
   *
   * @param data {@code [n, nIn]}. Not modified.
   * @return mean of {@code log p(v)}, in nats
   * @throws IllegalArgumentException if a parameter is not finite or the data are not states of the
   *     visible units
   */
  public double meanLogLikelihood(INDArray data) {
    return logLikelihood(data).meanNumber().doubleValue();
  }

  /**
   * Computes expectations under the machine.
   *
   * @return log Z and the expectations of the sufficient statistics, in DOUBLE
   * @throws IllegalArgumentException if a parameter is not finite
   */
  public RbmMoments moments() {
    return enumerate("moments", DoubleModel.of(model), RbmEnumeration::moments);
  }

  /**
   * Computes the mean log-likelihood of data and its gradient.
   *
   * @param data {@code [n, nIn]}. Not modified.
   * @return value and derivatives, in DOUBLE
   * @throws IllegalArgumentException if a parameter is not finite or the data are not states of the
   *     visible units
   */
  public LikelihoodGradient gradient(INDArray data) {
    model.requireVisibleStates(data, "data");
    RbmModel exact = DoubleModel.of(model);
    RbmMoments moments = enumerate("gradient", exact, RbmEnumeration::moments);
    INDArray weights = moments.products().negi();
    INDArray visible = moments.visible().negi().reshape('c', new long[] {1, exact.visibleSize()});
    INDArray hidden = moments.hidden().negi().reshape('c', new long[] {1, exact.hiddenSize()});
    INDArray further = negative(moments.visibleParameters());
    double n = data.size(0);
    INDArray energies =
        Rows.map(
            data,
            rows -> {
              INDArray v = rows.castTo(DataType.DOUBLE).dup('c');
              INDArray h = exact.propUp(v);
              INDArray freeEnergy = exact.freeEnergy(v);
              exact.hiddenUnits().toStatistic(h);
              if (further != null) {
                further.subi(parameterGradient(exact, v, h).sum(true, 0).divi(n));
              }
              exact.visibleUnits().toStatistic(v);
              HostBlas.gemm(v, h, weights, true, false, 1 / n, 1);
              visible.addi(v.sum(true, 0).divi(n));
              hidden.addi(h.sum(true, 0).divi(n));
              return freeEnergy;
            });
    return new LikelihoodGradient(
        -energies.meanNumber().doubleValue() - moments.logZ(),
        moments.logZ(),
        weights.muli(exact.coupling()),
        hidden.reshape('c', new long[] {model.hiddenSize()}),
        visible.reshape('c', new long[] {model.visibleSize()}),
        further == null ? null : further.reshape('c', new long[] {further.length()}));
  }

  /** Minus the derivative of log Z, as a row; null where there are no further parameters. */
  private static INDArray negative(INDArray moments) {
    return moments == null ? null : moments.neg().reshape('c', new long[] {1, moments.length()});
  }

  /** {@code E[dE(v, h) / d theta | v]} for each row. */
  private static INDArray parameterGradient(RbmModel exact, INDArray v, INDArray hiddenStatistics) {
    INDArray coupling = v.ulike();
    exact.visibleFieldInto(hiddenStatistics.transpose(), coupling, coupling.transpose());
    coupling.subiRowVector(exact.visibleBias());
    return exact.visibleUnits().parameterGradient(v, coupling, exact.visibleBias());
  }

  /**
   * Draws independent visible states from {@code p(v)}, for instance to start reverse annealing
   * from.
   *
   * @param n how many, at least 1
   * @param random the stream to draw from
   * @return {@code [n, nIn]} in the type of the parameters, new, in random order
   * @throws IllegalArgumentException if a parameter is not finite or {@code n} is below 1
   */
  public INDArray sample(int n, RandomStream random) {
    if (n < 1) {
      throw new IllegalArgumentException("n is " + n + "; accepted: 1 or more");
    }
    RbmModel exact = DoubleModel.of(model);
    double[] targets = sortedUniforms(n, random);
    double logPartition = enumerate("log Z", exact, RbmEnumeration::logZ);
    boolean overVisible = new RbmEnumeration(exact, maxStates).overVisible();
    long units = overVisible ? model.visibleSize() : model.hiddenSize();
    INDArray drawn = Nd4j.create(DataType.DOUBLE, new long[] {n, units}, 'c');
    StateDraw draw = new StateDraw(targets, logPartition, drawn);
    enumerate(
        "samples",
        exact,
        enumeration -> {
          enumeration.forEachBlock(draw);
          return null;
        });
    INDArray states = shuffle(drawn, random).castTo(model.weights().dataType());
    return overVisible ? states : model.sampleVisible(states, random);
  }

  /** Finds the states in whose interval of the cumulative distribution the targets lie. */
  private static final class StateDraw implements RbmEnumeration.BlockVisitor {
    private final double[] targets;
    private final double logPartition;
    private final INDArray drawn;
    private double reached;
    private int done;

    StateDraw(double[] sortedTargets, double logPartition, INDArray drawn) {
      this.targets = sortedTargets;
      this.logPartition = logPartition;
      this.drawn = drawn;
    }

    @Override
    public void visit(INDArray states, double[] freeEnergies) {
      int first = done;
      int[] rows = new int[targets.length - first];
      for (int row = 0; row < freeEnergies.length; row++) {
        reached += Math.exp(-freeEnergies[row] - logPartition);
        while (done < targets.length && targets[done] < reached) {
          rows[done++ - first] = row;
        }
      }
      if (done > first) {
        Rows.of(drawn, first, done)
            .assign(Nd4j.pullRows(states, 1, Arrays.copyOf(rows, done - first)));
      }
    }
  }

  /** ND4J's uniform numbers have 23 bits, which is too few to choose among 2^24 states. */
  private static double[] sortedUniforms(int n, RandomStream random) {
    SplittableRandom uniform = random.javaRandom();
    double[] values = new double[n];
    Arrays.setAll(values, i -> uniform.nextDouble(1 - ROUNDING));
    Arrays.sort(values);
    return values;
  }

  private static INDArray shuffle(INDArray rows, RandomStream random) {
    SplittableRandom uniform = random.javaRandom();
    int n = (int) rows.size(0);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = uniform.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return Nd4j.pullRows(rows, 1, order);
  }

  private <T> T enumerate(String task, RbmModel exact, Function<RbmEnumeration, T> action) {
    RbmEnumeration enumeration = new RbmEnumeration(exact, maxStates, this::step);
    progress.start(task, enumeration.states());
    T result = action.apply(enumeration);
    progress.finish(null);
    return result;
  }

  private void step(long done) {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted after " + done + " states");
    }
    progress.step(done, null);
  }
}
