/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Writes the golden model files under {@code src/test/resources/golden}, which {@link
 * RbmGoldenModelTest} opens. A file that has been released is never written again, so that it is
 * known that an old file still opens; a new version of the format gets files of its own:
 *
 * <pre>{@code
 * mvn -pl dl4j-ebm-layers test -Dtest=GoldenModels -Dgolden.version=0.2.0
 * }</pre>
 */
class GoldenModels {

  static final Map<String, UnaryOperator<RestrictedBoltzmannMachine.Builder>> MODELS =
      Map.of(
          "rbm-bernoulli",
          b -> b.k(2).persistentChains(3).sparsityTarget(0.2).sparsityCost(0.01),
          "rbm-gaussian",
          b ->
              b.visibleUnits(GaussianUnits.withVariance(0.5, 1, 1.5, 2, 1, 0.25))
                  .constrainWeights(new MaxNormConstraint(3, 1)));

  /** Numbers of a model, in the order in which they are stored. */
  record Numbers(
      double[][] input, double[][] output, double[] freeEnergy, double[][] reconstruction) {

    static Numbers of(MultiLayerNetwork network, INDArray input) {
      RbmModel model = RbmNetworks.layer(network).model();
      return new Numbers(
          input.toDoubleMatrix(),
          network.output(input).toDoubleMatrix(),
          model.freeEnergy(input).toDoubleVector(),
          model.reconstruct(input).toDoubleMatrix());
    }

    static Numbers read(InputStream in) throws IOException {
      JsonNode root = new ObjectMapper().readTree(in);
      return new Numbers(
          matrix(root.get("input")),
          matrix(root.get("output")),
          vector(root.get("freeEnergy")),
          matrix(root.get("reconstruction")));
    }

    private static double[] vector(JsonNode node) {
      double[] values = new double[node.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = node.get(i).asDouble();
      }
      return values;
    }

    private static double[][] matrix(JsonNode node) {
      double[][] values = new double[node.size()][];
      for (int i = 0; i < values.length; i++) {
        values[i] = vector(node.get(i));
      }
      return values;
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "golden.version", matches = ".+")
  void write() throws IOException {
    Path folder = Path.of("src", "test", "resources", "golden");
    String version = System.getProperty("golden.version");
    for (Map.Entry<String, UnaryOperator<RestrictedBoltzmannMachine.Builder>> model :
        MODELS.entrySet()) {
      boolean real = model.getKey().endsWith("gaussian");
      INDArray data = (real ? RbmNetworks.realData(12, 3) : RbmNetworks.data(12, 3));
      data = data.castTo(DataType.FLOAT);
      MultiLayerNetwork network =
          RbmNetworks.network(
              RbmNetworks.global(new Adam(0.05)).dataType(DataType.FLOAT), model.getValue());
      for (int step = 0; step < 30; step++) {
        network.pretrainLayer(0, data);
      }
      for (int step = 0; step < 10; step++) {
        network.fit(data, RbmNetworks.labels(12).castTo(DataType.FLOAT));
      }
      File file = folder.resolve(model.getKey() + "-" + version + ".zip").toFile();
      if (file.exists()) {
        throw new IOException(file + " exists; a golden file is written once");
      }
      Files.createDirectories(folder);
      ModelSerializer.writeModel(network, file, true);
      INDArray input = (real ? RbmNetworks.realData(5, 8) : RbmNetworks.data(5, 8));
      Numbers numbers = Numbers.of(network, input.castTo(DataType.FLOAT));
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(
              folder.resolve(model.getKey() + "-" + version + ".json").toFile(),
              Map.of(
                  "input", numbers.input(),
                  "output", numbers.output(),
                  "freeEnergy", numbers.freeEnergy(),
                  "reconstruction", numbers.reconstruction()));
    }
  }

  static MultiLayerNetwork open(String name) throws IOException {
    try (InputStream in = GoldenModels.class.getResourceAsStream("/golden/" + name + ".zip")) {
      assertNotNull(in, name);
      return ModelSerializer.restoreMultiLayerNetwork(in, true);
    }
  }

  static INDArray array(double[][] rows) {
    return Nd4j.createFromArray(rows).castTo(DataType.FLOAT);
  }
}
