/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.dl4jebm.layers.Softplus;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erfc;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The formulas behind {@link ActivationTable}: each function returns {@code f, f', f'', f'''} up to
 * {@code highest}.
 */
final class ActivationFormulas {

  /** From here on the derivatives of a gate are 0 in DOUBLE; powers of it are finite in FLOAT. */
  private static final double GATE_END = 1000;

  /** From here on the normal density is 0 in DOUBLE. */
  private static final double NORMAL_END = 40;

  /** From here on the derivatives of rational tanh are below 1e-23. */
  private static final double RATIONAL_END = 1e6;

  private ActivationFormulas() {}

  static INDArray[] identity(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    f[0] = z;
    if (highest > 0) {
      f[1] = Nd4j.onesLike(z);
      INDArray zero = highest > 1 ? z.like() : null;
      Arrays.fill(f, 2, f.length, zero);
    }
    return f;
  }

  static INDArray[] sigmoid(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    f[0] = Transforms.sigmoid(z, true);
    if (highest == 0) {
      return f;
    }
    // 1 - sigma(z) would lose the tail.
    INDArray rest = Transforms.sigmoid(z.neg(), false);
    f[1] = f[0].mul(rest);
    if (highest > 1) {
      f[2] = rest.subi(f[0]).muli(f[1]);
    }
    if (highest > 2) {
      f[3] = f[1].mul(-6).addi(1).muli(f[1]);
    }
    return f;
  }

  static INDArray[] tanh(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    f[0] = Transforms.tanh(z, true);
    if (highest == 0) {
      return f;
    }
    f[1] = squaredSecant(z);
    if (highest > 1) {
      f[2] = f[0].mul(f[1]).muli(-2);
    }
    if (highest > 2) {
      f[3] = f[0].mul(f[0]).muli(2).subi(f[1]).muli(f[1]).muli(2);
    }
    return f;
  }

  /** {@code 1 - tanh(z)^2 = 4 sigma(2 z) sigma(-2 z)}, without cancellation. */
  private static INDArray squaredSecant(INDArray z) {
    return Transforms.sigmoid(z.mul(2), false).muli(Transforms.sigmoid(z.mul(-2), false)).muli(4);
  }

  static INDArray[] softplus(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    f[0] = Softplus.of(z);
    if (highest > 0) {
      System.arraycopy(sigmoid(z, highest - 1), 0, f, 1, highest);
    }
    return f;
  }

  /** {@code z sigma(linear z + cubic z^3)}. */
  static INDArray[] gated(INDArray z, int highest, double linear, double cubic) {
    INDArray inner = clip(z, GATE_END);
    INDArray square = inner.mul(inner);
    INDArray[] gate = sigmoid(square.mul(cubic).addi(linear).muli(inner), highest);
    if (highest > 0) {
      // Derivatives of the argument w of the gate; the third is the constant 6 cubic.
      INDArray w1 = square.muli(3 * cubic).addi(linear);
      INDArray w2 = inner.mul(6 * cubic);
      INDArray w1Square = w1.mul(w1);
      if (highest > 2) {
        gate[3].muli(w1Square).muli(w1).addi(gate[2].mul(w1).muli(w2).muli(3));
        gate[3].addi(gate[1].mul(6 * cubic));
      }
      if (highest > 1) {
        gate[2].muli(w1Square).addi(gate[1].mul(w2));
      }
      gate[1].muli(w1);
    }
    return timesArgument(z, gate);
  }

  static INDArray[] mish(INDArray z, int highest) {
    INDArray softplus = Softplus.of(z);
    INDArray[] gate = new INDArray[highest + 1];
    gate[0] = Transforms.tanh(softplus, true);
    if (highest > 0) {
      INDArray[] s = sigmoid(z, highest - 1);
      INDArray secant = squaredSecant(softplus);
      gate[1] = secant.mul(s[0]);
      INDArray secant1 = gate[0].mul(gate[1]).muli(-2);
      if (highest > 1) {
        gate[2] = secant1.mul(s[0]).addi(secant.mul(s[1]));
      }
      if (highest > 2) {
        INDArray secant2 = gate[1].mul(gate[1]).addi(gate[0].mul(gate[2])).muli(-2);
        gate[3] = secant2.muli(s[0]).addi(secant1.mul(s[1]).muli(2)).addi(secant.mul(s[2]));
      }
    }
    return timesArgument(z, gate);
  }

  /** {@code f = z g}, {@code f^(k) = k g^(k-1) + z g^(k)}. */
  private static INDArray[] timesArgument(INDArray z, INDArray[] g) {
    INDArray[] f = new INDArray[g.length];
    for (int k = 0; k < g.length; k++) {
      f[k] = z.mul(g[k]);
      if (k > 0) {
        f[k].addi(k == 1 ? g[0] : g[k - 1].mul(k));
      }
    }
    return f;
  }

  static INDArray[] gelu(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    INDArray scaled = z.mul(-Math.sqrt(0.5));
    INDArray distribution = Nd4j.getExecutioner().exec(new Erfc(scaled, z.ulike())).muli(0.5);
    f[0] = z.mul(distribution);
    if (highest == 0) {
      return f;
    }
    INDArray inner = clip(z, NORMAL_END);
    INDArray square = inner.mul(inner);
    INDArray density = Transforms.exp(square.mul(-0.5), false).muli(1 / Math.sqrt(2 * Math.PI));
    f[1] = inner.mul(density).addi(distribution);
    if (highest > 1) {
      f[2] = square.rsub(2).muli(density);
    }
    if (highest > 2) {
      f[3] = square.subi(4).muli(inner).muli(density);
    }
    return f;
  }

  static INDArray[] elu(INDArray z, int highest, double alpha, double scale) {
    INDArray[] f = new INDArray[highest + 1];
    INDArray below = z.sub(Transforms.relu(z, true));
    f[0] =
        Transforms.relu(z, true)
            .muli(scale)
            .addi(Transforms.expm1(below, true).muli(scale * alpha));
    if (highest == 0) {
      return f;
    }
    INDArray isAbove = z.gte(0).castTo(z.dataType());
    INDArray curved = Transforms.exp(below, false).muli(isAbove.rsub(1)).muli(scale * alpha);
    f[1] = isAbove.muli(scale).addi(curved);
    Arrays.fill(f, 2, f.length, curved);
    return f;
  }

  static INDArray[] softsign(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    INDArray u = Transforms.abs(z, true).addi(1).rdivi(1);
    f[0] = z.mul(u);
    if (highest > 0) {
      f[1] = u.mul(u);
    }
    if (highest > 1) {
      f[2] = f[1].mul(u).muli(Transforms.sign(z, true)).muli(-2);
    }
    if (highest > 2) {
      f[3] = f[1].mul(f[1]).muli(6);
    }
    return f;
  }

  static INDArray[] cube(INDArray z, int highest) {
    INDArray[] f = new INDArray[highest + 1];
    INDArray square = z.mul(z);
    f[0] = square.mul(z);
    if (highest > 0) {
      f[1] = square.muli(3);
    }
    if (highest > 1) {
      f[2] = z.mul(6);
    }
    if (highest > 2) {
      f[3] = Nd4j.onesLike(z).muli(6);
    }
    return f;
  }

  static INDArray[] rationalTanh(INDArray z, int highest) {
    // The constants of the native code are in FLOAT.
    final double quartic = 1.41645f;
    final double in = 2.0 / 3;
    final double out = 1.7159f;
    INDArray sign = Transforms.sign(z, true);
    INDArray y = clip(z, RATIONAL_END / in).muli(in).muli(sign);
    INDArray square = y.mul(y);
    // The denominator q of h = 1 - 1 / q, its inverse and its derivatives divided by q.
    INDArray inverse = square.mul(quartic).addi(1).muli(square).addi(y).addi(1).rdivi(1);
    INDArray[] f = new INDArray[highest + 1];
    f[0] = inverse.rsub(1).muli(sign).muli(out);
    if (highest == 0) {
      return f;
    }
    INDArray r1 = square.mul(4 * quartic).addi(2).muli(y).addi(1).muli(inverse);
    f[1] = r1.mul(inverse).muli(out * in);
    if (highest == 1) {
      return f;
    }
    INDArray r2 = square.muli(12 * quartic).addi(2).muli(inverse);
    INDArray r1Square = r1.mul(r1);
    f[2] = r2.sub(r1Square.mul(2)).muli(inverse).muli(sign).muli(out * in * in);
    if (highest > 2) {
      INDArray r3 = y.muli(24 * quartic).muli(inverse);
      f[3] = r1Square.subi(r2).muli(r1).muli(6).addi(r3).muli(inverse).muli(out * in * in * in);
    }
    return f;
  }

  static INDArray[] piecewiseLinear(INDArray z, int highest, IActivation activation) {
    INDArray[] f = new INDArray[highest + 1];
    f[0] = activation.getActivation(z.dup(), false);
    if (highest > 0) {
      f[1] = activation.backprop(z.dup(), Nd4j.onesLike(z)).getFirst();
      Arrays.fill(f, 2, f.length, highest > 1 ? z.like() : null);
    }
    return f;
  }

  private static INDArray clip(INDArray z, double end) {
    return Transforms.max(Transforms.min(z, end, true), -end, false);
  }
}
