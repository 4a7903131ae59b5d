/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import java.util.Map;
import java.util.TreeMap;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.rbm.Centering;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.ExactLikelihoodObjective;
import org.dl4jebm.layers.rbm.FastWeights;
import org.dl4jebm.layers.rbm.RbmObjective;
import org.dl4jebm.layers.rbm.Tempering;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * How one machine is trained.
 *
 * @param hidden hidden units, at least 1
 * @param method how the gradient is estimated
 * @param k Gibbs sweeps of the negative phase, at least 1
 * @param chains persistent chains, at least 1; not used by {@link Method#CD} and {@link
 *     Method#EXACT}
 * @param temperatures of parallel tempering, at least 2; used by {@link Method#PT} only
 * @param centered whether the gradient is centred
 * @param epochs passes over the training data, at least 1
 * @param batch examples in a batch, at least 1
 * @param rate learning rate, above 0
 * @param finalRate learning rate at the end, above 0; from {@code rate} it falls linearly over the
 *     second half of the epochs
 * @param momentum Nesterov momentum, in [0, 1)
 * @param l2 weight decay, at least 0
 * @param deviation standard deviation of the initial weights, above 0
 */
public record TrainingSettings(
    int hidden,
    Method method,
    int k,
    int chains,
    int temperatures,
    boolean centered,
    int epochs,
    int batch,
    double rate,
    double finalRate,
    double momentum,
    double l2,
    double deviation) {

  /** How the gradient of the likelihood is estimated. */
  public enum Method {
    /** Contrastive divergence. */
    CD,
    /** Persistent contrastive divergence. */
    PCD,
    /** Persistent contrastive divergence with fast weights. */
    FPCD,
    /** Persistent chains with parallel tempering. */
    PT,
    /** Exact gradient by enumeration, for small machines. */
    EXACT
  }

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public TrainingSettings {
    Checks.atLeast(1, hidden, "--hidden");
    Checks.require(method != null, "--method", null, "CD, PCD, FPCD, PT or EXACT");
    Checks.atLeast(1, k, "--cd");
    Checks.atLeast(1, chains, "--chains");
    Checks.atLeast(2, temperatures, "--temperatures");
    Checks.atLeast(1, epochs, "--epochs");
    Checks.atLeast(1, batch, "--batch");
    Checks.positive(rate, "--rate");
    Checks.positive(finalRate, "--final-rate");
    Checks.fraction(momentum, "--momentum");
    Checks.notNegative(l2, "--l2");
    Checks.positive(deviation, "--deviation");
  }

  /** What the layer minimises. */
  RbmObjective objective() {
    ContrastiveDivergenceOptions options = ContrastiveDivergenceOptions.DEFAULT.withK(k);
    if (method == Method.EXACT) {
      return ExactLikelihoodObjective.DEFAULT;
    }
    if (centered) {
      options = options.withCentering(Centering.DEFAULT);
    }
    return switch (method) {
      case PCD -> options.withPersistentChains(chains);
      case FPCD -> options.withPersistentChains(chains).withFastWeights(FastWeights.ofRate(rate));
      case PT ->
          options
              .withPersistentChains(chains)
              .withTempering(Tempering.ofTemperatures(temperatures));
      default -> options;
    };
  }

  /** The updater, with the learning rate constant at first and then falling by epochs. */
  IUpdater updater() {
    TreeMap<Integer, Double> rates = new TreeMap<>(Map.of(0, rate));
    int falling = epochs / 2;
    for (int step = 1; step <= falling; step++) {
      rates.put(epochs - falling + step - 1, rate + (finalRate - rate) * step / falling);
    }
    ISchedule schedule = new MapSchedule(ScheduleType.EPOCH, rates);
    return momentum == 0 ? new Sgd(schedule) : new Nesterovs(schedule, momentum);
  }
}
