/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class ModelFilesTest {

  @TempDir Path folder;

  private static RestrictedBoltzmannMachine rbm() {
    return new RestrictedBoltzmannMachine.Builder().nIn(4).nOut(3).build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(2).build();
  }

  private static DataSet data() {
    INDArray x = Nd4j.linspace(0, 1, 20).reshape(5, 4);
    return new DataSet(x, Nd4j.ones(5, 2));
  }

  private static MultiLayerNetwork mln() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.1))
                .list()
                .layer(rbm())
                .layer(output())
                .build());
    network.init();
    network.fit(data());
    return network;
  }

  private static ComputationGraph graph() {
    ComputationGraph network =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.1))
                .graphBuilder()
                .addInputs("in")
                .addLayer("rbm", rbm(), "in")
                .addLayer("out", output(), "rbm")
                .setOutputs("out")
                .build());
    network.init();
    network.fit(data());
    return network;
  }

  private Path write(Model network) throws IOException {
    Path file = Files.createTempFile(folder, "model", ".zip");
    ModelFiles.write(network, file);
    return file;
  }

  /** Both readers must refuse it, naming the file and all of the parts. */
  private static void assertRefused(Path file, String... parts) {
    for (Exception e :
        List.of(
            assertThrows(IOException.class, () -> ModelFiles.readMultiLayerNetwork(file)),
            assertThrows(IOException.class, () -> ModelFiles.readComputationGraph(file)))) {
      assertMessage(e, file, parts);
    }
  }

  private static void assertMessage(Exception e, Path file, String... parts) {
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
  }

  @Test
  void writesWhatModelSerializerReadsAndReadsWhatItWrites() throws IOException {
    MultiLayerNetwork network = mln();
    Path file = write(network);
    MultiLayerNetwork read = ModelFiles.readMultiLayerNetwork(file);
    assertEquals(network.params(), read.params());
    assertEquals(network.updaterState(), read.updaterState());
    assertEquals(network.getLayerWiseConfigurations(), read.getLayerWiseConfigurations());
    assertEquals(
        network.params(), ModelSerializer.restoreMultiLayerNetwork(file.toFile()).params());
    Path other = folder.resolve("other.zip");
    ModelSerializer.writeModel(network, other.toFile(), false);
    assertEquals(network.params(), ModelFiles.readMultiLayerNetwork(other).params());

    ComputationGraph graph = graph();
    Path graphFile = write(graph);
    ComputationGraph readGraph = ModelFiles.readComputationGraph(graphFile);
    assertEquals(graph.params(), readGraph.params());
    assertEquals(
        graph.getUpdater().getStateViewArray(), readGraph.getUpdater().getStateViewArray());
  }

  @Test
  void writingReplacesTheFileAndLeavesNothingElse() throws IOException {
    Path file = folder.resolve("model.zip");
    Files.writeString(file, "old");
    ModelFiles.write(mln(), file);
    assertEquals(mln().params(), ModelFiles.readMultiLayerNetwork(file).params());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void whereItCannotBeWrittenNothingChanges() throws IOException {
    IOException missing =
        assertThrows(
            IOException.class, () -> ModelFiles.write(mln(), folder.resolve("no/model.zip")));
    assertTrue(missing.getMessage().contains("no"), missing.getMessage());
    assertThrows(FileSystemException.class, () -> ModelFiles.write(mln(), folder));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void missingFileOrFolder() {
    Path missing = folder.resolve("missing.zip");
    NoSuchFileException e =
        assertThrows(NoSuchFileException.class, () -> ModelFiles.readMultiLayerNetwork(missing));
    assertMessage(e, missing, "no such file", "accepted");
    assertThrows(NoSuchFileException.class, () -> ModelFiles.readComputationGraph(missing));
    assertThrows(
        NoSuchFileException.class, () -> ModelFiles.check(folder.resolve("no/folder.zip")));
    assertRefused(folder, "not a regular file");
  }

  @Test
  void truncatedAnywhere() throws IOException {
    byte[] whole = Files.readAllBytes(write(mln()));
    int[] lengths = {
      0, 1, 3, 4, 30, 100, whole.length / 2, whole.length - 100, whole.length - 22, whole.length - 1
    };
    for (int length : lengths) {
      Path file = folder.resolve("cut" + length);
      Files.write(file, Arrays.copyOf(whole, length));
      assertRefused(file, length + " bytes", "not a complete zip archive");
    }
  }

  @Test
  void somethingElse() throws IOException {
    Path text = folder.resolve("model.txt");
    Files.writeString(text, "this is no model");
    assertRefused(text, "not a complete zip archive");
    Random random = new Random(1);
    for (int length : new int[] {22, 1000, 100_000}) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      Path file = folder.resolve("random" + length);
      Files.write(file, bytes);
      assertRefused(file, length + " bytes");
      // With the signature of a zip archive in front.
      bytes[0] = 'P';
      bytes[1] = 'K';
      bytes[2] = 3;
      bytes[3] = 4;
      Files.write(file, bytes);
      assertRefused(file, length + " bytes");
    }
  }

  private Path zip(String name, String... entriesAndContents) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < entriesAndContents.length; i += 2) {
        zip.putNextEntry(new ZipEntry(entriesAndContents[i]));
        zip.write(entriesAndContents[i + 1].getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return file;
  }

  @Test
  void archivesThatAreNoModels() throws IOException {
    assertRefused(zip("photos.zip", "a.jpg", "..."), "configuration.json");
    assertRefused(zip("empty.zip"));
    assertRefused(zip("half.zip", "configuration.json", "{}"), "coefficients.bin");
    assertRefused(
        zip("blank.zip", "configuration.json", "", "coefficients.bin", ""),
        "no configuration of a network");
    assertRefused(
        zip("braces.zip", "configuration.json", "{}", "coefficients.bin", "x"),
        "no configuration of a network");
    assertRefused(
        zip("cut.zip", "configuration.json", "{\"confs\": [", "coefficients.bin", "x"),
        "configuration.json");
    assertRefused(
        zip("list.zip", "configuration.json", "[1, 2]", "coefficients.bin", "0123456789"),
        "no configuration of a network");
    String configuration = mln().getLayerWiseConfigurations().toJson();
    assertRefused(zip("short.zip", "configuration.json", configuration, "coefficients.bin", ""));
    assertRefused(
        zip("wrong.zip", "configuration.json", configuration, "coefficients.bin", "numbers"));
  }

  @Test
  void oneKindOfNetworkReadAsTheOther() throws IOException {
    Path graph = write(graph());
    IOException e = assertThrows(IOException.class, () -> ModelFiles.readMultiLayerNetwork(graph));
    assertMessage(e, graph, "ComputationGraph", "accepted: a MultiLayerNetwork");
    Path mln = write(mln());
    e = assertThrows(IOException.class, () -> ModelFiles.readComputationGraph(mln));
    assertMessage(e, mln, "MultiLayerNetwork", "accepted: a ComputationGraph");
  }

  /** Parameters of another network under this configuration. */
  @Test
  void parametersThatDoNotFitTheConfiguration() throws IOException {
    MultiLayerNetwork larger =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new RestrictedBoltzmannMachine.Builder().nIn(5).nOut(3).build())
                .layer(output())
                .build());
    Path file = write(mln());
    Path mixed = folder.resolve("mixed.zip");
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(file));
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(mixed))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        out.putNextEntry(new ZipEntry(entry.getName()));
        byte[] bytes = in.readAllBytes();
        out.write(
            entry.getName().equals("configuration.json")
                ? larger.getLayerWiseConfigurations().toJson().getBytes(StandardCharsets.UTF_8)
                : bytes);
      }
    }
    IOException e = assertThrows(IOException.class, () -> ModelFiles.readMultiLayerNetwork(mixed));
    assertMessage(e, mixed, "cannot be read as a MultiLayerNetwork");
  }

  /** Whatever bit is wrong: either it does not matter, or the file is refused. */
  @Test
  void bytesThatHaveChanged() throws IOException {
    MultiLayerNetwork network = mln();
    byte[] whole = Files.readAllBytes(write(network));
    double[] expected = network.params().toDoubleVector();
    int refused = 0;
    int tried = 0;
    for (int position = 0; position < whole.length; position += 13) {
      byte[] damaged = whole.clone();
      damaged[position] ^= 0x20;
      Path file = folder.resolve("damaged");
      Files.write(file, damaged);
      tried++;
      try {
        assertArrayEquals(
            expected,
            ModelFiles.readMultiLayerNetwork(file).params().toDoubleVector(),
            "byte " + position);
      } catch (IOException e) {
        assertMessage(e, file);
        refused++;
      }
    }
    assertTrue(refused > tried / 2, refused + " of " + tried);
  }

  @Test
  void objects() throws IOException {
    Path file = folder.resolve("model.zip");
    MultiLayerNetwork network = mln();
    ModelFiles.write(network, file);
    ModelFiles.addObject(file, "levels", new double[] {2, 1});
    ModelFiles.addObject(file, "name", "a");
    ModelFiles.addObject(file, "name", "b");
    assertArrayEquals(new double[] {2, 1}, ModelFiles.readObject(file, "levels", double[].class));
    assertEquals("b", ModelFiles.readObject(file, "name", String.class));
    assertEquals("b", ModelSerializer.getObjectFromFile(file.toFile(), "name"));
    assertEquals(network.params(), ModelFiles.readMultiLayerNetwork(file).params());
    String message =
        assertThrows(IOException.class, () -> ModelFiles.readObject(file, "other", String.class))
            .getMessage();
    assertTrue(message.contains("no object 'other'"), message);
    message =
        assertThrows(IOException.class, () -> ModelFiles.readObject(file, "name", Integer.class))
            .getMessage();
    assertTrue(message.contains("accepted: a Integer"), message);
    assertThrows(
        NoSuchFileException.class,
        () -> ModelFiles.addObject(folder.resolve("none.zip"), "name", "a"));
  }
}
