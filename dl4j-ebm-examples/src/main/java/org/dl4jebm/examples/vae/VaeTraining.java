/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.variational.EvidenceEstimator;
import org.dl4jebm.training.variational.EvidenceOptions;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Trains one network, looks at its bounds now and then, and saves it with each look, so that a run
 * that was interrupted can go on.
 */
final class VaeTraining {

  /** Images whose bounds are looked at. */
  private static final int WATCHED = 1000;

  private final VaeSettings settings;
  private final VaeData data;
  private final long seed;
  private final int every;
  private final OutputFolder folder;
  private final Progress progress;
  private final List<Look> looks = new ArrayList<>();

  /**
   * What was seen after an epoch.
   *
   * @param epoch epochs done
   * @param train evidence lower bound of training images, nats an image, one sample each
   * @param test the same of test images
   * @param seconds time of the training so far
   */
  record Look(int epoch, double train, double test, double seconds) {

    private static final String HEADING = "epoch,train,test,seconds";

    private String line() {
      return String.format(Locale.ROOT, "%d,%.4f,%.4f,%.1f", epoch, train, test, seconds);
    }

    private static Look of(String line) {
      String[] cells = line.split(",");
      return new Look(
          Integer.parseInt(cells[0]),
          Double.parseDouble(cells[1]),
          Double.parseDouble(cells[2]),
          Double.parseDouble(cells[3]));
    }
  }

  /**
   * Sets the training up.
   *
   * @param every epochs from one look to the next
   */
  VaeTraining(
      VaeSettings settings,
      VaeData data,
      long seed,
      int every,
      OutputFolder folder,
      Progress progress) {
    this.settings = settings;
    this.data = data;
    this.seed = seed;
    this.every = every;
    this.folder = folder;
    this.progress = progress;
  }

  private Path modelFile() {
    return folder.path().resolve("model-seed" + seed + ".zip");
  }

  private String curveFile() {
    return "curve-seed" + seed + ".csv";
  }

  /** What was seen, in order. */
  List<Look> looks() {
    return looks;
  }

  /**
   * Trains to the end.
   *
   * @param resume whether to go on from the files of an earlier run, where there are any
   * @throws TrainingDivergedException if the score stops being finite; the file holds the last look
   */
  ComputationGraph run(boolean resume) throws IOException {
    INDArray train = data.train(seed, 0);
    ComputationGraph network =
        resume && Files.exists(modelFile())
            ? restored()
            : VaeNetworks.dense(settings, train.mean(true, 0), Seeds.derive(seed, 1));
    int epochs = settings.totalEpochs();
    int batches = (train.rows() - 1) / settings.batch() + 1;
    int done = network.getConfiguration().getEpochCount();
    double seconds = looks.isEmpty() ? 0 : looks.get(looks.size() - 1).seconds();
    progress.start("seed " + seed + ", training", (long) batches * epochs);
    network.setListeners(new Follower(batches));
    for (int epoch = done; epoch < epochs; epoch++) {
      long start = System.nanoTime();
      INDArray rows =
          settings.pixels() == VaeData.Pixels.RESAMPLED ? data.train(seed, epoch) : train;
      network.fit(
          new ShuffledDataSetIterator(
              rows,
              ShuffledDataSetIterator.Options.shuffled(
                      Math.min(settings.batch(), rows.rows()), Seeds.derive(seed, epoch + 2L))
                  .reusingArrays()));
      seconds += (System.nanoTime() - start) / 1e9;
      if ((epoch + 1) % every == 0 || epoch + 1 == epochs) {
        look(network, rows, epoch + 1, seconds);
      }
    }
    progress.finish(
        looks.isEmpty() ? null : String.format(Locale.ROOT, "bound %.2f", last().test()));
    network.setListeners();
    return network;
  }

  private Look last() {
    return looks.get(looks.size() - 1);
  }

  private ComputationGraph restored() throws IOException {
    List<String> lines =
        Files.readAllLines(folder.path().resolve(curveFile()), StandardCharsets.UTF_8);
    lines.stream().skip(1).map(Look::of).forEach(looks::add);
    return ModelFiles.readComputationGraph(modelFile());
  }

  private void look(ComputationGraph network, INDArray train, int epoch, double seconds)
      throws IOException {
    if (!Double.isFinite(network.score())) {
      throw new TrainingDivergedException(
          "seed "
              + seed
              + ": score is "
              + network.score()
              + " after epoch "
              + epoch
              + (looks.isEmpty() ? "" : "; " + modelFile() + " holds epoch " + last().epoch()));
    }
    looks.add(new Look(epoch, bound(network, train), bound(network, data.test()), seconds));
    ModelFiles.write(network, modelFile());
    StringBuilder text = new StringBuilder(Look.HEADING).append('\n');
    looks.forEach(look -> text.append(look.line()).append('\n'));
    folder.writeText(curveFile(), text.toString());
  }

  private static double bound(ComputationGraph network, INDArray images) {
    INDArray rows =
        images.get(NDArrayIndex.interval(0, Math.min(WATCHED, images.rows())), NDArrayIndex.all());
    return new EvidenceEstimator(LatentVariableModel.of(network), EvidenceOptions.samples(1))
        .estimate(rows)
        .lowerBound()
        .mean();
  }

  /** Shows each step. */
  private final class Follower extends BaseTrainingListener {

    private final int batches;

    Follower(int batches) {
      this.batches = batches;
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      progress.advance(
          iteration + 1L,
          () ->
              String.format(
                  Locale.ROOT,
                  "epoch %d/%d, %.1f nats%s",
                  iteration / batches + 1,
                  settings.totalEpochs(),
                  model.score(),
                  looks.isEmpty() ? "" : String.format(Locale.ROOT, ", test %.2f", last().test())));
    }
  }
}
