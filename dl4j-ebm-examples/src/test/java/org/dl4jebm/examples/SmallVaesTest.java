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
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.vae.VaeData;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.variational.Evidence;
import org.dl4jebm.training.variational.EvidenceEstimator;
import org.dl4jebm.training.variational.EvidenceOptions;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link BetaVae} and {@link ConvolutionalVae} from their command lines to their files. */
class SmallVaesTest {

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

  private static double mean(String cell) {
    return Double.parseDouble(cell.strip().split(" ")[0]);
  }

  @Test
  void theTableIsAboutTheConvolutionalNetworkThatIsSaved() throws IOException {
    String[] args = {"--quick", "--latents=2", "--evidence-samples=5", "--epochs=6", "--batch=20"};
    assertEquals(0, run(ConvolutionalVae::run, args), err::toString);
    ComputationGraph network = ModelFiles.readComputationGraph(folder.resolve("out/model.zip"));
    VaeData data = VaeData.load(null, VaeData.Pixels.FIXED).first(200, 200);
    Evidence evidence =
        new EvidenceEstimator(LatentVariableModel.of(network), EvidenceOptions.samples(5))
            .estimate(data.test());
    assertEquals(evidence.lowerBound().mean(), mean(row(0)[1]), 1e-3);
    assertEquals(evidence.negativeLogLikelihood().mean(), mean(row(0)[4]), 1e-3);
    // An untrained network gives each pixel probability 1/2.
    assertTrue(evidence.lowerBound().mean() > -64 * Math.log(2), row(0)[1]);
    for (String name : List.of("reconstructions", "samples", "latent-map", "latent-scatter")) {
      assertTrue(picture(name + ".png").getWidth() > 100, name);
    }
    assertTrue(picture("bounds.png").getWidth() > 100);
  }

  @Test
  void aLargerWeightLeavesASmallerDivergence() throws IOException {
    String[] args = {"--quick", "--betas=0,3", "--latents=7", "--evidence-samples=2"};
    assertEquals(0, run(BetaVae::run, args), err::toString);
    assertEquals(0, mean(row(0)[0]));
    assertEquals(3, mean(row(1)[0]));
    assertTrue(mean(row(0)[3]) > mean(row(1)[3]), "divergences");
    BufferedImage traversals = picture("traversals.png");
    // Six of the seven variables in fifteen steps, tiles of 56 pixels, two models.
    assertEquals(2 + 15 * 58, traversals.getWidth());
    assertEquals(2 * (2 + 6 * 58 + 36), traversals.getHeight());
    assertTrue(Files.exists(folder.resolve("out/model-beta0.0.zip")));
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--latents=0", "--latents is 0; accepted: 1 or more"),
        Arguments.of("--epochs=0", "--epochs is 0"),
        Arguments.of("--batch=0", "--batch is 0"),
        Arguments.of("--rate=0", "--rate is 0.0"),
        Arguments.of("--seed=0", "--seed is 0"),
        Arguments.of("--evidence-samples=0", "--evidence-samples is 0"),
        Arguments.of("--data=/does/not/exist", "/does/not/exist"),
        Arguments.of("--nothing", "--nothing"));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputIsNamedInOneLine(String argument, String part) {
    assertEquals(2, run(ConvolutionalVae::run, argument, "--quick"), out::toString);
    assertEquals(2, run(BetaVae::run, argument, "--quick"), out::toString);
    assertEquals(2, err.toString().strip().lines().count(), err::toString);
    err.toString().lines().forEach(line -> assertTrue(line.contains(part), line));
  }

  @Test
  void badWeightsAreRefused() {
    assertEquals(2, run(BetaVae::run, "--betas=1,-1", "--quick"), out::toString);
    assertTrue(err.toString().contains("--betas is -1.0"), err::toString);
  }
}
