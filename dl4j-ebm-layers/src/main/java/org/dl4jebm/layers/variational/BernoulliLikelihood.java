/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Locale;
import java.util.Optional;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.ValueRange;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Binary data from logits: {@code p(x_j = 1 | l) = sigmoid(l_j)}, one logit a value.
 *
 * <pre>{@code   log p(x | l) = sum_j x_j l_j - log(1 + exp(l_j))
 *   d log p / d l_j = x_j - sigmoid(l_j)}</pre>
 *
 * <p>Finite for every finite logit. In FLOAT on the CPU the absolute error of a value's term is
 * below 3e-7, so that one that is nearly certain may come out above 0 by that much.
 *
 * <p>Choose it for black-and-white images and other binary data. Grey values in [0, 1] are accepted
 * as the probability that a value is 1, as is usual; the result is then the mean over binary
 * images, a cross-entropy, and is not the density of a distribution over grey values: do not
 * compare it with one (Loaiza-Ganem and Cunningham, NeurIPS 2019). Published bounds on MNIST are
 * for fixed or resampled binary images.
 */
public final class BernoulliLikelihood implements Likelihood {

  private static final long serialVersionUID = 1L;

  /** Creates the likelihood; all instances are equal. */
  public BernoulliLikelihood() {}

  @Override
  public String describe() {
    return "a Bernoulli likelihood";
  }

  @Override
  public long outputSize(long dataSize) {
    return dataSize;
  }

  @Override
  public long dataSize(long outputSize) {
    return outputSize;
  }

  @Override
  public Optional<String> findBadData(INDArray x, INDArray mask) {
    INDArray seen = LikelihoodRows.seen(x, mask);
    if (ValueRange.holds(seen, 0, 1)
        && (HostBlocks.reach(seen) || LikelihoodRows.allFinite(seen))) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "values from %s to %s, or NaN; accepted by %s: 0 to 1",
            seen.minNumber(),
            seen.maxNumber(),
            describe()));
  }

  @Override
  public double[] logProbability(INDArray x, INDArray mask, INDArray eta) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    if (mask == null && FusedRows.accept(eta)) {
      return FusedRows.run(
          FusedRows.inRows(x), FusedRows.inRows(eta), null, null, BernoulliLikelihood::fused);
    }
    return elementwise(
        LikelihoodRows.repeat(x, samples), LikelihoodRows.repeat(mask, samples), eta);
  }

  @Override
  public double[] gradient(
      INDArray x,
      INDArray mask,
      INDArray eta,
      double[] weights,
      INDArray gradient,
      INDArray parameterGradient) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    if (mask == null && FusedRows.accept(eta) && FusedRows.reach(gradient)) {
      return FusedRows.run(
          FusedRows.inRows(x),
          FusedRows.inRows(eta),
          weights,
          gradient,
          BernoulliLikelihood::fused);
    }
    INDArray data = LikelihoodRows.repeat(x, samples);
    INDArray repeatedMask = LikelihoodRows.repeat(mask, samples);
    mean(eta, gradient);
    gradient.subi(data);
    if (repeatedMask != null) {
      gradient.muli(repeatedMask);
    }
    LikelihoodRows.scale(gradient, weights);
    return elementwise(data, repeatedMask, eta);
  }

  /** {@code x l - max(l, 0) - log(1 + exp(-|l|))}, exact where the first two terms cancel. */
  private static double fused(float[] l, float[] x, float[] work, int n, float weight) {
    for (int i = 0; i < n; i++) {
      work[i] = -Math.abs(l[i]);
    }
    Softplus.apply(work, n);
    for (int i = 0; i < n; i++) {
      work[i] = x[i] * l[i] - Math.max(l[i], 0) - work[i];
    }
    double sum = FusedRows.sum(work, n);
    if (!Float.isNaN(weight)) {
      Logistic.apply(l, n);
      for (int i = 0; i < n; i++) {
        l[i] = weight * (l[i] - x[i]);
      }
    }
    return sum;
  }

  private static double[] elementwise(INDArray x, INDArray mask, INDArray l) {
    INDArray terms = x.mul(l).subi(Transforms.relu(l, true));
    INDArray tail = Transforms.exp(Transforms.abs(l, true).negi(), false);
    terms.subi(Transforms.log1p(tail, false));
    if (mask != null) {
      terms.muli(mask);
    }
    return LikelihoodRows.sums(terms);
  }

  @Override
  public void mean(INDArray eta, INDArray out) {
    out.assign(eta);
    Logistic.apply(out);
  }

  @Override
  public INDArray sample(INDArray eta, RandomStream random) {
    INDArray out = Nd4j.createUninitialized(eta.dataType(), eta.shape(), 'c');
    mean(eta, out);
    random.bernoulli(out, out);
    return out;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BernoulliLikelihood;
  }

  @Override
  public int hashCode() {
    return BernoulliLikelihood.class.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
