/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.TextTable;

/** The runs of an experiment, and what they say together. */
final class Results {

  /** How the hidden layers of a classifier begin. */
  enum Start {
    RANDOM("random initialisation"),
    PRETRAINED("pretrained");

    private final String words;

    Start(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * One fine-tuning run.
   *
   * @param start how the hidden layers began
   * @param labels as asked for
   * @param labelled number of labels that this is
   * @param seed of the repetition
   * @param updates number of updates
   * @param curve test error on the way
   * @param seconds wall-clock time
   */
  record Run(
      Start start,
      LabelCount labels,
      int labelled,
      long seed,
      int updates,
      FineTuning.Curve curve,
      double seconds) {}

  private final List<Run> runs = new ArrayList<>();

  void add(Run run) {
    runs.add(run);
  }

  private List<Run> of(Start start, LabelCount labels) {
    return runs.stream().filter(r -> r.start == start && r.labels.equals(labels)).toList();
  }

  private List<LabelCount> labels() {
    return runs.stream().map(Run::labels).distinct().toList();
  }

  /** Test errors in per cent: a row for each number of labels. */
  TextTable table() {
    TextTable table =
        new TextTable(
            "labels", "epochs", "updates", "random initialisation", "pretrained", "difference");
    for (LabelCount count : labels()) {
      List<Run> random = of(Start.RANDOM, count);
      List<Run> pretrained = of(Start.PRETRAINED, count);
      double[] differences = new double[random.size()];
      for (int i = 0; i < differences.length; i++) {
        differences[i] = percent(random.get(i)) - percent(pretrained.get(i));
      }
      Run any = random.get(0);
      List<Integer> epochs = any.curve.epochs();
      table.row(
          count.equals(LabelCount.ALL) ? any.labelled + " (all)" : count,
          epochs.get(epochs.size() - 1),
          any.updates,
          Spread.of(percents(random)),
          Spread.of(percents(pretrained)),
          Spread.of(differences));
    }
    return table;
  }

  private static double percent(Run run) {
    return 100 * run.curve.last();
  }

  private static double[] percents(List<Run> runs) {
    return runs.stream().mapToDouble(Results::percent).toArray();
  }

  /** One line a run. */
  String runsCsv() {
    return "start,labels,seed,epochs,updates,test_error,seconds\n"
        + runs.stream()
            .map(
                r ->
                    String.format(
                        Locale.ROOT,
                        "%s,%d,%d,%d,%d,%.6f,%.1f%n",
                        r.start.name().toLowerCase(Locale.ROOT),
                        r.labelled,
                        r.seed,
                        r.curve.epochs().get(r.curve.epochs().size() - 1),
                        r.updates,
                        r.curve.last(),
                        r.seconds))
            .collect(Collectors.joining());
  }

  /** One line a point of a curve. */
  String curvesCsv() {
    StringBuilder csv = new StringBuilder("start,labels,seed,epoch,test_error\n");
    for (Run r : runs) {
      for (int i = 0; i < r.curve.epochs().size(); i++) {
        csv.append(
            String.format(
                Locale.ROOT,
                "%s,%d,%d,%d,%.6f%n",
                r.start.name().toLowerCase(Locale.ROOT),
                r.labelled,
                r.seed,
                r.curve.epochs().get(i),
                r.curve.errors().get(i)));
      }
    }
    return csv.toString();
  }

  /** Mean test error over the epochs, with the spread over the seeds, for one number of labels. */
  Curves curves(LabelCount labels) {
    Curves curves =
        new Curves(
            "Test error with " + (labels.equals(LabelCount.ALL) ? "all" : labels) + " labels",
            "epochs of fine-tuning",
            "test error, %");
    for (Start start : Start.values()) {
      List<Run> group = of(start, labels);
      List<Integer> epochs = group.get(0).curve.epochs();
      double[] x = epochs.stream().mapToDouble(e -> e).toArray();
      double[] mean = new double[x.length];
      double[] deviation = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        int point = i;
        Spread spread =
            Spread.of(group.stream().mapToDouble(r -> 100 * r.curve.errors().get(point)).toArray());
        mean[i] = spread.mean();
        deviation[i] = Double.isNaN(spread.deviation()) ? 0 : spread.deviation();
      }
      curves.add(start.toString(), x, mean, deviation);
    }
    return curves;
  }
}
