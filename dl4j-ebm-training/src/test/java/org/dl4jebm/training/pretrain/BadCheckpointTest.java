/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A file that is no checkpoint of this network changes nothing, and the message says what it is.
 */
class BadCheckpointTest {

  private static final String POSITION = "pretraining/position.json";
  private static final PretrainOptions OPTIONS = PretrainOptions.epochs(2);

  @TempDir Path folder;
  private Path good;

  private static MultiLayerNetwork network() {
    return Stacks.mln(Stacks.global(), rbm -> rbm.persistentChains(3));
  }

  /** Stopped in the second layer. */
  @BeforeEach
  void writeGoodCheckpoint() {
    good = folder.resolve("good.zip");
    MultiLayerNetwork network = network();
    network.setListeners(interruptAfter(11));
    assertFalse(
        new GreedyPretrainer(OPTIONS.withCheckpoint(good, 100))
            .fit(network, Stacks.iterator())
            .completed());
    assertTrue(Thread.interrupted());
  }

  private static BaseTrainingListener interruptAfter(int updates) {
    return new BaseTrainingListener() {
      private int done;

      @Override
      public void iterationDone(Model model, int iteration, int epoch) {
        if (++done == updates) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private static void assertRefused(Path file, String... parts) {
    assertRefused(file, network(), parts);
  }

  private static void assertRefused(Path file, Model network, String... parts) {
    Snapshot before = Snapshot.of(network);
    GreedyPretrainer pretrainer = new GreedyPretrainer(OPTIONS);
    IOException e =
        assertThrows(
            IOException.class,
            () -> {
              if (network instanceof MultiLayerNetwork mln) {
                pretrainer.resume(mln, Stacks.iterator(), file);
              } else {
                pretrainer.resume((ComputationGraph) network, Stacks.iterator(), file);
              }
            });
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
    before.assertSame(network);
  }

  /** The good checkpoint with one entry replaced, or left out for null. */
  private Path with(String entryName, UnaryOperator<byte[]> change) throws IOException {
    Path file = folder.resolve("changed.zip");
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(good));
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        byte[] bytes = in.readAllBytes();
        byte[] replaced = entry.getName().equals(entryName) ? change.apply(bytes) : bytes;
        if (replaced != null) {
          out.putNextEntry(new ZipEntry(entry.getName()));
          out.write(replaced);
          out.closeEntry();
        }
      }
    }
    return file;
  }

  private Path withPosition(String from, String to) throws IOException {
    return with(
        POSITION,
        bytes -> {
          String json = new String(bytes, StandardCharsets.UTF_8);
          assertTrue(json.matches("(?s).*" + from + ".*"), from + " in " + json);
          return json.replaceFirst(from, to).getBytes(StandardCharsets.UTF_8);
        });
  }

  @Test
  void theGoodOneIsGood() throws IOException {
    assertTrue(
        new GreedyPretrainer(OPTIONS).resume(network(), Stacks.iterator(), good).completed());
    assertTrue(
        new GreedyPretrainer(OPTIONS)
            .resume(network(), Stacks.iterator(), with("none", bytes -> bytes))
            .completed());
  }

  @Test
  void missing() {
    Path missing = folder.resolve("missing.zip");
    assertRefused(missing, "no such file");
    assertRefused(folder.resolve("no/folder.zip"), "no such file");
    assertRefused(folder, "not a regular file");
    assertThrows(
        NoSuchFileException.class,
        () -> new GreedyPretrainer(OPTIONS).resume(network(), Stacks.iterator(), missing));
  }

  @Test
  void truncated() throws IOException {
    byte[] whole = Files.readAllBytes(good);
    for (int length : new int[] {0, 1, 50, whole.length / 2, whole.length - 40, whole.length - 1}) {
      Path file = folder.resolve("cut" + length + ".zip");
      Files.write(file, Arrays.copyOf(whole, length));
      assertRefused(file, length + " bytes");
    }
  }

  @Test
  void somethingElse() throws IOException {
    byte[] noise = new byte[5000];
    new Random(2).nextBytes(noise);
    Path file = folder.resolve("noise.zip");
    Files.write(file, noise);
    assertRefused(file, "zip archive");
    Path model = folder.resolve("model.zip");
    ModelFiles.write(network(), model);
    assertRefused(model, "accepted: a pretraining checkpoint");
    Path entries = folder.resolve("other.zip");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(entries))) {
      zip.putNextEntry(new ZipEntry("readme"));
    }
    assertRefused(entries, "configuration.json");
  }

  @Test
  void ofAnotherNetwork() throws IOException {
    // As many parameters, in other shapes.
    MultiLayerNetwork turned =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
                .layer(Stacks.rbm(5, 4).build())
                .layer(Stacks.rbm(4, 3).build())
                .layer(Stacks.output(3))
                .build());
    turned.init();
    assertEquals(network().numParams(), turned.numParams());
    MultiLayerNetwork swapped =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(5, Stacks.INPUTS).build())
                .layer(Stacks.rbm(Stacks.INPUTS, 3).build())
                .layer(Stacks.rbm(3, 3).build())
                .layer(Stacks.output(3))
                .build());
    swapped.init();
    assertRefused(good, swapped, "FLOAT[6, 5]", "FLOAT[5, 6]");

    MultiLayerNetwork shallow =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
                .layer(Stacks.output(5))
                .build());
    shallow.init();
    assertRefused(good, shallow, "[0, 1, 2]", "accepted: [0]");
    MultiLayerNetwork named =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).name("low").build())
                .layer(Stacks.rbm(5, 4).build())
                .layer(Stacks.rbm(4, 3).build())
                .layer(Stacks.output(3))
                .build());
    named.init();
    assertRefused(good, named, "[0, 1, 2]", "accepted: [low, 1, 2]");
  }

  @Test
  void ofAnotherDataType() {
    assertRefused(
        good,
        Stacks.mln(Stacks.global().dataType(DataType.DOUBLE), rbm -> rbm.persistentChains(3)),
        "FLOAT",
        "DOUBLE");
  }

  @Test
  void ofAnotherUpdater() {
    assertRefused(
        good,
        Stacks.mln(Stacks.global(new Adam(0.1)), rbm -> rbm.persistentChains(3)),
        "updater state of 41 numbers",
        "\"0\"",
        "accepted: 82");
    assertRefused(
        good,
        Stacks.mln(Stacks.global(new Sgd(0.1)), rbm -> rbm.persistentChains(3)),
        "accepted: 0");
    // Only the layer above the pretrained ones differs.
    MultiLayerNetwork other =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(chains(Stacks.INPUTS, 5))
                .layer(chains(5, 4))
                .layer(chains(4, 3))
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(3)
                        .nOut(2)
                        .updater(new Adam(0.1))
                        .build())
                .build());
    other.init();
    assertRefused(good, other, "for the whole network");
  }

  @Test
  void ofAnotherNumberOfChains() {
    assertRefused(
        good,
        Stacks.mln(Stacks.global(), rbm -> rbm.persistentChains(4)),
        "chains",
        "[3, 5]",
        "[4, 5]");
    // Only the second layer differs, when the first has been put back already.
    MultiLayerNetwork mixed =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).persistentChains(3).build())
                .layer(Stacks.rbm(5, 4).persistentChains(7).build())
                .layer(Stacks.rbm(4, 3).persistentChains(3).build())
                .layer(Stacks.output(3))
                .build());
    mixed.init();
    assertRefused(good, mixed, "chains", "[3, 4]", "[7, 4]");
  }

  @Test
  void ofTheOtherKindOfNetwork() throws IOException {
    assertRefused(good, Stacks.graph(), "MultiLayerNetwork", "accepted: a ComputationGraph");
    // A graph whose layers have the same names.
    ComputationGraph graph =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("in")
                .addLayer("0", chains(Stacks.INPUTS, 5), "in")
                .addLayer("1", chains(5, 4), "0")
                .addLayer("2", chains(4, 3), "1")
                .addLayer("3", Stacks.output(3), "2")
                .setOutputs("3")
                .build());
    graph.init();
    assertRefused(good, graph, "MultiLayerNetwork", "accepted: a ComputationGraph");
    Path file = folder.resolve("graph.zip");
    graph.setListeners(interruptAfter(3));
    new GreedyPretrainer(OPTIONS.withCheckpoint(file, 100)).fit(graph, Stacks.iterator());
    assertTrue(Thread.interrupted());
    assertRefused(file, "ComputationGraph", "accepted: a MultiLayerNetwork");
  }

  private static RestrictedBoltzmannMachine chains(int in, int out) {
    return Stacks.rbm(in, out).persistentChains(3).build();
  }

  @Test
  void damagedPosition() throws IOException {
    assertRefused(with(POSITION, bytes -> new byte[0]), "damaged");
    assertRefused(with(POSITION, bytes -> Arrays.copyOf(bytes, bytes.length / 2)), "damaged");
    assertRefused(with(POSITION, bytes -> "[1, 2]".getBytes(StandardCharsets.UTF_8)), "damaged");
    assertRefused(with(POSITION, bytes -> "null".getBytes(StandardCharsets.UTF_8)), "damaged");
    assertRefused(withPosition("\"version\" : 1", "\"version\" : 3"), "version is 3", "2");
    assertRefused(withPosition("\"version\" : 1", "\"version\" : 0"), "version is 0");
    assertRefused(withPosition("\"stage\" : 1", "\"stage\" : 4"), "position");
    assertRefused(withPosition("\"stage\" : 1", "\"stage\" : -1"), "position");
    assertRefused(withPosition("\"epoch\" : 0", "\"epoch\" : -1"), "position");
    assertRefused(withPosition("\"batch\" : 3", "\"batch\" : -3"), "position");
    assertRefused(withPosition("\"stage\" : 1", "\"stage\" : \"one\""), "damaged");
    assertRefused(
        withPosition("\"transferRandomState\" : [^\\]]*\\]", "\"transferRandomState\" : [1]"),
        "random state");
    assertRefused(
        withPosition("\"transferRandomState\" : [^\\]]*\\]", "\"transferRandomState\" : null"),
        "random state");
    assertRefused(withPosition("\"randomState\" : [^\\]]*\\]", "\"randomState\" : [ ]"), "\"0\"");
    assertRefused(withPosition("\"name\" : \"0\"", "\"name\" : null"), "no name");
  }

  /** Written by a later version which only adds to it. */
  @Test
  void unknownPropertiesOfThePositionAreIgnored() throws IOException {
    Path file = withPosition("\"version\" : 1", "\"version\" : 1, \"machine\" : \"m\"");
    assertTrue(
        new GreedyPretrainer(OPTIONS).resume(network(), Stacks.iterator(), file).completed());
  }

  @Test
  void damagedArrays() throws IOException {
    for (String entry : List.of("pretraining/0-updater.bin", "pretraining/1-chains.bin")) {
      assertRefused(with(entry, bytes -> null), entry);
      assertRefused(with(entry, bytes -> new byte[0]), "damaged");
      assertRefused(with(entry, bytes -> Arrays.copyOf(bytes, bytes.length / 2)), "damaged");
    }
    assertRefused(with("coefficients.bin", bytes -> Arrays.copyOf(bytes, bytes.length / 2)));
  }

  /** Whatever byte is wrong: either it does not matter, or the file is refused. */
  @Test
  void bytesThatHaveChanged() throws IOException {
    MultiLayerNetwork expected = network();
    new GreedyPretrainer(OPTIONS).resume(expected, Stacks.iterator(), good);
    Snapshot end = Snapshot.of(expected);
    byte[] whole = Files.readAllBytes(good);
    Path file = folder.resolve("changed.zip");
    for (int position = 5; position < whole.length; position += 101) {
      byte[] changed = whole.clone();
      changed[position] ^= 0x11;
      Files.write(file, changed);
      MultiLayerNetwork network = network();
      Snapshot before = Snapshot.of(network);
      try {
        new GreedyPretrainer(OPTIONS).resume(network, Stacks.iterator(), file);
        end.assertSame(network);
      } catch (IOException e) {
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        before.assertSame(network);
      }
    }
  }

  @Test
  void fewerBatchesThanWereDone() {
    MultiLayerNetwork network = network();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new GreedyPretrainer(OPTIONS)
                    .resume(
                        network,
                        Stacks.iteratorOfHeldArrays(
                            Stacks.batches(Stacks.iterator()).subList(0, 2)),
                        good));
    assertTrue(e.getMessage().contains("gave 2 batches"), e.getMessage());
  }
}
