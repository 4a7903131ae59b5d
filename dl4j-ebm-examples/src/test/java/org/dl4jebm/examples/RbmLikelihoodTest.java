/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.data.BarsAndStripes;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.likelihood.ExactLikelihood;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link RbmLikelihood} from its command line to its files. */
class RbmLikelihoodTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.add("--out=" + folder.resolve("out"));
    return RbmLikelihood.run(
        new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(new String[0]));
  }

  @Test
  void theExactFigureOfTheTableIsThatOfTheSavedMachine() throws IOException {
    assertEquals(0, run("--preset=bars", "--epochs=500", "--seeds=3"), err::toString);
    MultiLayerNetwork network =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/machine-seed3.zip"));
    RestrictedBoltzmannMachineLayer layer = (RestrictedBoltzmannMachineLayer) network.getLayer(0);
    double exact = new ExactLikelihood(layer.model()).meanLogLikelihood(BarsAndStripes.all(3));
    double printed =
        out.toString()
            .lines()
            .filter(line -> line.contains("test images ") && line.contains("exact"))
            .mapToDouble(line -> Double.parseDouble(line.replaceAll(".*images (\\S+), .*", "$1")))
            .findAny()
            .orElseThrow();
    assertEquals(exact, printed, 6e-4);
    assertTrue(exact > -9 * Math.log(2), "better than an untrained machine");
    String table = Files.readString(folder.resolve("out/results.md"));
    assertTrue(table.contains("| exact ") && table.contains("-2.599302"), table);
    assertTrue(ImageIO.read(folder.resolve("out/filters-seed3.png").toFile()).getWidth() > 10);
  }

  @Test
  void bothSidesOfTheEstimateAreReported() throws IOException {
    String[] tiny = {
      "--hidden=25", "--epochs=1", "--ais-temperatures=200", "--ais-chains=20", "--burn-in=20"
    };
    assertEquals(0, run(tiny), err::toString);
    String first = Files.readString(folder.resolve("out/results.md")).lines().toList().get(4);
    double[] cells =
        Arrays.stream(first.split("\\|"))
            .map(String::strip)
            .filter(cell -> !cell.isEmpty())
            .mapToDouble(Double::parseDouble)
            .toArray();
    assertEquals(cells[3] - cells[4], cells[5], 2e-3, "apart");
    assertEquals(cells[3], cells[4], 1, "a nearly untrained machine is easy");
    assertEquals(0, run(tiny), err::toString);
    String second = Files.readString(folder.resolve("out/results.md")).lines().toList().get(4);
    // The last two cells are times.
    assertEquals(
        List.of(first.split("\\|")).subList(0, 9), List.of(second.split("\\|")).subList(0, 9));
  }

  /** Finite parameters whose squares overflow are as lost as infinite ones. */
  @Test
  void divergenceIsNamedInOneLine() {
    assertEquals(
        2, run("--preset=BARS", "--method=CD", "--rate=1e30", "--epochs=2"), err::toString);
    assertEquals(1, err.toString().strip().lines().count(), err::toString);
    assertTrue(err.toString().contains("diverged"), err::toString);
  }

  /** The last row of the table is about the machine that is saved. */
  @Test
  void trainingIsFollowedOnDemand() throws IOException {
    assertEquals(0, run("--preset=bars", "--epochs=4", "--seeds=3", "--monitor=2"), err::toString);
    Path monitor = folder.resolve("out/monitor-seed3");
    List<String> lines = Files.readAllLines(monitor.resolve("monitor-0.csv"));
    assertEquals(3, lines.size(), "a header and the epochs 2 and 4");
    MultiLayerNetwork network =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/machine-seed3.zip"));
    RestrictedBoltzmannMachineLayer layer = (RestrictedBoltzmannMachineLayer) network.getLayer(0);
    double exact = new ExactLikelihood(layer.model()).meanLogLikelihood(BarsAndStripes.all(3));
    int column = List.of(lines.get(0).split(",")).indexOf("log_likelihood_validation");
    assertEquals(exact, Double.parseDouble(lines.get(2).split(",")[column]), 1e-12);
    for (String name : List.of("filters-0-epoch-0002.png", "monitor-0.png")) {
      assertTrue(ImageIO.read(monitor.resolve(name).toFile()).getWidth() > 10, name);
    }
  }

  /** Where there is no device, the reason is told and the numbers are those of ND4J. */
  @Test
  void executionOnADeviceTellsWhatRan() throws IOException {
    String[] few = {"--preset=bars", "--method=CD", "--epochs=2", "--seeds=3"};
    List<String> with = new ArrayList<>(List.of(few));
    with.add("--execution=device");
    assertEquals(0, run(with.toArray(String[]::new)), err::toString);
    String ran =
        out.toString().lines().filter(line -> line.contains("trained on ")).findAny().orElse("");
    assertTrue(ran.matches("seed 3: trained on \\S.*"), out::toString);
    if (ran.contains("ND4J (")) {
      String first = Files.readString(folder.resolve("out/results.md")).lines().toList().get(4);
      assertEquals(0, run(few), err::toString);
      String second = Files.readString(folder.resolve("out/results.md")).lines().toList().get(4);
      assertEquals(
          List.of(first.split("\\|")).subList(0, 9), List.of(second.split("\\|")).subList(0, 9));
    }
  }

  @Test
  void barsAndStripesHoldEachPatternOnceAndTheTwoPlainOnesTwice() {
    float[][] images = BarsAndStripes.all(2).toFloatMatrix();
    List<String> patterns = Arrays.stream(images).map(Arrays::toString).sorted().toList();
    assertEquals(
        List.of(
            "[0.0, 0.0, 0.0, 0.0]",
            "[0.0, 0.0, 0.0, 0.0]",
            "[0.0, 0.0, 1.0, 1.0]",
            "[0.0, 1.0, 0.0, 1.0]",
            "[1.0, 0.0, 1.0, 0.0]",
            "[1.0, 1.0, 0.0, 0.0]",
            "[1.0, 1.0, 1.0, 1.0]",
            "[1.0, 1.0, 1.0, 1.0]"),
        patterns);
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--seeds=0", List.of("--seeds", "0")),
        Arguments.of("--seeds=1,1", List.of("--seeds", "[1, 1]")),
        Arguments.of("--hidden=0", List.of("--hidden", "0")),
        Arguments.of("--monitor=0", List.of("--monitor", "0")),
        Arguments.of("--preset=nothing", List.of("--preset", "nothing", "MNIST_500_PCD")),
        Arguments.of("--preset=mnist_16_plain", List.of("--data")),
        Arguments.of("--data=" + "/does/not/exist", List.of("--data", "/does/not/exist")),
        Arguments.of("--rate=-1", List.of("--rate", "-1")),
        Arguments.of("--ais-temperatures=1", List.of("--ais-temperatures", "1")),
        Arguments.of("--centered=perhaps", List.of("--centered", "perhaps")));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, List<String> named) {
    assertEquals(2, run(argument));
    String message = err.toString();
    assertEquals(1, message.strip().lines().count(), message);
    named.forEach(part -> assertTrue(message.contains(part), message));
  }
}
