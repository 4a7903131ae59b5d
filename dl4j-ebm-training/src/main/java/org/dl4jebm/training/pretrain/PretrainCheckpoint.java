/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.pretrain.CheckpointContents.LastGoodContents;
import org.dl4jebm.training.pretrain.CheckpointContents.StageContents;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.report.AtomicFile;
import org.nd4j.linalg.api.ndarray.INDArray;
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
  private static final String LAST_GOOD = FOLDER + "last-good";
  private static final String PARAMETERS = "parameters";

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

  /**
   * A run apart from its layers.
   *
   * @param position where training stands
   * @param transferRandomState of the samples between layers
   * @param rollBacks roll backs made so far in the stage of the position
   * @param rateFactor factor on the learning rates of that stage
   * @param lastGood where to go back to, or null if that is where training stands
   */
  record RunState(
      Position position,
      long[] transferRandomState,
      int rollBacks,
      double rateFactor,
      LastGood lastGood) {}

  static void write(Path file, NetworkStack stack, RunState run) throws IOException {
    CheckpointContents contents = new CheckpointContents();
    contents.stage = run.position().stage();
    contents.epoch = run.position().epoch();
    contents.batch = run.position().batch();
    contents.pass = run.position().pass();
    contents.transferRandomState = run.transferRandomState();
    contents.rollBacks = run.rollBacks();
    contents.rateFactor = run.rateFactor();
    if (run.rollBacks() > 0 || run.lastGood() != null) {
      contents.version = CheckpointContents.VERSION;
    }
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    ModelSerializer.writeModel(stack.network(), model, true);
    AtomicFile.write(
        file,
        out -> {
          ZipOutputStream zip = new ZipOutputStream(out);
          CheckpointEntries.copy(model.toByteArray(), zip);
          for (Stage stage : stack.stages()) {
            PretrainState state = stage.resumable().pretrainState();
            CheckpointEntries.writeArrays(zip, FOLDER + contents.stages.size(), state);
            contents.stages.add(contents(stage, stage.layer().conf().getIterationCount(), state));
          }
          if (run.lastGood() != null) {
            Stage stage = stack.stages().get(contents.stage);
            contents.lastGood = writeLastGood(stage, run.lastGood(), zip);
          }
          zip.putNextEntry(new ZipEntry(POSITION));
          zip.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(contents));
          zip.closeEntry();
          zip.finish();
        });
  }

  private static LastGoodContents writeLastGood(Stage stage, LastGood good, ZipOutputStream zip)
      throws IOException {
    CheckpointEntries.writeArray(zip, LAST_GOOD, PARAMETERS, good.parameters());
    CheckpointEntries.writeArrays(zip, LAST_GOOD, good.state());
    LastGoodContents contents = new LastGoodContents();
    contents.epoch = good.position().epoch();
    contents.batch = good.position().batch();
    contents.pass = good.position().pass();
    contents.transferRandomState = good.transferRandomState();
    contents.layer = contents(stage, good.iterations(), good.state());
    return contents;
  }

  private static StageContents contents(Stage stage, int iterations, PretrainState state) {
    StageContents contents = new StageContents();
    contents.name = stage.name();
    contents.iterationCount = iterations;
    contents.epochCount = stage.layer().conf().getEpochCount();
    contents.hasUpdaterState = state.updaterState() != null;
    contents.arrays = new ArrayList<>(new TreeSet<>(state.arrays().keySet()));
    contents.randomState = state.randomState();
    contents.score = state.score();
    return contents;
  }

  /**
   * Reads a checkpoint completely, then puts everything back; a file that cannot be used changes
   * nothing.
   *
   * @return where and how to go on
   */
  static RunState restore(Path file, NetworkStack stack) throws IOException {
    // First, because it finds damage anywhere: it reads all entries and compares their checksums.
    Model saved = stack.read(file);
    CheckpointContents contents;
    List<PretrainState> states = new ArrayList<>();
    LastGood lastGood;
    try (ZipFile zip = new ZipFile(file.toFile())) {
      if (zip.getEntry(POSITION) == null) {
        throw new IOException(
            file + " is a model file without " + POSITION + "; accepted: a pretraining checkpoint");
      }
      contents = JSON.readValue(CheckpointEntries.read(zip, POSITION), CheckpointContents.class);
      contents.check();
      for (int i = 0; i < contents.stages.size(); i++) {
        states.add(readState(zip, FOLDER + i, contents.stages.get(i)));
      }
      lastGood = contents.lastGood == null ? null : readLastGood(zip, contents);
    } catch (JsonProcessingException | RuntimeException e) {
      throw new IOException(file + " is a damaged checkpoint: " + e.getMessage(), e);
    }
    checkFits(file, contents, states, saved, stack);
    if (contents.stage < states.size()) {
      checkRollBacks(file, contents, lastGood, stack.stages().get(contents.stage));
    }
    putBack(file, states, stack);
    stack.adopt(saved);
    // Last, because DL4J's counters of a whole network overwrite those of its layers.
    putBackCounters(contents, stack);
    return new RunState(
        new Position(contents.stage, contents.epoch, contents.batch, contents.pass),
        contents.transferRandomState,
        contents.rollBacks,
        contents.rateFactor,
        lastGood);
  }

  private static PretrainState readState(ZipFile zip, String prefix, StageContents contents)
      throws IOException {
    return new PretrainState(
        contents.hasUpdaterState ? CheckpointEntries.readUpdaterState(zip, prefix) : null,
        CheckpointEntries.readArrays(zip, prefix, contents.arrays),
        contents.randomState,
        contents.score);
  }

  private static LastGood readLastGood(ZipFile zip, CheckpointContents contents)
      throws IOException {
    LastGoodContents good = contents.lastGood;
    return new LastGood(
        new Position(contents.stage, good.epoch, good.batch, good.pass),
        CheckpointEntries.readArray(zip, LAST_GOOD, PARAMETERS),
        readState(zip, LAST_GOOD, good.layer),
        good.layer.iterationCount,
        good.transferRandomState);
  }

  private static void checkFits(
      Path file,
      CheckpointContents contents,
      List<PretrainState> states,
      Model saved,
      NetworkStack stack)
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

  /** The last good state is tried on, and the layer's own put back. */
  private static void checkRollBacks(
      Path file, CheckpointContents contents, LastGood lastGood, Stage stage) throws IOException {
    PretrainState before = stage.resumable().pretrainState();
    try {
      if (contents.rateFactor < 1) {
        LearningRates.requireScalable(stage.layer());
      }
      if (lastGood != null) {
        if (!Arrays.equals(lastGood.parameters().shape(), stage.layer().params().shape())) {
          throw new IllegalArgumentException(
              "its last good state has parameters of shape "
                  + Arrays.toString(lastGood.parameters().shape())
                  + "; accepted: "
                  + Arrays.toString(stage.layer().params().shape()));
        }
        stage.resumable().restorePretrainState(lastGood.state());
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " does not fit the network: " + e.getMessage(), e);
    } finally {
      stage.resumable().restorePretrainState(before);
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

  private static void putBackCounters(CheckpointContents contents, NetworkStack stack) {
    for (int i = 0; i < contents.stages.size(); i++) {
      NeuralNetConfiguration conf = stack.stages().get(i).layer().conf();
      conf.setIterationCount(contents.stages.get(i).iterationCount);
      conf.setEpochCount(contents.stages.get(i).epochCount);
    }
  }
}
