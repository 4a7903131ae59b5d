/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.util.List;
import org.dl4jebm.examples.vae.VaeData.Pixels;
import org.dl4jebm.examples.vae.VaeSettings.Family;
import org.dl4jebm.layers.variational.DiscreteGradient;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;

/** Settings of published results, and one for a quick look; the figures are on MNIST. */
public enum VaePreset {
  /** Two latent variables, to look at: a minute or two on the 8x8 digits. */
  TWO_DIMENSIONAL(
      new VaeSettings(
          Family.GAUSSIAN,
          2,
          List.of(200, 100),
          Activation.TANH,
          1,
          false,
          DiscreteGradient.RELAXED,
          0,
          Pixels.GREY,
          50,
          0,
          200,
          2e-3,
          2e-4,
          Adam.DEFAULT_ADAM_EPSILON),
      5000,
      "no published figure known"),

  /** 50 latent variables, two hidden layers of 200: Burda, Grosse and Salakhutdinov. */
  GAUSSIAN_50(
      new VaeSettings(
          Family.GAUSSIAN,
          50,
          List.of(200, 200),
          Activation.TANH,
          1,
          false,
          DiscreteGradient.RELAXED,
          0,
          Pixels.RESAMPLED,
          20,
          5,
          1,
          1e-3,
          1e-4,
          1e-4),
      5000,
      "NLL (k = 5,000) 86.76 with 1 sample, importance weighted 84.78 with 50; 8 stages, 3,280 epochs"
          + " (Burda et al. 2016)"),

  /**
   * 20 categorical variables of 10 values: Jang, Gu and Poole, whose table says 784-200-784.
   * Encoder and decoder have a hidden layer of 200 here; with {@code --hidden=0} they are linear.
   */
  GUMBEL_CATEGORICAL(
      discrete(Family.CATEGORICAL),
      1000,
      "bound 101.5 relaxed, 107.8 straight-through (Jang et al. 2017, table 1)"),

  /** 200 binary variables: Jang, Gu and Poole. */
  GUMBEL_BINARY(
      discrete(Family.BINARY),
      1000,
      "bound 105.0 relaxed, 111.5 straight-through (Jang et al. 2017, table 1)");

  private final VaeSettings settings;
  private final int evidenceSamples;
  private final String published;

  VaePreset(VaeSettings settings, int evidenceSamples, String published) {
    this.settings = settings;
    this.evidenceSamples = evidenceSamples;
    this.published = published;
  }

  private static VaeSettings discrete(Family family) {
    return new VaeSettings(
        family,
        200,
        List.of(200),
        Activation.TANH,
        1,
        false,
        DiscreteGradient.RELAXED,
        1e-4,
        Pixels.FIXED,
        100,
        0,
        50,
        1e-3,
        1e-4,
        Adam.DEFAULT_ADAM_EPSILON);
  }

  /**
   * How the network is built and trained.
   *
   * @return the settings
   */
  public VaeSettings settings() {
    return settings;
  }

  /**
   * Samples of an image in the final bound.
   *
   * @return their number {@code k}
   */
  public int evidenceSamples() {
    return evidenceSamples;
  }

  /**
   * The figure to compare with.
   *
   * @return nats an image on MNIST, with its source
   */
  public String published() {
    return published;
  }
}
