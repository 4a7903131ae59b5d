/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.TextTable;

/** The runs of an experiment, and what they say together. */
final class Results {

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

  private List<Start> starts() {
    return runs.stream().map(Run::start).distinct().sorted().toList();
  }

  /**
   * Test errors in per cent: a row for each number of labels, a column for each start, and their
   * difference where there are two.
   */
  TextTable table() {
    List<Start> starts = starts();
    boolean both = starts.size() == Start.values().length;
    List<String> headings = new ArrayList<>(List.of("labels", "epochs", "updates"));
    starts.forEach(start -> headings.add(start.toString()));
    if (both) {
      headings.add("difference");
    }
    TextTable table = new TextTable(headings.toArray(String[]::new));
    for (LabelCount count : labels()) {
      Run any = of(starts.get(0), count).get(0);
      List<Integer> epochs = any.curve.epochs();
      List<Object> row = new ArrayList<>();
      row.add(count.equals(LabelCount.ALL) ? any.labelled + " (all)" : count);
      row.add(epochs.get(epochs.size() - 1));
      row.add(any.updates);
      starts.forEach(start -> row.add(Spread.of(percents(of(start, count)))));
      if (both) {
        row.add(Spread.of(differences(count)));
      }
      table.row(row.toArray());
    }
    return table;
  }

  private double[] differences(LabelCount count) {
    double[] random = percents(of(Start.RANDOM, count));
    double[] pretrained = percents(of(Start.PRETRAINED, count));
    return IntStream.range(0, random.length).mapToDouble(i -> random[i] - pretrained[i]).toArray();
  }

  private static double[] percents(List<Run> runs) {
    return runs.stream().mapToDouble(r -> 100 * r.curve.last()).toArray();
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
    for (Start start : starts()) {
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
