/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.List;

/** The defaults of {@link org.dl4jebm.examples.StackedDenoisingAutoencoder}. */
public final class SdaDefaults {

  private static final List<Double> CORRUPTION = List.of(0.1, 0.2, 0.3);

  /** For the 8x8 digits: a minute or so on two cores. */
  public static final StackOptions DIGITS =
      new StackOptions(
          List.of(200, 200, 400),
          List.of(new LabelCount(100), new LabelCount(1000), LabelCount.ALL),
          List.of(1L, 2L, 3L),
          DbnDefaults.BOTH,
          new DenoisingPretraining(30, 20, 0.1, CORRUPTION),
          new FineTuneSettings(
              30,
              600,
              20,
              FineTuneSettings.Kind.ADAM,
              0.005,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.XAVIER,
              false));

  /** For the 8x8 digits: a few seconds, to see that everything works. */
  public static final StackOptions QUICK_DIGITS =
      new StackOptions(
          List.of(100, 100, 200),
          DIGITS.labels(),
          List.of(1L, 2L),
          DbnDefaults.BOTH,
          new DenoisingPretraining(10, 20, 0.1, CORRUPTION),
          new FineTuneSettings(
              8,
              200,
              20,
              FineTuneSettings.Kind.ADAM,
              0.005,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.XAVIER,
              false));

  /** For MNIST: the network of the published figure, for which hours are needed. */
  public static final StackOptions MNIST =
      new StackOptions(
          List.of(1000, 1000, 1000),
          List.of(new LabelCount(100), new LabelCount(1000), new LabelCount(10000), LabelCount.ALL),
          List.of(1L, 2L, 3L),
          DbnDefaults.BOTH,
          new DenoisingPretraining(15, 50, 0.05, CORRUPTION),
          new FineTuneSettings(
              30,
              1500,
              100,
              FineTuneSettings.Kind.NESTEROVS,
              0.1,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.SIGMOID_UNIFORM,
              false));

  /** For MNIST: less than a minute, to see that everything works. */
  public static final StackOptions QUICK_MNIST =
      new StackOptions(
          List.of(100, 100, 200),
          List.of(new LabelCount(100), new LabelCount(1000)),
          List.of(1L),
          DbnDefaults.BOTH,
          new DenoisingPretraining(1, 50, 0.1, CORRUPTION),
          new FineTuneSettings(
              1,
              200,
              100,
              FineTuneSettings.Kind.ADAM,
              0.001,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.SIGMOID_UNIFORM,
              false));

  private SdaDefaults() {}
}
