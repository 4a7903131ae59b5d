/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.report.AtomicFile;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Checkpoint files of {@link GreedyPretrainer}: an ordinary DL4J model file, which {@link
 * ModelSerializer} and {@link ModelFiles} can open, with further entries under {@code pretraining/}
 * for the position, updater states, what layers keep such as persistent chains, and random streams.
 */
final class PretrainCheckpoint {

  private static final String FOLDER = "pretraining/";
  private static final String POSITION = FOLDER + "position.json";
  private static final int VERSION = 1;
  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

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
    public List<String> arrays;
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
    contents.arrays = new ArrayList<>(new TreeSet<>(state.arrays().keySet()));
    contents.randomState = state.randomState();
    contents.score = state.score();
    if (contents.hasUpdaterState) {
      writeArray(zip, updaterEntry(number), state.updaterState());
    }
    for (String name : contents.arrays) {
      writeArray(zip, arrayEntry(number, name), state.arrays().get(name));
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
    // First, because it finds damage anywhere: it reads all entries and compares their checksums.
    Model saved = stack.read(file);
    Contents contents;
    List<PretrainState> states = new ArrayList<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      if (zip.getEntry(POSITION) == null) {
        throw new IOException(
            file + " is a model file without " + POSITION + "; accepted: a pretraining checkpoint");
      }
      contents = JSON.readValue(readEntry(zip, POSITION), Contents.class);
      checkContents(contents);
      for (int i = 0; i < contents.stages.size(); i++) {
        StageContents s = contents.stages.get(i);
        states.add(
            new PretrainState(
                s.hasUpdaterState ? readArray(zip, updaterEntry(i)) : null,
                readArrays(zip, i, s.arrays),
                s.randomState,
                s.score));
      }
    } catch (JsonProcessingException | RuntimeException e) {
      throw new IOException(file + " is a damaged checkpoint: " + e.getMessage(), e);
    }
    checkFits(file, contents, states, saved, stack);
    putBack(file, states, stack);
    stack.adopt(saved);
    // Last, because DL4J's counters of a whole network overwrite those of its layers.
    putBackCounters(contents, stack);
    return new Resumed(
        new Position(contents.stage, contents.epoch, contents.batch, contents.pass),
        contents.transferRandomState);
  }

  /** Where to go on, and the state of the stream of samples between layers. */
  record Resumed(Position position, long[] transferRandomState) {}

  private static void checkContents(Contents contents) {
    if (contents.version < 1 || contents.version > VERSION) {
      throw new IllegalArgumentException(
          "its version is " + contents.version + "; accepted: 1 to " + VERSION);
    }
    if (contents.stages == null
        || contents.stage < 0
        || contents.stage > contents.stages.size()
        || contents.epoch < 0
        || contents.batch < 0
        || contents.pass < 0) {
      throw new IllegalArgumentException("its position is out of range");
    }
    checkRandomState(contents.transferRandomState, "between layers");
    for (StageContents stage : contents.stages) {
      if (stage == null || stage.name == null) {
        throw new IllegalArgumentException("one of its layers has no name");
      }
      if (stage.randomState != null) {
        checkRandomState(stage.randomState, "of layer \"" + stage.name + "\"");
      }
    }
  }

  private static void checkRandomState(long[] state, String whose) {
    if (state == null || state.length != RandomStream.STATE_LENGTH) {
      throw new IllegalArgumentException(
          "its random state "
              + whose
              + " has "
              + (state == null ? 0 : state.length)
              + " numbers; accepted: "
              + RandomStream.STATE_LENGTH);
    }
  }

  private static void checkFits(
      Path file, Contents contents, List<PretrainState> states, Model saved, NetworkStack stack)
      throws IOException {
    List<String> savedNames = contents.stages.stream().map(s -> s.name).toList();
    List<String> names = stack.stages().stream().map(Stage::name).toList();
    if (!savedNames.equals(names)) {
      throw new IOException(
          file
              + " is for the layers "
              + savedNames
              + "; accepted: "
              + names
              + ", as in the network");
    }
    Map<String, String> savedShapes = shapes(saved);
    Map<String, String> shapes = shapes(stack.network());
    if (!savedShapes.equals(shapes)) {
      Map<String, String> differing = new TreeMap<>(savedShapes);
      differing.entrySet().removeAll(shapes.entrySet());
      throw new IOException(
          file
              + " holds parameters that are not those of the network: "
              + differing
              + "; accepted: "
              + shapes);
    }
    for (int i = 0; i < states.size(); i++) {
      INDArray updaterState = states.get(i).updaterState();
      long expected = updaterStateSize(stack.stages().get(i).layer());
      if (updaterState != null && updaterState.length() != expected) {
        throw new IOException(
            file
                + " holds an updater state of "
                + updaterState.length()
                + " numbers for layer \""
                + names.get(i)
                + "\"; accepted: "
                + expected
                + ", as its updater needs");
      }
    }
    long savedState = length(stack.updaterState(saved));
    long state = length(stack.updaterState(stack.network()));
    if (savedState != state) {
      throw new IOException(
          file
              + " holds an updater state of "
              + savedState
              + " numbers for the whole network; accepted: "
              + state
              + ", as its updaters need");
    }
  }

  private static long length(INDArray array) {
    return array == null ? 0 : array.length();
  }

  /** Type and shape of every parameter, by DL4J's name for it. */
  private static Map<String, String> shapes(Model network) {
    Map<String, String> shapes = new TreeMap<>();
    network
        .paramTable()
        .forEach((name, p) -> shapes.put(name, p.dataType() + Arrays.toString(p.shape())));
    return shapes;
  }

  private static long updaterStateSize(Layer layer) {
    return layer.paramTable(false).entrySet().stream()
        .mapToLong(
            p -> layer.getConfig().getUpdaterByParam(p.getKey()).stateSize(p.getValue().length()))
        .sum();
  }

  /** All layers or none. */
  private static void putBack(Path file, List<PretrainState> states, NetworkStack stack)
      throws IOException {
    List<Stage> stages = stack.stages();
    List<PretrainState> before = new ArrayList<>();
    try {
      for (int i = 0; i < stages.size(); i++) {
        before.add(stages.get(i).resumable().pretrainState());
        stages.get(i).resumable().restorePretrainState(states.get(i));
      }
    } catch (RuntimeException e) {
      for (int i = 0; i < before.size(); i++) {
        stages.get(i).resumable().restorePretrainState(before.get(i));
      }
      throw new IOException(file + " does not fit the network: " + e.getMessage(), e);
    }
  }

  private static void putBackCounters(Contents contents, NetworkStack stack) {
    for (int i = 0; i < contents.stages.size(); i++) {
      NeuralNetConfiguration conf = stack.stages().get(i).layer().conf();
      conf.setIterationCount(contents.stages.get(i).iterationCount);
      conf.setEpochCount(contents.stages.get(i).epochCount);
    }
  }

  private static INDArray readArray(ZipFile zip, String name) throws IOException {
    return Nd4j.read(new ByteArrayInputStream(readEntry(zip, name)));
  }

  private static Map<String, INDArray> readArrays(ZipFile zip, int number, List<String> names)
      throws IOException {
    Map<String, INDArray> arrays = new TreeMap<>();
    for (String name : names == null ? List.<String>of() : names) {
      arrays.put(name, readArray(zip, arrayEntry(number, name)));
    }
    return arrays;
  }

  private static byte[] readEntry(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IOException(zip.getName() + " is a damaged checkpoint: there is no " + name);
    }
    try (InputStream in = zip.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  private static String updaterEntry(int number) {
    return FOLDER + number + "-updater.bin";
  }

  private static String arrayEntry(int number, String name) {
    return FOLDER + number + "-" + name + ".bin";
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
