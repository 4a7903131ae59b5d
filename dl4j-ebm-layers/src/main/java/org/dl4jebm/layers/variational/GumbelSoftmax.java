/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.StableSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.shape.OneHot;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Groups of {@code K} latent variables, each group a one-hot coded categorical variable with {@code
 * P(z_j = 1) = softmax(eta)_j}; a row of parameters holds the logits. With Gumbel noise {@code g}
 * the exact sample has its 1 at {@code argmax(eta + g)}, and the relaxed one is {@code softmax((eta
 * + g) / tau)} (Jang, Gu and Poole; Maddison, Mnih and Teh; both ICLR 2017). The divergence is that
 * of the categorical variables, {@code sum_j q_j (log q_j - log p_j)} for each group, in training
 * too.
 *
 * @param groupSize number {@code K} of values of a variable, 2 or more; {@code nOut} is a multiple
 * @param gradient how derivatives pass in training
 * @param tau temperature in training, above 0; idle where there is a schedule
 * @param schedule the temperature by iteration or epoch, such as {@link AnnealedTemperature}, or
 *     null
 */
public record GumbelSoftmax(
    int groupSize, DiscreteGradient gradient, double tau, ISchedule schedule)
    implements LatentDistribution {

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public GumbelSoftmax {
    if (groupSize < 2) {
      throw new IllegalArgumentException("groupSize is " + groupSize + "; accepted: 2 or more");
    }
    if (gradient == null) {
      throw new IllegalArgumentException("gradient is null; accepted: a DiscreteGradient");
    }
    Temperature.require(tau, schedule);
  }

  /**
   * A constant temperature.
   *
   * @param groupSize number {@code K} of values of a variable, 2 or more
   * @param gradient how derivatives pass in training
   * @param tau temperature in training, above 0
   */
  public GumbelSoftmax(int groupSize, DiscreteGradient gradient, double tau) {
    this(groupSize, gradient, tau, null);
  }

  @Override
  public long parameters(long latents) {
    if (latents % groupSize != 0) {
      throw new IllegalArgumentException(
          latents + " latent variables; accepted: a multiple of the groupSize " + groupSize);
    }
    return latents;
  }

  @Override
  public long factors(long latents) {
    return latents / groupSize;
  }

  @Override
  public String describeParameters() {
    return "logits of groups of " + groupSize;
  }

  @Override
  public double noise(double u) {
    return -Math.log(-Math.log(u));
  }

  @Override
  public double temperature(int iteration, int epoch) {
    return Temperature.at(tau, schedule, iteration, epoch);
  }

  @Override
  public INDArray sample(INDArray eta, INDArray noise, double temperature) {
    return gradient == DiscreteGradient.RELAXED
        ? ungrouped(relaxed(eta, noise, temperature), eta)
        : exactSample(eta, noise);
  }

  private INDArray relaxed(INDArray eta, INDArray noise, double temperature) {
    return StableSoftmax.softmax(groups(eta.add(noise)), temperature);
  }

  @Override
  public INDArray exactSample(INDArray eta, INDArray noise) {
    return ungrouped(oneHot(groups(eta.add(noise))), eta);
  }

  @Override
  public INDArray sampleGradient(
      INDArray eta, INDArray noise, double temperature, INDArray gradient) {
    if (this.gradient == DiscreteGradient.SCORE_FUNCTION) {
      return eta.mul(0);
    }
    INDArray y = relaxed(eta, noise, temperature);
    return ungrouped(softmaxGradient(y, groups(gradient)).divi(temperature), eta);
  }

  /** {@code y_j (e_j - sum_l y_l e_l)}. */
  private static INDArray softmaxGradient(INDArray y, INDArray gradient) {
    return gradient.subColumnVector(y.mul(gradient).sum(1)).muli(y);
  }

  @Override
  public INDArray mean(INDArray eta) {
    return ungrouped(StableSoftmax.softmax(groups(eta.dup('c'))), eta);
  }

  @Override
  public INDArray mode(INDArray eta) {
    return ungrouped(oneHot(groups(eta)), eta);
  }

  @Override
  public boolean hasDivergence() {
    return true;
  }

  @Override
  public boolean isReparameterized() {
    return false;
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    INDArray logRatio = logRatio(eta, prior);
    INDArray terms = StableSoftmax.softmax(groups(eta.dup('c'))).muli(logRatio);
    return perGroup(terms.sum(1), eta);
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    INDArray gradient =
        softmaxGradient(StableSoftmax.softmax(groups(eta.dup('c'))), logRatio(eta, prior));
    gradient.muliColumnVector(column(weight));
    return ungrouped(gradient, eta);
  }

  /** {@code log q - log p}, a group a row. */
  private INDArray logRatio(INDArray eta, INDArray prior) {
    INDArray log = logProbabilities(eta);
    return prior == null
        ? log.addi(Math.log(groupSize))
        : log.subi(logProbabilities(LatentRows.like(prior, eta)));
  }

  private INDArray logProbabilities(INDArray eta) {
    return StableSoftmax.logSoftmax(groups(eta.dup('c')));
  }

  @Override
  public INDArray logProbability(INDArray eta, INDArray z) {
    INDArray parameters = LatentRows.like(eta, z);
    return perGroup(logProbabilities(parameters).muli(groups(z)).sum(1), parameters);
  }

  /** The derivative in {@code z} is that of {@code z . log softmax(eta)}, for any {@code z}. */
  @Override
  public LogProbabilityGradient logProbabilityGradient(INDArray eta, INDArray z, INDArray weight) {
    INDArray parameters = LatentRows.like(eta, z);
    INDArray log = logProbabilities(parameters);
    INDArray q = Transforms.exp(log, true);
    INDArray column = column(weight);
    INDArray groupsOfZ = groups(z);
    q.muliColumnVector(groupsOfZ.sum(1));
    INDArray inParameters = groupsOfZ.sub(q).muliColumnVector(column);
    return new LogProbabilityGradient(
        ungrouped(inParameters, parameters), ungrouped(log.muliColumnVector(column), z));
  }

  private INDArray groups(INDArray rows) {
    return rows.dup('c').reshape('c', new long[] {rows.length() / groupSize, groupSize});
  }

  private static INDArray ungrouped(INDArray groups, INDArray like) {
    return groups.reshape('c', like.shape());
  }

  private INDArray perGroup(INDArray values, INDArray eta) {
    return values.reshape('c', new long[] {eta.size(0), eta.size(1) / groupSize});
  }

  private static INDArray column(INDArray weight) {
    return weight.dup('c').reshape('c', new long[] {weight.length(), 1});
  }

  /** A single 1 a row, also where several values are the largest. */
  private INDArray oneHot(INDArray groups) {
    INDArray result = groups.ulike();
    Nd4j.exec(new OneHot(groups.argMax(1), result, groupSize));
    return result;
  }
}
