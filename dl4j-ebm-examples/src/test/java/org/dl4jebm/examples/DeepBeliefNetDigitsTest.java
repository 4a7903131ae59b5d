/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.dbn.Start;
import org.dl4jebm.training.ModelFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The main example as a user meets it: what it writes, and what it says of bad input. */
class DeepBeliefNetDigitsTest {

  /** Small enough for a second or two. */
  private static final List<String> TINY =
      List.of(
          "--quick",
          "--layers=20,20",
          "--labels=100",
          "--seeds=1",
          "--pretrain-epochs=2",
          "--finetune-epochs=1",
          "--finetune-updates=20");

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... more) {
    List<String> args = new ArrayList<>(TINY);
    if (Arrays.stream(more).noneMatch(arg -> arg.startsWith("--out"))) {
      args.add("--out=" + folder.resolve("out"));
    }
    args.addAll(Arrays.asList(more));
    return DeepBeliefNetDigits.run(
        new PrintWriter(out, true), new PrintWriter(err, true), args.toArray(new String[0]));
  }

  @Test
  void writesTablesPicturesAndModels() throws IOException {
    assertEquals(0, run(), err::toString);
    assertTrue(out.toString().contains("| "), out::toString);
    assertTrue(out.toString().contains("predictions for all 500 test images identical"));
    for (String picture :
        List.of("filters.png", "reconstructions-first-rbm.png", "error-curves-100.png")) {
      assertTrue(
          ImageIO.read(folder.resolve("out").resolve(picture).toFile()).getWidth() > 100, picture);
    }
    MultiLayerNetwork tuned =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/fine-tuned.zip"));
    assertEquals(3, tuned.getnLayers());
    String[] lines = Files.readString(folder.resolve("out/results.csv")).strip().split("\\R");
    assertEquals(3, lines.length, "a heading and a line for each arm");
  }

  @Test
  void sameSeedGivesTheSameErrors() throws IOException {
    assertEquals(0, run(), err::toString);
    String first = Files.readString(folder.resolve("out/curves.csv"));
    assertEquals(0, run(), err::toString);
    assertEquals(first, Files.readString(folder.resolve("out/curves.csv")));
  }

  /** One start alone gives the figures that it gives beside the other. */
  @ParameterizedTest
  @EnumSource(Start.class)
  void oneStartAlone(Start start) throws IOException {
    assertEquals(0, run(), err::toString);
    List<String> both = curve(start);
    assertEquals(0, run("--starts=" + start.name(), "--out=" + folder.resolve("one")));
    Path one = folder.resolve("one");
    assertEquals(both, Files.readAllLines(one.resolve("curves.csv")).stream().skip(1).toList());
    assertEquals(
        start == Start.PRETRAINED, Files.exists(one.resolve("pretrained-seed1.zip")), "a stack");
    assertTrue(Files.exists(one.resolve("fine-tuned.zip")));
    assertFalse(Files.readString(one.resolve("results.md")).contains("difference"));
  }

  private List<String> curve(Start start) throws IOException {
    String name = start.name().toLowerCase(Locale.ROOT);
    try (Stream<String> lines = Files.lines(folder.resolve("out/curves.csv"))) {
      return lines.filter(line -> line.startsWith(name)).toList();
    }
  }

  @Test
  void goesOnFromASavedStack() {
    assertEquals(0, run(), err::toString);
    String fromMemory = errors(out.toString());
    out.getBuffer().setLength(0);
    assertEquals(
        0, run("--pretrained=" + folder.resolve("out/pretrained-seed1.zip")), err::toString);
    assertEquals(fromMemory, errors(out.toString()));
  }

  private static String errors(String printed) {
    return printed.lines().filter(line -> line.startsWith("seed 1, 100 labels")).findAny().get();
  }

  @Test
  void frozenLayersStayAsTheyWerePretrained() throws IOException {
    assertEquals(0, run("--frozen"), err::toString);
    MultiLayerNetwork stack =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/pretrained-seed1.zip"));
    MultiLayerNetwork tuned =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/fine-tuned.zip"));
    for (int i = 0; i < stack.getnLayers(); i++) {
      assertEquals(stack.getLayer(i).params(), tuned.getLayer(i).params());
    }
  }

  @Test
  void helpNamesTheOptions() {
    assertEquals(
        0,
        DeepBeliefNetDigits.run(new PrintWriter(out, true), new PrintWriter(err, true), "--help"));
    for (String option : List.of("--data", "--labels", "--seeds", "--random-init", "--resume")) {
      assertTrue(out.toString().contains(option), option);
    }
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--seeds=0", List.of("--seeds", "0")),
        Arguments.of("--labels=99999", List.of("99999", "1297")),
        Arguments.of("--cd=0", List.of("--cd", "0")),
        Arguments.of("--layers=0", List.of("--layers", "0")),
        Arguments.of("--pretrain-rate=-1", List.of("--pretrain-rate", "-1")),
        Arguments.of("--finetune-updater=magic", List.of("--finetune-updater", "magic")),
        Arguments.of("--nonsense=1", List.of("--nonsense")),
        Arguments.of("--data=/does/not/exist", List.of("/does/not/exist")),
        Arguments.of("--pretrained=/does/not/exist.zip", List.of("/does/not/exist.zip")),
        Arguments.of("--resume", List.of("checkpoint")),
        Arguments.of("--starts=magic", List.of("--starts", "magic")),
        Arguments.of("--starts=RANDOM,RANDOM", List.of("--starts", "RANDOM")));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, List<String> named) {
    assertEquals(2, run(argument));
    assertOneLineNaming(named);
  }

  @Test
  void aStackThatNothingStartsFromIsRefused() {
    assertEquals(2, run("--starts=RANDOM", "--pretrained=stack.zip"));
    assertOneLineNaming(List.of("--starts", "RANDOM", "--pretrained"));
  }

  @Test
  void outputThatCannotBeAFolderIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertEquals(2, run("--out=" + file));
    assertOneLineNaming(List.of(file.toString()));
  }

  @Test
  void foreignAndTruncatedModelFilesAreNamed() throws IOException {
    Path foreign = Files.writeString(folder.resolve("foreign.zip"), "this is no model");
    assertEquals(2, run("--pretrained=" + foreign));
    assertOneLineNaming(List.of(foreign.toString()));
  }

  @Test
  void truncatedDataAreNamed() throws IOException {
    for (String name :
        List.of(
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte")) {
      Files.write(folder.resolve(name), new byte[] {0, 0, 8, 3, 0});
    }
    assertEquals(2, run("--data=" + folder));
    assertOneLineNaming(List.of("train-labels-idx1-ubyte", "header"));
  }

  private void assertOneLineNaming(List<String> named) {
    String message = err.toString();
    assertEquals(1, message.strip().lines().count(), message);
    assertFalse(message.contains("\tat "), message);
    named.forEach(part -> assertTrue(message.contains(part), message));
  }
}
