/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import org.dl4jebm.examples.rbm.DataSettings.Grey;
import org.dl4jebm.examples.rbm.DataSettings.Source;
import org.dl4jebm.examples.rbm.TrainingSettings.Method;

/** Settings of published results, with the published figures. */
public enum RbmPreset {
  /** 64 hidden units on the 8x8 digits: a minute, no files needed. */
  DIGITS(
      new DataSettings(Source.DIGITS, Grey.SAMPLED, false),
      new TrainingSettings(64, Method.PCD, 1, 100, 10, true, 100, 10, 0.02, 0.001, 0, 0, 0.01),
      new EvidenceSettings(10_000, 100, 1000),
      "no published figure known"),

  /** scikit-learn's own test of its RBM: pseudo-likelihood after 7 epochs. */
  SKLEARN_DIGITS(
      new DataSettings(Source.ALL_DIGITS, Grey.AS_PROBABILITY, false),
      new TrainingSettings(64, Method.PCD, 1, 10, 10, false, 7, 10, 0.1, 0.1, 0, 0, 0.01),
      new EvidenceSettings(10_000, 100, 1000),
      "pseudo-likelihood -20.97 (scikit-learn's BernoulliRBM, computed here)"),

  /** All bars and stripes of 3x3 pixels, by exact maximum likelihood. */
  BARS(
      new DataSettings(Source.BARS, Grey.AS_PROBABILITY, false),
      new TrainingSettings(16, Method.EXACT, 1, 1, 2, false, 2000, 16, 0.5, 0.05, 0.9, 0, 0.1),
      new EvidenceSettings(1000, 100, 1000),
      "best possible -2.599302 (entropy of the images)"),

  /** 16 hidden units on MNIST, centred PCD-1. */
  MNIST_16_CENTERED(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, false),
      new TrainingSettings(16, Method.PCD, 1, 100, 10, true, 50, 100, 0.05, 0.0005, 0, 0, 0.01),
      new EvidenceSettings(10_000, 100, 1000),
      "exact -142.56 (PyDeep, RBM_MNIST_small)"),

  /** 16 hidden units on MNIST, PCD-1 without centring. */
  MNIST_16_PLAIN(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, false),
      new TrainingSettings(16, Method.PCD, 1, 100, 10, false, 50, 100, 0.05, 0.0005, 0, 0, 0.01),
      new EvidenceSettings(10_000, 100, 1000),
      "exact -149.05 (PyDeep, RBM_MNIST_small)"),

  /** 16 hidden units on MNIST with 0 and 1 exchanged, centred PCD-1. */
  FLIPPED_16_CENTERED(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, true),
      MNIST_16_CENTERED.training,
      MNIST_16_CENTERED.evidence,
      "exact -142.09 (PyDeep, RBM_MNIST_small)"),

  /** 16 hidden units on MNIST with 0 and 1 exchanged, PCD-1 without centring. */
  FLIPPED_16_PLAIN(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, true),
      MNIST_16_PLAIN.training,
      MNIST_16_PLAIN.evidence,
      "exact -183.36 (PyDeep, RBM_MNIST_small)"),

  /** 500 hidden units on MNIST, centred PCD-1. */
  MNIST_500_PCD(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, false),
      new TrainingSettings(500, Method.PCD, 1, 100, 10, true, 60, 100, 0.05, 0.0005, 0, 0, 0.01),
      new EvidenceSettings(10_000, 500, 2000),
      "AIS -84.86, reverse AIS -96.61 (PyDeep, RBM_MNIST_big)"),

  /**
   * The same with parallel tempering: its chains find the modes that grow away from the data, which
   * those of PCD leave behind.
   */
  MNIST_500_PT(
      new DataSettings(Source.MNIST, Grey.THRESHOLD, false),
      new TrainingSettings(500, Method.PT, 1, 100, 10, true, 30, 100, 0.05, 0.0005, 0, 0, 0.01),
      new EvidenceSettings(10_000, 500, 2000),
      "AIS -84.86, reverse AIS -96.61 (PyDeep, RBM_MNIST_big)"),

  /** 500 hidden units on MNIST, CD-25. */
  MNIST_500_CD25(
      new DataSettings(Source.MNIST, Grey.SAMPLED, false),
      new TrainingSettings(500, Method.CD, 25, 100, 10, true, 30, 100, 0.1, 0.001, 0.5, 0, 0.01),
      new EvidenceSettings(10_000, 500, 2000),
      "AIS -86.34 (Salakhutdinov and Murray 2008)");

  private final DataSettings data;
  private final TrainingSettings training;
  private final EvidenceSettings evidence;
  private final String published;

  RbmPreset(
      DataSettings data, TrainingSettings training, EvidenceSettings evidence, String published) {
    this.data = data;
    this.training = training;
    this.evidence = evidence;
    this.published = published;
  }

  /**
   * What the machine is trained on.
   *
   * @return the settings
   */
  public DataSettings data() {
    return data;
  }

  /**
   * How the machine is trained.
   *
   * @return the settings
   */
  public TrainingSettings training() {
    return training;
  }

  /**
   * How its likelihood is estimated.
   *
   * @return the settings
   */
  public EvidenceSettings evidence() {
    return evidence;
  }

  /**
   * The figure to compare with.
   *
   * @return mean test log-likelihood in nats, with its source
   */
  public String published() {
    return published;
  }
}
