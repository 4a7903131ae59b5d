/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * {@code -log p(x | eta)} in nats as a loss of DL4J's own output layers ({@code OutputLayer},
 * {@code LossLayer}, {@code RnnOutputLayer}), with the identity as activation: {@code eta} is their
 * pre-output. For likelihoods with one output a value and no learned parameters; the others,
 * several samples of an example and the bounds need {@link LikelihoodOutput}.
 *
 * <p>DL4J's {@code output} then gives {@code eta}, not the mean of the data.
 *
 * <p>Labels and pre-output are {@code [n, d]}; a mask is {@code [n, 1]} or {@code [n, d]}. DL4J's
 * layers with weights multiply the pre-output by the mask as well, so that there a mask must hold 0
 * and 1 only, and the same for all categories of a group.
 */
public final class LikelihoodLoss implements ILossFunction {

  private static final long serialVersionUID = 1L;

  private final Likelihood likelihood;

  /**
   * Creates the loss.
   *
   * @param likelihood the distribution of the data
   * @throws IllegalArgumentException if it has parameters or needs more outputs than values
   */
  @JsonCreator
  public LikelihoodLoss(@JsonProperty("likelihood") Likelihood likelihood) {
    if (likelihood == null) {
      throw new IllegalArgumentException("likelihood is null; accepted: a Likelihood");
    }
    if (likelihood.parameterCount(1) > 0
        || likelihood instanceof GaussianLikelihood gaussian
            && gaussian.source() == GaussianLikelihood.Variance.FROM_NETWORK) {
      throw new IllegalArgumentException(
          "likelihood is "
              + likelihood.describe()
              + "; accepted: one output a value and no learned parameters. Use LikelihoodOutput"
              + " as output layer instead");
    }
    this.likelihood = likelihood;
  }

  /**
   * The distribution of the data.
   *
   * @return the likelihood
   */
  @JsonProperty("likelihood")
  public Likelihood likelihood() {
    return likelihood;
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    return total(scores(labels, preOutput, activationFn, mask), average);
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    double[] scores = scores(labels, preOutput, activationFn, mask);
    return Nd4j.createFromArray(scores)
        .castTo(preOutput.dataType())
        .reshape('c', new long[] {scores.length, 1});
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    return computeGradientAndScore(labels, preOutput, activationFn, mask, false).getSecond();
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    INDArray x = data(labels, preOutput, activationFn);
    INDArray valueMask = mask(mask, x);
    requireData(x, valueMask);
    double[] weights = new double[(int) preOutput.size(0)];
    Arrays.fill(weights, 1);
    INDArray gradient = Nd4j.createUninitialized(preOutput.dataType(), preOutput.shape(), 'c');
    double[] logP = likelihood.gradient(x, valueMask, preOutput, weights, gradient, null);
    return new Pair<>(total(negative(logP), average), gradient);
  }

  private double[] scores(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    INDArray x = data(labels, preOutput, activationFn);
    INDArray valueMask = mask(mask, x);
    requireData(x, valueMask);
    return negative(likelihood.logProbability(x, valueMask, preOutput));
  }

  private INDArray data(INDArray labels, INDArray preOutput, IActivation activationFn) {
    if (activationFn != null && !(activationFn instanceof ActivationIdentity)) {
      throw new IllegalArgumentException(
          "activation is "
              + activationFn
              + "; accepted by "
              + this
              + ": the identity, for the likelihood takes the raw output");
    }
    if (!Arrays.equals(labels.shape(), preOutput.shape())) {
      throw new IllegalArgumentException(
          "labels have shape "
              + Arrays.toString(labels.shape())
              + "; accepted: that of the output, "
              + Arrays.toString(preOutput.shape()));
    }
    return labels.castTo(preOutput.dataType());
  }

  private static INDArray mask(INDArray mask, INDArray x) {
    if (mask == null) {
      return null;
    }
    INDArray cast = mask.castTo(x.dataType());
    if (Arrays.equals(cast.shape(), x.shape())) {
      return cast;
    }
    if (cast.length() != x.size(0)) {
      throw new IllegalArgumentException(
          "mask has shape "
              + Arrays.toString(mask.shape())
              + "; accepted: [n, 1] or that of the labels, "
              + Arrays.toString(x.shape()));
    }
    return cast.reshape('c', new long[] {x.size(0), 1}).broadcast(x.shape());
  }

  private void requireData(INDArray x, INDArray mask) {
    likelihood
        .findBadData(x, mask)
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException("labels hold " + problem);
            });
  }

  private static double[] negative(double[] logProbability) {
    return Arrays.stream(logProbability).map(l -> -l).toArray();
  }

  private static double total(double[] scores, boolean average) {
    double sum = Arrays.stream(scores).sum();
    return average ? sum / scores.length : sum;
  }

  @Override
  public String name() {
    return toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LikelihoodLoss loss && likelihood.equals(loss.likelihood);
  }

  @Override
  public int hashCode() {
    return 31 * LikelihoodLoss.class.hashCode() + likelihood.hashCode();
  }

  @Override
  public String toString() {
    return "LikelihoodLoss(" + likelihood.describe() + ")";
  }
}
