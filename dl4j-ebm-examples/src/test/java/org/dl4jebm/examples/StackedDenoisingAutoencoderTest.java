/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import org.dl4jebm.layers.autoencoder.DenoisingAutoEncoder;
import org.dl4jebm.layers.autoencoder.MaskingCorruption;
import org.dl4jebm.training.ModelFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What differs from {@link DeepBeliefNetDigitsTest}: the layers and their options. */
class StackedDenoisingAutoencoderTest {

  private static final List<String> TINY =
      List.of(
          "--quick",
          "--layers=20,15,20",
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
    args.add("--out=" + folder.resolve("out"));
    args.addAll(Arrays.asList(more));
    return StackedDenoisingAutoencoder.run(
        new PrintWriter(out, true), new PrintWriter(err, true), args.toArray(new String[0]));
  }

  @Test
  void writesTablesPicturesAndModels() throws IOException {
    assertEquals(0, run("--corruption=0.1,0.25"), err::toString);
    assertTrue(out.toString().contains("predictions for all 500 test images identical"));
    for (String picture :
        List.of("filters.png", "reconstructions-first-autoencoder.png", "error-curves-100.png")) {
      assertTrue(
          ImageIO.read(folder.resolve("out").resolve(picture).toFile()).getWidth() > 100, picture);
    }
    MultiLayerNetwork stack =
        ModelFiles.readMultiLayerNetwork(folder.resolve("out/pretrained-seed1.zip"));
    double[] shares = {0.1, 0.25, 0.25};
    for (int i = 0; i < shares.length; i++) {
      DenoisingAutoEncoder layer =
          assertInstanceOf(DenoisingAutoEncoder.class, stack.getLayer(i).conf().getLayer());
      assertEquals(new MaskingCorruption(shares[i]), layer.getCorruption());
    }
    assertEquals(
        3, Files.readString(folder.resolve("out/results.csv")).strip().lines().count(), "arms");
  }

  @Test
  void goesOnFromASavedStackOfItsOwnKindOnly() {
    assertEquals(0, run(), err::toString);
    Path stack = folder.resolve("out/pretrained-seed1.zip");
    String fromMemory = errors();
    out.getBuffer().setLength(0);
    assertEquals(0, run("--pretrained=" + stack), err::toString);
    assertEquals(fromMemory, errors());
    StringWriter refusal = new StringWriter();
    assertEquals(
        2,
        DeepBeliefNetDigits.run(
            new PrintWriter(out, true),
            new PrintWriter(refusal, true),
            "--quick",
            "--layers=20,15,20",
            "--out=" + folder.resolve("dbn"),
            "--pretrained=" + stack));
    assertTrue(refusal.toString().contains("of which RBMs []"), refusal::toString);
  }

  private String errors() {
    return out.toString().lines().filter(line -> line.startsWith("seed 1, 100")).findAny().get();
  }

  @Test
  void helpNamesTheOptionsAndTheirDefaults() {
    assertEquals(
        0,
        StackedDenoisingAutoencoder.run(
            new PrintWriter(out, true), new PrintWriter(err, true), "--help"));
    for (String text :
        List.of("--data", "--corruption", "0.1,0.2,0.3", "out/sda-digits", "1000,1000,1000")) {
      assertTrue(out.toString().replaceAll("\\s+", "").contains(text), text + out);
    }
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--corruption=1.5", List.of("--corruption", "1.5")),
        Arguments.of("--cd=2", List.of("--cd")),
        Arguments.of("--pretrain-rate=-1", List.of("--pretrain-rate", "-1")));
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
