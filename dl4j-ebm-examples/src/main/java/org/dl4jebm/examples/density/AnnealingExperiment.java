/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.NoisyScore;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.sampling.AnnealedLangevin;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions.Convention;
import org.dl4jebm.training.sampling.Box;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.LangevinChains;
import org.dl4jebm.training.score.NoiseConditionalScore;
import org.dl4jebm.training.score.NoiseLevels;
import org.dl4jebm.training.score.ParameterAverage;
import org.dl4jebm.training.score.ScoreMatching;
import org.dl4jebm.training.score.ScoreMatchingOptions;
import org.dl4jebm.training.score.ScoreObjective;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Weights of the modes of {@code 0.2 N((-5,-5), I) + 0.8 N((5,5), I)} in samples of Langevin chains
 * that begin uniform in {@code [-8, 8]^2}, plain and annealed through ten levels of noise from 10
 * to 0.1 (Song and Ermon, NeurIPS 2019, section 3.2 and figure 3).
 */
public final class AnnealingExperiment {

  /** Chains of each sampler in the default run. */
  public static final int CHAINS = 2000;

  /** Moves at each level in the default run. */
  public static final int STEPS = 100;

  /** Passes over the data in the default run. */
  public static final int EPOCHS = 60;

  private static final NoiseLevels LEVELS = NoiseLevels.geometric(10, 0.1, 10);
  private static final double SMALLEST = LEVELS.sigma(LEVELS.count() - 1);

  /** Weight of the mode at (-5, -5). */
  private static final double LOWER = 0.2;

  private static final GaussianMixture MIXTURE =
      new GaussianMixture(new double[][] {{-5, -5}, {5, 5}}, new double[] {LOWER, 1 - LOWER}, 1);

  private static final Box START = new Box(-8, 8);

  /** At level sigma the step is this times {@code sigma^2 / 0.1^2}, 15 at the largest. */
  private static final double EPSILON = 0.0015;

  private static final double PLAIN_STEP = 0.1;
  private static final int POINTS = 10_000;
  private static final int BATCH = 250;
  private static final double RATE = 5e-3;
  private static final double AVERAGE = 0.99;

  /** The modes are ten apart. */
  private static final double STEEPNESS = 0.15;

  /**
   * What to do.
   *
   * @param chains of each sampler
   * @param steps moves at each level
   * @param epochs passes of the network over the data
   * @param seed of weights, data and samples; not 0
   */
  public record Settings(int chains, int steps, int epochs, long seed) {

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException naming the option, its value and what is accepted
     */
    public Settings {
      Checks.atLeast(2, chains, "--chains");
      Checks.atLeast(1, steps, "--steps");
      Checks.atLeast(1, epochs, "--epochs");
      Checks.require(seed != 0, "--seed", seed, "any number but 0");
    }

    /**
     * Small sizes that only show whether all works.
     *
     * @return one epoch, few and short chains
     */
    public Settings quick() {
      return new Settings(Math.min(chains, 100), Math.min(steps, 5), 1, seed);
    }
  }

  private final Settings settings;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;
  private final TextTable table =
      new TextTable("sampler", "scores", "moves", "share of the lower mode", "off by");
  private final PlanePicture picture =
      new PlanePicture(
          List.of(""), List.of("data", "plain", "annealed", "plain, network", "annealed, network"));

  /**
   * Prepares the experiment.
   *
   * @param settings what to do
   * @param folder gets {@code weights.md} and {@code samples.png}
   * @param out gets the table
   * @param progress told how far the work is; not closed
   */
  public AnnealingExperiment(
      Settings settings, OutputFolder folder, PrintWriter out, Progress progress) {
    this.settings = settings;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Trains, samples and writes the files.
   *
   * @throws IOException if a file cannot be written
   */
  public void run() throws IOException {
    INDArray drawn = MIXTURE.draw(settings.chains(), random(1));
    add(0, "independent draws", "", 0, drawn);
    NoisyScore exact = (x, sigma) -> MIXTURE.withNoise(sigma).scores(x);
    plain(1, exact, "exact");
    annealed(2, exact, "exact");
    NoisyScore network = network();
    plain(3, network, "network");
    annealed(4, network, "network");
    out.println(table);
    folder.writeText("weights.md", table.toString());
    folder.writePng("samples.png", picture.image());
    out.println("files are in " + folder);
  }

  private SplittableRandom random(long stream) {
    return new SplittableRandom(Seeds.derive(settings.seed(), stream));
  }

  private INDArray start() {
    INDArray start = Nd4j.create(settings.chains(), 2);
    try (RandomStream random = new RandomStream(Seeds.derive(settings.seed(), 2))) {
      random.uniform(start);
    }
    return start.muli(START.width()).addi(START.low());
  }

  /** As many moves as the annealed chains have, with the scores at the smallest level. */
  private void plain(int column, NoisyScore score, String scores) {
    int moves = settings.steps() * LEVELS.count();
    try (RandomStream random = new RandomStream(Seeds.derive(settings.seed(), 3))) {
      LangevinChains chains =
          LangevinChains.from(
              x -> score.score(x, SMALLEST), start(), Langevin.ofPaperStep(PLAIN_STEP), random);
      add(column, "plain Langevin", scores, moves, chains.step(moves).points());
    }
  }

  private void annealed(int column, NoisyScore score, String scores) {
    AnnealedLangevinOptions options =
        AnnealedLangevinOptions.of(LEVELS.sigmas())
            .withSteps(settings.steps())
            .withEpsilon(EPSILON, Convention.PAPER);
    try (RandomStream random = new RandomStream(Seeds.derive(settings.seed(), 4))) {
      INDArray points = AnnealedLangevin.from(score, start(), options, random).run(progress);
      add(column, "annealed Langevin", scores, settings.steps() * LEVELS.count(), points);
    }
  }

  private void add(int column, String sampler, String scores, int moves, INDArray points) {
    double[][] rows = points.toDoubleMatrix();
    picture.points(0, column, rows, START);
    int below = 0;
    for (double[] row : rows) {
      below += row[0] + row[1] < 0 ? 1 : 0;
    }
    double share = below / (double) rows.length;
    // With the true weight where no chain, or every one, is in the mode.
    double spread = below == 0 || below == rows.length ? LOWER : share;
    double error = Math.sqrt(spread * (1 - spread) / rows.length);
    table.row(
        sampler,
        scores,
        moves,
        String.format(Locale.ROOT, "%.4f ± %.4f", share, error),
        String.format(Locale.ROOT, "%.4f", share - LOWER));
  }

  private NoisyScore network() {
    ShuffledDataSetIterator data =
        new ShuffledDataSetIterator(
            MIXTURE.draw(POINTS, random(5)),
            ShuffledDataSetIterator.Options.shuffled(BATCH, settings.seed()));
    int steps = settings.epochs() * data.batchesPerEpoch();
    MultiLayerNetwork network =
        EnergyNetworks.network(3, 2, RATE, steps, STEEPNESS, START.high(), settings.seed());
    ParameterAverage average = new ParameterAverage(AVERAGE);
    network.setListeners(average);
    new ScoreMatching(
            ScoreMatchingOptions.of(ScoreObjective.noiseConditional(LEVELS), settings.epochs())
                .withSeed(settings.seed()),
            progress)
        .fit(network, data);
    return NoiseConditionalScore.of(average.of(network), LEVELS);
  }
}
