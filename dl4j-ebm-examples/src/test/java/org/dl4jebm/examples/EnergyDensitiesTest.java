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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link EnergyDensities} and {@link AnnealedLangevinToy} from their command lines to the files.
 */
class EnergyDensitiesTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private PrintWriter writer(StringWriter to) {
    return new PrintWriter(to, true);
  }

  private String[] args(String... args) {
    return Stream.concat(Arrays.stream(args), Stream.of("--out=" + folder.resolve("out")))
        .toArray(String[]::new);
  }

  private static List<String> cells(String row) {
    return Arrays.stream(row.split("\\|")).map(String::strip).filter(c -> !c.isEmpty()).toList();
  }

  /** Little is learned so quickly, but every figure must fit the others. */
  @Test
  void quickRunWritesTheFiles() throws IOException {
    String[] args =
        args(
            "--quick",
            "--densities=mixture",
            "--objectives=exact,sliced,reduced,differences,denoising,conditional,cd,replay");
    assertEquals(0, EnergyDensities.run(writer(out), writer(err), args), err::toString);
    List<String> lines = Files.readAllLines(folder.resolve("out/results.md"));
    List<List<String>> rows =
        lines.stream().filter(line -> line.startsWith("| mix")).map(line -> cells(line)).toList();
    assertEquals(8, rows.size(), "one for each objective");
    for (List<String> row : rows) {
      double score = Double.parseDouble(row.get(2));
      double truth = Double.parseDouble(row.get(3));
      assertTrue(score > 0 && score < 5 * truth, row::toString);
      assertTrue(Double.parseDouble(row.get(9)) > 0, "KL " + row);
      assertTrue(
          Double.parseDouble(row.get(7)) < Double.parseDouble(row.get(8)), "likelihood " + row);
    }
    assertTrue(ImageIO.read(folder.resolve("out/densities.png").toFile()).getWidth() > 9 * 160);
  }

  @Test
  void quickToyWritesTheFiles() throws IOException {
    assertEquals(
        0, AnnealedLangevinToy.run(writer(out), writer(err), args("--quick")), err::toString);
    List<String> lines = Files.readAllLines(folder.resolve("out/weights.md"));
    assertEquals(7, lines.size());
    assertTrue(ImageIO.read(folder.resolve("out/samples.png").toFile()).getWidth() > 5 * 160);
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--seed=0", List.of("--seed", "0")),
        Arguments.of("--epochs=0", List.of("--epochs", "0")),
        Arguments.of("--densities=moons,moons", List.of("--densities", "MOONS")),
        Arguments.of("--densities=spiral", List.of("--densities", "spiral", "RINGS")),
        Arguments.of("--objectives=guess", List.of("--objectives", "guess", "SLICED")),
        Arguments.of("--chains=1", List.of("--chains", "1")),
        Arguments.of("--steps=0", List.of("--steps", "0")));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, List<String> named) {
    boolean toy = argument.startsWith("--chains") || argument.startsWith("--steps");
    int code =
        toy
            ? AnnealedLangevinToy.run(writer(out), writer(err), args(argument))
            : EnergyDensities.run(writer(out), writer(err), args(argument));
    assertEquals(2, code);
    String message = err.toString();
    assertEquals(1, message.strip().lines().count(), message);
    named.forEach(part -> assertTrue(message.contains(part), message));
  }
}
