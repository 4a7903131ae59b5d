/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.report.AtomicFile;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Checkpoint files of {@link GreedyPretrainer}: an ordinary DL4J model file, which {@link
 * ModelSerializer} and {@link ModelFiles} can open, with further entries under {@code pretraining/}
 * for the position, updater states, persistent chains and random streams.
 */
final class PretrainCheckpoint {

  private static final String FOLDER = "pretraining/";
  private static final String POSITION = FOLDER + "position.json";
  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  private PretrainCheckpoint() {}

  /**
   * Where training stands: {@code batch} batches of epoch {@code epoch} of stage {@code stage} are
   * done, in pass number {@code pass} over the data.
   */
  record Position(int stage, int epoch, long batch, int pass) {
    static final Position START = new Position(0, 0, 0, 0);
  }

  /** What is stored as JSON; public fields for the mapper. */
  static final class Contents {
    public int version = VERSION;
    public int stage;
    public int epoch;
    public long batch;
    public int pass;
    public long[] transferRandomState;
    public List<StageContents> stages = new ArrayList<>();
  }

  /** What is stored of one layer as JSON. */
  static final class StageContents {
    public String name;
    public int iterationCount;
    public int epochCount;
    public boolean hasUpdaterState;
    public boolean hasChains;
    public long[] randomState;
    public double score;
  }

  static void write(Path file, NetworkStack stack, Position position, long[] transferRandomState)
      throws IOException {
    Contents contents = new Contents();
    contents.stage = position.stage();
    contents.epoch = position.epoch();
    contents.batch = position.batch();
    contents.pass = position.pass();
    contents.transferRandomState = transferRandomState;
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    ModelSerializer.writeModel(stack.network(), model, true);
    AtomicFile.write(
        file,
        out -> {
          ZipOutputStream zip = new ZipOutputStream(out);
          copyEntries(model.toByteArray(), zip);
          for (Stage stage : stack.stages()) {
            contents.stages.add(writeStage(stage, contents.stages.size(), zip));
          }
          zip.putNextEntry(new ZipEntry(POSITION));
          zip.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(contents));
          zip.closeEntry();
          zip.finish();
        });
  }

  private static void copyEntries(byte[] model, ZipOutputStream zip) throws IOException {
    ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(model));
    for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
      zip.putNextEntry(new ZipEntry(entry.getName()));
      in.transferTo(zip);
      zip.closeEntry();
    }
  }

  private static StageContents writeStage(Stage stage, int number, ZipOutputStream zip)
      throws IOException {
    PretrainState state = stage.resumable().pretrainState();
    StageContents contents = new StageContents();
    contents.name = stage.name();
    contents.iterationCount = stage.layer().conf().getIterationCount();
    contents.epochCount = stage.layer().conf().getEpochCount();
    contents.hasUpdaterState = state.updaterState() != null;
    contents.hasChains = state.chains() != null;
    contents.randomState = state.randomState();
    contents.score = state.score();
    if (contents.hasUpdaterState) {
      writeArray(zip, updaterEntry(number), state.updaterState());
    }
    if (contents.hasChains) {
      writeArray(zip, chainsEntry(number), state.chains());
    }
    return contents;
  }

  private static void writeArray(ZipOutputStream zip, String name, INDArray array)
      throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    DataOutputStream out = new DataOutputStream(new NonClosing(zip));
    Nd4j.write(array, out);
    out.flush();
    zip.closeEntry();
  }

  /**
   * Reads a checkpoint completely, then puts everything back; a file that cannot be used changes
   * nothing.
   *
   * @return where to go on, with the state of the trainer's random stream
   */
  static Resumed restore(Path file, NetworkStack stack) throws IOException {
    ModelFiles.check(file);
    Contents contents;
    List<PretrainState> states = new ArrayList<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      ZipEntry entry = zip.getEntry(POSITION);
      if (entry == null) {
        throw new IOException(
            file + " is a model file without " + POSITION + "; accepted: a pretraining checkpoint");
      }
      contents = JSON.readValue(zip.getInputStream(entry), Contents.class);
      for (int i = 0; i < contents.stages.size(); i++) {
        StageContents s = contents.stages.get(i);
        states.add(
            new PretrainState(
                s.hasUpdaterState ? readArray(zip, updaterEntry(i)) : null,
                s.hasChains ? readArray(zip, chainsEntry(i)) : null,
                s.randomState,
                s.score));
      }
    } catch (RuntimeException e) {
      throw new IOException(file + " is a damaged checkpoint: " + e.getMessage(), e);
    }
    INDArray parameters = stack.readParameters(file);
    checkFits(file, contents, parameters, stack);
    for (int i = 0; i < states.size(); i++) {
      Stage stage = stack.stages().get(i);
      stage.resumable().restorePretrainState(states.get(i));
      NeuralNetConfiguration conf = stage.layer().conf();
      conf.setIterationCount(contents.stages.get(i).iterationCount);
      conf.setEpochCount(contents.stages.get(i).epochCount);
    }
    stack.network().setParams(parameters);
    return new Resumed(
        new Position(contents.stage, contents.epoch, contents.batch, contents.pass),
        contents.transferRandomState);
  }

  /** Where to go on, and the state of the stream of samples between layers, or null. */
  record Resumed(Position position, long[] transferRandomState) {}

  private static void checkFits(
      Path file, Contents contents, INDArray parameters, NetworkStack stack) throws IOException {
    if (contents.version > VERSION) {
      throw new IOException(
          file + " has checkpoint version " + contents.version + "; accepted: up to " + VERSION);
    }
    List<String> saved = contents.stages.stream().map(s -> s.name).toList();
    List<String> present = stack.stages().stream().map(Stage::name).toList();
    if (!saved.equals(present)) {
      throw new IOException(
          file + " is for the layers " + saved + "; accepted: " + present + ", as in the network");
    }
    long expected = stack.network().params().length();
    if (parameters.length() != expected) {
      throw new IOException(
          file
              + " holds "
              + parameters.length()
              + " parameters; accepted: "
              + expected
              + ", as in the network");
    }
  }

  private static INDArray readArray(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IOException(zip.getName() + " is a damaged checkpoint: there is no " + name);
    }
    try (DataInputStream in = new DataInputStream(zip.getInputStream(entry))) {
      return Nd4j.read(in);
    }
  }

  private static String updaterEntry(int number) {
    return FOLDER + number + "-updater.bin";
  }

  private static String chainsEntry(int number) {
    return FOLDER + number + "-chains.bin";
  }

  /** Refuses networks whose layers cannot hand over their state, before training starts. */
  static void checkSupported(NetworkStack stack, Path file) {
    for (Stage stage : stack.stages()) {
      if (stage.resumable() == null) {
        throw new IllegalArgumentException(
            "checkpoint "
                + file
                + " is asked for, but layer \""
                + stage.name()
                + "\" is a "
                + stage.layer().getClass().getSimpleName()
                + "; accepted: layers that are "
                + ResumablePretraining.class.getSimpleName());
      }
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
      throw new IllegalArgumentException(
          "checkpoint is " + file + "; accepted: a file in an existing folder");
    }
  }

  /** ND4J's writer must not close the archive. */
  private static final class NonClosing extends java.io.FilterOutputStream {
    NonClosing(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
