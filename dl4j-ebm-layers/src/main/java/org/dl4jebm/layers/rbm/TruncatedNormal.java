/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The normal distribution of mean {@code z} and variance 1, restricted to numbers that are not
 * negative: log partition function, mean and samples, elementwise, accurate to rounding from one
 * end of the range of {@code z} to the other.
 *
 * <p>All of it comes from the hazard {@code h(t) = phi(t) / Q(t)} of the normal distribution, with
 * density {@code phi} and upper tail {@code Q}, and so from {@code h(t) - t} for {@code t >= 0},
 * which is the mean for {@code z = -t}: it falls like {@code 1 / t}, and {@code (t + 3) (h(t) - t)}
 * is a smooth function of {@code (t - 3) / (t + 3)}.
 */
final class TruncatedNormal {

  private static final double CENTRE = 3;
  private static final double LOG_SQRT_TWO_PI = Math.log(2 * Math.PI) / 2;

  /** Half the distance of two uniform numbers: they are moved to the middles of their intervals. */
  private static final double HALF_STEP = 0x1p-24;

  /**
   * Steps of Halley's method from the start in {@link #quantile}: after two the relative error is
   * below 1e-11, less than the distance of two uniform numbers.
   */
  private static final int STEPS = 2;

  /** Computed with 60 digits. The relative error is 1.2e-7 in FLOAT and 2e-16 in DOUBLE. */
  private static final Polynomial EXCESS =
      Polynomial.ofChebyshev(
          13,
          1.6997170520043451,
          -0.72873935260201635,
          -0.0010474146938388669,
          0.033823150576951828,
          -0.0019983444240414523,
          -0.0020439032493462300,
          0.00016464773566992244,
          0.00014331633041621710,
          -9.3587517313399265e-6,
          -0.000010819803801925892,
          2.3040577488293974e-7,
          8.2314446349124881e-7,
          3.5638912768736229e-8,
          -5.9128713217030457e-8,
          -7.5517854807985590e-9,
          3.6945284743891060e-9,
          9.2004419668377237e-10,
          -1.6884052516073976e-10,
          -8.4712488120707273e-11,
          1.4192619897047817e-12,
          5.9284692948867241e-12,
          7.2200180318968675e-13,
          -2.6947606109394496e-13,
          -8.5815982751531202e-14,
          8.0588693235920783e-16,
          4.7522693284507337e-15,
          1.0080532675508828e-15);

  private TruncatedNormal() {}

  /**
   * {@code h(t) - t}.
   *
   * @param t numbers that are not negative. Not modified.
   */
  private static INDArray excess(INDArray t) {
    INDArray sum = t.add(CENTRE);
    INDArray ratio = t.sub(CENTRE).divi(sum);
    return EXCESS.of(ratio).divi(sum);
  }

  private static INDArray density(INDArray t) {
    return Transforms.exp(t.mul(t).muli(-0.5).subi(LOG_SQRT_TWO_PI), false);
  }

  /** 1 for positive numbers, else 0; NaN becomes 0. */
  private static INDArray positive(INDArray z) {
    return Nd4j.exec(new Step(z, z.ulike(), 0.0));
  }

  /**
   * {@code log integral_0^inf exp(-x^2 / 2 + z x) dx}, which is {@code -log h(-z)}.
   *
   * @param z any numbers. Not modified.
   * @return elementwise, new
   */
  static INDArray logPartition(INDArray z) {
    INDArray t = Transforms.abs(z, true);
    INDArray positive = positive(z);
    INDArray hazard = excess(t).addi(t);
    INDArray logHazard = Transforms.log(hazard, true);
    INDArray tail = density(t).divi(hazard);
    // z^2 / 2 + log(sqrt(2 pi) (1 - Q(z))) for positive z; the product keeps 0 times infinity out
    INDArray up = t.muli(positive);
    up.muli(up).muli(0.5).addi(LOG_SQRT_TWO_PI).addi(Transforms.log1p(tail.negi(), false));
    return up.addi(logHazard).muli(positive).subi(logHazard);
  }

  /**
   * Replaces each number by {@code z + phi(z) / (1 - Q(z)) = z + h(-z)}.
   *
   * @param z contiguous. Modified: holds the means afterwards.
   */
  static void mean(INDArray z) {
    INDArray t = Transforms.abs(z, true);
    INDArray positive = positive(z);
    INDArray low = excess(t);
    INDArray density = density(t);
    INDArray high = density.div(density.div(low.add(t)).rsubi(1));
    z.muli(positive).addi(high.subi(low).muli(positive)).addi(low);
  }

  /**
   * Replaces each number by a draw from its distribution, by inversion of the cumulative
   * distribution function at one uniform number each. For {@code z > 0} the distance from {@code z}
   * is half-normal on either side, so that both tails are inverted from their own end.
   *
   * @param z contiguous. Modified: holds the draws afterwards.
   */
  static void sample(INDArray z, RandomStream random) {
    INDArray u = z.ulike();
    random.uniform(u);
    u.addi(HALF_STEP);
    INDArray t = Transforms.abs(z, true);
    INDArray positive = positive(z);
    INDArray tail = density(t).divi(excess(t).addi(t)).muli(positive);
    INDArray scale = positive.add(1);
    // Twice the probability below the draw, and above it; above 2 where only the upper end counts.
    INDArray below = tail.rsub(1).muli(u).addi(tail).addi(positive.rsub(1)).muli(2);
    INDArray above = u.rsubi(1).muli(tail.rsubi(1)).muli(scale);
    INDArray side = Transforms.sign(below.sub(above), false);
    INDArray exponent = Transforms.log(Transforms.min(below, above, false), false).negi();
    t.muli(positive.rsub(1));
    INDArray distance = quantile(t, exponent);
    z.muli(positive).addi(distance.muli(side));
    z.muli(positive(z));
  }

  /**
   * Solves {@code log Q(t) - log Q(t + x) = e} for {@code x}. The hazard grows with a slope of at
   * most 1, so that the start is too small, by at most a tenth.
   *
   * @param t numbers that are not negative. Not modified.
   * @param e numbers that are not negative. Not modified.
   * @return {@code x}, new
   */
  private static INDArray quantile(INDArray t, INDArray e) {
    INDArray hazard = excess(t).addi(t);
    INDArray root = hazard.mul(hazard).addi(e).addi(e);
    INDArray x = e.mul(2).divi(Transforms.sqrt(root, false).addi(hazard));
    for (int step = 0; step < STEPS; step++) {
      INDArray end = t.add(x);
      INDArray excess = excess(end);
      INDArray slope = end.addi(excess);
      INDArray newton = x.mul(0.5).addi(t).muli(x).subi(e);
      newton.addi(Transforms.log(slope.div(hazard), false)).divi(slope);
      x.subi(newton.div(excess.muli(newton).muli(-0.5).addi(1)));
    }
    return x;
  }
}
