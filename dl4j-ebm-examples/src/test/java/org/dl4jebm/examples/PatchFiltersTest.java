/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link PatchFilters} from its command line to its files. */
class PatchFiltersTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.add("--out=" + folder.resolve("out"));
    return PatchFilters.run(
        new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(new String[0]));
  }

  private double loss(int row) throws IOException {
    return Files.readString(folder.resolve("out/results.md"))
        .lines()
        .filter(line -> line.startsWith("|"))
        .skip(2L + row)
        .map(line -> Double.parseDouble(line.substring(1).split("\\|")[1].strip()))
        .findFirst()
        .orElseThrow();
  }

  private static void image(Path file, int side, boolean plain) throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < side * side; i++) {
      image.setRGB(i % side, i / side, plain ? 0x808080 : random.nextInt() & 0xFFFFFF);
    }
    String name = file.getFileName().toString();
    ImageIO.write(image, name.substring(name.lastIndexOf('.') + 1), file.toFile());
  }

  @Test
  void trainingLowersTheLossOfPatchesThatItHasNotSeen() throws IOException {
    assertEquals(0, run("--quick", "--side=6", "--hidden=10", "--batch=20"), err::toString);
    assertTrue(loss(1) < loss(0), "score matching");
    BufferedImage picture = ImageIO.read(folder.resolve("out/filters.png").toFile());
    assertTrue(picture.getWidth() >= 2 + 25 * (6 * 3 + 2), "25 tiles side by side");
    assertTrue(Files.exists(folder.resolve("out/score-matching.zip")));
    assertTrue(Files.exists(folder.resolve("out/cd.zip")));
    assertTrue(out.toString().contains("no photographs"), out::toString);
  }

  @Test
  void imagesAreReadFromAFolder() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    image(images.resolve("a.png"), 40, false);
    image(images.resolve("b.JPG"), 40, false);
    Files.writeString(images.resolve("notes.txt"), "no image");
    assertEquals(0, run("--quick", "--side=5", "--images=" + images), err::toString);
    assertTrue(out.toString().contains("of 2 images of"), out::toString);
    assertEquals(2, run("--quick", "--side=41", "--images=" + images));
    assertTrue(err.toString().contains("--side is 41; accepted: at most"), err::toString);
  }

  @Test
  void foldersWithoutImagesAreNamed() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    assertEquals(2, run("--quick", "--images=" + images));
    assertTrue(err.toString().contains("has no image"), err::toString);
    image(images.resolve("plain.png"), 20, true);
    assertEquals(2, run("--quick", "--images=" + images));
    assertTrue(err.toString().contains("of one colour"), err::toString);
    Files.writeString(images.resolve("broken.png"), "no image");
    assertEquals(2, run("--quick", "--images=" + images));
    assertTrue(err.toString().contains("broken.png is no image"), err::toString);
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--side=3", "--side is 3; accepted: 4 or more"),
        Arguments.of("--patches=1", "--patches is 1"),
        Arguments.of("--hidden=0", "--hidden is 0"),
        Arguments.of("--variance=0", "--variance is 0.0"),
        Arguments.of("--epochs=0", "--epochs is 0"),
        Arguments.of("--batch=0", "--batch is 0"),
        Arguments.of("--rate=0", "--rate is 0.0"),
        Arguments.of("--seed=0", "--seed is 0"),
        Arguments.of("--images=/does/not/exist", "/does/not/exist"),
        Arguments.of("--nothing", "--nothing"));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, String part) {
    assertEquals(2, run(argument, "--quick"), out::toString);
    assertEquals(1, err.toString().strip().lines().count(), err::toString);
    assertTrue(err.toString().contains(part), err::toString);
  }
}
