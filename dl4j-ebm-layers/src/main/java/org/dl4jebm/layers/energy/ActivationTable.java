/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationRationalTanh;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftSign;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Activations with their exact first three derivatives. None overflows in FLOAT, where the function
 * itself does not.
 *
 * <table>
 * <caption>DL4J's activations, and how many of their derivatives are continuous</caption>
 * <tr><th>activation</th><th>continuous</th><th>remark</th></tr>
 * <tr><td>identity, sigmoid, tanh, softplus, swish, Mish, cube</td><td>all</td><td></td></tr>
 * <tr><td>GELU</td><td>all</td><td>see below</td></tr>
 * <tr><td>rational tanh</td><td>3</td><td></td></tr>
 * <tr><td>softsign</td><td>1</td><td>f'' jumps from 2 to -2 at 0</td></tr>
 * <tr><td>ELU, alpha = 1</td><td>1</td><td>f'' jumps from 1 to 0 at 0</td></tr>
 * <tr><td>ELU, alpha other than 1; SELU</td><td>0</td><td>kink at 0</td></tr>
 * <tr><td>ReLU, leaky ReLU, ReLU6, hard tanh, hard sigmoid</td><td>0</td><td>f'' is 0</td></tr>
 * <tr><td>thresholded ReLU</td><td>-1</td><td>jumps</td></tr>
 * </table>
 *
 * <p>Here "DL4J's activations" means the functions: in FLOAT, DL4J's own derivatives of swish, GELU
 * and Mish give NaN for preactivations above about 40, and that of softplus above 90. The passes of
 * this package and the twins do not use them; training that goes through the network's own backward
 * pass does, such as that of score networks by denoising and of energies by finite differences.
 *
 * <p>Second derivatives of a network need at least one continuous derivative of each activation:
 * the second derivative of a kink is a point mass, which no sample ever meets, so that score
 * matching would minimise something else. With exactly one, {@code E''} is right almost everywhere
 * and so is its mean over a density, but the gradient of this mean with respect to the parameters
 * lacks what the jump contributes when it moves; prefer the smooth ones.
 *
 * <p>{@code ActivationGELU} of DL4J 1.0.0-M2.1 is {@code z sigma(1.702 z)}, and its precise form is
 * {@code z / 2 (1 + tanh(sqrt(2 / pi) (z + (0.044715 z)^3)))}, where Hendrycks and Gimpel (2016)
 * have {@code 0.044715 z^3}. Both are treated as what they are, so that the energy is that of the
 * user's network. {@link #GELU} and {@link #TANH_GELU} are the functions of the paper; {@link
 * ActivationExactGelu} puts the first into a network. DL4J's own derivative of ELU leaves alpha
 * out; here it does not.
 */
public final class ActivationTable {

  /** What may be used instead of an activation that is refused. */
  static final String SMOOTH =
      "identity, sigmoid, tanh, softplus, swish, GELU, Mish, cube, rational tanh, softsign or ELU"
          + " with alpha 1";

  /** As the native code has it, in FLOAT. */
  private static final double FAST_GELU = 1.702f;

  /** {@code z}. */
  public static final ActivationDerivatives IDENTITY =
      smooth(ActivationFormulas::identity, ActivationDerivatives.HIGHEST);

  /** {@code sigma(z) = 1 / (1 + exp(-z))}. */
  public static final ActivationDerivatives SIGMOID =
      smooth(ActivationFormulas::sigmoid, ActivationDerivatives.HIGHEST);

  /** {@code tanh(z)}. */
  public static final ActivationDerivatives TANH =
      smooth(ActivationFormulas::tanh, ActivationDerivatives.HIGHEST);

  /** {@code log(1 + exp(z))}. */
  public static final ActivationDerivatives SOFTPLUS =
      smooth(ActivationFormulas::softplus, ActivationDerivatives.HIGHEST);

  /** {@code z sigma(z)}. */
  public static final ActivationDerivatives SWISH = gated(1, 0);

  /** {@code z Phi(z)}, with the distribution function of a standard normal variable. */
  public static final ActivationDerivatives GELU =
      smooth(ActivationFormulas::gelu, ActivationDerivatives.HIGHEST);

  /**
   * {@code z / 2 (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3)))}, an approximation of {@link #GELU}.
   */
  public static final ActivationDerivatives TANH_GELU = tanhGelu(0.044715);

  /** {@code z tanh(log(1 + exp(z)))}. */
  public static final ActivationDerivatives MISH =
      smooth(ActivationFormulas::mish, ActivationDerivatives.HIGHEST);

  /** {@code z / (1 + |z|)}. */
  public static final ActivationDerivatives SOFTSIGN = smooth(ActivationFormulas::softsign, 1);

  /** {@code z^3}. */
  public static final ActivationDerivatives CUBE =
      smooth(ActivationFormulas::cube, ActivationDerivatives.HIGHEST);

  /**
   * {@code 1.7159 h(2 z / 3)} with {@code h(y) = sign(y) (1 - 1 / (1 + |y| + y^2 + 1.41645 y^4))}.
   */
  public static final ActivationDerivatives RATIONAL_TANH =
      smooth(ActivationFormulas::rationalTanh, ActivationDerivatives.HIGHEST);

  /** {@link #elu} times 1.0507 with alpha 1.6733, with a kink at 0. */
  public static final ActivationDerivatives SELU =
      smooth(
          (z, highest) ->
              ActivationFormulas.elu(z, highest, 1.6732632423543772, 1.0507009873554805),
          0);

  private ActivationTable() {}

  /**
   * {@code z} above 0 and {@code alpha (exp(z) - 1)} below.
   *
   * @param alpha minus the limit at minus infinity
   * @return the function; it has a continuous derivative if alpha is 1
   */
  public static ActivationDerivatives elu(double alpha) {
    return smooth((z, highest) -> ActivationFormulas.elu(z, highest, alpha, 1), alpha == 1 ? 1 : 0);
  }

  /**
   * Finds the entry of an activation of DL4J.
   *
   * @param activation an activation without parameters. Not modified.
   * @return its derivatives, or nothing if the table does not have it
   */
  public static Optional<ActivationDerivatives> find(IActivation activation) {
    Class<?> type = activation.getClass();
    if (type == ActivationELU.class) {
      return Optional.of(elu(((ActivationELU) activation).getAlpha()));
    }
    if (type == ActivationGELU.class) {
      double factor = 0.044715;
      return Optional.of(
          ((ActivationGELU) activation).isPrecise()
              ? tanhGelu(factor * factor * factor)
              : gated(FAST_GELU, 0));
    }
    if (type == ActivationThresholdedReLU.class) {
      return Optional.of(piecewiseLinear(activation, -1));
    }
    if (isPiecewiseLinear(type)) {
      return Optional.of(piecewiseLinear(activation, 0));
    }
    return Arrays.stream(Entry.values())
        .filter(entry -> entry.type == type)
        .map(entry -> entry.derivatives)
        .findFirst();
  }

  private static boolean isPiecewiseLinear(Class<?> type) {
    return type == ActivationReLU.class
        || type == ActivationLReLU.class
        || type == ActivationReLU6.class
        || type == ActivationHardTanH.class
        || type == ActivationHardSigmoid.class;
  }

  private static ActivationDerivatives gated(double linear, double cubic) {
    return smooth(
        (z, highest) -> ActivationFormulas.gated(z, highest, linear, cubic),
        ActivationDerivatives.HIGHEST);
  }

  /** {@code (1 + tanh(u)) / 2 = sigma(2 u)}. */
  private static ActivationDerivatives tanhGelu(double cubic) {
    double scale = 2 * Math.sqrt(2 / Math.PI);
    return gated(scale, scale * cubic);
  }

  private static ActivationDerivatives piecewiseLinear(IActivation activation, int continuous) {
    return smooth(
        (z, highest) -> ActivationFormulas.piecewiseLinear(z, highest, activation), continuous);
  }

  private static ActivationDerivatives smooth(Formula formula, int continuous) {
    return new Tabulated(formula, continuous);
  }

  /** Computes f and its derivatives. */
  @FunctionalInterface
  private interface Formula {
    INDArray[] of(INDArray z, int highest);
  }

  private record Tabulated(Formula formula, int continuous) implements ActivationDerivatives {
    @Override
    public INDArray[] of(INDArray z, int highest) {
      return formula.of(z, highest);
    }
  }

  /** Activations without options. */
  private enum Entry {
    IDENTITY(ActivationIdentity.class, ActivationTable.IDENTITY),
    SIGMOID(ActivationSigmoid.class, ActivationTable.SIGMOID),
    TANH(ActivationTanH.class, ActivationTable.TANH),
    SOFTPLUS(ActivationSoftPlus.class, ActivationTable.SOFTPLUS),
    SWISH(ActivationSwish.class, ActivationTable.SWISH),
    GELU(ActivationExactGelu.class, ActivationTable.GELU),
    MISH(ActivationMish.class, ActivationTable.MISH),
    SOFTSIGN(ActivationSoftSign.class, ActivationTable.SOFTSIGN),
    CUBE(ActivationCube.class, ActivationTable.CUBE),
    RATIONAL_TANH(ActivationRationalTanh.class, ActivationTable.RATIONAL_TANH),
    SELU(ActivationSELU.class, ActivationTable.SELU);

    private final Class<? extends IActivation> type;
    private final ActivationDerivatives derivatives;

    Entry(Class<? extends IActivation> type, ActivationDerivatives derivatives) {
      this.type = type;
      this.derivatives = derivatives;
    }
  }
}
