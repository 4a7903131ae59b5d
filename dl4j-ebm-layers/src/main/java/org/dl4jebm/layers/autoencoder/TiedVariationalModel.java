/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The mathematics of {@link TiedVariationalAutoEncoder} over views of its parameters: a generative
 * model with binary causes, and an approximate posterior that shares its weights,
 *
 * <pre>{@code
 * z_k ~ Bernoulli(pi),   x ~ N(b + z W', I),   q(z_k = 1 | x) = s_k = sigmoid(a_k),   a = c + x W
 * }</pre>
 *
 * <p>The evidence lower bound of an example with {@code d} values,
 *
 * <pre>{@code
 * ELBO(x) = E_q[log N(x; b + z W', I)] + H(q) + E_q[log p(z)] <= log p(x)
 *         = -d/2 log(2 pi) - |x - b - s W'|^2 / 2 - sum_k |w_k|^2 s_k (1 - s_k) / 2 - KL
 *      KL = sum_k s_k (a_k - log(pi / (1 - pi))) - softplus(a_k) - log(1 - pi)
 * }</pre>
 *
 * <p>needs no samples, and with {@code m = b + s W' - x} neither do its derivatives,
 *
 * <pre>{@code
 * -dELBO/da_k = s_k (1 - s_k) (m.w_k + |w_k|^2 (1 - 2 s_k) / 2 + a_k - log(pi / (1 - pi)))
 * -dELBO/dW   = m' s + x' (-dELBO/da) + W diag(s (1 - s)),      -dELBO/db = m
 * }</pre>
 *
 * <p>which makes the model a place to measure estimators that more complicated decoders depend on:
 * {@link TiedVariationalAutoEncoder.Estimator}. These replace only the squared error's expectation
 * by samples; entropy and prior stay exact.
 *
 * <p>The object holds the given arrays, not copies. Batches are {@code [n, nIn]}, one example a
 * row.
 */
public final class TiedVariationalModel {

  /** Takes a uniform number {@code k 2^-23}, which can be 0, to {@code (k + 1/2) 2^-23}. */
  private static final double HALF_STEP = 0x1p-24;

  private final TiedWeights tied;
  private final double logOdds;
  private final double logOff;

  TiedVariationalModel(TiedWeights tied, double prior) {
    this.tied = tied;
    logOdds = Math.log(prior) - Math.log1p(-prior);
    logOff = Math.log1p(-prior);
  }

  /**
   * Wraps parameters.
   *
   * @param weights {@code W}, {@code [nIn, nOut]}, kept
   * @param hiddenBias {@code c}, {@code nOut} numbers, kept
   * @param visibleBias {@code b}, {@code nIn} numbers, kept
   * @param prior {@code pi}, in (0, 1)
   * @throws IllegalArgumentException if the sizes do not fit each other or the prior is out of
   *     range
   */
  public TiedVariationalModel(
      INDArray weights, INDArray hiddenBias, INDArray visibleBias, double prior) {
    this(new TiedWeights(weights, hiddenBias, visibleBias), requirePrior(prior));
  }

  static double requirePrior(double prior) {
    if (!(prior > 0 && prior < 1)) {
      throw new IllegalArgumentException(
          "prior is " + prior + "; accepted: a probability greater than 0, less than 1");
    }
    return prior;
  }

  /**
   * The posterior's probabilities {@code q(z_k = 1 | x)}.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n, nOut]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray encode(INDArray x) {
    INDArray s = tied.hiddenField(x);
    Logistic.apply(s);
    return s;
  }

  /**
   * Means of the visible units given causes, {@code b + z W'}.
   *
   * @param z {@code [n, nOut]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray decode(INDArray z) {
    return tied.visibleField(z);
  }

  /**
   * The evidence lower bound of each example, exact.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code n} numbers in nats
   * @throws IllegalArgumentException if the width is wrong
   */
  public double[] evidenceLowerBound(INDArray x) {
    double[] negative = new Pass(x.castTo(tied.weights().dataType())).losses();
    for (int i = 0; i < negative.length; i++) {
      negative[i] = -negative[i];
    }
    return negative;
  }

  /** What the exact bound of a batch is made of. */
  private final class Pass {

    final INDArray norms = TiedAutoEncoderModel.squaredNorms(tied);
    final INDArray field;
    final INDArray s;

    /** {@code s (1 - s)}. */
    final INDArray slope;

    /** {@code b + s W' - x}. */
    final INDArray residual;

    Pass(INDArray x) {
      field = tied.hiddenField(x);
      s = field.dup('c');
      Logistic.apply(s);
      slope = TiedAutoEncoderModel.slopes(s);
      residual = tied.visibleField(s).subi(x);
    }

    /** The negative bound of each example. */
    double[] losses() {
      INDArray divergence = s.mul(field.sub(logOdds)).subi(Softplus.of(field));
      INDArray ones = Nd4j.ones(s.dataType(), s.size(1));
      double[] kl = Rows.products(divergence, ones).toDoubleVector();
      double[] spread = Rows.products(slope, norms).toDoubleVector();
      double[] errors = halfSquares(residual);
      double constant = tied.visibleSize() * Math.log(2 * Math.PI) / 2 - s.size(1) * logOff;
      for (int i = 0; i < errors.length; i++) {
        errors[i] += spread[i] / 2 + kl[i] + constant;
      }
      return errors;
    }

    /** The derivative of the divergence of the posterior from the prior by the fields. */
    INDArray divergenceByField() {
      return field.sub(logOdds).muli(slope);
    }
  }

  /** {@code |r|^2 / 2} of each row. */
  private static double[] halfSquares(INDArray rows) {
    INDArray halves = Nd4j.valueArrayOf(new long[] {rows.size(1)}, 0.5, rows.dataType());
    return Rows.products(rows.mul(rows), halves).toDoubleVector();
  }

  /** What pretraining minimises, the negative evidence lower bound, and how its gradient comes. */
  record Loss(
      TiedVariationalAutoEncoder.Estimator estimator,
      double temperature,
      int draws,
      boolean baseline,
      double prior)
      implements StepObjective {

    @Override
    public int samples() {
      return estimator == TiedVariationalAutoEncoder.Estimator.ANALYTIC ? 1 : draws;
    }

    @Override
    public double[] step(
        TiedWeights tied, INDArray clean, INDArray factors, StepRows rows, RandomStream noise) {
      TiedVariationalModel model = new TiedVariationalModel(tied, prior);
      Pass pass = model.new Pass(clean);
      rows.input.assign(clean);
      if (estimator == TiedVariationalAutoEncoder.Estimator.ANALYTIC) {
        analytic(tied, pass, factors, rows);
      } else {
        sampled(tied, pass, clean, rows, noise);
        rows.delta.addi(pass.divergenceByField());
        if (factors != null) {
          rows.delta.muliColumnVector(factors);
          block(rows.residual, clean.size(0), r -> r.muliColumnVector(factors));
        }
      }
      return pass.losses();
    }

    private static void analytic(TiedWeights tied, Pass pass, INDArray factors, StepRows rows) {
      rows.code.assign(pass.s);
      rows.residual.assign(pass.residual);
      tied.backInto(rows.residualT, rows.deltaT);
      INDArray spread = pass.s.mul(-1).addi(0.5).muliRowVector(pass.norms);
      rows.delta.addi(spread).muli(pass.slope).addi(pass.divergenceByField());
      INDArray slope = pass.slope;
      if (factors != null) {
        rows.delta.muliColumnVector(factors);
        rows.residual.muliColumnVector(factors);
        slope = slope.mulColumnVector(factors);
      }
      rows.addWeightsTimes(slope, 1);
    }

    /** Residuals, divided by the number of samples, and the squared error's part of the deltas. */
    private void sampled(
        TiedWeights tied, Pass pass, INDArray clean, StepRows rows, RandomStream noise) {
      long n = clean.size(0);
      draw(pass, n, rows.code, noise);
      tied.visibleFieldInto(rows.codeT, rows.residual, rows.residualT);
      block(rows.residual, n, r -> r.subi(clean));
      rows.delta.assign(0);
      if (estimator == TiedVariationalAutoEncoder.Estimator.SCORE_FUNCTION) {
        scoreFunction(pass, rows, n);
        rows.residual.muli(1.0 / draws);
        return;
      }
      rows.residual.muli(1.0 / draws);
      INDArray back = rows.code.ulike();
      tied.backInto(rows.residualT, back.transpose());
      if (estimator == TiedVariationalAutoEncoder.Estimator.RELAXED) {
        back.muli(TiedAutoEncoderModel.slopes(rows.code)).muli(1 / temperature);
        block(back, n, rows.delta::addi);
      } else {
        block(back, n, rows.delta::addi);
        rows.delta.muli(pass.slope);
      }
    }

    private void draw(Pass pass, long n, INDArray code, RandomStream noise) {
      if (estimator == TiedVariationalAutoEncoder.Estimator.RELAXED) {
        noise.uniform(code);
        code.addi(HALF_STEP);
        INDArray complement = Transforms.log(code.rsub(1), false);
        Transforms.log(code, false).subi(complement);
        block(code, n, z -> z.addi(pass.field));
        code.muli(1 / temperature);
        Logistic.apply(code);
      } else {
        block(code, n, z -> z.assign(pass.s));
        noise.bernoulli(code, code);
      }
    }

    /** {@code (F - baseline) (z - s)}, mean over samples, with F the sample's squared error. */
    private void scoreFunction(Pass pass, StepRows rows, long n) {
      double[] errors = halfSquares(rows.residual);
      double[] centred = errors.clone();
      if (baseline) {
        for (int i = 0; i < n; i++) {
          double sum = 0;
          for (int sample = 0; sample < draws; sample++) {
            sum += errors[(int) (sample * n + i)];
          }
          for (int sample = 0; sample < draws; sample++) {
            int row = (int) (sample * n + i);
            centred[row] -= (sum - errors[row]) / (draws - 1);
          }
        }
      }
      INDArray difference = rows.code.dup('c');
      block(difference, n, z -> z.subi(pass.s));
      INDArray column =
          Nd4j.createFromArray(centred)
              .castTo(difference.dataType())
              .reshape('c', new long[] {centred.length, 1});
      difference.muliColumnVector(column).muli(1.0 / draws);
      block(difference, n, rows.delta::addi);
    }

    private interface OnBlock {
      void on(INDArray rows);
    }

    /** Does something with the rows of each sample. */
    private static void block(INDArray all, long n, OnBlock action) {
      for (long from = 0; from < all.size(0); from += n) {
        action.on(all.get(NDArrayIndex.interval(from, from + n), NDArrayIndex.all()));
      }
    }
  }
}
