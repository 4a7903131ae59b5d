/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.examples.cli.TitledPictures;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.TrainTest;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.sampling.AnnealedLangevin;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions;
import org.dl4jebm.training.sampling.Box;
import org.dl4jebm.training.sampling.Starts;
import org.dl4jebm.training.score.NoiseConditionalScore;
import org.dl4jebm.training.score.NoiseLevels;
import org.dl4jebm.training.score.ParameterAverage;
import org.dl4jebm.training.score.ScoreMatching;
import org.dl4jebm.training.score.ScoreMatchingOptions;
import org.dl4jebm.training.score.ScoreObjective;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Trains a noise-conditional score network on images of digits (Song and Ermon, NeurIPS 2019),
 * draws images from it by annealed Langevin sampling, and fills the half of test images that is
 * hidden from it.
 */
public final class ScoreExperiment {

  private static final int DIGITS_EPOCHS = 20;
  private static final int MNIST_EPOCHS = 2;
  private static final double RATE = 1e-3;

  /** Points in time at which the held-out loss is measured. */
  private static final int LOOKS = 10;

  private static final int HELD_OUT = 1000;
  private static final int SAMPLES = 64;
  private static final int COLUMNS = 16;

  /** Fillings of each hidden half. */
  private static final int FILLINGS = 3;

  private final DigitArguments arguments;
  private final ScoreArguments settings;
  private final LabelledImages train;
  private final LabelledImages test;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;
  private final NoiseLevels levels;
  private final ComputationGraph network;
  private final ParameterAverage average;
  private final List<double[]> looks = new ArrayList<>();

  /**
   * Sets the experiment up.
   *
   * @param arguments images and training
   * @param settings noise and sampling
   * @param images training and test images. Not modified.
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows training and sampling
   * @throws IllegalArgumentException naming the option that is not accepted
   */
  public ScoreExperiment(
      DigitArguments arguments,
      ScoreArguments settings,
      TrainTest images,
      OutputFolder folder,
      PrintWriter out,
      Progress progress) {
    settings.check();
    this.arguments = arguments;
    this.settings = settings;
    train = images.train();
    test = images.test().size() > HELD_OUT ? images.test().first(HELD_OUT) : images.test();
    this.folder = folder;
    this.out = out;
    this.progress = progress;
    levels = settings.levels();
    average = new ParameterAverage(settings.average());
    network =
        ScoreNetwork.of(
            train.height(), train.width(), arguments.rate(RATE), Seeds.derive(arguments.seed(), 1));
    network.setListeners(average);
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be written
   * @throws org.dl4jebm.training.TrainingDivergedException if the training diverges
   */
  public void run() throws IOException {
    int epochs = arguments.epochs(DIGITS_EPOCHS, MNIST_EPOCHS);
    double seconds = train(epochs);
    ComputationGraph averaged = average.of(network);
    ModelFiles.write(averaged, folder.path().resolve("model.zip"));
    levels.addTo(folder.path().resolve("model.zip"));
    NoiseConditionalScore score = NoiseConditionalScore.of(averaged, levels);
    long start = System.nanoTime();
    samples(score);
    double sampling = (System.nanoTime() - start) / 1e9;
    folder.writePng("inpainting.png", inpainting(score));
    report(epochs, seconds, sampling);
  }

  private double train(int epochs) throws IOException {
    ShuffledDataSetIterator batches =
        new ShuffledDataSetIterator(
            images(train),
            ShuffledDataSetIterator.Options.shuffled(
                    Math.min(arguments.batch(), train.size()), Seeds.derive(arguments.seed(), 2))
                .reusingArrays());
    int each = Math.max(1, epochs / LOOKS);
    double seconds = 0;
    looks.add(new double[] {0, heldOut(network), heldOut(network)});
    for (int done = 0; done < epochs; ) {
      int count = Math.min(each, epochs - done);
      seconds +=
          new ScoreMatching(
                  ScoreMatchingOptions.of(ScoreObjective.noiseConditional(levels), count)
                      .withSeed(Seeds.derive(arguments.seed(), 3)),
                  progress)
              .fit(network, batches)
              .seconds();
      done += count;
      looks.add(new double[] {done, heldOut(network), heldOut(average.of(network))});
    }
    double[] x = looks.stream().mapToDouble(look -> look[0]).toArray();
    folder.writePng(
        "score-loss.png",
        new Curves("Loss of test images", "epoch", "loss a pixel")
            .add("network", x, looks.stream().mapToDouble(look -> look[1]).toArray())
            .add("average of parameters", x, looks.stream().mapToDouble(look -> look[2]).toArray())
            .render());
    return seconds;
  }

  /** The objective of the test images divided by the number of pixels. */
  private double heldOut(ComputationGraph graph) {
    ScoreMatchingOptions options =
        ScoreMatchingOptions.of(ScoreObjective.noiseConditional(levels), 1)
            .withSeed(Seeds.derive(arguments.seed(), 4));
    return new ScoreMatching(options)
            .score(
                graph,
                new ShuffledDataSetIterator(
                    images(test), ShuffledDataSetIterator.Options.inOrder(test.size())))
        / (train.height() * train.width());
  }

  /** Images as {@code [n, 1, height, width]}. */
  private static INDArray images(LabelledImages images) {
    return images
        .features()
        .dup('c')
        .reshape('c', new long[] {images.size(), 1, images.height(), images.width()});
  }

  private INDArray rows(INDArray images) {
    return images.reshape('c', new long[] {images.size(0), (long) train.height() * train.width()});
  }

  private INDArray noise(int n, RandomStream random) {
    INDArray noise = Nd4j.create(DataType.FLOAT, n, 1, train.height(), train.width());
    Starts.uniform(Box.UNIT).draw(random, noise);
    return noise;
  }

  private AnnealedLangevinOptions sampling() {
    return AnnealedLangevinOptions.of(levels.sigmas())
        .withSteps(settings.steps(arguments.quick()))
        .withEpsilon(settings.epsilon(), AnnealedLangevinOptions.Convention.CODE)
        .withDenoising(true);
  }

  private ImageGrid grid() {
    return ImageGrid.images(train.height(), train.width()).withColumns(COLUMNS);
  }

  private void samples(NoiseConditionalScore score) throws IOException {
    try (RandomStream random = new RandomStream(Seeds.derive(arguments.seed(), 5))) {
      AnnealedLangevin chains =
          AnnealedLangevin.from(score, noise(SAMPLES, random), sampling(), random);
      List<INDArray> byLevel = new ArrayList<>();
      progress.start("sampling", levels.count());
      byLevel.add(first(chains.points()));
      for (int level = 0; level < levels.count(); level++) {
        chains.step(settings.steps(arguments.quick()));
        byLevel.add(first(chains.points()));
        progress.step(level + 1, "");
      }
      INDArray last = chains.run();
      byLevel.add(first(last));
      progress.finish(null);
      folder.writePng("samples-by-level.png", grid().render(Nd4j.vstack(byLevel)));
      folder.writePng("samples.png", grid().render(rows(last)));
    }
  }

  private INDArray first(INDArray images) {
    return rows(images).get(NDArrayIndex.interval(0, COLUMNS), NDArrayIndex.all()).dup('c');
  }

  private BufferedImage inpainting(NoiseConditionalScore score) {
    List<String> titles = new ArrayList<>();
    List<BufferedImage> pictures = new ArrayList<>();
    INDArray originals = images(test.first(Math.min(COLUMNS, test.size())));
    int middle = train.height() / 2;
    for (boolean upper : new boolean[] {true, false}) {
      INDArray known = Nd4j.zeros(DataType.FLOAT, 1, 1, train.height(), train.width());
      known
          .get(
              NDArrayIndex.all(),
              NDArrayIndex.all(),
              upper
                  ? NDArrayIndex.interval(0, middle)
                  : NDArrayIndex.interval(middle, train.height()),
              NDArrayIndex.all())
          .assign(1);
      titles.add(
          "Test images, what the network sees (the "
              + (upper ? "upper" : "lower")
              + " half), and what it fills in");
      pictures.add(filled(score, originals, known, upper ? 6 : 7));
    }
    return TitledPictures.stack(titles, pictures);
  }

  private BufferedImage filled(
      NoiseConditionalScore score, INDArray originals, INDArray known, long stream) {
    int n = (int) originals.size(0);
    INDArray all = known.broadcast(originals.shape());
    // Unknown pixels are shown in grey.
    INDArray seen = originals.mul(all).addi(all.rsub(1).muli(0.5));
    List<INDArray> parts = new ArrayList<>(List.of(rows(originals), rows(seen)));
    INDArray repeated = Nd4j.concat(0, copies(originals));
    try (RandomStream random = new RandomStream(Seeds.derive(arguments.seed(), stream))) {
      INDArray filled =
          AnnealedLangevin.inpaint(
                  score, noise(FILLINGS * n, random), repeated, known, sampling(), random)
              .run(progress);
      parts.add(rows(filled));
    }
    return grid().render(Nd4j.vstack(parts));
  }

  private static INDArray[] copies(INDArray array) {
    INDArray[] copies = new INDArray[FILLINGS];
    Arrays.fill(copies, array);
    return copies;
  }

  private void report(int epochs, double seconds, double sampling) throws IOException {
    TextTable table =
        new TextTable("parameters", "loss of a test image, a pixel", "seconds of training");
    table.row("at the start", number(looks.get(0)[1]), "");
    double[] last = looks.get(looks.size() - 1);
    table.row("after " + epochs + " epochs", number(last[1]), Math.round(seconds));
    table.row("their average", number(last[2]), "");
    String text =
        String.format(
            Locale.ROOT,
            "Denoising loss |sigma s + z|^2 / 2 over %d levels of noise from %s to %s, divided by"
                + " %d pixels; 0.5 for a score of 0. %d training images, %d test images, %d"
                + " parameters, seed %d. %d samples of %d moves in %.1f s.%n%n%s",
            levels.count(),
            number(levels.sigma(0)),
            number(levels.sigma(levels.count() - 1)),
            train.height() * train.width(),
            train.size(),
            test.size(),
            network.numParams(),
            arguments.seed(),
            SAMPLES,
            levels.count() * settings.steps(arguments.quick()) + 1,
            sampling,
            table);
    folder.writeText("results.md", text);
    out.printf("%s%nTables, pictures and the network are in %s%n", text, folder);
    out.flush();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
