/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.examples.energy.OutOfDistribution;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.score.NoiseLevels;
import org.dl4jebm.training.score.ScoreMatching;
import org.dl4jebm.training.score.ScoreMatchingOptions;
import org.dl4jebm.training.score.ScoreObjective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.evaluation.classification.ROC;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link EnergyDigits} and {@link ScoreDigits} from their command lines to their files. */
class EnergyDigitsTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(Program.Body program, String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.add("--out=" + folder.resolve("out"));
    return program.run(
        new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(new String[0]));
  }

  private BufferedImage picture(String name) throws IOException {
    return ImageIO.read(folder.resolve("out").resolve(name).toFile());
  }

  /** Cells of a row of the table, from 0. */
  private String[] row(int number) throws IOException {
    return Files.readString(folder.resolve("out/results.md"))
        .lines()
        .filter(line -> line.startsWith("|"))
        .skip(2L + number)
        .map(line -> line.substring(1).split("\\|"))
        .findFirst()
        .orElseThrow();
  }

  private static double[] energies(MultiLayerNetwork network, INDArray images) {
    return new NetworkEnergy(network).energy(images).toDoubleVector();
  }

  private static LabelledImages ofClass(LabelledImages images, int label, boolean same) {
    int[] labels = images.labels();
    return images.rows(
        IntStream.range(0, labels.length).filter(i -> (labels[i] == label) == same).toArray());
  }

  @Test
  void theTableIsAboutTheEnergiesOfTheNetworkThatIsSaved() throws IOException {
    assertEquals(0, run(EnergyDigits::run, "--quick", "--left-out=3", "--batch=32"), err::toString);
    MultiLayerNetwork network = ModelFiles.readMultiLayerNetwork(folder.resolve("out/model.zip"));
    LabelledImages test = Digits.load().test().first(96);
    double area =
        OutOfDistribution.area(
            energies(network, ofClass(test, 3, false).features()),
            energies(network, ofClass(test, 3, true).features()));
    assertEquals(area, Double.parseDouble(row(2)[2].strip()), 6e-4);
    assertEquals(ofClass(test, 3, true).size(), Integer.parseInt(row(2)[1].strip()));
    for (String name : List.of("samples", "samples-from-noise", "energies")) {
      assertTrue(picture(name + ".png").getWidth() > 100, name);
    }
  }

  @Test
  void theTableIsAboutTheScoreNetworkThatIsSaved() throws IOException {
    assertEquals(0, run(ScoreDigits::run, "--quick", "--levels=4"), err::toString);
    Path file = folder.resolve("out/model.zip");
    ComputationGraph network = ModelFiles.readComputationGraph(file);
    NoiseLevels levels = NoiseLevels.readFrom(file);
    assertEquals(4, levels.count());
    INDArray images = Digits.load().test().first(96).features();
    double loss =
        new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.noiseConditional(levels), 1))
                .score(
                    network,
                    new ShuffledDataSetIterator(
                        images.reshape('c', new long[] {96, 1, 8, 8}),
                        ShuffledDataSetIterator.Options.inOrder(96)))
            / 64;
    // Other noise: losses of 96 * 64 normal numbers squared, halved, have a standard error of 0.01.
    assertEquals(loss, Double.parseDouble(row(2)[1].strip()), 0.05);
    assertTrue(loss < Double.parseDouble(row(0)[1].strip()), "no better than at the start");
    for (String name : List.of("samples", "samples-by-level", "inpainting", "score-loss")) {
      assertTrue(picture(name + ".png").getWidth() > 100, name);
    }
  }

  @Test
  void halvesThatAreGivenStayAsTheyAre() throws IOException {
    assertEquals(0, run(ScoreDigits::run, "--quick", "--epochs=1"), err::toString);
    BufferedImage picture = picture("inpainting.png");
    // Tiles of 8x8 pixels, seven times magnified, under a line of 36 pixels; upper half is given.
    int pitch = 7 * 8 + 2;
    for (int column = 0; column < 16; column++) {
      for (int filling = 2; filling < 5; filling++) {
        for (int i = 0; i < 32; i++) {
          int x = 2 + column * pitch + i % 8 * 7 + 3;
          int y = 36 + 2 + i / 8 * 7 + 3;
          assertEquals(picture.getRGB(x, y), picture.getRGB(x, y + filling * pitch), "pixel " + i);
        }
      }
    }
  }

  @Test
  void areasAreShares() {
    assertEquals(1, OutOfDistribution.area(new double[] {-3, -2}, new double[] {-1, 5, 7}), 1e-9);
    assertEquals(0, OutOfDistribution.area(new double[] {8, 9}, new double[] {-1, 5, 7}), 1e-9);
    // Of the pairs (1, 0), (1, 2), (3, 0), (3, 2) one has the lower energy inside.
    assertEquals(0.25, OutOfDistribution.area(new double[] {1, 3}, new double[] {0, 2}), 1e-9);
    assertEquals(0.5, OutOfDistribution.area(new double[] {1, 1}, new double[] {1, 1}), 1e-9);
  }

  @Test
  void areasAreThoseOfAnotherProgram() {
    SplittableRandom random = new SplittableRandom(3);
    double[] inside = random.doubles(50, -1, 1).toArray();
    double[] outside = random.doubles(70, -0.6, 1.4).toArray();
    ROC roc = new ROC(0);
    for (double energy : inside) {
      roc.eval(Nd4j.createFromArray(new double[][] {{1}}), probability(energy));
    }
    for (double energy : outside) {
      roc.eval(Nd4j.createFromArray(new double[][] {{0}}), probability(energy));
    }
    assertEquals(roc.calculateAUC(), OutOfDistribution.area(inside, outside), 1e-6);
  }

  private static INDArray probability(double energy) {
    return Nd4j.createFromArray(new double[][] {{1 / (1 + Math.exp(energy))}});
  }

  @Test
  void shuffledPatchesKeepTheirPixels() {
    INDArray images = Nd4j.linspace(0, 1, 128).reshape('c', new long[] {2, 64});
    INDArray shuffled = OutOfDistribution.shufflePatches(images, 8, 8, 5);
    assertFalse(images.equalsWithEps(shuffled, 1e-6));
    for (int row = 0; row < 2; row++) {
      double[] before = images.getRow(row).dup().toDoubleVector();
      double[] after = shuffled.getRow(row).dup().toDoubleVector();
      // Within a patch of 2x2 the pixel below is 8 further.
      for (int corner : new int[] {0, 2, 18, 54}) {
        double distance = (after[corner + 9] - after[corner]) * 127;
        assertEquals(9, distance, 1e-3);
      }
      Arrays.sort(after);
      assertArrayEquals(before, after, 1e-6);
    }
    assertThrows(
        IllegalArgumentException.class, () -> OutOfDistribution.shufflePatches(images, 1, 64, 5));
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--epochs=0", "--epochs is 0"),
        Arguments.of("--batch=0", "--batch is 0"),
        Arguments.of("--rate=0", "--rate is 0.0"),
        Arguments.of("--seed=0", "--seed is 0"),
        Arguments.of("--train-images=0", "--train-images is 0"),
        Arguments.of("--data=/does/not/exist", "/does/not/exist"),
        Arguments.of("--nothing", "--nothing"));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, String part) {
    assertEquals(2, run(EnergyDigits::run, argument, "--quick"), out::toString);
    assertEquals(2, run(ScoreDigits::run, argument, "--quick"), out::toString);
    assertEquals(2, err.toString().strip().lines().count(), err::toString);
    err.toString().lines().forEach(line -> assertTrue(line.contains(part), line));
  }

  @ParameterizedTest
  @MethodSource("badSettings")
  void badSettingsAreNamed(Program.Body program, String argument, String part) {
    assertEquals(2, run(program, argument, "--quick"), out::toString);
    assertTrue(err.toString().contains(part), err::toString);
  }

  static Stream<Arguments> badSettings() {
    Program.Body energy = EnergyDigits::run;
    Program.Body score = ScoreDigits::run;
    return Stream.of(
        Arguments.of(energy, "--left-out=10", "--left-out is 10; accepted: 0 to 9"),
        Arguments.of(energy, "--moves=0", "--moves is 0"),
        Arguments.of(energy, "--drift=0", "--drift is 0.0"),
        Arguments.of(energy, "--noise=-1", "--noise is -1.0"),
        Arguments.of(energy, "--buffer=2", "--buffer is 2; accepted: 64 or more"),
        Arguments.of(energy, "--restart=2", "--restart is 2.0"),
        Arguments.of(energy, "--energy-l2=NaN", "--energy-l2 is NaN"),
        Arguments.of(score, "--largest-noise=0.01", "--largest-noise is 0.01"),
        Arguments.of(score, "--smallest-noise=0", "--smallest-noise is 0.0"),
        Arguments.of(score, "--levels=1", "--levels is 1"),
        Arguments.of(score, "--steps=0", "--steps is 0"),
        Arguments.of(score, "--step-size=0", "--step-size is 0.0"),
        Arguments.of(score, "--average=1", "--average is 1.0"));
  }
}
