/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import org.dl4jebm.layers.rbm.RbmModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The distribution that annealing starts from: independent units, whose {@code log Z} is known. It
 * is the machine without weights and with biases of its own, {@code b_A} and {@code c_A}.
 *
 * <p>Any base rate gives an unbiased estimate of {@code Z}; one near the model gives a less
 * variable one. {@link #ofData} is what is usually best (Salakhutdinov and Murray, ICML 2008);
 * {@link #ofBiases} needs no data.
 */
public final class BaseRate {

  private final INDArray visibleBias;
  private final INDArray hiddenBias;

  private BaseRate(INDArray visibleBias, INDArray hiddenBias) {
    this.visibleBias = visibleBias;
    this.hiddenBias = hiddenBias;
  }

  /**
   * Visible units with the means of data, hidden units without bias.
   *
   * @param model the machine. Not modified.
   * @param data {@code [n, nIn]}. Not modified.
   * @return the base rate
   * @throws IllegalArgumentException if the data are not states of the visible units
   */
  public static BaseRate ofData(RbmModel model, INDArray data) {
    model.requireVisibleStates(data, "data");
    INDArray mean = data.castTo(model.weights().dataType()).mean(0);
    return new BaseRate(model.visibleUnits().biasForMean(mean), model.hiddenBias().mul(0));
  }

  /**
   * The visible biases of the machine itself, hidden units without bias. Without weights the log
   * weights have no variance then.
   *
   * @param model the machine. Not modified.
   * @return the base rate
   */
  public static BaseRate ofBiases(RbmModel model) {
    return new BaseRate(model.visibleBias().dup(), model.hiddenBias().mul(0));
  }

  /**
   * Given biases.
   *
   * @param model the machine, for its sizes and its data type. Not modified.
   * @param visibleBias {@code b_A}, {@code nIn} finite numbers. Not modified.
   * @param hiddenBias {@code c_A}, {@code nOut} finite numbers. Not modified.
   * @return the base rate
   * @throws IllegalArgumentException if a number of biases is wrong, or one is not finite
   */
  public static BaseRate given(RbmModel model, INDArray visibleBias, INDArray hiddenBias) {
    return new BaseRate(
        checked(visibleBias, model.visibleSize(), "visibleBias", model),
        checked(hiddenBias, model.hiddenSize(), "hiddenBias", model));
  }

  private static INDArray checked(INDArray bias, long units, String name, RbmModel model) {
    if (bias.length() != units) {
      throw new IllegalArgumentException(
          name + " has " + bias.length() + " numbers; accepted: " + units);
    }
    for (double value : bias.castTo(DataType.DOUBLE).dup('c').data().asDouble()) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(name + " holds " + value + "; accepted: finite numbers");
      }
    }
    return bias.reshape(units).castTo(model.weights().dataType()).dup('c');
  }

  /**
   * Returns the visible biases.
   *
   * @return {@code b_A}, {@code [nIn]}, a copy
   */
  public INDArray visibleBias() {
    return visibleBias.dup();
  }

  /**
   * Returns the hidden biases.
   *
   * @return {@code c_A}, {@code [nOut]}, a copy
   */
  public INDArray hiddenBias() {
    return hiddenBias.dup();
  }

  /**
   * The log partition function of the independent units.
   *
   * @param model the machine, for its unit types. Not modified.
   * @return {@code log Z_A}
   */
  public double logPartition(RbmModel model) {
    requireFits(model);
    INDArray b = visibleBias.castTo(DataType.DOUBLE);
    INDArray c = hiddenBias.castTo(DataType.DOUBLE);
    return model.visibleUnits().logPartition(row(b), b).getDouble(0)
        + model.hiddenUnits().logPartition(row(c), c).getDouble(0);
  }

  /**
   * What the visible biases contribute to the log weight besides {@code (b - b_A) t(v)}: {@code
   * e(0; b_A) - e(0; b)}, which is not zero for real-valued units.
   */
  double visibleConstant(RbmModel model) {
    INDArray zero = Nd4j.zeros(DataType.DOUBLE, 1, model.visibleSize());
    INDArray own = model.visibleBias().castTo(DataType.DOUBLE);
    return model.visibleUnits().energyTerm(zero, visibleBias.castTo(DataType.DOUBLE)).getDouble(0)
        - model.visibleUnits().energyTerm(zero, own).getDouble(0);
  }

  void requireFits(RbmModel model) {
    long[] own = {visibleBias.length(), hiddenBias.length()};
    long[] needed = {model.visibleSize(), model.hiddenSize()};
    if (!Arrays.equals(own, needed) || visibleBias.dataType() != model.weights().dataType()) {
      throw new IllegalArgumentException(
          "the base rate is one of "
              + own[0]
              + " visible and "
              + own[1]
              + " hidden units in "
              + visibleBias.dataType()
              + "; accepted: one made for this machine, "
              + needed[0]
              + " and "
              + needed[1]
              + " in "
              + model.weights().dataType());
    }
  }

  private static INDArray row(INDArray vector) {
    return vector.reshape('c', new long[] {1, vector.length()});
  }
}
