/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.ScheduleType;

/** Encoder, latent variables, decoder and likelihood together. */
class VariationalNetworksTest {

  private static final int DATA = 5;
  private static final INDArray X =
      LatentDistributionTest.normal(1, 4, DATA).gt(0).castTo(DataType.DOUBLE);

  private static DenseLayer dense(long units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(77)
        .dataType(DataType.DOUBLE)
        .updater(new NoOp());
  }

  private static MultiLayerNetwork autoencoder(
      LatentDistribution family, int latents, int samples, Likelihood likelihood) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(dense(4, Activation.TANH))
                .layer(dense(family.parameters(latents), Activation.IDENTITY))
                .layer(new LatentVariables.Builder(family).nOut(latents).samples(samples).build())
                .layer(dense(4, Activation.TANH))
                .layer(dense(likelihood.outputSize(DATA), Activation.IDENTITY))
                .layer(new LikelihoodOutput.Builder(likelihood).build())
                .setInputType(InputType.feedForward(DATA))
                .build());
    network.init();
    return network;
  }

  @Test
  void gradientsOfAutoencoders() {
    for (int samples : new int[] {1, 3}) {
      for (LatentDistribution family :
          List.of(
              new DiagonalGaussian(),
              new DiagonalLogistic(),
              new FullGaussian(),
              new BinaryConcrete(DiscreteGradient.RELAXED, 0.8),
              new GumbelSoftmax(2, DiscreteGradient.RELAXED, 0.8))) {
        assertTrue(
            LayerChecks.checkGradients(
                autoencoder(family, 2, samples, new BernoulliLikelihood()), X, X, null, null),
            family + " " + samples);
      }
    }
  }

  /** {@code score = -mean_s log p(x | z_s) + KL}, put together by hand from the activations. */
  @Test
  void theScoreIsTheNegativeLowerBound() {
    MultiLayerNetwork network =
        autoencoder(new DiagonalGaussian(), 2, 3, new BernoulliLikelihood());
    List<INDArray> activations = network.feedForward(X, true);
    INDArray p = activations.get(activations.size() - 1);
    INDArray x = LatentRows.repeat(X, 4, 3);
    double reconstruction =
        x.mul(Transforms.log(p, true))
                .addi(x.rsub(1).muli(Transforms.log(p.rsub(1), false)))
                .sumNumber()
                .doubleValue()
            / 12;
    double divergence =
        new DiagonalGaussian().divergence(activations.get(2), null).sumNumber().doubleValue() / 4;
    assertEquals(divergence - reconstruction, network.score(new DataSet(X, X), true), 1e-12);
    network.fit(X, X);
    assertEquals(divergence - reconstruction, network.score(), 1e-12);
  }

  /** A graph whose last column is a quantity of the latent variables. */
  private static ComputationGraph graph(
      LatentDistribution family,
      int latents,
      int samples,
      LatentQuantity quantity,
      UnaryOperator<LikelihoodOutput.Builder> output) {
    KullbackLeiblerTerm term =
        quantity == LatentQuantity.LOG_RATIO
            ? KullbackLeiblerTerm.NONE
            : KullbackLeiblerTerm.DEFAULT;
    ComputationGraphConfiguration configuration =
        global()
            .graphBuilder()
            .addInputs("x")
            .setInputTypes(InputType.feedForward(DATA))
            .addLayer("eta", dense(family.parameters(latents), Activation.IDENTITY), "x")
            .addLayer(
                "z",
                new LatentVariables.Builder(family)
                    .nOut(latents)
                    .samples(samples)
                    .divergence(term)
                    .build(),
                "eta")
            .addVertex("column", new LatentLogProbabilityVertex(family, null, quantity), "eta", "z")
            .addLayer("decoder", dense(4, Activation.TANH), "z")
            .addLayer("logits", dense(DATA, Activation.IDENTITY), "decoder")
            .addVertex("all", new MergeVertex(), "logits", "column")
            .addLayer(
                "out",
                output.apply(new LikelihoodOutput.Builder(new BernoulliLikelihood())).build(),
                "all")
            .setOutputs("out")
            .build();
    ComputationGraph graph =
        new ComputationGraph(ComputationGraphConfiguration.fromJson(configuration.toJson()));
    assertEquals(configuration, graph.getConfiguration());
    graph.init();
    return graph;
  }

  @Test
  void gradientsOfBoundsFromSamples() {
    for (SampleBound bound : List.of(SampleBound.SAMPLED, SampleBound.IMPORTANCE_WEIGHTED)) {
      for (LatentDistribution family :
          List.of(new DiagonalGaussian(), new DiagonalLogistic(), new FullGaussian())) {
        assertTrue(
            LayerChecks.checkGradients(
                graph(family, 2, 3, LatentQuantity.LOG_RATIO, b -> b.bound(bound)),
                X,
                X,
                null,
                null),
            family + " " + bound);
      }
    }
  }

  /** With one sample both are the sampled lower bound. */
  @Test
  void boundsOfOneSampleAgree() {
    double[] scores = new double[2];
    for (SampleBound bound : List.of(SampleBound.SAMPLED, SampleBound.IMPORTANCE_WEIGHTED)) {
      ComputationGraph graph =
          graph(new DiagonalGaussian(), 2, 1, LatentQuantity.LOG_RATIO, b -> b.bound(bound));
      scores[bound == SampleBound.SAMPLED ? 0 : 1] = graph.score(new DataSet(X, X), true);
    }
    assertEquals(scores[0], scores[1], 1e-12);
  }

  /** Two layers of latent variables: the prior of the lower one depends on the upper one. */
  @Test
  void aPriorThatDependsOnOtherVariables() {
    DiagonalGaussian family = new DiagonalGaussian();
    KullbackLeiblerTerm none = KullbackLeiblerTerm.NONE;
    ComputationGraphConfiguration configuration =
        global()
            .graphBuilder()
            .addInputs("x")
            .setInputTypes(InputType.feedForward(DATA))
            .addLayer("eta1", dense(6, Activation.TANH), "x")
            .addLayer(
                "z1",
                new LatentVariables.Builder(family).nOut(3).samples(2).divergence(none).build(),
                "eta1")
            .addLayer("eta2", dense(4, Activation.TANH), "z1")
            .addLayer(
                "z2", new LatentVariables.Builder(family).nOut(2).divergence(none).build(), "eta2")
            .addLayer("prior1", dense(6, Activation.TANH), "z2")
            .addVertex(
                "r1",
                new LatentLogProbabilityVertex(family, null, LatentQuantity.LOG_RATIO),
                "eta1",
                "prior1",
                "z1")
            .addVertex(
                "r2",
                new LatentLogProbabilityVertex(family, null, LatentQuantity.LOG_RATIO),
                "eta2",
                "z2")
            .addVertex("r", new ElementWiseVertex(ElementWiseVertex.Op.Add), "r1", "r2")
            .addLayer("logits", dense(DATA, Activation.IDENTITY), "z1")
            .addVertex("all", new MergeVertex(), "logits", "r")
            .addLayer(
                "out",
                new LikelihoodOutput.Builder(new BernoulliLikelihood())
                    .bound(SampleBound.IMPORTANCE_WEIGHTED)
                    .build(),
                "all")
            .setOutputs("out")
            .build();
    ComputationGraph graph = new ComputationGraph(configuration);
    graph.init();
    assertTrue(LayerChecks.checkGradients(graph, X, X, null, null));
  }

  private static MultiLayerNetwork stacked(
      int inputSamples, KullbackLeiblerTerm.Estimator estimator, boolean miniBatch) {
    KullbackLeiblerTerm term = KullbackLeiblerTerm.DEFAULT.withEstimator(estimator);
    LatentVariables.Builder upper = new LatentVariables.Builder(new DiagonalGaussian());
    LatentVariables.Builder lower = new LatentVariables.Builder(new DiagonalGaussian());
    MultiLayerConfiguration configuration =
        global()
            .miniBatch(miniBatch)
            .list()
            .layer(dense(4, Activation.TANH))
            .layer(upper.nOut(2).samples(2).divergence(term).build())
            .layer(dense(4, Activation.TANH))
            .layer(lower.nOut(2).samples(3).inputSamples(inputSamples).divergence(term).build())
            .layer(dense(DATA, Activation.IDENTITY))
            .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).build())
            .setInputType(InputType.feedForward(DATA))
            .build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(MultiLayerConfiguration.fromJson(configuration.toJson()));
    assertEquals(configuration, network.getLayerWiseConfigurations());
    network.init();
    return network;
  }

  /** The lower layer's divergence is a mean over the samples of the upper one. */
  @Test
  void latentVariablesBelowSeveralSamples() {
    for (KullbackLeiblerTerm.Estimator estimator : KullbackLeiblerTerm.Estimator.values()) {
      for (boolean miniBatch : new boolean[] {false, true}) {
        MultiLayerNetwork network = stacked(2, estimator, miniBatch);
        assertTrue(LayerChecks.checkGradients(network, X, X, null, null));
        assertEquals(4, network.output(X).size(0));
      }
      MultiLayerNetwork wrong = stacked(1, estimator, true);
      String message =
          assertThrows(DL4JInvalidInputException.class, () -> wrong.fit(X, X)).getMessage();
      assertTrue(message.contains("8 rows for 4 examples and inputSamples is 1"), message);
    }
  }

  /** DL4J's configurations are sent to other machines by Java's serialization. */
  @Test
  void serialization() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ComputationGraphConfiguration configuration =
        graph(
                new GumbelSoftmax(2, DiscreteGradient.RELAXED, 1),
                4,
                2,
                LatentQuantity.LOG_RATIO,
                b -> b.bound(SampleBound.IMPORTANCE_WEIGHTED))
            .getConfiguration();
    LatentVariables latents =
        new LatentVariables.Builder(new DiagonalGaussian())
            .nOut(1)
            .prior(LatentPrior.gaussian(new double[] {1}, new double[] {2}))
            .divergence(
                KullbackLeiblerTerm.DEFAULT.withWarmUp(
                    new LinearWarmUp(ScheduleType.ITERATION, 10)))
            .build();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(configuration);
      out.writeObject(latents);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(configuration, in.readObject());
      assertEquals(latents, in.readObject());
    }
  }

  private static final int BITS = 3;

  private static ComputationGraph binary(
      DiscreteGradient gradient, int samples, ScoreFunctionBaseline baseline) {
    LatentDistribution family = new BinaryConcrete(gradient, 0.5);
    return gradient == DiscreteGradient.SCORE_FUNCTION
        ? graph(
            family,
            BITS,
            samples,
            LatentQuantity.LOG_POSTERIOR,
            b -> b.bound(SampleBound.SCORE_FUNCTION).baseline(baseline))
        : graph(family, BITS, samples, LatentQuantity.LOG_RATIO, b -> b.bound(SampleBound.SAMPLED));
  }

  /** Summed over the examples, over all states of the latent variables. */
  private static double exactLowerBound(ComputationGraph graph) {
    INDArray states = Nd4j.zeros(DataType.DOUBLE, 1 << BITS, BITS);
    for (int s = 0; s < 1 << BITS; s++) {
      for (int j = 0; j < BITS; j++) {
        states.putScalar(s, j, s >> j & 1);
      }
    }
    LatentVariablesLayer layer = (LatentVariablesLayer) graph.getLayer("z");
    layer.setDraw(LatentDraw.given(LatentRows.repeat(states, 1, 1).dup()));
    double sum = 0;
    for (int i = 0; i < X.size(0); i++) {
      INDArray x = X.getRow(i, true).dup();
      INDArray p = graph.outputSingle(false, x);
      INDArray eta = layer.drawnParameters();
      LatentDistribution family = layer.layerConf().getDistribution();
      INDArray log =
          Transforms.log(p, true)
              .muliRowVector(x)
              .addi(Transforms.log(p.rsub(1), false).muliRowVector(x.rsub(1)));
      INDArray q = Transforms.exp(family.logProbability(eta, states).sum(1), false);
      sum +=
          log.sum(1).mul(q).sumNumber().doubleValue()
              - family.divergence(eta, null).sumNumber().doubleValue();
    }
    layer.setDraw(null);
    return sum;
  }

  private static INDArray gradient(ComputationGraph graph, int iteration) {
    graph.getConfiguration().setIterationCount(iteration);
    graph.setInputs(X);
    graph.setLabels(X);
    graph.computeGradientAndScore();
    return graph.gradient().gradient().dup();
  }

  private static INDArray[] meanAndVariance(ComputationGraph graph, int repetitions) {
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, graph.numParams());
    INDArray squares = sum.dup();
    for (int i = 0; i < repetitions; i++) {
      INDArray gradient = gradient(graph, i).reshape(graph.numParams());
      sum.addi(gradient);
      squares.addi(gradient.mul(gradient));
    }
    INDArray mean = sum.div(repetitions);
    return new INDArray[] {mean, squares.div(repetitions).subi(mean.mul(mean))};
  }

  /**
   * The mean of the score-function gradient is that of the exact bound, each component within 6.11
   * of its standard errors (false-alarm rate below 1e-7 for all of them); the baseline lowers the
   * variance, and relaxation lowers it further.
   */
  @Test
  void theScoreFunctionGradientIsUnbiased() {
    int repetitions = 600;
    int samples = 4;
    double[] variances = new double[2];
    for (ScoreFunctionBaseline baseline :
        List.of(ScoreFunctionBaseline.NONE, ScoreFunctionBaseline.LEAVE_ONE_OUT)) {
      ComputationGraph graph = binary(DiscreteGradient.SCORE_FUNCTION, samples, baseline);
      INDArray exact =
          LatentDistributionTest.numericGradient(
              p -> {
                INDArray before = graph.params().dup();
                graph.setParams(p);
                double value = -exactLowerBound(graph);
                graph.setParams(before);
                return value;
              },
              graph.params().dup());
      INDArray[] estimate = meanAndVariance(graph, repetitions);
      for (long i = 0; i < exact.length(); i++) {
        double error = Math.sqrt(Math.max(0, estimate[1].getDouble(i)) / repetitions);
        assertEquals(
            exact.getDouble(i),
            estimate[0].getDouble(i),
            Limits.SIGMAS * error + 1e-7,
            baseline + " component " + i);
      }
      int encoder = DATA * BITS + BITS;
      variances[baseline == ScoreFunctionBaseline.NONE ? 0 : 1] =
          estimate[1].get(NDArrayIndex.interval(0, encoder)).sumNumber().doubleValue();
    }
    assertTrue(variances[1] < 0.5 * variances[0], variances[1] + " against " + variances[0]);
    double relaxed =
        meanAndVariance(binary(DiscreteGradient.RELAXED, samples, null), 200)[1]
            .get(NDArrayIndex.interval(0, DATA * BITS + BITS))
            .sumNumber()
            .doubleValue();
    assertTrue(relaxed < variances[0], relaxed + " against " + variances[0]);
  }

  @Test
  void wrongWidthsAreRefused() {
    ComputationGraph graph =
        graph(
            new DiagonalGaussian(),
            2,
            1,
            LatentQuantity.LOG_RATIO,
            b -> b.bound(SampleBound.SAMPLED));
    LatentLogProbability vertex = (LatentLogProbability) graph.getVertex("column");
    vertex.setInput(0, Nd4j.zeros(DataType.DOUBLE, 3, 5), null);
    vertex.setInput(1, Nd4j.zeros(DataType.DOUBLE, 3, 2), null);
    String message =
        assertThrows(
                DL4JInvalidInputException.class,
                () -> vertex.doForward(true, LayerWorkspaceMgr.noWorkspaces()))
            .getMessage();
    assertEquals(
        "vertex \"column\": input 0 has 5 channels; accepted: 4 (mu and log sigma^2) for 2 latent"
            + " variables",
        message);
    vertex.setInput(0, Nd4j.zeros(DataType.DOUBLE, 2, 4), null);
    assertThrows(
        DL4JInvalidInputException.class,
        () -> vertex.doForward(true, LayerWorkspaceMgr.noWorkspaces()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LatentLogProbabilityVertex(null, null, LatentQuantity.LOG_RATIO));
  }

  /** Half precision is not DL4J's for these operations; FLOAT must be close to DOUBLE. */
  @Test
  void floatIsCloseToDouble() {
    ComputationGraph exact =
        graph(
            new DiagonalGaussian(),
            2,
            3,
            LatentQuantity.LOG_RATIO,
            b -> b.bound(SampleBound.IMPORTANCE_WEIGHTED));
    ComputationGraph single = exact.convertDataType(DataType.FLOAT);
    INDArray x = X.castTo(DataType.FLOAT);
    single.getConfiguration().setIterationCount(0);
    single.setInputs(x);
    single.setLabels(x);
    single.computeGradientAndScore();
    NdAssert.assertClose(gradient(exact, 0), single.gradient().gradient(), 1e-4);
    assertEquals(exact.score(), single.score(), 1e-4);
  }
}
