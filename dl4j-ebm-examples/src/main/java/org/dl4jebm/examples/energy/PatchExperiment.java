/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.TitledPictures;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RbmObjective;
import org.dl4jebm.layers.rbm.RbmParamInitializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.ScoreMatchingObjective;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.Whitening;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Trains two machines with Gaussian visible and Bernoulli hidden units on whitened patches of
 * images, one by score matching and one by contrastive divergence, from the same weights (as
 * Swersky and others, ICML 2011), and shows their filters.
 */
public final class PatchExperiment {

  private static final double START_DEVIATION = 0.01;

  /** Hidden units begin as rarely on as those that stand for single edges will be. */
  private static final double START_HIDDEN_BIAS = -3;

  private static final int HELD_OUT = 5000;
  private static final int SHOWN = 100;
  private static final int SHOWN_PATCHES = 25;
  private static final int COLUMNS = 25;

  /**
   * Added to the variance of a patch, in mean variances of all, before its contrast is set to 1.
   */
  private static final double CONTRAST_FLOOR = 0.1;

  /** Added to the variances of directions in whitening, where noise would be all there is. */
  private static final double EPSILON = 0.5;

  private final PatchArguments arguments;
  private final PatchSource source;
  private final INDArray train;
  private final INDArray test;
  private final INDArray raw;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;

  /**
   * Sets the experiment up.
   *
   * @param arguments what to do
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows the training
   * @throws IOException if there are no images, or one cannot be read
   * @throws IllegalArgumentException naming the option that is not accepted
   */
  public PatchExperiment(
      PatchArguments arguments, OutputFolder folder, PrintWriter out, Progress progress)
      throws IOException {
    arguments.check();
    this.arguments = arguments;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
    long seed = arguments.seed();
    source =
        arguments.images() == null
            ? PatchSource.deadLeaves(Seeds.derive(seed, 1))
            : PatchSource.read(arguments.images());
    raw = source.patches(arguments.patches(), arguments.side(), Seeds.derive(seed, 2));
    int held = Math.min(HELD_OUT, arguments.patches());
    INDArray other = source.patches(held, arguments.side(), Seeds.derive(seed, 3));
    double variance = mean(raw.mul(raw));
    if (!(variance > 0)) {
      throw new IllegalArgumentException(
          "the patches of " + source.description() + " are all of one colour; accepted: others");
    }
    INDArray even = normalized(raw, variance);
    Whitening whitening = Whitening.of(even, EPSILON);
    train = whitening.apply(even);
    test = whitening.apply(normalized(other, variance));
    double deviation = Math.sqrt(mean(train.mul(train)));
    train.divi(deviation);
    test.divi(deviation);
  }

  /** Patches divided by about their standard deviation. */
  private static INDArray normalized(INDArray patches, double variance) {
    INDArray deviations = patches.mul(patches).mean(1).addi(CONTRAST_FLOOR * variance);
    return patches.divColumnVector(Transforms.sqrt(deviations));
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be written
   * @throws org.dl4jebm.training.TrainingDivergedException if a training diverges
   */
  public void run() throws IOException {
    TextTable table =
        new TextTable(
            "machine",
            "score matching loss",
            "reconstruction error",
            "mean hidden activity",
            "seconds of training");
    row(table, "at the start", machine(new ScoreMatchingObjective()), "");
    List<String> titles = new ArrayList<>();
    List<BufferedImage> pictures = new ArrayList<>();
    ImageGrid grid =
        ImageGrid.filters(arguments.side(), arguments.side())
            .withColumns(COLUMNS)
            .withMagnification(3);
    titles.add("Patches, and the same whitened");
    pictures.add(grid.renderPairs(first(raw), first(train)));
    for (boolean matching : new boolean[] {true, false}) {
      String name = matching ? "score matching" : "CD-1";
      MultiLayerNetwork network =
          machine(matching ? new ScoreMatchingObjective() : ContrastiveDivergenceOptions.DEFAULT);
      long start = System.nanoTime();
      train(network);
      double seconds = (System.nanoTime() - start) / 1e9;
      row(table, name, network, String.format(Locale.ROOT, "%.1f", seconds));
      ModelFiles.write(network, folder.path().resolve(matching ? "score-matching.zip" : "cd.zip"));
      titles.add("Filters by " + name);
      pictures.add(
          grid.renderColumns(
              model(network)
                  .weights()
                  .get(
                      NDArrayIndex.all(),
                      NDArrayIndex.interval(0, Math.min(SHOWN, arguments.hidden())))));
    }
    folder.writePng("filters.png", TitledPictures.stack(titles, pictures));
    report(table);
  }

  private INDArray first(INDArray patches) {
    return patches.get(
        NDArrayIndex.interval(0, Math.min(SHOWN_PATCHES, patches.rows())), NDArrayIndex.all());
  }

  private MultiLayerNetwork machine(RbmObjective objective) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(Seeds.derive(arguments.seed(), 4))
                .updater(new HostAdam(arguments.rate()))
                .weightInit(new NormalDistribution(0, START_DEVIATION))
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .nIn(train.columns())
                        .nOut(arguments.hidden())
                        .visibleUnits(GaussianUnits.withVariance(arguments.variance()))
                        .objective(objective)
                        .build())
                .build());
    network.init();
    network.getLayer(0).getParam(RbmParamInitializer.HIDDEN_BIAS_KEY).assign(START_HIDDEN_BIAS);
    return network;
  }

  private static RbmModel model(MultiLayerNetwork network) {
    return ((RestrictedBoltzmannMachineLayer) network.getLayer(0)).model();
  }

  private void train(MultiLayerNetwork network) {
    new GreedyPretrainer(
            PretrainOptions.epochs(arguments.epochs()).withSeed(arguments.seed()), progress)
        .fit(
            network,
            new ShuffledDataSetIterator(
                train,
                ShuffledDataSetIterator.Options.shuffled(
                        arguments.batch(), Seeds.derive(arguments.seed(), 5))
                    .reusingArrays()));
  }

  private void row(TextTable table, String name, MultiLayerNetwork network, String seconds) {
    RbmModel model = model(network);
    INDArray difference = model.reconstruct(test).sub(test);
    table.row(
        name,
        number(mean(new ScoreMatchingObjective().losses(model, test))),
        number(mean(difference.muli(difference))),
        number(mean(model.propUp(test))),
        seconds);
  }

  private static double mean(INDArray values) {
    return values.castTo(DataType.DOUBLE).meanNumber().doubleValue();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private void report(TextTable table) throws IOException {
    String text =
        String.format(
            Locale.ROOT,
            "%d patches of %dx%d pixels of %s, of even contrast and whitened; %d other patches of the same images for the"
                + " table. %d hidden units, variance of visible units %s, %d epochs, seed %d."
                + " Reconstruction error: mean square a pixel, whose variance is %.3f.%n%n%s",
            train.rows(),
            arguments.side(),
            arguments.side(),
            source.description(),
            test.rows(),
            arguments.hidden(),
            arguments.variance(),
            arguments.epochs(),
            arguments.seed(),
            mean(test.mul(test)),
            table);
    folder.writeText("results.md", text);
    out.printf("%s%nTable, pictures and machines are in %s%n", text, folder);
    out.flush();
  }
}
