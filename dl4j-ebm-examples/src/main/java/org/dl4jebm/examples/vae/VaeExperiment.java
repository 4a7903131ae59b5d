/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.variational.Evidence;
import org.dl4jebm.training.variational.EvidenceEstimator;
import org.dl4jebm.training.variational.EvidenceOptions;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Trains a variational autoencoder for each seed and estimates its likelihood of test images. */
public final class VaeExperiment {

  /** The samples of the bounds, the same for all seeds of the training. */
  private static final long EVIDENCE_SEED = 4321;

  private final Settings settings;
  private final VaeData data;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;

  /**
   * Everything that determines the numbers, apart from the images.
   *
   * @param training how the network is built and trained
   * @param evidenceSamples samples of an image in the final bound
   * @param evidenceImages test images of the final bound, the first ones
   * @param every epochs from one look at the bounds to the next
   * @param seeds of the repetitions, not 0; at least one, none twice
   * @param resume whether to go on from the files of an earlier run
   * @param published the figure to compare with
   */
  public record Settings(
      VaeSettings training,
      int evidenceSamples,
      int evidenceImages,
      int every,
      List<Long> seeds,
      boolean resume,
      String published) {

    /**
     * Checks and copies the settings.
     *
     * @throws IllegalArgumentException naming the option, its value and what is accepted
     */
    public Settings {
      Checks.atLeast(1, evidenceSamples, "--evidence-samples");
      Checks.atLeast(1, evidenceImages, "--evidence-images");
      Checks.atLeast(1, every, "--every");
      seeds.forEach(seed -> Seeds.requireNonZero(seed, "--seeds"));
      Checks.require(
          !seeds.isEmpty() && new HashSet<>(seeds).size() == seeds.size(),
          "--seeds",
          seeds,
          "one value or more, none of them twice");
      seeds = List.copyOf(seeds);
    }
  }

  /**
   * Sets the experiment up.
   *
   * @param settings what to do
   * @param data training and test images. Not modified.
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows training and sampling
   */
  public VaeExperiment(
      Settings settings, VaeData data, OutputFolder folder, PrintWriter out, Progress progress) {
    this.settings = settings;
    this.data = data;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be read or written
   * @throws org.dl4jebm.training.TrainingDivergedException if a training leads to values that are
   *     not finite
   */
  public void run() throws IOException {
    TextTable table =
        new TextTable(
            "seed",
            "epochs",
            "ELBO",
            "reconstruction",
            "KL",
            "NLL, k = " + settings.evidenceSamples(),
            "training s",
            "evidence s");
    Curves curves = new Curves("Evidence lower bound, one sample", "epoch", "nats an image");
    for (long seed : settings.seeds()) {
      VaeTraining training =
          new VaeTraining(settings.training(), data, seed, settings.every(), folder, progress);
      ComputationGraph network = training.run(settings.resume());
      draw(curves, training.looks(), seed);
      folder.writePng("bounds.png", curves.render());
      VaeTraining.Look last = training.looks().get(training.looks().size() - 1);
      print(
          "seed %d: %d epochs in %.0f s, bound of %s",
          seed, last.epoch(), last.seconds(), "test images " + number(last.test()));
      new VaePictures(LatentVariableModel.of(network), data.images().test(), data.test())
          .write(folder, "-seed" + seed);
      long start = System.nanoTime();
      Evidence evidence = evidence(network);
      double seconds = (System.nanoTime() - start) / 1e9;
      print("seed %d: %s", seed, evidence);
      table.row(
          seed,
          last.epoch(),
          evidence.lowerBound(),
          evidence.reconstruction(),
          evidence.divergence(),
          evidence.negativeLogLikelihood(),
          String.format(Locale.ROOT, "%.0f", last.seconds()),
          String.format(Locale.ROOT, "%.0f", seconds));
    }
    String text =
        String.format(
            Locale.ROOT,
            "Nats an image with standard errors, %d test images of %d pixels (%s). Published: %s."
                + "%n%n%s%n%s%n",
            evidenceRows().rows(),
            data.size(),
            data.pixels(),
            settings.published(),
            table,
            settings.training());
    folder.writeText("results.md", text);
    print("%n%s", text);
    print("Tables, pictures and networks are in %s", folder);
  }

  private INDArray evidenceRows() {
    INDArray test = data.test();
    return test.get(
        NDArrayIndex.interval(0, Math.min(settings.evidenceImages(), test.rows())),
        NDArrayIndex.all());
  }

  private Evidence evidence(ComputationGraph network) {
    return new EvidenceEstimator(
            LatentVariableModel.of(network),
            EvidenceOptions.samples(settings.evidenceSamples()).withSeed(EVIDENCE_SEED),
            progress)
        .estimate(evidenceRows());
  }

  private static void draw(Curves curves, List<VaeTraining.Look> looks, long seed) {
    List<double[]> columns = new ArrayList<>();
    columns.add(looks.stream().mapToDouble(VaeTraining.Look::epoch).toArray());
    columns.add(looks.stream().mapToDouble(VaeTraining.Look::train).toArray());
    columns.add(looks.stream().mapToDouble(VaeTraining.Look::test).toArray());
    curves.add("training images, seed " + seed, columns.get(0), columns.get(1));
    curves.add("test images, seed " + seed, columns.get(0), columns.get(2));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private void print(String format, Object... arguments) {
    out.println(String.format(Locale.ROOT, format, arguments));
    out.flush();
  }
}
