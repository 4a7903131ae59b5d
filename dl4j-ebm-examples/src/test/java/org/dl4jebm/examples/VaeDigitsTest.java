/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.examples.vae.VaeData;
import org.dl4jebm.examples.vae.VaeExperiment;
import org.dl4jebm.examples.vae.VaePreset;
import org.dl4jebm.examples.vae.VaeSettings;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.variational.EvidenceEstimator;
import org.dl4jebm.training.variational.EvidenceOptions;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.schedule.ISchedule;

/** {@link VaeDigits} from its command line to its files. */
class VaeDigitsTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String name, String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.add("--out=" + folder.resolve(name));
    return VaeDigits.run(
        new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(new String[0]));
  }

  @ParameterizedTest
  @EnumSource(VaePreset.class)
  void everyPresetRuns(VaePreset preset) throws IOException {
    assertEquals(0, run("out", "--quick", "--preset=" + preset), err::toString);
    for (String name : List.of("bounds", "reconstructions-seed1", "samples-seed1")) {
      Path picture = folder.resolve("out/" + name + ".png");
      assertTrue(ImageIO.read(picture.toFile()).getWidth() > 100, name);
    }
    assertTrue(Files.readString(folder.resolve("out/results.md")).contains(preset.published()));
  }

  /** The bound in the table is that of the saved network on the data set's test images. */
  @Test
  void theFigureOfTheTableIsThatOfTheSavedNetwork() throws IOException {
    assertEquals(0, run("out", "--quick", "--preset=gumbel_binary", "--seeds=3"), err::toString);
    ComputationGraph network =
        ModelFiles.readComputationGraph(folder.resolve("out/model-seed3.zip"));
    double bound =
        new EvidenceEstimator(
                LatentVariableModel.of(network), EvidenceOptions.samples(20).withSeed(4321))
            .estimate(VaeData.load(null, VaeData.Pixels.FIXED).first(200, 200).test())
            .lowerBound()
            .mean();
    String printed = String.format(Locale.ROOT, "evidence lower bound %.4f", bound);
    assertTrue(out.toString().contains(printed), () -> printed + "\n" + out);
  }

  /** A run that is stopped in its third epoch and resumed is as one that was not, bit by bit. */
  @Test
  void aRunThatWasInterruptedGoesOn() throws IOException {
    String[] options = {"--preset=gaussian_50", "--epochs=4", "--every=2", "--evidence-samples=2"};
    assertEquals(0, run("whole", options), err::toString);
    VaeData data = VaeData.load(null, VaeData.Pixels.RESAMPLED);
    VaeExperiment.Settings settings =
        new VaeExperiment.Settings(
            VaePreset.GAUSSIAN_50.settings().withEpochs(4), 2, 10_000, 2, List.of(1L), false, "");
    long batches = (data.images().train().size() - 1) / settings.training().batch() + 1;
    VaeExperiment experiment =
        new VaeExperiment(
            settings,
            data,
            OutputFolder.create(folder.resolve("parts")),
            new PrintWriter(out, true),
            new StopsAfter(2 * batches + 3));
    assertThrows(IllegalStateException.class, experiment::run);
    List<String> resumed = new ArrayList<>(Arrays.asList(options));
    resumed.add("--resume");
    assertEquals(0, run("parts", resumed.toArray(new String[0])), err::toString);
    assertEquals(withoutTimes("whole"), withoutTimes("parts"));
    assertArrayEquals(parameters("whole"), parameters("parts"));
  }

  private float[] parameters(String name) throws IOException {
    return ModelFiles.readComputationGraph(folder.resolve(name + "/model-seed1.zip"))
        .params()
        .toFloatVector();
  }

  /** Stops a run by an exception. */
  private record StopsAfter(long steps) implements Progress {

    @Override
    public void start(String task, long totalSteps) {}

    @Override
    public void step(long done, String detail) {
      if (done > steps) {
        throw new IllegalStateException("interrupted");
      }
    }

    @Override
    public void finish(String summary) {}

    @Override
    public void close() {}
  }

  private String withoutTimes(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name + "/curve-seed1.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*$", ""))
        .toList()
        .toString();
  }

  @Test
  void stagesAreThoseOfThePaper() {
    VaeSettings settings = VaePreset.GAUSSIAN_50.settings().withStages(8);
    ISchedule rate = settings.learningRate();
    assertEquals(3280, settings.totalEpochs());
    double[] published = {10, 7.2, 5.2, 3.7, 2.7, 1.9, 1.4, 1};
    int epoch = 0;
    for (int stage = 0; stage < 8; stage++) {
      assertEquals(1e-4 * published[stage], rate.valueAt(7, epoch), 0.5e-5);
      epoch += (int) Math.pow(3, stage);
      assertEquals(1e-4 * published[stage], rate.valueAt(7, epoch - 1), 0.5e-5);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "--seeds=0, seeds is 0",
    "--samples=0, --samples is 0; accepted: 1 or more",
    "--preset=gumbel_binary;--bound=iwae, --bound is IWAE; accepted: ELBO",
    "--preset=gumbel_categorical;--latents=25, --latents is 25; accepted: a multiple of 10",
    "--gradient=score_function, --gradient is SCORE_FUNCTION",
    "--rate=0, --rate is 0.0",
    "--data=nowhere, nowhere"
  })
  void badOptionsAreRefused(String options, String part) {
    assertEquals(2, run("out", options.split(";")));
    assertTrue(err.toString().startsWith("error: "), err::toString);
    assertTrue(err.toString().contains(part), err::toString);
  }
}
