/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.sampling.AnnealedLangevin;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Tag("gpu")
class ScoreMatchingTest {

  private static final int D = 3;

  /** Objectives with the number of inputs and outputs of their networks. */
  private record Case(ScoreObjective objective, int inputs, int outputs) {

    MultiLayerNetwork chain(DataType type) {
      return ScoreNetworks.chain(type, new Adam(0.01), inputs, outputs);
    }

    ComputationGraph graph(DataType type) {
      return ScoreNetworks.graph(type, new Adam(0.01), inputs, outputs);
    }

    ScoreMatching trainer(int epochs) {
      return new ScoreMatching(ScoreMatchingOptions.of(objective, epochs).withSeed(5));
    }
  }

  private static List<Case> cases() {
    NoiseLevels levels = NoiseLevels.geometric(2, 0.2, 4);
    return List.of(
        new Case(ScoreObjective.exact(), D, 1),
        new Case(ScoreObjective.regularised(0.1), D, 1),
        new Case(ScoreObjective.sliced(2, Probes.RADEMACHER), D, 1),
        new Case(ScoreObjective.slicedVarianceReduced(1, Probes.SPHERE), D, 1),
        new Case(ScoreObjective.denoising(1, 0.3), D, 1),
        new Case(ScoreObjective.noiseConditionalEnergy(levels), D + 1, 1),
        new Case(ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0.4), D, 1),
        new Case(ScoreObjective.scoreNetworkExact(), D, D),
        new Case(ScoreObjective.scoreNetworkSliced(1, Probes.GAUSSIAN), D, D),
        new Case(ScoreObjective.scoreNetworkDenoising(0.5), D, D),
        new Case(ScoreObjective.noiseConditional(levels), D + 1, D));
  }

  private static INDArray data(int n) {
    INDArray x = ScoreNetworks.normal(41, n, D);
    x.getColumn(0).addi(x.getColumn(1)).addi(0.5);
    return x;
  }

  private static DataSetIterator batches(DataType type) {
    return ScoreNetworks.batches(data(20).castTo(type), 8);
  }

  @TestFactory
  Stream<DynamicTest> objectives() {
    return cases().stream()
        .map(made -> dynamicTest(made.objective() + " " + made.outputs(), () -> check(made)));
  }

  private static void check(Case made) throws IOException {
    gradients(made);

    // Both network classes, and DL4J's own fit of the twin, take the same steps.
    MultiLayerNetwork chain = made.chain(DataType.DOUBLE);
    INDArray start = chain.params().dup();
    double before = made.trainer(1).score(chain, batches(DataType.DOUBLE));
    ScoreMatchingResult result = made.trainer(3).fit(chain, batches(DataType.DOUBLE));
    assertTrue(result.completed());
    assertEquals(3, result.epochs());
    assertEquals(9, result.iterations());
    assertEquals(9, chain.getIterationCount());
    assertEquals(3, chain.getEpochCount());
    assertTrue(start.distance2(chain.params()) > 1e-3);
    ComputationGraph graph = made.graph(DataType.DOUBLE);
    made.trainer(3).fit(graph, batches(DataType.DOUBLE));
    NdAssert.assertClose(chain.params(), graph.params(), 1e-10);
    MultiLayerNetwork fitted = made.chain(DataType.DOUBLE);
    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(fitted, made.objective(), D);
    twin.network().fit(twin.iterator(batches(DataType.DOUBLE), 5), 3);
    NdAssert.assertClose(chain.params(), fitted.params(), 1e-10);

    made.trainer(15).fit(chain, batches(DataType.DOUBLE));
    double after = made.trainer(1).score(chain, batches(DataType.DOUBLE));
    assertTrue(after < before, before + " -> " + after);

    INDArray[] ends = new INDArray[2];
    DataType[] types = {DataType.DOUBLE, DataType.FLOAT};
    for (int i = 0; i < 2; i++) {
      MultiLayerNetwork network =
          ScoreNetworks.chain(types[i], new Sgd(0.01), made.inputs(), made.outputs());
      made.trainer(1).fit(network, batches(types[i]));
      ends[i] = network.params();
    }
    NdAssert.assertClose(ends[0], ends[1], 5e-5);

    resume(made);
  }

  /** With the constants and directions of the present parameters held fixed. */
  private static void gradients(Case made) {
    MultiLayerNetwork chain =
        ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), made.inputs(), made.outputs());
    ComputationGraph graph =
        ScoreNetworks.graph(DataType.DOUBLE, new NoOp(), made.inputs(), made.outputs());
    ScoreTwin<MultiLayerNetwork> chainTwin = ScoreTwin.of(chain, made.objective(), D);
    ScoreTwin<ComputationGraph> graphTwin = ScoreTwin.of(graph, made.objective(), D);
    try (RandomStream random = new RandomStream(3);
        RandomStream same = new RandomStream(3)) {
      DataSet data = chainTwin.minibatch(data(4), random);
      assertTrue(
          LayerChecks.checkGradients(
              chainTwin.network(), data.getFeatures(), data.getLabels(), null, null));
      data = graphTwin.minibatch(data(4), same);
      assertTrue(
          LayerChecks.checkGradients(
              graphTwin.network(), data.getFeatures(), data.getLabels(), null, null));
    }
  }

  /** Saved after two epochs and trained on for three: the same bits as five epochs. */
  private static void resume(Case made) throws IOException {
    MultiLayerNetwork through = made.chain(DataType.FLOAT);
    made.trainer(5).fit(through, batches(DataType.FLOAT));
    MultiLayerNetwork first = made.chain(DataType.FLOAT);
    made.trainer(2).fit(first, batches(DataType.FLOAT));
    MultiLayerNetwork second =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(LayerChecks.saved(first)), true);
    made.trainer(3).fit(second, batches(DataType.FLOAT));
    NdAssert.assertSame(through.params(), second.params());
    assertEquals(5, second.getEpochCount());
  }

  @Test
  void findsThePrecision() {
    MultiLayerNetwork network = ScoreNetworks.quadratic(new Sgd(0.05), 0.3, 0.3, 0);
    DataSetIterator data = ScoreNetworks.batches(ScoreNetworks.exactData(), 4);
    new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 250)).fit(network, data);
    assertArrayEquals(
        ScoreNetworks.PRECISION,
        ScoreNetworks.hessian(NdAssert.values(network.getParam("2_W"))),
        1e-5);
  }

  /** Blocks of directions add up to the same step. */
  @Test
  void blocks() {
    for (ScoreObjective objective :
        List.of(
            ScoreObjective.exact(),
            ScoreObjective.regularised(0.1),
            ScoreObjective.scoreNetworkExact())) {
      int outputs = objective.isOfEnergies() ? 1 : 7;
      INDArray x = ScoreNetworks.normal(43, 6, 7);
      INDArray[] results = new INDArray[2];
      double[] scores = new double[2];
      int[] rows = {4096, 40};
      for (int i = 0; i < 2; i++) {
        MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new Sgd(0.01), 7, outputs);
        ScoreMatchingResult result =
            new ScoreMatching(ScoreMatchingOptions.of(objective, 2).withMaximumRows(rows[i]))
                .fit(network, ScoreNetworks.batches(x, 6));
        results[i] = network.params();
        scores[i] = result.score();
      }
      assertEquals(4, objective.parts(6, 7, 40).size());
      assertEquals(1, objective.parts(6, 7, 4096).size());
      NdAssert.assertClose(results[0], results[1], 1e-12);
      assertEquals(scores[0], scores[1], 1e-12);
    }
  }

  /** Regularization, gradient normalization and constraints are DL4J's. */
  @Test
  void updaterIsThatOfTheNetwork() {
    ScoreObjective objective = ScoreObjective.denoising(0.4);
    MultiLayerNetwork[] networks = new MultiLayerNetwork[2];
    for (int i = 0; i < 2; i++) {
      networks[i] =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .seed(3)
                  .dataType(DataType.DOUBLE)
                  .updater(new Adam(0.05))
                  .l2(0.1)
                  .gradientNormalization(GradientNormalization.ClipL2PerLayer)
                  .gradientNormalizationThreshold(0.05)
                  .constrainWeights(new MaxNormConstraint(0.6, 1))
                  .list()
                  .layer(new DenseLayer.Builder().nOut(6).activation(Activation.SWISH).build())
                  .layer(ScoreNetworks.output(1))
                  .setInputType(InputType.feedForward(D))
                  .build());
      networks[i].init();
    }
    new ScoreMatching(ScoreMatchingOptions.of(objective, 4).withSeed(5))
        .fit(networks[0], batches(DataType.DOUBLE));
    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(networks[1], objective, D);
    twin.network().fit(twin.iterator(batches(DataType.DOUBLE), 5), 4);
    NdAssert.assertClose(networks[1].params(), networks[0].params(), 1e-10);
    assertEquals(twin.network().score(), networks[0].score(), 1e-10);
    double norm = networks[0].getParam("0_W").norm2(0).maxNumber().doubleValue();
    assertTrue(norm < 0.6 + 1e-9, "norm " + norm);
  }

  @Test
  void listenersAndEarlyStopping() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new Adam(0.01), D, 1);
    List<String> calls = new ArrayList<>();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void onEpochStart(Model model) {
            assertSame(network, model);
            calls.add("start");
          }

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            assertSame(network, model);
            assertTrue(Double.isFinite(model.score()));
            calls.add(epoch + "." + iteration);
          }

          @Override
          public void onEpochEnd(Model model) {
            calls.add("end");
          }
        });
    ScoreObjective objective = ScoreObjective.denoising(0.5);
    new ScoreMatching(ScoreMatchingOptions.of(objective, 2)).fit(network, batches(DataType.DOUBLE));
    assertEquals(
        List.of("start", "0.0", "0.1", "0.2", "end", "start", "1.3", "1.4", "1.5", "end"), calls);

    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, objective, D);
    DataSetIterator held = twin.repeatingIterator(batches(DataType.DOUBLE), 9);
    double first = new DataSetLossCalculator(held, true).calculateScore(twin.network());
    assertEquals(
        first, new DataSetLossCalculator(held, true).calculateScore(twin.network()), 1e-12);
    EarlyStoppingResult<MultiLayerNetwork> result =
        new EarlyStoppingTrainer(
                new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
                    .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
                    .scoreCalculator(new DataSetLossCalculator(held, true))
                    .modelSaver(new InMemoryModelSaver<>())
                    .build(),
                twin.network(),
                twin.iterator(batches(DataType.DOUBLE), 5))
            .fit();
    assertEquals(3, result.getTotalEpochs());
    assertTrue(result.getBestModelScore() < first);
  }

  /** DL4J makes the updater's state at the first step, and refuses to compute scores inside. */
  @Test
  @SuppressWarnings("try") // the scope is entered and left, never used by name
  void workspacesOfTheCaller() {
    ScoreMatching trainer =
        new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.denoising(0.5), 1));
    MultiLayerNetwork[] networks = new MultiLayerNetwork[2];
    double[] scores = new double[2];
    for (int i = 0; i < 2; i++) {
      networks[i] = ScoreNetworks.chain(DataType.DOUBLE, new Adam(0.01), D, 1);
      for (int pass = 0; pass < 4; pass++) {
        if (i == 0) {
          trainer.fit(networks[i], batches(DataType.DOUBLE));
          scores[i] = trainer.score(networks[i], batches(DataType.DOUBLE));
        } else {
          try (MemoryWorkspace scope =
              Nd4j.getWorkspaceManager().getAndActivateWorkspace(Workspaces.TEMPORARY, "CALLER")) {
            Nd4j.ones(DataType.DOUBLE, 1000, 100);
            trainer.fit(networks[i], batches(DataType.DOUBLE));
            scores[i] = trainer.score(networks[i], batches(DataType.DOUBLE));
          }
        }
      }
    }
    NdAssert.assertSame(networks[0].params(), networks[1].params());
    assertEquals(scores[0], scores[1]);
  }

  /** Noise is a function of the seed and the number of the pass. */
  @Test
  void iterators() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), D, 1);
    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, ScoreObjective.denoising(0.5), D);
    DataSetIterator one = twin.iterator(batches(DataType.DOUBLE), 9);
    DataSetIterator two = twin.iterator(batches(DataType.DOUBLE), 9);
    assertFalse(one.asyncSupported());
    two.reset();
    for (int pass = 0; pass < 2; pass++) {
      while (one.hasNext()) {
        NdAssert.assertSame(one.next().getFeatures(), two.next().getFeatures());
      }
      assertFalse(two.hasNext());
      one.reset();
      two.reset();
    }
    INDArray x = data(4);
    DataSetIterator fresh =
        twin.iterator(new ListDataSetIterator<>(List.of(new DataSet(x, x)), 4), 9);
    DataSetIterator repeating =
        twin.repeatingIterator(new ListDataSetIterator<>(List.of(new DataSet(x, x)), 4), 9);
    INDArray first = fresh.next().getFeatures();
    NdAssert.assertSame(first, repeating.next().getFeatures());
    fresh.reset();
    repeating.reset();
    assertTrue(first.distance2(fresh.next().getFeatures()) > 0.1);
    NdAssert.assertSame(first, repeating.next().getFeatures());
  }

  /** A convolutional score network, with the level as a further channel. */
  @Test
  void images() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.01))
                .list()
                .layer(
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(4)
                        .padding(1, 1)
                        .activation(Activation.SWISH)
                        .build())
                .layer(
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(2)
                        .padding(1, 1)
                        .activation(Activation.IDENTITY)
                        .build())
                .layer(
                    new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(4, 5, 3))
                .build());
    network.init();
    NoiseLevels levels = NoiseLevels.geometric(2, 0.2, 4);
    ScoreMatching trainer =
        new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.noiseConditional(levels), 30));
    INDArray x = ScoreNetworks.normal(47, 10, 2, 4, 5);
    double before = trainer.score(network, ScoreNetworks.batches(x, 5));
    trainer.fit(network, ScoreNetworks.batches(x, 5));
    assertTrue(trainer.score(network, ScoreNetworks.batches(x, 5)) < before - 1);

    // Holding the lower half of each image.
    NoiseConditionalScore score = NoiseConditionalScore.of(network, levels);
    assertArrayEquals(x.shape(), score.score(x, 0.7).shape());
    INDArray known = Nd4j.zeros(DataType.DOUBLE, 1, 2, 4, 5);
    known
        .get(
            NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(2, 4), NDArrayIndex.all())
        .assign(1);
    try (RandomStream random = new RandomStream(3)) {
      INDArray filled =
          AnnealedLangevin.inpaint(
                  score,
                  x.mul(0.1),
                  x,
                  known,
                  AnnealedLangevinOptions.of(levels.sigmas()).withSteps(3),
                  random)
              .run();
      INDArray difference = filled.sub(x);
      assertEquals(0, difference.mul(known).amaxNumber().doubleValue(), 1e-12);
      assertTrue(difference.norm2Number().doubleValue() > 1);
    }
  }

  /** Objectives of an energy of images against the derivatives of the energy. */
  @Test
  void energiesOfImages() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.01))
                .list()
                .layer(
                    new ConvolutionLayer.Builder(2, 2).nOut(3).activation(Activation.SWISH).build())
                .layer(new DenseLayer.Builder().nOut(4).activation(Activation.SOFTPLUS).build())
                .layer(ScoreNetworks.output(1))
                .setInputType(InputType.convolutional(3, 4, 2))
                .build());
    network.init();
    NetworkEnergy energy = new NetworkEnergy(network);
    INDArray x = ScoreNetworks.normal(51, 3, 2, 3, 4);
    INDArray gradient = energy.gradient(x).reshape('c', 3, 24);
    double norms = gradient.mul(gradient).sum(1).meanNumber().doubleValue() / 2;
    double exact = norms - energy.hessianTrace(x).meanNumber().doubleValue();
    for (int rows : new int[] {20, 4096}) {
      assertEquals(
          exact,
          new ScoreMatching(
                  ScoreMatchingOptions.of(ScoreObjective.exact(), 1).withMaximumRows(rows))
              .score(network, ScoreNetworks.batches(x, 3)),
          1e-12);
    }
    for (ScoreObjective objective :
        List.of(
            ScoreObjective.slicedVarianceReduced(3, Probes.SPHERE),
            ScoreObjective.denoising(0.5),
            ScoreObjective.finiteDifference(2, Probes.SPHERE, 1e-3))) {
      ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, objective, 24);
      try (RandomStream random = new RandomStream(3);
          RandomStream same = new RandomStream(3)) {
        double score = twin.network().score(twin.minibatch(x, random));
        double expected;
        if (objective.scoreName().startsWith("denoising")) {
          NoisyPoints noisy = NoisyPoints.draw(x, NoiseLevels.of(0.5), same);
          INDArray residual =
              energy.score(noisy.points()).reshape('c', 3, 24).muli(0.5).addi(noisy.noise());
          expected = residual.mul(residual).sum(1).meanNumber().doubleValue() / 2;
        } else {
          int directions = objective.whole(24).rows() == 5 ? 2 : 3;
          INDArray v = Stacks.directions(x, Probes.SPHERE, directions, same);
          INDArray repeated = Nd4j.tile(x, directions, 1, 1, 1);
          INDArray first = energy.directionalDerivative(repeated, v);
          double firsts = first.mul(first).meanNumber().doubleValue() / 2;
          double seconds = energy.quadraticForm(repeated, v).meanNumber().doubleValue();
          expected = (directions == 2 ? firsts : norms) - seconds;
        }
        assertEquals(expected, score, directionsError(objective));
      }
      new ScoreMatching(ScoreMatchingOptions.of(objective, 1))
          .fit(network.clone(), ScoreNetworks.batches(x, 2));
    }
  }

  private static double directionsError(ScoreObjective objective) {
    return objective.scoreName().contains("differences") ? 1e-5 : 1e-12;
  }

  /** Softmax inside a network has no exact rule. */
  @Test
  void finiteDifferencesTakeAnyLayer() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.02))
                .dropOut(0.5)
                .list()
                .layer(new DenseLayer.Builder().nOut(8).activation(Activation.SOFTMAX).build())
                .layer(ScoreNetworks.output(1))
                .setInputType(InputType.feedForward(D))
                .build());
    network.init();
    assertThrows(
        DL4JInvalidConfigException.class,
        () ->
            new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 1))
                .fit(network, batches(DataType.DOUBLE)));
    ScoreMatching trainer =
        new ScoreMatching(
            ScoreMatchingOptions.of(
                ScoreObjective.finiteDifference(2, Probes.RADEMACHER, 0.05), 20));
    double before = trainer.score(network, batches(DataType.DOUBLE));
    trainer.fit(network, batches(DataType.DOUBLE));
    assertTrue(trainer.score(network, batches(DataType.DOUBLE)) < before);
  }

  /** Networks whose last layer has no loss get one. */
  @Test
  void networksWithoutOutputLayer() {
    for (ScoreObjective objective :
        List.of(
            ScoreObjective.scoreNetworkDenoising(0.5),
            ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0.1))) {
      int outputs = objective.isOfEnergies() ? 1 : D;
      DenseLayer last =
          new DenseLayer.Builder().nOut(outputs).activation(Activation.IDENTITY).build();
      DenseLayer hidden = new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build();
      NeuralNetConfiguration.Builder global =
          new NeuralNetConfiguration.Builder()
              .seed(3)
              .dataType(DataType.DOUBLE)
              .updater(new Adam(0.01));
      MultiLayerNetwork chain =
          new MultiLayerNetwork(
              global
                  .list()
                  .layer(hidden.clone())
                  .layer(last.clone())
                  .setInputType(InputType.feedForward(D))
                  .build());
      chain.init();
      ComputationGraph graph =
          new ComputationGraph(
              global
                  .graphBuilder()
                  .addInputs("x")
                  .addLayer("z", hidden.clone(), "x")
                  .addLayer("out", last.clone(), "z")
                  .setOutputs("out")
                  .setInputTypes(InputType.feedForward(D))
                  .build());
      graph.init();
      graph.params().assign(chain.params());
      ScoreMatching trainer = new ScoreMatching(ScoreMatchingOptions.of(objective, 3));
      double before = trainer.score(chain, batches(DataType.DOUBLE));
      assertEquals(before, trainer.score(graph, batches(DataType.DOUBLE)), 1e-12);
      trainer.fit(chain, batches(DataType.DOUBLE));
      trainer.fit(graph, batches(DataType.DOUBLE));
      NdAssert.assertClose(chain.params(), graph.params(), 1e-10);
      assertTrue(trainer.score(chain, batches(DataType.DOUBLE)) < before);
    }
  }

  @Test
  void frozenLayersStay() {
    for (ScoreObjective objective :
        List.of(
            ScoreObjective.denoising(0.5),
            ScoreObjective.exact(),
            ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0.1))) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .seed(3)
                  .dataType(DataType.DOUBLE)
                  .updater(new Adam(0.01))
                  .list()
                  .layer(
                      new FrozenLayer(
                          new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build()))
                  .layer(new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build())
                  .layer(ScoreNetworks.output(1))
                  .setInputType(InputType.feedForward(D))
                  .build());
      network.init();
      INDArray frozen = network.getParam("0_W").dup();
      INDArray free = network.getParam("1_W").dup();
      new ScoreMatching(ScoreMatchingOptions.of(objective, 2))
          .fit(network, batches(DataType.DOUBLE));
      NdAssert.assertSame(frozen, network.getParam("0_W"));
      assertTrue(free.distance2(network.getParam("1_W")) > 1e-3);
    }
  }

  @Test
  void progress() {
    List<String> told = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void start(String task, long totalSteps) {
            told.add(task + " " + totalSteps);
          }

          @Override
          public void step(long done, String detail) {
            told.add(done + " " + detail.substring(0, 10));
          }

          @Override
          public void finish(String summary) {
            told.add(summary.substring(0, 8));
          }

          @Override
          public void close() {}
        };
    new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 1), progress)
        .fit(ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), D, 1), batches(DataType.DOUBLE));
    assertEquals(
        List.of(
            "exact score matching 3", "1 epoch 1/1,", "2 epoch 1/1,", "3 epoch 1/1,", "1 epochs"),
        told);
  }

  @Test
  void divergence() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new Sgd(1e200), D, 1);
    INDArray before = network.params().dup();
    String message =
        assertThrows(
                TrainingDivergedException.class,
                () ->
                    new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 5))
                        .fit(network, batches(DataType.DOUBLE)))
            .getMessage();
    assertTrue(message.contains("epoch 1"), message);
    NdAssert.assertSame(before, network.params());
    assertEquals(0, network.getIterationCount());
  }

  @Test
  void interruption() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new Adam(0.01), D, 1);
    Thread.currentThread().interrupt();
    ScoreMatchingResult result =
        new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 5))
            .fit(network, batches(DataType.DOUBLE));
    assertTrue(Thread.interrupted());
    assertFalse(result.completed());
    assertEquals(0, result.iterations());
  }

  @Test
  void badInputChangesNothing() {
    INDArray bad = data(20);
    bad.putScalar(3, 1, Double.NaN);
    ScoreObjective denoising = ScoreObjective.denoising(0.5);
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new Adam(0.01), D, 1);
    refused(
        DL4JInvalidInputException.class, "NaN", network, denoising, ScoreNetworks.batches(bad, 20));
    refused(
        IllegalArgumentException.class,
        "the iterator is empty",
        network,
        denoising,
        new ListDataSetIterator<>(List.of(), 1));
    DataSet masked = new DataSet(data(4), data(4));
    masked.setLabelsMaskArray(Nd4j.ones(DataType.DOUBLE, 4, 1));
    refused(
        DL4JInvalidInputException.class,
        "a mask",
        network,
        denoising,
        new ListDataSetIterator<>(List.of(masked), 4));
    MultiLayerNetwork two = ScoreNetworks.chain(DataType.DOUBLE, new Adam(0.01), D, 2);
    for (ScoreObjective objective :
        List.of(
            ScoreObjective.exact(),
            ScoreObjective.sliced(1, Probes.GAUSSIAN),
            ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0.1))) {
      refused(
          IllegalArgumentException.class,
          "2 outputs for each example",
          two,
          objective,
          batches(DataType.DOUBLE));
    }
    refused(
        DL4JInvalidConfigException.class,
        "accepted: one output",
        two,
        denoising,
        batches(DataType.DOUBLE));
    MultiLayerNetwork kinks =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new DenseLayer.Builder().nOut(8).activation(Activation.RELU).build())
                .layer(ScoreNetworks.output(1))
                .setInputType(InputType.feedForward(D))
                .build());
    kinks.init();
    refused(
        DL4JInvalidConfigException.class,
        "softplus",
        kinks,
        ScoreObjective.sliced(1, Probes.GAUSSIAN),
        batches(DataType.DOUBLE));
    ComputationGraph graph = ScoreNetworks.graph(DataType.DOUBLE, new Adam(0.01), D, 2);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 1))
                .fit(graph, batches(DataType.DOUBLE)));
  }

  private static void refused(
      Class<? extends Exception> type,
      String part,
      MultiLayerNetwork network,
      ScoreObjective objective,
      DataSetIterator data) {
    INDArray before = network.params().dup();
    String message =
        assertThrows(
                type,
                () -> new ScoreMatching(ScoreMatchingOptions.of(objective, 1)).fit(network, data))
            .getMessage();
    assertTrue(message.contains(part), message);
    NdAssert.assertSame(before, network.params());
    assertEquals(0, network.getIterationCount());
  }
}
