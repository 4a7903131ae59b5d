/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

/**
 * Parallel tempering for the negative phase of {@link ContrastiveDivergence} (Desjardins,
 * Courville, Bengio, Vincent and Delalleau, AISTATS 2010; Cho, Raiko and Ilin, IJCNN 2010). Each of
 * the persistent chains has replicas at inverse temperatures {@code 1 = beta_0 > ... > beta_R = 0}
 * of a path of machines
 *
 * <pre>{@code   E_beta(v, h) = e_v(v; b_beta) + e_h(h; c_beta) - beta t_v W t_h'}</pre>
 *
 * (see {@link RbmModel#tempered}). After each Gibbs sweep neighbours, the even pairs and the odd
 * pairs in turn, exchange their states with probability
 *
 * <pre>{@code   min(1, exp((beta_i - beta_j) (U_i - U_j))),     U = dE_beta / d beta}</pre>
 *
 * which leaves every replica's distribution as it is. Hot replicas move freely between modes, and
 * exchanges bring them down to the one at {@code beta = 1}, whose states enter the gradient.
 *
 * <p>The ladder adapts: after every {@code adaptEvery} sweeps the mean rejection of each pair is
 * taken as the length of its interval, and the inverse temperatures are placed anew so that all
 * intervals have the same length, with linear interpolation between the present ones (Syed,
 * Bouchard-Cote, Deligiannidis and Doucet, JRSS B 2022, who show that their sum hardly depends on
 * the ladder). Where {@code maxTemperatures} allows it so many temperatures are taken that each
 * pair exchanges with the wanted rate: their number is the sum of rejections divided by {@code 1 -
 * swapRate}, plus one, rounded up; it is reduced only where two fewer would do. New replicas start
 * as copies of those at the nearest old temperature. 1 and 0 stay where they are.
 *
 * <p>Choose it where the model has separated modes that Gibbs sampling does not cross, at the price
 * of as many times the work of the negative phase as there are temperatures. Its stationary
 * estimate is that of PCD, exact; while the ladder or the parameters change the replicas lag
 * behind.
 *
 * @param temperatures number of temperatures at first, both ends included, at least 2
 * @param maxTemperatures number up to which the ladder may grow; with {@code temperatures} itself
 *     the number is fixed, else it may fall down to 2 too
 * @param swapRate wanted rate of exchange between neighbours, in (0, 1); idle where the number of
 *     temperatures is fixed, and the rates are only made equal
 * @param adaptEvery Gibbs sweeps from one adaptation of the ladder to the next, at least 2, or 0
 *     for inverse temperatures that stay equally spaced
 * @param path what becomes of the biases on the way to {@code beta = 0}
 */
public record Tempering(
    int temperatures, int maxTemperatures, double swapRate, int adaptEvery, Path path) {

  /**
   * Starts with 5 temperatures and takes up to 30. With alternating pairs states travel fastest,
   * for the same work, at a rate of one half (Syed et al.).
   */
  public static final Tempering DEFAULT = new Tempering(5, 30, 0.5, 100, Path.CENTERED);

  /** A name among {@link RbmEstimator#diagnostics}: the number of temperatures. */
  public static final String TEMPERATURES = "temperatures";

  /**
   * How names of rates of exchange among {@link RbmEstimator#diagnostics} begin; the numbers of the
   * two neighbours follow.
   */
  public static final String SWAP_RATE = "swap rate";

  /** What becomes of the biases on the way to {@code beta = 0}. */
  public enum Path {
    /** They stay, and the coupling alone fades: {@code b_beta = b}. */
    COUPLING,
    /** They fade as well, {@code b_beta = beta b}, towards uniform states for discrete units. */
    ENERGY,
    /**
     * The coupling of the centred machine fades and its biases {@code b'} stay, {@code b_beta =
     * beta b + (1 - beta) b'}, so that at {@code beta = 0} the means of the independent units are
     * near those of the data. The offsets are those of {@link Centering}, or with an ordinary
     * gradient those that {@link Centering#DEFAULT} would give.
     */
    CENTERED
  }

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public Tempering {
    require(temperatures >= 2, "temperatures", temperatures, "2 or more");
    require(
        maxTemperatures >= temperatures,
        "maxTemperatures",
        maxTemperatures,
        temperatures + ", the number at first, or more");
    require(swapRate > 0 && swapRate < 1, "swapRate", swapRate, "greater than 0, less than 1");
    require(
        adaptEvery == 0 || adaptEvery >= 2,
        "adaptEvery",
        adaptEvery,
        "0 (never), or 2 or more sweeps, so that all pairs have been tried");
    require(
        adaptEvery > 0 || maxTemperatures == temperatures,
        "maxTemperatures",
        maxTemperatures,
        temperatures + " where the ladder does not adapt");
    require(path != null, "path", null, "COUPLING, ENERGY or CENTERED");
  }

  /**
   * A fixed number of temperatures, whose rates of exchange are made equal.
   *
   * @param temperatures at least 2
   * @return the options
   */
  public static Tempering ofTemperatures(int temperatures) {
    return new Tempering(
        temperatures, temperatures, DEFAULT.swapRate, DEFAULT.adaptEvery, DEFAULT.path);
  }

  private static void require(boolean holds, String option, Object value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(
          option + " of the tempering is " + value + "; accepted: " + accepted);
    }
  }
}
