/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The mathematics of the autoencoder with tied weights, sigmoid hidden and linear visible units,
 * over views of its parameters. It belongs to an energy, that of the visible units of a restricted
 * Boltzmann machine with Gaussian visible units of variance 1 when its Bernoulli hidden units are
 * summed out,
 *
 * <pre>{@code
 * E(x) = |x - b|^2 / 2 - sum_j softplus(a_j),     a = c + x W,     p(x) = exp(-E(x) / T) / Z
 * }</pre>
 *
 * whose slope leads from {@code x} to its reconstruction {@code r} (Vincent, Neural Computation
 * 2011; Swersky, Ranzato, Buchman, Marlin and de Freitas, ICML 2011):
 *
 * <pre>{@code   psi(x) = -grad E(x) / T = (r(x) - x) / T,     r(x) = b + sigmoid(a) W'}</pre>
 *
 * <p>{@code T} is a temperature, 1 for the machine itself. With it the losses of one example are
 *
 * <pre>{@code
 * reconstruction            |r(x) - x|^2 / 2
 * score matching            |psi(x)|^2 / 2 + sum_i d psi_i / d x_i
 *                           = |r(x) - x|^2 / (2 T^2) + (sum_j s_j (1 - s_j) |w_j|^2 - d) / T
 * denoising score matching  |psi(x~) - (x - x~) / sigma^2|^2 / 2,     x~ = x + sigma N(0, I)
 *                           = |r(x~) - x~ - (T / sigma^2) (x - x~)|^2 / (2 T^2)
 * }</pre>
 *
 * <p>with {@code s = sigmoid(a)} and {@code w_j} the columns of {@code W}. So score matching is
 * reconstruction with a penalty on hidden units that are undecided and have large weights. At
 * {@code T = sigma^2} the last one is the loss of a denoising autoencoder, {@code |r(x~) - x|^2 /
 * (2 sigma^4)}: what a denoising autoencoder learns is {@code E / sigma^2}, not {@code E}. At
 * {@code T = 1} the two differ unless {@code sigma = 1}. But for a constant of the parameters, the
 * mean of denoising score matching over the noise is score matching for the data with the noise
 * added (Vincent 2011).
 *
 * <p>The object holds the given arrays, not copies: it sees every later change of them. Batches are
 * {@code [n, nIn]}, one example a row.
 */
public final class TiedAutoEncoderModel {

  private final TiedWeights tied;

  /**
   * Wraps parameters.
   *
   * @param weights {@code W}, {@code [nIn, nOut]}, kept
   * @param hiddenBias {@code c}, {@code nOut} numbers, kept
   * @param visibleBias {@code b}, {@code nIn} numbers, kept
   * @throws IllegalArgumentException if the sizes do not fit each other
   */
  public TiedAutoEncoderModel(INDArray weights, INDArray hiddenBias, INDArray visibleBias) {
    tied = new TiedWeights(weights, hiddenBias, visibleBias);
  }

  TiedAutoEncoderModel(TiedWeights tied) {
    this.tied = tied;
  }

  /**
   * The code, {@code sigmoid(c + x W)}.
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
   * The way back, {@code b + h W'}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray decode(INDArray h) {
    return tied.visibleField(h);
  }

  /**
   * The reconstruction {@code r(x)}.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray reconstruct(INDArray x) {
    return decode(encode(x));
  }

  /**
   * The energy {@code E(x)}.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray energy(INDArray x) {
    INDArray softplus = Softplus.of(tied.hiddenField(x));
    INDArray distance = x.castTo(tied.weights().dataType()).subRowVector(tied.visibleBias());
    return distance.muli(distance).sum(1).muli(0.5).subi(softplus.sum(1));
  }

  /**
   * The score at temperature 1, {@code psi(x) = -grad E(x) = r(x) - x}.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray score(INDArray x) {
    return reconstruct(x).subi(x.castTo(tied.weights().dataType()));
  }

  /**
   * {@code |r(x) - x|^2 / 2} of each example.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray reconstructionError(INDArray x) {
    INDArray score = score(x);
    return score.muli(score).sum(1).muli(0.5);
  }

  /**
   * {@code sum_j s_j (1 - s_j) |w_j|^2} of each example: what score matching at temperature 1 adds
   * to the reconstruction error, plus {@code d}.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray penalty(INDArray x) {
    return Rows.products(slopes(encode(x)), squaredNorms(tied));
  }

  /** {@code |w_j|^2}, {@code [nOut]}. */
  static INDArray squaredNorms(TiedWeights tied) {
    return tied.weights().mul(tied.weights()).sum(0);
  }

  /** {@code s (1 - s)}, new. */
  static INDArray slopes(INDArray s) {
    return s.rsub(1).muli(s);
  }

  /** What pretraining can minimise. */
  record Loss(TiedAutoEncoder.Objective objective, double deviation, double temperature)
      implements StepObjective {

    @Override
    public double[] step(
        TiedWeights tied, INDArray clean, INDArray factors, StepRows rows, RandomStream noise) {
      boolean denoising = objective == TiedAutoEncoder.Objective.DENOISING_SCORE_MATCHING;
      if (denoising) {
        noise.gaussian(clean, deviation, rows.input);
      } else {
        rows.input.assign(clean);
      }
      tied.hiddenFieldInto(rows.inputT, rows.code, rows.codeT);
      Logistic.apply(rows.code);
      tied.visibleFieldInto(rows.codeT, rows.residual, rows.residualT);
      if (denoising) {
        double share = temperature / (deviation * deviation);
        rows.residual.subi(rows.input).subi(clean.sub(rows.input).muli(share));
      } else {
        rows.residual.subi(clean);
      }
      double scale =
          objective == TiedAutoEncoder.Objective.RECONSTRUCTION
              ? 1
              : 1 / (temperature * temperature);
      rows.loss.assign(rows.residual).muli(rows.residual).muli(scale / 2);
      double[] losses = rows.losses();
      if (scale != 1) {
        rows.residual.muli(scale);
      }
      if (factors != null) {
        rows.residual.muliColumnVector(factors);
      }
      tied.backInto(rows.residualT, rows.deltaT);
      DenoisingObjective.multiplyBySlope(rows.delta, rows.code);
      if (objective == TiedAutoEncoder.Objective.SCORE_MATCHING) {
        addPenalty(tied, factors, rows, losses);
      }
      return losses;
    }

    private void addPenalty(TiedWeights tied, INDArray factors, StepRows rows, double[] losses) {
      INDArray norms = squaredNorms(tied);
      INDArray slopes = slopes(rows.code);
      double[] penalty = Rows.products(slopes, norms).toDoubleVector();
      for (int i = 0; i < losses.length; i++) {
        losses[i] += (penalty[i] - tied.visibleSize()) / temperature;
      }
      if (factors != null) {
        slopes.muliColumnVector(factors);
      }
      rows.addWeightsTimes(slopes, 2 / temperature);
      INDArray curvature = rows.code.mul(-2).addi(1).muli(slopes);
      rows.delta.addi(curvature.muliRowVector(norms.muli(1 / temperature)));
    }
  }
}
