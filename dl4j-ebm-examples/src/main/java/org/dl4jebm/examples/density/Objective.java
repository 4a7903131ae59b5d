/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.training.energy.EnergyTrainingOptions;
import org.dl4jebm.training.sampling.Mala;
import org.dl4jebm.training.sampling.Starts;
import org.dl4jebm.training.score.NoiseLevels;
import org.dl4jebm.training.score.ScoreObjective;

/** What an energy is trained by. */
public enum Objective {
  /** Exact score matching. */
  EXACT("exact"),

  /** Sliced score matching, one direction a point. */
  SLICED("sliced"),

  /** Sliced score matching with variance reduction, one direction a point. */
  REDUCED("sliced, reduced"),

  /** Sliced score matching by finite differences, one direction a point. */
  DIFFERENCES("differences"),

  /** Denoising score matching at one level. */
  DENOISING("denoising"),

  /** Denoising score matching of an energy that is told the level, used at the smallest. */
  CONDITIONAL("noise-conditional"),

  /** Contrastive divergence. */
  CD("contrastive div."),

  /** Persistent chains in a replay buffer. */
  REPLAY("replay buffer");

  /** Half the deviation of what the densities were smoothed with. */
  private static final double SMALLEST_NOISE = 0.075;

  static final NoiseLevels LEVELS = NoiseLevels.geometric(2, SMALLEST_NOISE, 8);

  private static final double DIFFERENCE = 0.05;

  /** Of chains in training; accepted in more than half of the moves at these densities. */
  private static final Mala KERNEL = Mala.of(0.02).within(PlaneGrid.BOX);

  private static final int MOVES = 5;
  private static final int BUFFER = 2000;
  private static final double RESTARTS = 0.05;

  /** Keeps energies within tens of nats; contrastive divergence diverges without. */
  private static final double ENERGY_L2 = 0.005;

  private final String label;

  Objective(String label) {
    this.label = label;
  }

  /** The name in tables and pictures. */
  String label() {
    return label;
  }

  /** What score matching minimises, or null where there are chains. */
  ScoreObjective scoreObjective() {
    switch (this) {
      case EXACT:
        return ScoreObjective.exact();
      case SLICED:
        return ScoreObjective.sliced(1, Probes.RADEMACHER);
      case REDUCED:
        return ScoreObjective.slicedVarianceReduced(1, Probes.RADEMACHER);
      case DIFFERENCES:
        return ScoreObjective.finiteDifference(1, Probes.RADEMACHER, DIFFERENCE);
      case DENOISING:
        return ScoreObjective.denoising(SMALLEST_NOISE);
      case CONDITIONAL:
        return ScoreObjective.noiseConditionalEnergy(LEVELS);
      default:
        return null;
    }
  }

  /** Learning rate of Adam at the start; chains that follow the energy need a smaller one. */
  double rate() {
    return scoreObjective() == null ? 2e-3 : 5e-3;
  }

  /** How chains move in training; for objectives that have some. */
  EnergyTrainingOptions chainOptions() {
    EnergyTrainingOptions options =
        this == CD
            ? EnergyTrainingOptions.contrastiveDivergence(KERNEL, MOVES)
            : EnergyTrainingOptions.replay(KERNEL, MOVES, Starts.uniform(PlaneGrid.BOX))
                .withBuffer(BUFFER, RESTARTS);
    return options.withEnergyL2(ENERGY_L2);
  }
}
