/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What cannot be is refused before training, in words. */
class MonitorBadInputTest {

  @TempDir Path folder;

  private MonitorOptions options() {
    return MonitorOptions.to(folder.resolve("out"));
  }

  private static void assertRefused(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void optionsOutOfRange() {
    MonitorOptions good = options();
    assertRefused("folder is null; accepted: a folder", () -> MonitorOptions.to(null));
    assertRefused("every is 0; accepted: 1 or more epochs", () -> good.withEvery(0));
    assertRefused("measures is null; accepted: a set of measures", () -> good.withMeasures(null));
    assertRefused("maxStates is 0; accepted: 1 or more", () -> good.withMaxStates(0));
    assertRefused(
        "tile is 0x3; accepted: 1x1 or more, or 0x0 for a square of all visible units",
        () -> good.withTile(0, 3));
    assertRefused("filters is -1; accepted: 0 or more", () -> good.withFilters(-1));
    assertRefused("chains is 0; accepted: 1 or more", () -> good.withChains(0, 100));
    assertRefused("sweeps is 3; accepted: 4 or more", () -> good.withChains(1, 3));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> good.withSeed(0))
            .getMessage()
            .startsWith("seed is 0; accepted: "));
    assertEquals(Set.of(), good.withMeasures(Set.of()).measures());
    assertFalse(Files.exists(good.folder()), "options alone write nothing");
  }

  private RbmMonitor monitor(MonitorOptions options, INDArray training, INDArray validation)
      throws IOException {
    return new RbmMonitor(Monitored.stack(rbm -> rbm, 8, 4), training, validation, options);
  }

  @Test
  void samples() {
    INDArray good = Monitored.training();
    assertRefused(
        "training data are null; accepted: rows of the network's input, at least 1",
        () -> monitor(options(), null, good));
    assertRefused(
        "validation data have shape [0, 9]; accepted: rows of the network's input, at least 1",
        () -> monitor(options(), good, Nd4j.create(DataType.DOUBLE, 0, 9)));
    assertRefused(
        "training data have shape [3, 8]; accepted: [n, 9] with n at least 1",
        () -> monitor(options(), Nd4j.zeros(3, 8), null));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> monitor(options(), good, withNan(good)));
    assertTrue(e.getMessage().startsWith("validation data hold NaN"), e::getMessage);
    e = assertThrows(IllegalArgumentException.class, () -> monitor(options(), good.mul(3), null));
    assertTrue(e.getMessage().startsWith("training data hold "), e::getMessage);
    assertRefused(
        "tile is 4x3; accepted: at most as many pixels as the 9 visible units of layer \"0\"",
        () -> monitor(options().withTile(4, 3), good, null));
  }

  private static INDArray withNan(INDArray rows) {
    return rows.dup().putScalar(1, 2, Double.NaN);
  }

  @Test
  void networks() {
    MultiLayerNetwork none =
        new MultiLayerNetwork(
            Monitored.global()
                .list()
                .layer(new OutputLayer.Builder().nIn(9).nOut(2).build())
                .build());
    none.init();
    assertRefused(
        "the network has no restricted Boltzmann machine to pretrain; accepted: at least one that"
            + " is not frozen",
        () -> new RbmMonitor(none, Monitored.training(), null, options()));
    ComputationGraph two =
        new ComputationGraph(
            Monitored.global()
                .graphBuilder()
                .addInputs("a", "b")
                .addLayer("one", Monitored.rbm(9, 4, rbm -> rbm), "a")
                .addLayer("two", Monitored.rbm(9, 4, rbm -> rbm), "b")
                .setOutputs("one", "two")
                .build());
    two.init();
    assertRefused(
        "the graph has the inputs [a, b]; accepted: a graph with one input",
        () -> new RbmMonitor(two, Monitored.training(), null, options()));
  }

  @Test
  void folders() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    INDArray good = Monitored.training();
    FileSystemException e =
        assertThrows(FileSystemException.class, () -> monitor(MonitorOptions.to(file), good, null));
    assertTrue(e.getMessage().contains("it is a file"), e::getMessage);
    assertThrows(
        FileSystemException.class,
        () -> monitor(MonitorOptions.to(file.resolve("below")), good, null));
    Path csv = Files.createDirectory(options().folder()).resolve("monitor-1.csv");
    for (String text : new String[] {"", "epoch,error\n1,2\n"}) {
      Files.writeString(csv, text);
      assertRefused(
          csv
              + " has other columns; accepted: a table that this monitor wrote, to which rows are"
              + " added, or no such file",
          () -> monitor(options(), good, null));
    }
    String header = new MonitorTable().toString();
    for (String row : new String[] {"1,2", "x" + ",".repeat(26), "1" + ",".repeat(25) + ",y"}) {
      Files.writeString(csv, header + row + "\n");
      assertRefused(
          csv
              + " has the row \""
              + row
              + "\"; accepted: a table that this monitor wrote, to which rows are added, or no such"
              + " file",
          () -> monitor(options(), good, null));
    }
    Files.write(csv, new byte[] {(byte) 0xC3, 0x28});
    IllegalArgumentException binary =
        assertThrows(IllegalArgumentException.class, () -> monitor(options(), good, null));
    assertTrue(binary.getMessage().contains("is no text"), binary::getMessage);
  }

  /** As after reading a network from a file. */
  @Test
  void anotherNetworkObject() throws IOException {
    RbmMonitor monitor = monitor(options(), Monitored.training(), null);
    MultiLayerNetwork other = Monitored.stack(rbm -> rbm, 8, 4);
    other.setListeners(monitor);
    double before = other.params().sumNumber().doubleValue();
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(1)).fit(other, Monitored.iterator()));
    assertTrue(e.getMessage().contains("another network object"), e::getMessage);
    assertEquals(before, other.params().sumNumber().doubleValue());
    monitor.onEpochStart(other);
    monitor.onEpochEnd(other);
  }

  @Test
  void aFolderThatIsLostWhileTraining() throws IOException {
    MultiLayerNetwork network = Monitored.stack(rbm -> rbm, 8);
    RbmMonitor monitor = new RbmMonitor(network, Monitored.training(), null, options());
    Files.delete(options().folder());
    UncheckedIOException e =
        assertThrows(UncheckedIOException.class, () -> monitor.onEpochEnd(network.getLayer(0)));
    assertTrue(
        e.getMessage().startsWith("the monitor cannot write to " + options().folder()),
        e::getMessage);
  }
}
