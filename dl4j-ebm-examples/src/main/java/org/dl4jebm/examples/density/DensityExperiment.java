/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.energy.EnergyTrainer;
import org.dl4jebm.training.likelihood.AisSandwich;
import org.dl4jebm.training.likelihood.BaseDistribution;
import org.dl4jebm.training.likelihood.EnergyAnnealing;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.sampling.EnergyChains;
import org.dl4jebm.training.sampling.Mala;
import org.dl4jebm.training.score.ParameterAverage;
import org.dl4jebm.training.score.ScoreMatching;
import org.dl4jebm.training.score.ScoreMatchingOptions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Learns densities of the plane by each objective and compares them. The models live in the square
 * of the grid: walls reflect their chains, and log Z is the integral over it, so that an energy
 * that has not learned to rise outside of the data is still a density.
 */
public final class DensityExperiment {

  private static final int BATCH = 200;
  private static final double AVERAGE = 0.98;

  /** First-layer units bend over about a quarter of the square. */
  private static final double STEEPNESS = 1;

  /** Before the step size is adapted. */
  private static final Mala KERNEL = Mala.of(0.02).within(PlaneGrid.BOX);

  /** The streams of random numbers of a density. */
  private static final int STREAMS = 3;

  private final DensitySettings settings;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;

  /**
   * Prepares the experiment.
   *
   * @param settings what to do
   * @param folder gets {@code results.md} and {@code densities.png}
   * @param out gets the table
   * @param progress told how far the work is; not closed
   */
  public DensityExperiment(
      DensitySettings settings, OutputFolder folder, PrintWriter out, Progress progress) {
    this.settings = settings;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Trains, measures and writes the files.
   *
   * @throws IOException if a file cannot be written
   */
  public void run() throws IOException {
    List<Shape> shapes = settings.shapes();
    List<Objective> objectives = settings.objectives();
    List<String> columns = new ArrayList<>(List.of("true"));
    objectives.forEach(objective -> columns.add(objective.label()));
    PlanePicture picture = new PlanePicture(shapes.stream().map(Shape::label).toList(), columns);
    TextTable table = new TextTable(DensityFinding.headings());
    StringBuilder entropies = new StringBuilder();
    progress.start("energies of the plane", (long) shapes.size() * objectives.size());
    for (int row = 0; row < shapes.size(); row++) {
      Trial trial = new Trial(shapes.get(row), picture, row);
      entropies.append(
          String.format(
              Locale.ROOT,
              "%s %.3f%s",
              trial.shape.label(),
              -trial.truth.entropy(),
              separator(row)));
      for (int i = 0; i < objectives.size(); i++) {
        table.row(trial.cells(objectives.get(i), i + 1));
        progress.step((long) row * objectives.size() + i + 1, null);
      }
    }
    progress.finish(null);
    String text =
        table
            + "\nBest possible expected log-likelihoods, minus the entropies, in nats: "
            + entropies;
    out.println(text);
    folder.writeText("results.md", text + "\n");
    folder.writePng("densities.png", picture.image());
    out.println("files are in " + folder);
  }

  private String separator(int row) {
    return row == settings.shapes().size() - 1 ? "." : ", ";
  }

  /** One density. */
  private final class Trial {

    private final Shape shape;
    private final PlaneDensity density;
    private final PlaneGrid truth;
    private final INDArray training;
    private final INDArray test;
    private final PlanePicture picture;
    private final int row;
    private final double darkest;

    Trial(Shape shape, PlanePicture picture, int row) {
      this.shape = shape;
      this.picture = picture;
      this.row = row;
      density = shape.density();
      truth = PlaneGrid.of(density);
      training = density.draw(settings.trainingPoints(), new SplittableRandom(seed(0)));
      test = density.draw(settings.testPoints(), new SplittableRandom(seed(1)));
      darkest =
          IntStream.range(0, PlaneGrid.SIDE * PlaneGrid.SIDE)
              .mapToDouble(truth::logDensity)
              .max()
              .orElseThrow();
      picture.density(row, 0, truth, darkest);
      INDArray shown = density.draw(settings.samples(), new SplittableRandom(seed(2)));
      picture.points(row, 0, shown.toDoubleMatrix(), PlaneGrid.BOX);
    }

    private long seed(int stream) {
      return Seeds.derive(settings.seed(), (long) STREAMS * shape.ordinal() + stream);
    }

    /** A training that diverges is a finding, too. */
    Object[] cells(Objective objective, int column) {
      try {
        return run(objective, column).cells();
      } catch (TrainingDivergedException e) {
        out.println(shape.label() + ", " + objective.label() + ": " + e.getMessage());
        Object[] cells = new Object[DensityFinding.headings().length];
        Arrays.fill(cells, "");
        cells[0] = shape.label();
        cells[1] = objective.label();
        cells[2] = "diverged";
        return cells;
      }
    }

    private DensityFinding run(Objective objective, int column) {
      long start = System.nanoTime();
      DifferentiableEnergy energy = train(objective);
      double seconds = (System.nanoTime() - start) / 1e9;
      PlaneGrid grid = PlaneGrid.of(energy);
      picture.density(row, column, grid, darkest);
      picture.points(row, column, samples(energy).toDoubleMatrix(), PlaneGrid.BOX);
      INDArray scores = density.scores(test);
      double likelihood =
          -energy.energy(test).castTo(DataType.DOUBLE).meanNumber().doubleValue()
              - grid.logIntegral();
      return new DensityFinding(
          shape,
          objective,
          meanSquare(energy.score(test).sub(scores)),
          meanSquare(scores),
          grid.logIntegral(),
          anneal(energy, grid),
          likelihood,
          density.meanLogDensity(test),
          truth.divergence(grid),
          seconds);
    }

    private double meanSquare(INDArray scores) {
      INDArray wide = scores.castTo(DataType.DOUBLE);
      return wide.mul(wide).sumNumber().doubleValue() / wide.rows();
    }

    private DifferentiableEnergy train(Objective objective) {
      boolean conditional = objective == Objective.CONDITIONAL;
      ShuffledDataSetIterator data =
          new ShuffledDataSetIterator(
              training, ShuffledDataSetIterator.Options.shuffled(BATCH, settings.seed()));
      int steps = settings.epochs() * data.batchesPerEpoch();
      MultiLayerNetwork network =
          EnergyNetworks.network(
              conditional ? 3 : 2,
              1,
              objective.rate(),
              steps,
              STEEPNESS,
              PlaneGrid.BOX.high(),
              settings.seed());
      ParameterAverage average = new ParameterAverage(AVERAGE);
      network.setListeners(average);
      if (objective.scoreObjective() == null) {
        try (EnergyTrainer trainer =
            new EnergyTrainer(network, objective.chainOptions().withSeed(settings.seed()))) {
          trainer.fit(data, settings.epochs());
        }
      } else {
        new ScoreMatching(
                ScoreMatchingOptions.of(objective.scoreObjective(), settings.epochs())
                    .withSeed(settings.seed()))
            .fit(network, data);
      }
      MultiLayerNetwork averaged = average.of(network);
      return conditional
          ? EnergyNetworks.atLevel(averaged, -1)
          : DifferentiableEnergy.of(new NetworkEnergy(averaged));
    }

    /** Ends of chains that begin uniform in the square, and may not have found all modes. */
    private INDArray samples(DifferentiableEnergy energy) {
      try (RandomStream random = new RandomStream(settings.seed())) {
        INDArray starts = base().draw(settings.samples(), random);
        return EnergyChains.from(energy, starts, KERNEL, random)
            .warmUp(settings.sampleMoves() / 2, Mala.TARGET_ACCEPTANCE)
            .step(settings.sampleMoves() / 2)
            .points();
      }
    }

    private BaseDistribution base() {
      return BaseDistribution.uniform(PlaneGrid.BOX, DataType.FLOAT, 2);
    }

    /** The reverse chains begin at draws from the grid, which do not depend on any mixing. */
    private AisSandwich anneal(DifferentiableEnergy energy, PlaneGrid grid) {
      INDArray draws =
          grid.draw(settings.annealing().chains(), new SplittableRandom(settings.seed()));
      return new EnergyAnnealing(energy, base(), KERNEL, settings.annealing())
          .adaptStepSizes(Mala.TARGET_ACCEPTANCE)
          .both(draws);
    }
  }
}
