/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.TrainTest;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.dl4jebm.training.pretrain.PretrainResult;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compares a classifier whose hidden layers start from random weights with the same classifier
 * started from a pretrained stack: for each seed and each number of labels, both have the same
 * architecture, labels, order of images, number of updates and learning rates. Every training image
 * is used, without its label, in pretraining, which is done once for each seed.
 */
public final class Experiment {

  private static final String MODEL_FILE = "fine-tuned.zip";

  /** How the stack of a seed comes about. */
  public sealed interface Source {}

  /**
   * It is pretrained.
   *
   * @param checkpointEvery batches from one checkpoint to the next, 0 for no checkpoints
   * @param resume whether to go on from the checkpoints in the output folder
   * @param execution what trains
   */
  public record Pretrain(int checkpointEvery, boolean resume, Execution execution)
      implements Source {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the option, its value and what is accepted
     */
    public Pretrain {
      Checks.atLeast(0, checkpointEvery, "--checkpoint-every");
    }
  }

  /**
   * It is read from a file, for all seeds the same.
   *
   * @param file a pretrained stack that an earlier run has saved
   */
  public record FromFile(Path file) implements Source {}

  private final StackOptions options;
  private final TrainTest data;
  private final Source source;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;
  private final FineTuning fineTuning;
  private final FineTuning silentFineTuning;
  private final Results results = new Results();
  private final MultiLayerNetwork givenStack;

  /**
   * Sets the experiment up and checks all that can be checked beforehand.
   *
   * @param options what to do
   * @param data training and test images
   * @param source where the stacks come from
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows the training
   * @throws IllegalArgumentException if more labels are asked for than there are
   * @throws IOException if a file to start from cannot be used
   */
  public Experiment(
      StackOptions options,
      TrainTest data,
      Source source,
      OutputFolder folder,
      PrintWriter out,
      Progress progress)
      throws IOException {
    options.labels().forEach(count -> count.of(data.train().size()));
    this.options = options;
    this.data = data;
    this.source = source;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
    this.fineTuning = new FineTuning(data.test(), options.fineTune(), progress);
    this.silentFineTuning = new FineTuning(data.test(), options.fineTune(), Progress.silent());
    this.givenStack =
        source instanceof FromFile given
            ? Networks.readStack(given.file(), options, data.train())
            : null;
    if (source instanceof Pretrain pretrain && pretrain.resume()) {
      List<Path> files = options.seeds().stream().map(this::checkpoint).toList();
      if (files.stream().noneMatch(Files::exists)) {
        throw new NoSuchFileException(
            files.get(0).toString(),
            null,
            "--resume found no checkpoint; accepted: an output folder with the checkpoints of an"
                + " earlier run with --checkpoint-every");
      }
    }
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be read or written
   * @throws org.dl4jebm.training.TrainingDivergedException if a training leads to values that are
   *     not finite
   */
  public void run() throws IOException {
    long start = System.nanoTime();
    boolean first = true;
    boolean pretraining = options.starts().contains(Start.PRETRAINED);
    for (long seed : options.seeds()) {
      MultiLayerNetwork stack = givenStack == null && pretraining ? pretrained(seed) : givenStack;
      if (first && pretraining) {
        Pictures.write(stack, options.pretrain().layerName(), data.test(), folder);
        if (givenStack == null) {
          checkStackFile(stack, stackFile(seed), seed);
        }
      }
      MultiLayerNetwork tuned = null;
      for (LabelCount count : options.labels()) {
        tuned = compare(count, stack, seed);
      }
      if (first) {
        saveAndReload(tuned);
      }
      first = false;
    }
    report((System.nanoTime() - start) / 1e9);
  }

  private Path stackFile(long seed) {
    return folder.path().resolve("pretrained-seed" + seed + ".zip");
  }

  private Path checkpoint(long seed) {
    return folder.path().resolve("checkpoint-seed" + seed + ".zip");
  }

  private MultiLayerNetwork pretrained(long seed) throws IOException {
    Pretrain how = (Pretrain) source;
    long start = System.nanoTime();
    MultiLayerNetwork stack = Networks.stack(options, data.train(), seed);
    PretrainOptions pretrainOptions =
        PretrainOptions.epochs(options.pretrain().epochs())
            .withSeed(seed)
            .withExecution(how.execution());
    if (how.checkpointEvery() > 0) {
      pretrainOptions = pretrainOptions.withCheckpoint(checkpoint(seed), how.checkpointEvery());
    }
    GreedyPretrainer pretrainer = new GreedyPretrainer(pretrainOptions, progress);
    ShuffledDataSetIterator batches =
        new ShuffledDataSetIterator(
            data.train().features(),
            ShuffledDataSetIterator.Options.shuffled(options.pretrain().batch(), seed));
    PretrainResult result =
        how.resume() && Files.exists(checkpoint(seed))
            ? pretrainer.resume(stack, batches, checkpoint(seed))
            : pretrainer.fit(stack, batches);
    if (how.execution() != Execution.ND4J) {
      result
          .layers()
          .forEach(
              layer -> print("seed %d: layer %s ran on %s", seed, layer.name(), layer.ranOn()));
    }
    ModelFiles.write(stack, stackFile(seed));
    print("seed %d: stack pretrained in %.1f s", seed, (System.nanoTime() - start) / 1e9);
    return stack;
  }

  /** Trains a classifier from each start; returns the last one, pretrained if any is. */
  private MultiLayerNetwork compare(LabelCount count, MultiLayerNetwork stack, long seed) {
    int n = count.of(data.train().size());
    LabelledImages labelled =
        n == data.train().size() ? data.train() : data.train().balancedSubset(n, seed);
    List<Callable<Tuned>> arms = new ArrayList<>();
    for (Start from : options.starts()) {
      boolean shown = arms.isEmpty() || !armsAtOnce();
      arms.add(() -> fineTune(from, count, labelled, stack, seed, shown));
    }
    List<Tuned> tuned = run(arms);
    List<String> errors = new ArrayList<>();
    for (Tuned arm : tuned) {
      results.add(arm.run());
      errors.add(
          String.format(
              Locale.ROOT, "%.2f %% (%s)", 100 * arm.run().curve().last(), arm.run().start()));
    }
    print("seed %d, %s labels: test error %s", seed, count, String.join(", ", errors));
    return tuned.get(tuned.size() - 1).network();
  }

  private record Tuned(MultiLayerNetwork network, Results.Run run) {}

  private Tuned fineTune(
      Start from,
      LabelCount count,
      LabelledImages labelled,
      MultiLayerNetwork stack,
      long seed,
      boolean shown) {
    int n = labelled.size();
    int epochs = options.fineTune().epochsFor(n);
    int updates = epochs * options.fineTune().updatesPerEpoch(n);
    long start = System.nanoTime();
    MultiLayerNetwork network = Networks.classifier(options, labelled, updates, seed);
    if (from == Start.PRETRAINED) {
      Networks.copyHiddenLayers(stack, network);
    }
    if (options.fineTune().frozen()) {
      network = Networks.freezeHiddenLayers(network);
    }
    String name = String.format("Seed %d, %s labels, %s", seed, count, from);
    FineTuning.Curve curve =
        (shown ? fineTuning : silentFineTuning).run(name, network, labelled, epochs, seed);
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Tuned(network, new Results.Run(from, count, n, seed, updates, curve, seconds));
  }

  /**
   * The arms share nothing that training changes, so that they run beside each other; dropout draws
   * from a generator of the thread, and with it the arms run one after the other in this one, to
   * give the same numbers on every run.
   */
  private boolean armsAtOnce() {
    return options.fineTune().dropout() == 0 && options.fineTune().inputDropout() == 0;
  }

  private <T> List<T> run(List<Callable<T>> tasks) {
    ExecutorService threads = armsAtOnce() ? Executors.newFixedThreadPool(tasks.size()) : null;
    try {
      List<T> found = new ArrayList<>();
      if (threads == null) {
        for (Callable<T> task : tasks) {
          found.add(task.call());
        }
      } else {
        for (Future<T> future : threads.invokeAll(tasks)) {
          found.add(future.get());
        }
      }
      return found;
    } catch (ExecutionException e) {
      throw unchecked(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while fine-tuning");
    } catch (Exception e) {
      throw unchecked(e);
    } finally {
      if (threads != null) {
        threads.shutdownNow();
      }
    }
  }

  private static RuntimeException unchecked(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException runtime ? runtime : new IllegalStateException(thrown);
  }

  /** Fine-tunes for one epoch from the stack in memory and from its file, and compares. */
  private void checkStackFile(MultiLayerNetwork stack, Path file, long seed) throws IOException {
    MultiLayerNetwork read = Networks.readStack(file, options, data.train());
    int n = options.labels().stream().mapToInt(c -> c.of(data.train().size())).min().orElseThrow();
    LabelledImages labelled = data.train().balancedSubset(n, seed);
    float[][] parameters = new float[2][];
    for (int i = 0; i < 2; i++) {
      MultiLayerNetwork network =
          Networks.classifier(options, labelled, options.fineTune().updatesPerEpoch(n), seed);
      Networks.copyHiddenLayers(i == 0 ? stack : read, network);
      fineTuning.run("Check of the saved stack", network, labelled, 1, seed);
      parameters[i] = numbers(network.params());
    }
    requireIdentical(parameters[0], parameters[1], file);
    print(
        "%s: fine-tuning goes on from this file as from memory, all %d parameters identical",
        file, parameters[0].length);
  }

  private void saveAndReload(MultiLayerNetwork tuned) throws IOException {
    Path file = folder.path().resolve(MODEL_FILE);
    ModelFiles.write(tuned, file);
    INDArray images = data.test().features();
    float[] before = numbers(tuned.output(images));
    float[] after = numbers(ModelFiles.readMultiLayerNetwork(file).output(images));
    requireIdentical(before, after, file);
    print(
        "%s: fine-tuned model read back, its predictions for all %d test images identical",
        file, images.rows());
  }

  private static float[] numbers(INDArray array) {
    return array.dup('c').data().asFloat();
  }

  private static void requireIdentical(float[] before, float[] after, Path file) {
    if (!Arrays.equals(before, after)) {
      throw new IllegalStateException(file + " does not give the numbers of the model saved in it");
    }
  }

  private void report(double seconds) throws IOException {
    String heading =
        String.format(
            Locale.ROOT,
            "Test error in %%, mean%s over the seeds %s. Network %d-%s-%d, %d training images, %d"
                + " test images.",
            options.seeds().size() > 1 ? " ± sample standard deviation" : "",
            join(options.seeds(), ", "),
            data.train().features().columns(),
            join(options.layers(), "-"),
            data.train().classes(),
            data.train().size(),
            data.test().size());
    String table = results.table().toString();
    folder.writeText("results.csv", results.runsCsv());
    folder.writeText("curves.csv", results.curvesCsv());
    folder.writeText(
        "results.md",
        heading
            + "\n\n"
            + table
            + String.format(
                Locale.ROOT,
                "%n%.0f s. Pretraining: %s. Fine-tuning: %s.%n",
                seconds,
                source instanceof FromFile ? source : options.pretrain(),
                options.fineTune()));
    for (LabelCount count : options.labels()) {
      folder.writePng("error-curves-" + count + ".png", results.curves(count).render());
    }
    print("%n%s%n%n%s", heading, table);
    print("%.0f s. Tables, pictures and models are in %s", seconds, folder);
  }

  private static String join(List<?> values, String separator) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(separator));
  }

  private void print(String format, Object... arguments) {
    out.println(String.format(Locale.ROOT, format, arguments));
    out.flush();
  }
}
