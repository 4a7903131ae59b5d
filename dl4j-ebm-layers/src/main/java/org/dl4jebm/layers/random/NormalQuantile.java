/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

/**
 * The inverse distribution function of the standard normal distribution: algorithm AS 241, PPND16
 * (Wichura, Applied Statistics 1988), with a relative error of about 1e-16. Ordinary loops over it
 * take some 10 ns a value.
 */
public final class NormalQuantile {

  private static final double CENTRAL = 0.425;

  /** Up to this distance from 1/2 one rational function of q^2 will do, for 98 of 100 numbers. */
  private static final float WIDE = 0.49f;

  // Weighted least squares for at(1/2 + q) / q by P(s) / Q(s) with s = 1 - 4 q^2 on [-WIDE, WIDE];
  // relative error in FLOAT below 1.2e-6.
  private static final float P0 = 6.5161963f;
  private static final float P1 = 455.3064f;
  private static final float P2 = 4006.9163f;
  private static final float P3 = 5590.074f;
  private static final float P4 = 682.4481f;
  private static final float Q1 = 93.05578f;
  private static final float Q2 = 1105.3859f;
  private static final float Q3 = 2366.851f;
  private static final float Q4 = 718.8475f;

  private NormalQuantile() {}

  /**
   * Writes a multiple of the function of each of the first values of a block, in FLOAT and mostly
   * in loops that the JVM vectorises.
   *
   * @param u probabilities strictly between 0 and 1. Not modified.
   * @param out gets the results. Modified.
   * @param n how many of them
   * @param factor the multiple, a standard deviation
   */
  public static void apply(float[] u, float[] out, int n, float factor) {
    for (int i = 0; i < n; i++) {
      float q = u[i] - 0.5f;
      float s = 1 - 4 * q * q;
      float above = (((P4 * s + P3) * s + P2) * s + P1) * s + P0;
      float below = (((Q4 * s + Q3) * s + Q2) * s + Q1) * s + 1;
      out[i] = factor * q * above / below;
    }
    for (int i = 0; i < n; i++) {
      if (Math.abs(u[i] - 0.5f) > WIDE) {
        out[i] = factor * (float) at(u[i]);
      }
    }
  }

  /**
   * Evaluates.
   *
   * @param u a probability strictly between 0 and 1
   * @return the number that a standard normal variable stays below with probability {@code u}
   */
  public static double at(double u) {
    double q = u - 0.5;
    if (Math.abs(q) <= CENTRAL) {
      return q * central(CENTRAL * CENTRAL - q * q);
    }
    double r = Math.sqrt(-Math.log(Math.min(u, 1 - u)));
    return Math.copySign(r <= 5 ? middle(r - 1.6) : tail(r - 5), q);
  }

  private static double central(double r) {
    double above =
        ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4)
                                    * r
                                + 4.5921953931549871457e4)
                            * r
                        + 1.3731693765509461125e4)
                    * r
                + 1.9715909503065514427e3)
            * r);
    above = (above + 1.3314166789178437745e2) * r + 3.3871328727963666080e0;
    double below =
        ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4)
                                    * r
                                + 2.1213794301586595867e4)
                            * r
                        + 5.3941960214247511077e3)
                    * r
                + 6.8718700749205790830e2)
            * r);
    below = (below + 4.2313330701600911252e1) * r + 1;
    return above / below;
  }

  private static double middle(double r) {
    double above =
        ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                                        + 2.41780725177450611770e-1)
                                    * r
                                + 1.27045825245236838258e0)
                            * r
                        + 3.64784832476320460504e0)
                    * r
                + 5.76949722146069140550e0)
            * r);
    above = (above + 4.63033784615654529590e0) * r + 1.42343711074968357734e0;
    double below =
        ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                                        + 1.51986665636164571966e-2)
                                    * r
                                + 1.48103976427480074590e-1)
                            * r
                        + 6.89767334985100004550e-1)
                    * r
                + 1.67638483018380384940e0)
            * r);
    below = (below + 2.05319162663775882187e0) * r + 1;
    return above / below;
  }

  private static double tail(double r) {
    double above =
        ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                                        + 1.24266094738807843860e-3)
                                    * r
                                + 2.65321895265761230930e-2)
                            * r
                        + 2.96560571828504891230e-1)
                    * r
                + 1.78482653991729133580e0)
            * r);
    above = (above + 5.46378491116411436990e0) * r + 6.65790464350110377720e0;
    double below =
        ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                                        + 1.84631831751005468180e-5)
                                    * r
                                + 7.86869131145613259100e-4)
                            * r
                        + 1.48753612908506148525e-2)
                    * r
                + 1.36929880922735805310e-1)
            * r);
    below = (below + 5.99832206555887937690e-1) * r + 1;
    return above / below;
  }
}
