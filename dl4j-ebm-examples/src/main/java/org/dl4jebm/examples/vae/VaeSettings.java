/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.examples.vae.VaeData.Pixels;
import org.dl4jebm.layers.variational.AnnealedTemperature;
import org.dl4jebm.layers.variational.BinaryConcrete;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.DiscreteGradient;
import org.dl4jebm.layers.variational.GumbelSoftmax;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * How a variational autoencoder is built and trained.
 *
 * @param family of the latent variables
 * @param latents number of latent variables; 10 for each categorical variable
 * @param hidden units of the encoder's hidden layers, from the data on; the decoder has the same in
 *     the opposite order
 * @param activation of the hidden layers
 * @param samples of the latent variables of each image
 * @param importanceWeighted whether the importance-weighted bound is maximised in place of the mean
 *     of the evidence lower bounds of the samples
 * @param gradient how derivatives pass through discrete latent variables
 * @param coolingRate how fast their temperature falls: {@code max(0.5, exp(-coolingRate t))}
 * @param pixels how grey values become binary
 * @param batch images in a batch
 * @param stages number of stages of 1, 3, 9, ... epochs, whose learning rates fall from {@code
 *     rate} to {@code finalRate} in equal ratios (Burda et al.); 0 for {@code epochs} instead
 * @param epochs passes over the data where there are no stages; the rate falls linearly from {@code
 *     rate} to {@code finalRate} in the second half
 * @param rate learning rate of Adam
 * @param finalRate learning rate at the end
 * @param epsilon what Adam adds to the root of its mean squares; with a large one, weights whose
 *     gradients are small learn slowly
 */
public record VaeSettings(
    Family family,
    int latents,
    List<Integer> hidden,
    Activation activation,
    int samples,
    boolean importanceWeighted,
    DiscreteGradient gradient,
    double coolingRate,
    Pixels pixels,
    int batch,
    int stages,
    int epochs,
    double rate,
    double finalRate,
    double epsilon) {

  /** Values of a categorical variable. */
  private static final int GROUP = 10;

  /** Jang, Gu and Poole let the temperature rest for some hundred updates. */
  private static final int COOLING_STEP = 500;

  private static final double LOWEST_TEMPERATURE = 0.5;

  /** Families of latent variables. */
  public enum Family {
    /** Independent normal variables. */
    GAUSSIAN,
    /** One-hot variables of 10 values. */
    CATEGORICAL,
    /** Variables of 0 and 1. */
    BINARY
  }

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public VaeSettings {
    Checks.atLeast(1, latents, "--latents");
    Checks.require(
        family != Family.CATEGORICAL || latents % GROUP == 0,
        "--latents",
        latents,
        "a multiple of " + GROUP + " for categorical variables");
    hidden.forEach(units -> Checks.atLeast(1, units, "--hidden"));
    Checks.atLeast(1, samples, "--samples");
    Checks.require(
        !importanceWeighted || family == Family.GAUSSIAN,
        "--bound",
        "IWAE",
        "ELBO for discrete variables, whose relaxed samples have no importance weights");
    Checks.require(
        gradient != DiscreteGradient.SCORE_FUNCTION,
        "--gradient",
        gradient,
        "RELAXED or STRAIGHT_THROUGH");
    Checks.notNegative(coolingRate, "--cooling-rate");
    Checks.atLeast(1, batch, "--batch");
    Checks.require(stages >= 0 && stages <= 12, "--stages", stages, "0 (none) to 12");
    Checks.atLeast(1, epochs, "--epochs");
    Checks.positive(rate, "--rate");
    Checks.positive(finalRate, "--final-rate");
    Checks.positive(epsilon, "--epsilon");
    hidden = List.copyOf(hidden);
  }

  /**
   * The family as the library has it.
   *
   * @return the distribution of the latent variables
   */
  public LatentDistribution distribution() {
    ISchedule temperature =
        new AnnealedTemperature(
            ScheduleType.ITERATION, 1, coolingRate, LOWEST_TEMPERATURE, COOLING_STEP);
    return switch (family) {
      case GAUSSIAN -> new DiagonalGaussian();
      case CATEGORICAL -> new GumbelSoftmax(GROUP, gradient, 1, temperature);
      case BINARY -> new BinaryConcrete(gradient, 1, temperature);
    };
  }

  /**
   * So many epochs, without stages.
   *
   * @param epochs passes over the data
   * @return changed settings
   */
  public VaeSettings withEpochs(int epochs) {
    return with(0, epochs);
  }

  /**
   * So many stages.
   *
   * @param stages of 1, 3, 9, ... epochs
   * @return changed settings
   */
  public VaeSettings withStages(int stages) {
    return with(stages, epochs);
  }

  private VaeSettings with(int newStages, int newEpochs) {
    return new VaeSettings(
        family,
        latents,
        hidden,
        activation,
        samples,
        importanceWeighted,
        gradient,
        coolingRate,
        pixels,
        batch,
        newStages,
        newEpochs,
        rate,
        finalRate,
        epsilon);
  }

  /**
   * Passes over the data in all.
   *
   * @return the number of epochs
   */
  public int totalEpochs() {
    return rates().size();
  }

  /** The learning rate of each epoch. */
  private List<Double> rates() {
    List<Double> rates = new ArrayList<>();
    if (stages == 0) {
      for (int epoch = 0; epoch < epochs; epoch++) {
        double second = Math.max(0, 2.0 * epoch / epochs - 1);
        rates.add(rate + (finalRate - rate) * second);
      }
      return rates;
    }
    int length = 1;
    for (int stage = 0; stage < stages; stage++) {
      double share = stages == 1 ? 0 : stage / (stages - 1.0);
      for (int epoch = 0; epoch < length; epoch++) {
        rates.add(rate * Math.pow(finalRate / rate, share));
      }
      length *= 3;
    }
    return rates;
  }

  /**
   * The learning rate as DL4J has it.
   *
   * @return a schedule by epochs
   */
  public ISchedule learningRate() {
    List<Double> rates = rates();
    Map<Integer, Double> changes = new HashMap<>();
    for (int epoch = 0; epoch < rates.size(); epoch++) {
      if (epoch == 0 || !rates.get(epoch).equals(rates.get(epoch - 1))) {
        changes.put(epoch, rates.get(epoch));
      }
    }
    return new MapSchedule(ScheduleType.EPOCH, changes);
  }
}
