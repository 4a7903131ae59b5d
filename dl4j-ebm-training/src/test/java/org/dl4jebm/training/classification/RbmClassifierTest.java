/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.classification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.HybridObjective;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RbmObjective;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelColumnsIterator;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class RbmClassifierTest {

  private static final int PIXELS = 12;
  private static final int CLASSES = 3;

  /** Class k has the pixels 4 k to 4 k + 3 on; each pixel is flipped with probability 0.1. */
  private static DataSet noisyBlocks(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] x = new float[rows][PIXELS];
    float[][] y = new float[rows][CLASSES];
    for (int row = 0; row < rows; row++) {
      y[row][row % CLASSES] = 1;
      for (int i = 0; i < PIXELS; i++) {
        boolean on = i / 4 == row % CLASSES;
        x[row][i] = on ^ random.nextDouble() < 0.1 ? 1 : 0;
      }
    }
    return new DataSet(Nd4j.createFromArray(x), Nd4j.createFromArray(y));
  }

  private static DataSetIterator iterator(DataSet data) {
    return new ShuffledDataSetIterator(
        data.getFeatures(), data.getLabels(), ShuffledDataSetIterator.Options.shuffled(20, 7));
  }

  private static MultiLayerNetwork network(RbmObjective objective) {
    return network(objective, new BernoulliUnits());
  }

  private static MultiLayerNetwork network(RbmObjective objective, UnitType visible) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .updater(new Adam(0.02))
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .name("rbm")
                        .nIn(PIXELS + CLASSES)
                        .nOut(10)
                        .visibleUnits(visible)
                        .objective(objective)
                        .build())
                .layer(new OutputLayer.Builder().nIn(10).nOut(CLASSES).build())
                .build());
    network.init();
    return network;
  }

  private static RestrictedBoltzmannMachineLayer layer(MultiLayerNetwork network) {
    return (RestrictedBoltzmannMachineLayer) network.getLayer(0);
  }

  @Test
  void probabilitiesByEnumeration() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmClassifier classifier = new RbmClassifier(tiny.model(DataType.DOUBLE), 2);
    double[] p = tiny.visibleProbabilities();
    double[][] x = TinyRbm.states(4);
    INDArray actual = classifier.probabilities(Nd4j.createFromArray(x));
    int[] predicted = classifier.predict(Nd4j.createFromArray(x));
    for (int row = 0; row < x.length; row++) {
      double first = p[row + 16];
      double second = p[row + 32];
      assertEquals(first / (first + second), actual.getDouble(row, 0), 1e-12);
      assertEquals(second / (first + second), actual.getDouble(row, 1), 1e-12);
      assertEquals(second > first ? 1 : 0, predicted[row]);
    }
  }

  /** Training, with some labels hidden, through the greedy trainer; then DL4J's evaluation. */
  @Test
  void learnsFromFewLabels() {
    DataSet train = noisyBlocks(240, 1);
    for (int row = 60; row < 240; row++) {
      train.getLabels().getRow(row).assign(0);
    }
    MultiLayerNetwork network =
        network(new HybridObjective(CLASSES, 0.3, ContrastiveDivergenceOptions.DEFAULT));
    new GreedyPretrainer(PretrainOptions.epochs(15))
        .fit(network, LabelColumnsIterator.of(iterator(train), CLASSES));
    DataSet test = noisyBlocks(300, 2);
    Evaluation evaluation = new RbmClassifier(layer(network)).evaluate(iterator(test));
    assertEquals(300, evaluation.getNumRowCounter());
    int right = 0;
    int[] predicted = new RbmClassifier(layer(network)).predict(test.getFeatures());
    for (int row = 0; row < 300; row++) {
      right += predicted[row] == row % CLASSES ? 1 : 0;
    }
    assertEquals(right / 300.0, evaluation.accuracy(), 1e-12);
    // Two pixels of three differing blocks must be wrong before the best classifier errs.
    assertTrue(evaluation.accuracy() > 0.95, evaluation.stats());
  }

  /** Pixels and measurements of learned variance above a softmax label, through a model file. */
  @Test
  void labelsAsAPartOfTheirOwn(@TempDir Path folder) throws IOException {
    MixedUnits visible =
        MixedUnits.of(
            MixedUnits.part(4, new BernoulliUnits()),
            MixedUnits.part(PIXELS - 4, GaussianUnits.learnedVariance()),
            MixedUnits.part(CLASSES, new SoftmaxUnits(CLASSES)));
    MultiLayerNetwork network =
        network(new HybridObjective(CLASSES, 0.3, ContrastiveDivergenceOptions.DEFAULT), visible);
    new GreedyPretrainer(PretrainOptions.epochs(15))
        .fit(network, LabelColumnsIterator.of(iterator(noisyBlocks(600, 1)), CLASSES));
    DataSet test = noisyBlocks(300, 2);
    RbmClassifier classifier = new RbmClassifier(layer(network));
    Evaluation evaluation = classifier.evaluate(iterator(test));
    assertTrue(evaluation.accuracy() > 0.95, evaluation.stats());

    INDArray x = test.getFeatures().getRows(0, 1, 2, 3);
    INDArray p = classifier.probabilities(x);
    for (int row = 0; row < 4; row++) {
      double[] energies = new double[CLASSES];
      double sum = 0;
      for (int k = 0; k < CLASSES; k++) {
        INDArray label = Nd4j.zeros(DataType.FLOAT, 1, CLASSES);
        label.putScalar(0, k, 1);
        INDArray whole = Nd4j.concat(1, x.getRow(row, true), label);
        energies[k] = Math.exp(-layer(network).model().freeEnergy(whole).getDouble(0));
        sum += energies[k];
      }
      for (int k = 0; k < CLASSES; k++) {
        assertEquals(energies[k] / sum, p.getDouble(row, k), 1e-4);
      }
    }
    Path file = folder.resolve("model.zip");
    ModelFiles.write(network, file);
    MultiLayerNetwork restored = ModelFiles.readMultiLayerNetwork(file);
    assertEquals(visible, layer(restored).layerConf().getVisibleUnits());
    NdAssert.assertSame(network.params(), restored.params());
    NdAssert.assertSame(p, new RbmClassifier(layer(restored)).probabilities(x));

    INDArray bad = x.dup();
    bad.putScalar(1, 2, 1.5);
    String message =
        assertThrows(IllegalArgumentException.class, () -> classifier.predict(bad)).getMessage();
    assertTrue(message.contains("columns 0 to 3") && message.contains("Bernoulli"), message);
  }

  @Test
  void aStoppedRunGoesOnWithTheSameRows(@TempDir Path folder) throws IOException {
    RbmObjective objective =
        new HybridObjective(
            CLASSES, 0.2, ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(5));
    DataSet train = noisyBlocks(100, 3);
    for (int row = 0; row < 100; row += 2) {
      train.getLabels().getRow(row).assign(0);
    }
    MultiLayerNetwork uninterrupted = network(objective);
    new GreedyPretrainer(PretrainOptions.epochs(4))
        .fit(uninterrupted, LabelColumnsIterator.of(iterator(train), CLASSES));
    Path file = folder.resolve("checkpoint.zip");
    MultiLayerNetwork stopped = network(objective);
    stopped.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (iteration == 12) {
              Thread.currentThread().interrupt();
            }
          }
        });
    new GreedyPretrainer(PretrainOptions.epochs(4).withCheckpoint(file, 100))
        .fit(stopped, LabelColumnsIterator.of(iterator(train), CLASSES));
    assertTrue(Thread.interrupted());
    assertNotEquals(uninterrupted.params(), stopped.params());
    MultiLayerNetwork resumed = network(objective);
    new GreedyPretrainer(PretrainOptions.epochs(4))
        .resume(resumed, LabelColumnsIterator.of(iterator(train), CLASSES), file);
    NdAssert.assertSame(uninterrupted.params(), resumed.params());
  }

  @Test
  void badInput() {
    RbmModel model = TinyRbm.oracle(6, 4).model(DataType.DOUBLE);
    RbmClassifier classifier = new RbmClassifier(model, 2);
    for (double bad : new double[] {Double.NaN, 1.5, -0.1}) {
      INDArray x = Nd4j.zeros(DataType.DOUBLE, 2, 4);
      x.putScalar(1, 2, bad);
      String message =
          assertThrows(IllegalArgumentException.class, () -> classifier.predict(x)).getMessage();
      assertTrue(message.contains("accepted"), message);
    }
    assertThrows(IllegalArgumentException.class, () -> classifier.probabilities(Nd4j.zeros(2, 6)));
    assertThrows(IllegalArgumentException.class, () -> new RbmClassifier(model, 6));
    assertThrows(
        IllegalArgumentException.class,
        () -> classifier.predict(Nd4j.create(DataType.DOUBLE, 0, 4)));

    DataSetIterator unlabelled =
        new ExistingDataSetIterator(List.of(new DataSet(Nd4j.zeros(2, 4), null)));
    String message =
        assertThrows(DL4JInvalidInputException.class, () -> classifier.evaluate(unlabelled))
            .getMessage();
    assertTrue(message.contains("null") && message.contains("[n, 2]"), message);

    MultiLayerNetwork other = network(ContrastiveDivergenceOptions.DEFAULT);
    RestrictedBoltzmannMachineLayer layer = layer(other);
    message =
        assertThrows(IllegalArgumentException.class, () -> new RbmClassifier(layer)).getMessage();
    assertTrue(message.contains("rbm") && message.contains("HybridObjective"), message);
  }
}
