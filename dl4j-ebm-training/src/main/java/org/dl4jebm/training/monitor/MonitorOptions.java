/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.likelihood.AisOptions;

/**
 * Options of {@link RbmMonitor}. Start from {@link #to(Path)} and change what differs:
 *
 * <pre>{@code
 * MonitorOptions.to(Path.of("out/monitor")).withEvery(5).withTile(28, 28)
 * }</pre>
 *
 * @param folder where files go; created if need be
 * @param every epochs from one row and picture to the next, at least 1; epochs that are a multiple
 *     of it count
 * @param measures what is computed
 * @param ais options of annealed importance sampling, forward and in reverse, or null for none
 * @param maxStates most states to enumerate for the exact likelihood, at least 1
 * @param tileHeight height of the pictures whose pixels are the first visible units of the lowest
 *     layer, at least 1, or 0 for a square of all units
 * @param tileWidth width of these pictures, or 0 together with the height
 * @param filters number of filters shown, at least 1, or 0 for no picture of them
 * @param chains number of chains that are followed and shown, at least 1
 * @param sweeps Gibbs sweeps along which the chains are followed, at least 4, after half as many
 *     that are left out; for times that can be trusted, 50 autocorrelation times
 * @param seed of what is drawn for the measures, not 0; each layer and epoch has a stream of its
 *     own
 */
public record MonitorOptions(
    Path folder,
    int every,
    Set<Measure> measures,
    AisOptions ais,
    long maxStates,
    int tileHeight,
    int tileWidth,
    int filters,
    int chains,
    int sweeps,
    long seed) {

  private static final long DEFAULT_MAX_STATES = 1L << 16;
  private static final int DEFAULT_FILTERS = 100;
  private static final int DEFAULT_CHAINS = 25;
  private static final int DEFAULT_SWEEPS = 200;
  private static final long DEFAULT_SEED = 12345;

  /** Shortest trace whose halves have a variance. */
  private static final int MIN_SWEEPS = 4;

  /**
   * Checks and copies the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public MonitorOptions {
    require(folder != null, "folder", null, "a folder");
    require(every >= 1, "every", every, "1 or more epochs");
    require(
        measures != null && measures.stream().allMatch(Objects::nonNull),
        "measures",
        measures,
        "a set of measures");
    require(maxStates >= 1, "maxStates", maxStates, "1 or more");
    require(
        (tileHeight == 0 && tileWidth == 0) || (tileHeight >= 1 && tileWidth >= 1),
        "tile",
        tileHeight + "x" + tileWidth,
        "1x1 or more, or 0x0 for a square of all visible units");
    require(filters >= 0, "filters", filters, "0 or more");
    require(chains >= 1, "chains", chains, "1 or more");
    require(sweeps >= MIN_SWEEPS, "sweeps", sweeps, MIN_SWEEPS + " or more");
    Seeds.requireNonZero(seed, "seed");
    measures =
        measures.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(measures));
  }

  /**
   * The {@link Measure#CHEAP} measures every epoch, exact likelihoods up to 2<sup>16</sup> states,
   * 100 filters, 25 chains of 200 sweeps.
   *
   * @param folder where files go
   * @return the options
   */
  public static MonitorOptions to(Path folder) {
    return new MonitorOptions(
        folder,
        1,
        Measure.CHEAP,
        null,
        DEFAULT_MAX_STATES,
        0,
        0,
        DEFAULT_FILTERS,
        DEFAULT_CHAINS,
        DEFAULT_SWEEPS,
        DEFAULT_SEED);
  }

  /**
   * Sets how often.
   *
   * @param every epochs from one row to the next, at least 1
   * @return changed options
   */
  public MonitorOptions withEvery(int every) {
    return changed(d -> d.every = every);
  }

  /**
   * Sets what is computed.
   *
   * @param measures the measures; none for pictures alone
   * @return changed options
   */
  public MonitorOptions withMeasures(Set<Measure> measures) {
    return changed(d -> d.measures = measures);
  }

  /**
   * Adds estimates of the log-likelihood by annealed importance sampling, forward and in reverse:
   * {@code ais_log_z}, {@code ais_standard_error}, {@code ais_log_likelihood_training} and {@code
   * _validation}, and the same after {@code reverse_}. Forward likelihoods err high, reverse ones
   * low. Reverse chains start from exact draws where the machine has at most {@link #maxStates}
   * states, otherwise from the states that the monitor's {@link #chains} have reached. All epochs
   * have the same random numbers, those of the options' seed.
   *
   * @param ais schedule, number of chains and seed, or null for none
   * @return changed options
   */
  public MonitorOptions withAis(AisOptions ais) {
    return changed(d -> d.ais = ais);
  }

  /**
   * Sets up to which size likelihoods are computed exactly. The time is that of as many free
   * energies.
   *
   * @param maxStates most states of the smaller side, at least 1
   * @return changed options
   */
  public MonitorOptions withMaxStates(long maxStates) {
    return changed(d -> d.maxStates = maxStates);
  }

  /**
   * Sets how visible units of the lowest layer become pictures. Further units, such as labels after
   * the pixels, are not shown. Layers above the lowest are shown if the number of their visible
   * units is a square.
   *
   * @param height rows of pixels
   * @param width columns of pixels
   * @return changed options
   */
  public MonitorOptions withTile(int height, int width) {
    return changed(
        d -> {
          d.tileHeight = height;
          d.tileWidth = width;
        });
  }

  /**
   * Sets how many filters are shown.
   *
   * @param filters at most so many, or 0 for no picture of them
   * @return changed options
   */
  public MonitorOptions withFilters(int filters) {
    return changed(d -> d.filters = filters);
  }

  /**
   * Sets how many chains are followed and shown, and how long.
   *
   * @param chains at most so many, at least 1
   * @param sweeps Gibbs sweeps, at least 4
   * @return changed options
   */
  public MonitorOptions withChains(int chains, int sweeps) {
    return changed(
        d -> {
          d.chains = chains;
          d.sweeps = sweeps;
        });
  }

  /**
   * Sets the seed of what is drawn for the measures.
   *
   * @param seed any value but 0
   * @return changed options
   */
  public MonitorOptions withSeed(long seed) {
    return changed(d -> d.seed = seed);
  }

  private MonitorOptions changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.build();
  }

  /** The options but the folder, open to changes. */
  private static final class Draft {

    private final Path folder;
    private int every;
    private Set<Measure> measures;
    private AisOptions ais;
    private long maxStates;
    private int tileHeight;
    private int tileWidth;
    private int filters;
    private int chains;
    private int sweeps;
    private long seed;

    Draft(MonitorOptions from) {
      folder = from.folder;
      every = from.every;
      measures = from.measures;
      ais = from.ais;
      maxStates = from.maxStates;
      tileHeight = from.tileHeight;
      tileWidth = from.tileWidth;
      filters = from.filters;
      chains = from.chains;
      sweeps = from.sweeps;
      seed = from.seed;
    }

    MonitorOptions build() {
      return new MonitorOptions(
          folder,
          every,
          measures,
          ais,
          maxStates,
          tileHeight,
          tileWidth,
          filters,
          chains,
          sweeps,
          seed);
    }
  }

  private static void require(boolean holds, String option, Object value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
