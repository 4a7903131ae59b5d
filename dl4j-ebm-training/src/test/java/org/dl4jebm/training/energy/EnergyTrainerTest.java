/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.energy.EnergyDifferenceLoss;
import org.dl4jebm.layers.energy.SpectralNormConstraint;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.sampling.Box;
import org.dl4jebm.training.sampling.Hmc;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.Mala;
import org.dl4jebm.training.sampling.Starts;
import org.dl4jebm.training.sampling.TestEnergies;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class EnergyTrainerTest {

  private static final Box BOX = new Box(-4, 4);
  private static final Starts UNIFORM = Starts.uniform(BOX);

  private static NeuralNetConfiguration.Builder builder(DataType type, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(updater);
  }

  private static DenseLayer dense(int width) {
    return new DenseLayer.Builder().nOut(width).activation(Activation.SOFTPLUS).build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nOut(1)
        .activation(Activation.IDENTITY)
        .build();
  }

  private static MultiLayerNetwork network(DataType type, IUpdater updater, int inputs, int width) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(type, updater)
                .list()
                .layer(dense(width))
                .layer(output())
                .setInputType(InputType.feedForward(inputs))
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph(DataType type, IUpdater updater, int inputs, int width) {
    ComputationGraphConfiguration conf =
        builder(type, updater)
            .graphBuilder()
            .addInputs("x")
            .addLayer("hidden", dense(width), "x")
            .addLayer("energy", output(), "hidden")
            .setOutputs("energy")
            .setInputTypes(InputType.feedForward(inputs))
            .build();
    ComputationGraph graph = new ComputationGraph(conf);
    graph.init();
    return graph;
  }

  private static DataSetIterator batches(INDArray x, int size) {
    List<DataSet> list = new ArrayList<>();
    for (long from = 0; from < x.size(0); from += size) {
      INDArray rows =
          x.get(NDArrayIndex.interval(from, Math.min(x.size(0), from + size)), NDArrayIndex.all())
              .dup();
      list.add(new DataSet(rows, rows));
    }
    return new ListDataSetIterator<>(list, 1) {
      private int at;

      @Override
      public boolean hasNext() {
        return at < list.size();
      }

      @Override
      public DataSet next() {
        return list.get(at++);
      }

      @Override
      public void reset() {
        at = 0;
      }
    };
  }

  /** The model on a grid in the box. */
  private static final class Quadrature {

    private final INDArray x;
    private final double[] p;
    private final double[] below;
    private final double width;

    Quadrature(MultiLayerNetwork network, int cells) {
      width = 8.0 / cells;
      x =
          Nd4j.linspace(DataType.DOUBLE, -4 + width / 2, width, cells)
              .reshape('c', new long[] {cells, 1});
      double[] energy = NdAssert.values(network.output(x));
      p = Arrays.stream(energy).map(e -> Math.exp(-e)).toArray();
      double sum = Arrays.stream(p).sum();
      below = new double[cells + 1];
      for (int i = 0; i < cells; i++) {
        p[i] /= sum;
        below[i + 1] = below[i] + p[i];
      }
    }

    double moment(double centre, int power) {
      double sum = 0;
      for (int i = 0; i < p.length; i++) {
        sum += p[i] * Math.pow(x.getDouble(i, 0) - centre, power);
      }
      return sum;
    }

    /** Exact draws, up to the cells' width. */
    void draw(INDArray uniform, INDArray out) {
      double[] u = NdAssert.values(uniform);
      for (int i = 0; i < u.length; i++) {
        int cell = Arrays.binarySearch(below, u[i]);
        cell = Math.min(p.length - 1, cell < 0 ? -cell - 2 : cell);
        double share = (u[i] - below[cell]) / p[cell];
        u[i] = -4 + width * (cell + Math.min(1, share));
      }
      out.assign(Nd4j.createFromArray(u).reshape('c', out.shape()));
    }
  }

  /**
   * The step of a trainer whose chains start at exact draws and move by kernels that keep the
   * distribution is the gradient of the likelihood, with Z by quadrature: each parameter within
   * 6.11 standard errors of 20,000 samples, whose variance is that of quadrature, too.
   */
  @Test
  void gradientIsThatOfTheLikelihood() {
    int n = 20_000;
    MultiLayerNetwork network = network(DataType.DOUBLE, new Sgd(1), 1, 5);
    network.params().addi(TestEnergies.normal(3, DataType.DOUBLE, network.params().shape()));
    Quadrature exact = new Quadrature(network, 4000);
    MultiLayerNetwork twin =
        StreamNetworks.twin(network, StreamLayout.VALUE, new EnergyDifferenceLoss());
    Quadrature coarse = new Quadrature(network, 200);
    int parameters = (int) network.numParams();
    double[] mean = new double[parameters];
    double[] square = new double[parameters];
    INDArray one = Nd4j.ones(DataType.DOUBLE, 1, 1);
    for (int i = 0; i < 200; i++) {
      double[] g = gradient(twin, coarse.x.getRow(i, true), one);
      for (int k = 0; k < parameters; k++) {
        mean[k] += coarse.p[i] * g[k];
        square[k] += coarse.p[i] * g[k] * g[k];
      }
    }
    INDArray data = TestEnergies.uniform(5, DataType.DOUBLE, n, 1).addi(0.5);
    INDArray weights = Nd4j.valueArrayOf(new long[] {n, 1}, 1.0 / n, DataType.DOUBLE);
    double[] positive = gradient(twin, data, weights);
    INDArray before = network.params().dup();
    Starts exactDraws =
        (random, out) -> {
          INDArray u = out.like();
          random.uniform(u);
          exact.draw(u, out);
        };
    EnergyTrainingOptions options =
        EnergyTrainingOptions.shortRun(Hmc.of(0.4, 3).within(BOX), 4, exactDraws);
    try (EnergyTrainer trainer = new EnergyTrainer(network, options)) {
      EnergyTrainingResult result = trainer.fit(batches(data, n), 1);
      assertTrue(result.acceptanceRate() > 0.5 && result.acceptanceRate() < 1, result::toString);
    }
    double[] step = NdAssert.values(before.sub(network.params()));
    double distance = 0;
    for (int k = 0; k < parameters; k++) {
      double limit =
          Limits.SIGMAS * Math.sqrt(Math.max(0, square[k] - mean[k] * mean[k]) / n) + 1e-4;
      assertEquals(positive[k] - mean[k], step[k], limit, "parameter " + k);
      distance = Math.max(distance, Math.abs(positive[k] - mean[k]));
    }
    assertTrue(distance > 0.2);
  }

  private static double[] gradient(MultiLayerNetwork twin, INDArray x, INDArray weights) {
    twin.setInput(x);
    twin.setLabels(weights);
    twin.computeGradientAndScore();
    return NdAssert.values(twin.getGradientsViewArray().dup());
  }

  /** Contrastive divergence without moves that matter leaves the parameters where they are. */
  @Test
  void samplesAtTheDataGiveNoGradient() {
    MultiLayerNetwork network = network(DataType.DOUBLE, new Sgd(1), 2, 4);
    INDArray before = network.params().dup();
    INDArray x = TestEnergies.normal(5, DataType.DOUBLE, 12, 2);
    try (EnergyTrainer trainer =
        new EnergyTrainer(
            network,
            EnergyTrainingOptions.contrastiveDivergence(Langevin.independent(1e-12, 0), 1))) {
      EnergyTrainingResult result = trainer.fit(batches(x, 6), 2);
      assertEquals(4, result.iterations());
      assertEquals(2, result.epochs());
      assertEquals(0, result.energyGap(), 1e-9);
    }
    NdAssert.assertClose(before, network.params(), 1e-9);
  }

  /** The energy L2 alone, on equal data and samples: plain gradient descent on the squares. */
  @Test
  void energyL2() {
    MultiLayerNetwork network = network(DataType.DOUBLE, new Sgd(0.1), 2, 4);
    INDArray x = TestEnergies.normal(5, DataType.DOUBLE, 6, 2);
    MultiLayerNetwork twin =
        StreamNetworks.twin(network, StreamLayout.VALUE, new EnergyDifferenceLoss(0.3));
    INDArray both = Nd4j.concat(0, x, x);
    INDArray weights = Nd4j.ones(DataType.DOUBLE, 12, 1);
    weights.get(NDArrayIndex.interval(6, 12), NDArrayIndex.all()).assign(-1);
    double[] gradient = gradient(twin, both, weights);
    double[] expected = NdAssert.values(network.params());
    for (int i = 0; i < expected.length; i++) {
      expected[i] -= 0.1 * gradient[i] / 6;
    }
    try (EnergyTrainer trainer =
        new EnergyTrainer(
            network,
            EnergyTrainingOptions.contrastiveDivergence(Langevin.independent(1e-12, 0), 1)
                .withEnergyL2(0.3))) {
      trainer.fit(batches(x, 6), 1);
    }
    NdAssert.assertClose(expected, NdAssert.values(network.params()), 1e-9, () -> "");
  }

  /**
   * N(1, .6^2) in one dimension, by persistent MALA chains: mean and deviation of the trained
   * energy by quadrature, to within what this short training reaches.
   */
  @Test
  void findsANormalDistribution() {
    MultiLayerNetwork network = network(DataType.DOUBLE, new Adam(0.02), 1, 16);
    INDArray data = TestEnergies.normal(5, DataType.DOUBLE, 1000, 1).muli(0.6).addi(1);
    EnergyTrainingOptions options =
        EnergyTrainingOptions.replay(Mala.of(0.4).within(BOX), 5, UNIFORM).withBuffer(400, 0.02);
    try (EnergyTrainer trainer = new EnergyTrainer(network, options)) {
      trainer.fit(batches(data, 100), 30);
      Quadrature trained = new Quadrature(network, 1000);
      double mean = trained.moment(0, 1);
      assertEquals(data.meanNumber().doubleValue(), mean, 0.06);
      assertEquals(data.stdNumber().doubleValue(), Math.sqrt(trained.moment(mean, 2)), 0.06);
      assertEquals(mean, trainer.chains().meanNumber().doubleValue(), 0.2);
    }
  }

  @Test
  void resumesWithTheSameNumbers(@TempDir Path folder) throws IOException {
    INDArray data = TestEnergies.normal(5, DataType.FLOAT, 40, 2);
    EnergyTrainingOptions options =
        EnergyTrainingOptions.replay(Langevin.ofPaperStep(0.05).within(BOX), 3, UNIFORM)
            .withBuffer(30, 0.1)
            .withDataNoise(0.05);
    MultiLayerNetwork whole = network(DataType.FLOAT, new Adam(0.01), 2, 8);
    MultiLayerNetwork part = network(DataType.FLOAT, new Adam(0.01), 2, 8);
    ComputationGraph graph = graph(DataType.FLOAT, new Adam(0.01), 2, 8);
    graph.params().assign(whole.params());
    try (EnergyTrainer straight = new EnergyTrainer(whole, options);
        EnergyTrainer first = new EnergyTrainer(part, options);
        EnergyTrainer ofGraph = new EnergyTrainer(graph, options)) {
      straight.fit(batches(data, 16), 4);
      first.fit(batches(data, 16), 2);
      Path networkFile = folder.resolve("network.zip");
      Path stateFile = folder.resolve("chains.bin");
      ModelFiles.write(part, networkFile);
      EnergyTrainerFile.write(first.state(), stateFile);
      MultiLayerNetwork read = ModelFiles.readMultiLayerNetwork(networkFile);
      try (EnergyTrainer second = new EnergyTrainer(read, options.withSeed(99))) {
        second.restore(EnergyTrainerFile.read(stateFile));
        second.fit(batches(data, 16), 2);
        NdAssert.assertSame(whole.params(), read.params());
        NdAssert.assertSame(straight.chains(), second.chains());
        assertArrayEquals(straight.state().random(), second.state().random());
        assertEquals(12, read.getIterationCount());
        assertEquals(4, read.getEpochCount());
      }
      ofGraph.fit(batches(data, 16), 4);
      NdAssert.assertClose(whole.params(), graph.params(), 1e-5);
      Files.write(stateFile, Arrays.copyOf(Files.readAllBytes(stateFile), 60));
      assertThrows(IOException.class, () -> EnergyTrainerFile.read(stateFile));
      assertThrows(IOException.class, () -> EnergyTrainerFile.read(networkFile));
    }
  }

  /**
   * Images, in FLOAT, with bounded weights: chains have the shape of the data and stay in range.
   */
  @Test
  void convolutionalNetwork() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(DataType.FLOAT, new Adam(0.01))
                .constrainWeights(new SpectralNormConstraint(1))
                .list()
                .layer(
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(4)
                        .stride(2, 2)
                        .activation(Activation.SWISH)
                        .build())
                .layer(output())
                .setInputType(InputType.convolutional(7, 6, 2))
                .build());
    INDArray images = TestEnergies.uniform(4, DataType.FLOAT, 12, 2, 7, 6);
    EnergyTrainingOptions options =
        EnergyTrainingOptions.replay(
                Langevin.independent(1, 0.01).withGradientClip(0.03).within(Box.UNIT),
                3,
                Starts.uniform(Box.UNIT))
            .withBuffer(20, 0.05)
            .withEnergyL2(0.1);
    try (EnergyTrainer trainer = new EnergyTrainer(network, options)) {
      DataSetIterator data = new ListDataSetIterator<>(List.of(new DataSet(images, images)), 12);
      INDArray before = network.params().dup();
      EnergyTrainingResult result = trainer.fit(data, 3);
      assertEquals(3, result.iterations());
      assertTrue(before.sub(network.params()).norm2Number().doubleValue() > 0.01);
      assertArrayEquals(new long[] {20, 2, 7, 6}, trainer.chains().shape());
      assertTrue(Box.UNIT.contains(trainer.chains()));
      SpectralNormConstraint limit = new SpectralNormConstraint(1);
      assertTrue(limit.norm(network.getLayer(0).getParam("W")) < 1.0001);
    }
  }

  @Test
  void listenersAndScore() {
    MultiLayerNetwork network = network(DataType.DOUBLE, new Sgd(0.1), 2, 4);
    List<String> calls = new ArrayList<>();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            assertEquals(network, model);
            calls.add("iteration " + iteration + " of epoch " + epoch);
          }

          @Override
          public void onEpochStart(Model model) {
            calls.add("start");
          }

          @Override
          public void onEpochEnd(Model model) {
            calls.add("end");
          }
        });
    INDArray x = TestEnergies.normal(5, DataType.DOUBLE, 4, 2);
    try (EnergyTrainer trainer =
        new EnergyTrainer(
            network, EnergyTrainingOptions.shortRun(Langevin.ofPaperStep(0.1), 2, UNIFORM))) {
      EnergyTrainingResult result = trainer.fit(batches(x, 4), 2);
      assertEquals(
          List.of(
              "start", "iteration 0 of epoch 0", "end", "start", "iteration 1 of epoch 1", "end"),
          calls);
      assertEquals(network.score(), result.energyGap(), 1e-12);
      assertEquals(1, result.acceptanceRate());
      assertTrue(result.completed());
      assertThrows(IllegalStateException.class, trainer::chains);
      Thread.currentThread().interrupt();
      assertFalse(trainer.fit(batches(x, 4), 2).completed());
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void divergenceGoesBackToTheStartOfTheEpoch() {
    MultiLayerNetwork network = network(DataType.FLOAT, new Adam(0.01), 2, 8);
    INDArray data = TestEnergies.normal(5, DataType.FLOAT, 40, 2);
    EnergyTrainingOptions options =
        EnergyTrainingOptions.replay(Langevin.ofPaperStep(0.05).within(BOX), 3, UNIFORM)
            .withBuffer(30, 0.1);
    try (EnergyTrainer trainer = new EnergyTrainer(network, options)) {
      trainer.fit(batches(data, 8), 1);
      INDArray good = network.params().dup();
      INDArray updater = network.getUpdater().getStateViewArray().dup();
      INDArray chains = trainer.chains();
      int[] left = {2};
      network.setListeners(
          new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              if (left[0]-- == 0) {
                model.params().putScalar(0, Double.NaN);
              }
            }
          });
      TrainingDivergedException e =
          assertThrows(TrainingDivergedException.class, () -> trainer.fit(batches(data, 8), 2));
      assertTrue(e.getMessage().contains("batch 4 of epoch 1"), e::getMessage);
      assertTrue(e.getMessage().contains("gradient"), e::getMessage);
      NdAssert.assertSame(good, network.params());
      NdAssert.assertSame(updater, network.getUpdater().getStateViewArray());
      NdAssert.assertSame(chains, trainer.chains());
      assertEquals(5, network.getIterationCount());
      network.setListeners(List.of());
      trainer.fit(batches(data, 8), 1);
    }
    try (EnergyTrainer strict = new EnergyTrainer(network, options.withGapLimit(1e-9))) {
      TrainingDivergedException e =
          assertThrows(TrainingDivergedException.class, () -> strict.fit(batches(data, 8), 1));
      assertTrue(e.getMessage().contains("energy gap"), e::getMessage);
    }
  }

  @Test
  void badInput() {
    Langevin kernel = Langevin.ofPaperStep(0.1);
    EnergyTrainingOptions good = EnergyTrainingOptions.replay(kernel, 2, UNIFORM);
    for (Runnable bad :
        new Runnable[] {
          () -> EnergyTrainingOptions.replay(null, 2, UNIFORM),
          () -> EnergyTrainingOptions.replay(kernel, 0, UNIFORM),
          () -> EnergyTrainingOptions.replay(kernel, 2, null),
          () -> EnergyTrainingOptions.shortRun(kernel, 2, null),
          () -> good.withBuffer(0, 0.1),
          () -> good.withBuffer(5, 2),
          () -> good.withEnergyL2(-1),
          () -> good.withDataNoise(Double.NaN),
          () -> good.withGapLimit(0),
          () -> good.withSeed(0)
        }) {
      assertThrows(IllegalArgumentException.class, bad::run);
    }
    MultiLayerNetwork network = network(DataType.DOUBLE, new Sgd(0.1), 2, 4);
    INDArray before = network.params().dup();
    INDArray x = TestEnergies.normal(5, DataType.DOUBLE, 6, 2);
    try (EnergyTrainer trainer = new EnergyTrainer(network, good.withBuffer(5, 0.1))) {
      assertThrows(IllegalArgumentException.class, () -> trainer.fit(batches(x, 6), 0));
      assertThrows(IllegalArgumentException.class, () -> trainer.fit(batches(x, 6), 1));
      INDArray nan = x.dup().putScalar(3, 1, Double.NaN);
      assertThrows(DL4JInvalidInputException.class, () -> trainer.fit(batches(nan, 6), 1));
      DataSet masked = new DataSet(x, x, Nd4j.ones(6, 1), null);
      assertThrows(
          DL4JInvalidInputException.class,
          () -> trainer.fit(new ListDataSetIterator<>(List.of(masked), 6), 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> trainer.fit(new ListDataSetIterator<>(new ArrayList<DataSet>(), 1), 1));
      EnergyTrainer.State state = trainer.state();
      try (EnergyTrainer other =
          new EnergyTrainer(network, EnergyTrainingOptions.contrastiveDivergence(kernel, 1))) {
        assertThrows(IllegalArgumentException.class, () -> other.restore(state));
      }
    }
    NdAssert.assertSame(before, network.params());
    MultiLayerNetwork two =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE, new Sgd(1))
                .list()
                .layer(dense(3))
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(2))
                .build());
    assertThrows(
        DL4JInvalidConfigException.class,
        () -> {
          try (EnergyTrainer trainer = new EnergyTrainer(two, good)) {
            trainer.fit(batches(x, 6), 1);
          }
        });
  }
}
