/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.ShuffledDataSetIterator.Options;
import org.dl4jebm.training.report.Progress;
import org.nd4j.evaluation.classification.Evaluation;

/** Trains a classifier with DL4J's {@code fit} and follows its test error. */
final class FineTuning {

  private static final int CURVE_POINTS = 25;
  private static final int TEST_BATCH = 1000;

  private final LabelledImages test;
  private final FineTuneSettings settings;
  private final Progress progress;

  FineTuning(LabelledImages test, FineTuneSettings settings, Progress progress) {
    this.test = test;
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * The test error on the way.
   *
   * @param epochs numbers of epochs after which it was measured, from 0
   * @param errors test error after each, in [0, 1]
   */
  record Curve(List<Integer> epochs, List<Double> errors) {

    double last() {
      return errors.get(errors.size() - 1);
    }
  }

  /** Trains for so many epochs; the order of the images follows from the seed. */
  Curve run(
      String name, MultiLayerNetwork network, LabelledImages labelled, int epochs, long seed) {
    ShuffledDataSetIterator batches =
        new ShuffledDataSetIterator(
            labelled.features(), labelled.oneHot(), Options.shuffled(settings.batch(), seed));
    Watcher watcher = new Watcher(name, epochs, batches.batchesPerEpoch());
    progress.start(name, (long) epochs * batches.batchesPerEpoch());
    watcher.measure(network, 0);
    network.setListeners(watcher);
    network.fit(batches, epochs);
    network.setListeners(List.of());
    progress.finish(
        String.format(Locale.ROOT, "%d epochs, test error %.2f %%", epochs, 100 * watcher.last()));
    return new Curve(watcher.epochs, watcher.errors);
  }

  /** Share of the test images that a classifier gets wrong. */
  double testError(MultiLayerNetwork network) {
    Evaluation evaluation =
        network.evaluate(
            new ShuffledDataSetIterator(
                test.features(), test.oneHot(), Options.inOrder(TEST_BATCH)));
    return 1 - evaluation.accuracy();
  }

  private final class Watcher extends BaseTrainingListener {

    private final String name;
    private final int total;
    private final int updatesPerEpoch;
    private final List<Integer> epochs = new ArrayList<>();
    private final List<Double> errors = new ArrayList<>();
    private int updates;
    private int done;

    Watcher(String name, int total, int updatesPerEpoch) {
      this.name = name;
      this.total = total;
      this.updatesPerEpoch = updatesPerEpoch;
    }

    double last() {
      return errors.get(errors.size() - 1);
    }

    void measure(MultiLayerNetwork network, int epoch) {
      epochs.add(epoch);
      errors.add(testError(network));
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      updates++;
      double score = model.score();
      if (!Double.isFinite(score)) {
        throw new TrainingDivergedException(
            name
                + " diverged: the score is "
                + score
                + " after update "
                + updates
                + "; accepted: a smaller --finetune-rate");
      }
      progress.advance(
          updates,
          () ->
              String.format(
                  Locale.ROOT,
                  "epoch %d/%d, score %.4f",
                  (updates - 1) / updatesPerEpoch + 1,
                  total,
                  score));
    }

    @Override
    public void onEpochEnd(Model model) {
      done++;
      boolean measured = (long) done * CURVE_POINTS / total > (done - 1L) * CURVE_POINTS / total;
      if (measured) {
        measure((MultiLayerNetwork) model, done);
      }
    }
  }
}
