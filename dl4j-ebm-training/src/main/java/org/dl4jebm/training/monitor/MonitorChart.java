/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dl4jebm.training.report.Curves;

/** Draws a table: a panel for each group of columns that has a number. */
final class MonitorChart {

  private static final int WIDTH = 560;
  private static final int HEIGHT = 400;
  private static final int COLUMNS = 3;

  private record Curve(Column column, String name) {}

  private record Panel(String title, String unit, List<Curve> curves) {

    Panel(String title, String unit, Curve... curves) {
      this(title, unit, List.of(curves));
    }
  }

  private static final List<Panel> PANELS =
      List.of(
          new Panel(
              "Log-likelihood",
              "nats",
              new Curve(Column.LOG_LIKELIHOOD_TRAINING, "training"),
              new Curve(Column.LOG_LIKELIHOOD_VALIDATION, "validation")),
          new Panel(
              "Log-likelihood by AIS",
              "nats",
              new Curve(Column.AIS_LOG_LIKELIHOOD_TRAINING, "training"),
              new Curve(Column.AIS_LOG_LIKELIHOOD_VALIDATION, "validation"),
              new Curve(Column.REVERSE_AIS_LOG_LIKELIHOOD_TRAINING, "training, reverse"),
              new Curve(Column.REVERSE_AIS_LOG_LIKELIHOOD_VALIDATION, "validation, reverse")),
          new Panel(
              "Pseudo-likelihood",
              "nats",
              new Curve(Column.PSEUDO_LIKELIHOOD_TRAINING, "training"),
              new Curve(Column.PSEUDO_LIKELIHOOD_VALIDATION, "validation"),
              new Curve(Column.STOCHASTIC_PSEUDO_LIKELIHOOD_TRAINING, "training, stochastic"),
              new Curve(Column.STOCHASTIC_PSEUDO_LIKELIHOOD_VALIDATION, "validation, stochastic")),
          new Panel(
              "Free energy",
              "nats",
              new Curve(Column.FREE_ENERGY_TRAINING, "training"),
              new Curve(Column.FREE_ENERGY_VALIDATION, "validation")),
          new Panel(
              "Free-energy gap",
              "nats",
              new Curve(Column.FREE_ENERGY_GAP, "validation - training")),
          new Panel(
              "Reconstruction error",
              "squared, sum over units",
              new Curve(Column.RECONSTRUCTION_ERROR_TRAINING, "training"),
              new Curve(Column.RECONSTRUCTION_ERROR_VALIDATION, "validation")),
          new Panel(
              "Chains: autocorrelation time",
              "Gibbs sweeps",
              new Curve(Column.AUTOCORRELATION_TIME, "of the free energy")),
          new Panel(
              "Chains: effective sample size",
              "independent draws",
              new Curve(Column.EFFECTIVE_SAMPLE_SIZE, "of the free energy")),
          new Panel("Chains: R-hat", "R-hat", new Curve(Column.R_HAT, "of the free energy")),
          new Panel(
              "Tempering: swap rates",
              "rate",
              new Curve(Column.SWAP_RATE_MEAN, "mean"),
              new Curve(Column.SWAP_RATE_LOWEST, "lowest")),
          new Panel(
              "Tempering: temperatures",
              "number",
              new Curve(Column.TEMPERATURES, "of the ladder")));

  private MonitorChart() {}

  /** The chart, or nothing where there is no finite number. */
  static Optional<BufferedImage> of(MonitorTable table) {
    double[] epochs = table.epochs();
    List<Curves> charts = new ArrayList<>();
    for (Panel panel : PANELS) {
      List<Curve> drawn =
          panel.curves().stream().filter(curve -> table.hasFinite(curve.column())).toList();
      if (!drawn.isEmpty()) {
        Curves chart = new Curves(panel.title(), "epoch", panel.unit()).asPanel(WIDTH, HEIGHT);
        drawn.forEach(curve -> chart.add(curve.name(), epochs, table.values(curve.column())));
        charts.add(chart);
      }
    }
    return charts.isEmpty() ? Optional.empty() : Optional.of(Curves.grid(charts, COLUMNS));
  }
}
