/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Objects;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A weighted sum of energies, the loss of a network whose output is an energy {@code E(x)}, {@code
 * p(x) = exp(-E(x)) / Z}:
 *
 * <pre>{@code   sum_i  w_i E(x_i) + energyL2 |w_i| E(x_i)^2}</pre>
 *
 * <p>The labels are the weights. With {@code w = 1} for {@code n} examples of the data and {@code w
 * = -1} for as many samples of the model, held fixed, its gradient is {@code n} times that of the
 * mean negative log-likelihood,
 *
 * <pre>{@code   mean over data of grad E - mean over samples of grad E}</pre>
 *
 * (contrastive divergence, Hinton 2002). Its value is no likelihood: it falls where the data are
 * below the samples. The second term holds energies near 0, which the first leaves free (Du and
 * Mordatch, NeurIPS 2019, with a coefficient of 1).
 */
public class EnergyDifferenceLoss implements ILossFunction {

  private static final long serialVersionUID = 1L;

  private final double energyL2;

  /** A loss without the second term. */
  public EnergyDifferenceLoss() {
    this(0);
  }

  /**
   * Creates a loss.
   *
   * @param energyL2 coefficient of the squared energies, finite and at least 0
   * @throws IllegalArgumentException if it is not
   */
  public EnergyDifferenceLoss(@JsonProperty("energyL2") double energyL2) {
    if (!(energyL2 >= 0 && energyL2 < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "energyL2 is " + energyL2 + "; accepted: a finite number of at least 0");
    }
    this.energyL2 = energyL2;
  }

  /**
   * The coefficient of the squared energies.
   *
   * @return at least 0
   */
  public double getEnergyL2() {
    return energyL2;
  }

  @Override
  public double computeScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    double sum =
        computeScoreArray(labels, preOutput, activation, mask)
            .castTo(DataType.DOUBLE)
            .sumNumber()
            .doubleValue();
    return average ? sum / preOutput.size(0) : sum;
  }

  /**
   * {@inheritDoc}
   *
   * @return {@code [n, 1]}, the term of each row
   */
  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    INDArray energy = energy(labels, preOutput, activation, mask);
    INDArray weights = labels.castTo(energy.dataType());
    INDArray terms = energy.mul(weights);
    if (energyL2 > 0) {
      INDArray size = Transforms.abs(weights, true).muli(energyL2);
      terms.addi(energy.mul(energy).muli(size));
    }
    return terms;
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    INDArray energy = energy(labels, preOutput, activation, mask);
    INDArray slope = labels.castTo(energy.dataType()).dup('c');
    if (energyL2 > 0) {
      INDArray size = Transforms.abs(slope, true).muli(2 * energyL2);
      slope.addi(energy.mul(size));
    }
    return activation.backprop(preOutput.dup(), slope).getFirst();
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    return new Pair<>(
        computeScore(labels, preOutput, activation, mask, average),
        computeGradient(labels, preOutput, activation, mask));
  }

  private static INDArray energy(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    if (mask != null) {
      throw new IllegalArgumentException(
          "there is a mask of shape "
              + Arrays.toString(mask.shape())
              + "; accepted: none, rows of weight 0 do not count");
    }
    if (preOutput.length() != preOutput.size(0)
        || !Arrays.equals(labels.shape(), preOutput.shape())) {
      throw new IllegalArgumentException(
          "the output has shape "
              + Arrays.toString(preOutput.shape())
              + " and labels have "
              + Arrays.toString(labels.shape())
              + "; accepted: one energy and one weight for each row, [n, 1]");
    }
    return activation.getActivation(preOutput.dup('c'), true);
  }

  @Override
  public String name() {
    return "EnergyDifferenceLoss";
  }

  @Override
  public boolean equals(Object other) {
    return other != null
        && other.getClass() == getClass()
        && energyL2 == ((EnergyDifferenceLoss) other).energyL2;
  }

  @Override
  public int hashCode() {
    return Objects.hash(getClass(), energyL2);
  }

  @Override
  public String toString() {
    return name() + "(energyL2=" + energyL2 + ")";
  }
}
