/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Nesterovs;

/** Bars and stripes, small machines for them, and tables read back. */
final class Monitored {

  private Monitored() {}

  /** All rows of 3x3 pixels whose rows or whose columns are each of one colour. */
  static INDArray barsAndStripes() {
    double[][] images = new double[16][9];
    for (int lines = 0; lines < 8; lines++) {
      for (int pixel = 0; pixel < 9; pixel++) {
        images[lines][pixel] = lines >> pixel / 3 & 1;
        images[8 + lines][pixel] = lines >> pixel % 3 & 1;
      }
    }
    return Nd4j.createFromArray(images);
  }

  /** The first twelve, and what is left out of training. */
  static INDArray training() {
    return barsAndStripes().get(NDArrayIndex.interval(0, 12));
  }

  static INDArray validation() {
    return barsAndStripes().get(NDArrayIndex.interval(12, 16));
  }

  static ShuffledDataSetIterator iterator() {
    return new ShuffledDataSetIterator(training(), ShuffledDataSetIterator.Options.shuffled(5, 31));
  }

  static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(77)
        .dataType(DataType.DOUBLE)
        .updater(new Nesterovs(0.1, 0.5))
        .weightInit(new NormalDistribution(0, 0.1));
  }

  static RestrictedBoltzmannMachine rbm(
      int in, int out, UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    return how.apply(new RestrictedBoltzmannMachine.Builder().nIn(in).nOut(out).scoreEvery(4))
        .build();
  }

  /** A stack, the first layer with 9 visible units. */
  static MultiLayerNetwork stack(
      UnaryOperator<RestrictedBoltzmannMachine.Builder> how, int... hidden) {
    NeuralNetConfiguration.ListBuilder list = global().list();
    int in = 9;
    for (int out : hidden) {
      list.layer(rbm(in, out, how));
      in = out;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  static ComputationGraph graph(String first, String second) {
    ComputationGraph graph =
        new ComputationGraph(
            global()
                .graphBuilder()
                .addInputs("in")
                .addLayer(first, rbm(9, 8, rbm -> rbm), "in")
                .addLayer(second, rbm(8, 4, rbm -> rbm), first)
                .setOutputs(second)
                .build());
    graph.init();
    return graph;
  }

  static RestrictedBoltzmannMachineLayer layer(MultiLayerNetwork network, int index) {
    return (RestrictedBoltzmannMachineLayer) network.getLayer(index);
  }

  /** Rows of a table as maps; empty cells are missing. */
  static List<Map<String, Double>> rows(Path csv) throws IOException {
    List<String> lines = Files.readAllLines(csv);
    String[] header = lines.get(0).split(",");
    List<Map<String, Double>> rows = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",", -1);
      Map<String, Double> row = new HashMap<>();
      for (int i = 0; i < header.length; i++) {
        if (!cells[i].isEmpty()) {
          row.put(header[i], Double.valueOf(cells[i]));
        }
      }
      rows.add(row);
    }
    return rows;
  }

  /** All files of a folder, names with hashes of contents. */
  static Map<String, Integer> files(Path folder) throws IOException {
    Map<String, Integer> files = new TreeMap<>();
    try (Stream<Path> paths = Files.list(folder)) {
      for (Path path : paths.toList()) {
        files.put(path.getFileName().toString(), Arrays.hashCode(Files.readAllBytes(path)));
      }
    }
    return files;
  }
}
