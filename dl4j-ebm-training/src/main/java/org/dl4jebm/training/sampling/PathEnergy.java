/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.dl4jebm.training.DifferentiableEnergy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An energy, and one where a path to it begins, with checks of what they return. */
final class PathEnergy {

  private final DifferentiableEnergy base;
  private final DifferentiableEnergy target;
  private final long[] shape;
  private final int n;
  private final DataType type;

  /** Energies and gradients at points; those of the base are null where there is none. */
  record Values(double[] energy, INDArray gradient, double[] baseEnergy, INDArray baseGradient) {

    Values copy() {
      return new Values(
          energy.clone(),
          gradient.dup(),
          baseEnergy == null ? null : baseEnergy.clone(),
          baseGradient == null ? null : baseGradient.dup());
    }
  }

  /**
   * Keeps the energies.
   *
   * @param base where the path begins, or null
   * @param like points, whose shape and type all others have
   */
  PathEnergy(DifferentiableEnergy base, DifferentiableEnergy target, INDArray like) {
    this.base = base;
    this.target = target;
    shape = like.shape().clone();
    n = Math.toIntExact(shape[0]);
    type = like.dataType();
  }

  boolean hasBase() {
    return base != null;
  }

  /**
   * Evaluates the energy, and the base if there is one, once.
   *
   * @param rows points {@code [n, d]}. Not modified.
   * @param where for messages; values need not be finite if it is null
   */
  Values evaluate(INDArray rows, String where) {
    INDArray x = rows.reshape('c', shape);
    EnergyGradient own = Workspaces.outside(() -> target.energyAndGradient(x));
    EnergyGradient other =
        base == null ? null : Workspaces.outside(() -> base.energyAndGradient(x));
    Values values =
        new Values(
            energies(own.energy()),
            gradients(own.gradient()),
            other == null ? null : energies(other.energy()),
            other == null ? null : gradients(other.gradient()));
    if (where != null) {
      requireFinite(values, where);
    }
    return values;
  }

  private double[] energies(INDArray energy) {
    if (energy.length() != n) {
      throw new IllegalArgumentException(
          "the energy of "
              + n
              + " points has shape "
              + Arrays.toString(energy.shape())
              + "; accepted: one number for each point");
    }
    return energy.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  private INDArray gradients(INDArray gradient) {
    if (!Arrays.equals(gradient.shape(), shape)) {
      throw new IllegalArgumentException(
          "the gradient of the energy has shape "
              + Arrays.toString(gradient.shape())
              + " at points of shape "
              + Arrays.toString(shape)
              + "; accepted: the same");
    }
    return PointRows.matrix(gradient.castTo(type));
  }

  private void requireFinite(Values values, String where) {
    for (int i = 0; i < n; i++) {
      if (!Double.isFinite(values.energy[i])
          || base != null && !Double.isFinite(values.baseEnergy[i])) {
        throw new ArithmeticException(
            "the energy of chain "
                + i
                + " is "
                + (Double.isFinite(values.energy[i]) ? values.baseEnergy[i] : values.energy[i])
                + " at "
                + where
                + "; accepted: finite energies");
      }
    }
    requireFinite(values.gradient, where);
    if (base != null) {
      requireFinite(values.baseGradient, where);
    }
  }

  /** Returns the sum of the magnitudes. */
  static double requireFinite(INDArray gradient, String where) {
    double sum = Nd4j.getBlasWrapper().asum(gradient.reshape('c', new long[] {gradient.length()}));
    if (!Double.isFinite(sum)) {
      throw new ArithmeticException(
          "the gradient of the energy is not finite at "
              + where
              + " (the sum of its magnitudes is "
              + sum
              + "); accepted: finite gradients");
    }
    return sum;
  }
}
