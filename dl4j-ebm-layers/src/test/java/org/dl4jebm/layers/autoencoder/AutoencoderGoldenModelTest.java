/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * A model file with a layer of each kind, written long ago, opens and gives the numbers it gave
 * then. A file that has been released is never written again; a new version of the format gets
 * files of its own:
 *
 * <pre>{@code
 * mvn -pl dl4j-ebm-layers test -Dtest=AutoencoderGoldenModelTest -Dgolden.version=0.2.0
 * }</pre>
 */
class AutoencoderGoldenModelTest {

  private static final double TOLERANCE = 1e-6;
  private static final String STORED = "/golden/autoencoders-0.1.0";

  private static DenoisingAutoEncoder.Builder denoising() {
    return new DenoisingAutoEncoder.Builder()
        .nIn(Encoders.N_IN)
        .nOut(5)
        .corruption(new SaltAndPepperCorruption(0.2, -0.25, 1.25))
        .loss(ReconstructionLoss.SQUARED_ERROR_OF_SIGMOID)
        .activation(Activation.TANH);
  }

  private static TiedAutoEncoder.Builder tied() {
    return new TiedAutoEncoder.Builder()
        .nIn(5)
        .nOut(4)
        .objective(TiedAutoEncoder.Objective.DENOISING_SCORE_MATCHING)
        .noise(0.4)
        .temperature(0.8);
  }

  private static TiedVariationalAutoEncoder.Builder variational() {
    return new TiedVariationalAutoEncoder.Builder()
        .nIn(4)
        .nOut(Encoders.N_OUT)
        .estimator(TiedVariationalAutoEncoder.Estimator.RELAXED)
        .samples(3)
        .temperature(0.6)
        .prior(0.3)
        .baseline(false)
        .trainBiases(false);
  }

  /** The output, and what each layer thinks of its input: nothing that depends on noise. */
  private static double[][] numbers(MultiLayerNetwork network, INDArray input) {
    List<INDArray> below = network.feedForward(input, false);
    DenoisingAutoEncoderLayer first = (DenoisingAutoEncoderLayer) network.getLayer(0);
    TiedAutoEncoderLayer second = (TiedAutoEncoderLayer) network.getLayer(1);
    TiedVariationalAutoEncoderLayer third = (TiedVariationalAutoEncoderLayer) network.getLayer(2);
    return new double[][] {
      network.output(input).dup('c').data().asDouble(),
      first.losses(input, input),
      second.model().energy(below.get(1)).toDoubleVector(),
      third.model().evidenceLowerBound(below.get(2))
    };
  }

  private static void pretrain(MultiLayerNetwork network, INDArray input) {
    for (int i = 0; i < 3; i++) {
      INDArray below = i == 0 ? input : network.feedForwardToLayer(i - 1, input, false).get(i);
      network.getLayer(i).fit(below.dup(), LayerWorkspaceMgr.noWorkspaces());
    }
  }

  @Test
  void givesTheStoredNumbersAndTrainsOn() throws IOException {
    MultiLayerNetwork network;
    Map<String, double[][]> stored;
    try (InputStream model = getClass().getResourceAsStream(STORED + ".zip");
        InputStream json = getClass().getResourceAsStream(STORED + ".json")) {
      assertNotNull(model);
      assertNotNull(json);
      network = ModelSerializer.restoreMultiLayerNetwork(model, true);
      ObjectMapper mapper = new ObjectMapper();
      stored =
          mapper.readValue(
              json,
              mapper.getTypeFactory().constructMapType(Map.class, String.class, double[][].class));
    }
    DenoisingAutoEncoder first = (DenoisingAutoEncoder) network.getLayer(0).conf().getLayer();
    assertEquals(new SaltAndPepperCorruption(0.2, -0.25, 1.25), first.getCorruption());
    assertEquals(ReconstructionLoss.SQUARED_ERROR_OF_SIGMOID, first.getLoss());
    TiedAutoEncoder second = (TiedAutoEncoder) network.getLayer(1).conf().getLayer();
    assertEquals(TiedAutoEncoder.Objective.DENOISING_SCORE_MATCHING, second.getObjective());
    assertEquals(0.4, second.getNoise());
    assertEquals(0.8, second.getTemperature());
    TiedVariationalAutoEncoder third =
        (TiedVariationalAutoEncoder) network.getLayer(2).conf().getLayer();
    assertEquals(TiedVariationalAutoEncoder.Estimator.RELAXED, third.getEstimator());
    assertEquals(3, third.getSamples());
    assertEquals(0.3, third.getPrior());
    assertFalse(third.isBaseline() || third.isTrainBiases());
    assertEquals(30, network.getLayer(0).conf().getIterationCount());
    double[][] actual =
        numbers(network, Nd4j.createFromArray(stored.get("input")).castTo(DataType.FLOAT));
    double[][] expected = stored.get("numbers");
    for (int i = 0; i < expected.length; i++) {
      NdAssert.assertClose(expected[i], actual[i], TOLERANCE, () -> "numbers");
    }
    pretrain(network, Encoders.unit(6).castTo(DataType.FLOAT));
    network.fit(Encoders.unit(6).castTo(DataType.FLOAT), Encoders.labels(6).castTo(DataType.FLOAT));
  }

  @Test
  @EnabledIfSystemProperty(named = "golden.version", matches = ".+")
  void write() throws IOException {
    NeuralNetConfiguration.ListBuilder list =
        Encoders.global(DataType.FLOAT, new Adam(0.05))
            .list()
            .layer(denoising().build())
            .layer(tied().build())
            .layer(variational().build())
            .layer(Encoders.output(Encoders.N_OUT));
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    INDArray data = Encoders.unit(12).castTo(DataType.FLOAT);
    for (int step = 0; step < 30; step++) {
      pretrain(network, data);
    }
    network.fit(data, Encoders.labels(12).castTo(DataType.FLOAT));
    Path folder = Path.of("src", "test", "resources", "golden");
    String name = "autoencoders-" + System.getProperty("golden.version");
    File file = folder.resolve(name + ".zip").toFile();
    if (file.exists()) {
      throw new IOException(file + " exists; a golden file is written once");
    }
    ModelSerializer.writeModel(network, file, true);
    INDArray input = Encoders.unit(5).castTo(DataType.FLOAT);
    new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValue(
            folder.resolve(name + ".json").toFile(),
            Map.of("input", input.toDoubleMatrix(), "numbers", numbers(network, input)));
  }
}
