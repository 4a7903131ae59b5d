/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import static org.dl4jebm.training.variational.LinearGaussian.LOG_P;
import static org.dl4jebm.training.variational.LinearGaussian.X;
import static org.dl4jebm.training.variational.LinearGaussian.x;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.variational.BernoulliLikelihood;
import org.dl4jebm.layers.variational.BinaryConcrete;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.DiscreteGradient;
import org.dl4jebm.layers.variational.GaussianLikelihood;
import org.dl4jebm.layers.variational.GumbelSoftmax;
import org.dl4jebm.layers.variational.KullbackLeiblerTerm;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentLogProbabilityVertex;
import org.dl4jebm.layers.variational.LatentPrior;
import org.dl4jebm.layers.variational.LatentQuantity;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.dl4jebm.layers.variational.SampleBound;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Evidence against closed forms and enumeration. */
@Tag("gpu")
class EvidenceEstimatorTest {

  private static Evidence evidence(MultiLayerNetwork network, int samples, INDArray data) {
    return new EvidenceEstimator(LatentVariableModel.of(network), EvidenceOptions.samples(samples))
        .estimate(data);
  }

  @Test
  void theExactPosteriorGivesTheExactLikelihoodWithEverySample() {
    MultiLayerNetwork network = LinearGaussian.exact(DataType.DOUBLE);
    for (int k : new int[] {1, 3, 50}) {
      Evidence evidence = evidence(network, k, Nd4j.vstack(x(), x(), x().mul(-1)));
      for (double bound : evidence.importanceWeightedBound().values()) {
        assertEquals(LOG_P, bound, 1e-10);
      }
      // Every log weight is log p(x), so that their mean is, too, whatever was drawn.
      for (double bound : evidence.sampledLowerBound().values()) {
        assertEquals(LOG_P, bound, 1e-10);
      }
      for (double size : evidence.effectiveSampleSize().values()) {
        assertEquals(k, size, 1e-8);
      }
    }
    double[] one = evidence(network, 1, x()).sampledLowerBound().values();
    assertEquals(LOG_P, one[0], 1e-10);
    MultiLayerNetwork single = LinearGaussian.exact(DataType.FLOAT);
    assertEquals(LOG_P, evidence(single, 20, x()).importanceWeightedBound().mean(), 2e-5);
  }

  /** {@code N(.8, .3), var (.2, .4)}: far from the posterior. */
  private static final double[] MEAN = {0.8, 0.3};

  private static final double[] DIAGONAL = {0.2, 0.4};

  private static double exactReconstruction() {
    return LinearGaussian.reconstruction(X, MEAN, DIAGONAL);
  }

  private static double exactDivergence() {
    double sum = 0;
    for (int j = 0; j < 2; j++) {
      sum += (MEAN[j] * MEAN[j] + DIAGONAL[j] - 1 - Math.log(DIAGONAL[j])) / 2;
    }
    return sum;
  }

  private static double logWeightVariance(double ratio) {
    return LinearGaussian.logWeightVariance(X, MEAN, DIAGONAL, ratio);
  }

  @Test
  void aWrongPosteriorGivesTheBoundsOfItsClosedForm() {
    MultiLayerNetwork network = LinearGaussian.constant(DataType.DOUBLE, MEAN, DIAGONAL);
    int k = 100_000;
    Evidence evidence = evidence(network, k, x());
    double reconstruction = exactReconstruction();
    double divergence = exactDivergence();
    assertEquals(divergence, evidence.divergence().mean(), 1e-12);
    // The means of so many quadratic forms are normal to all that matters here.
    double limit = Limits.SIGMAS * Math.sqrt(logWeightVariance(0) / k);
    assertEquals(reconstruction, evidence.reconstruction().mean(), limit);
    assertEquals(reconstruction - divergence, evidence.lowerBound().mean(), limit);
    double wider = Limits.SIGMAS * Math.sqrt(logWeightVariance(1) / k);
    assertEquals(reconstruction - divergence, evidence.sampledLowerBound().mean(), wider);
    assertTrue(evidence.effectiveSampleSize().mean() < 0.9 * k);
  }

  @Test
  void moreSamplesTightenTheBound() {
    MultiLayerNetwork network = LinearGaussian.constant(DataType.DOUBLE, MEAN, DIAGONAL);
    INDArray copies = x().broadcast(4000, 3).dup('c');
    ExampleValues one = evidence(network, 1, copies).importanceWeightedBound();
    ExampleValues five = evidence(network, 5, copies).importanceWeightedBound();
    ExampleValues fifty =
        evidence(network, 50, x().broadcast(1000, 3).dup('c')).importanceWeightedBound();
    assertEquals(
        exactReconstruction() - exactDivergence(),
        one.mean(),
        Limits.SIGMAS * Math.sqrt(logWeightVariance(1) / 4000));
    assertTrue(five.mean() - one.mean() > 6 * (five.standardError() + one.standardError()));
    assertTrue(fifty.mean() - five.mean() > 6 * (fifty.standardError() + five.standardError()));
    assertTrue(fifty.mean() < LOG_P + 6 * fifty.standardError());
    // By the delta method L_5000 errs by the weights' relative variance over 10,000, well below
    // its standard error, and the greatest of the weights is bounded.
    Evidence tight = evidence(network, 5000, x().broadcast(20, 3).dup('c'));
    ExampleValues estimate = tight.negativeLogLikelihood();
    assertEquals(-LOG_P, estimate.mean(), 6 * estimate.standardError() + 1e-3);
    assertTrue(estimate.standardError() < 0.02);
  }

  @Test
  void blocksAndMinibatchesDoNotChangeTheResult() {
    MultiLayerNetwork network = LinearGaussian.constant(DataType.DOUBLE, MEAN, DIAGONAL);
    INDArray data = Nd4j.rand(DataType.DOUBLE, 11, 3);
    LatentVariableModel model = LatentVariableModel.of(network);
    EvidenceOptions options = EvidenceOptions.samples(13);
    Evidence expected = new EvidenceEstimator(model, options).estimate(data);
    for (int rows : new int[] {1, 5, 13, 30}) {
      EvidenceEstimator blocks = new EvidenceEstimator(model, options.withBlockRows(rows));
      Evidence actual = blocks.estimate(data);
      assertClose(expected, actual, 1e-12);
      actual =
          blocks.estimate(
              new ShuffledDataSetIterator(data, ShuffledDataSetIterator.Options.inOrder(4)));
      assertClose(expected, actual, 1e-12);
    }
    double other =
        new EvidenceEstimator(model, options.withSeed(5)).estimate(data).reconstruction().mean();
    assertTrue(Math.abs(other - expected.reconstruction().mean()) > 1e-6);
  }

  private static void assertClose(Evidence expected, Evidence actual, double tolerance) {
    assertArrayEquals(
        expected.reconstruction().values(), actual.reconstruction().values(), tolerance);
    assertArrayEquals(expected.divergence().values(), actual.divergence().values(), tolerance);
    assertArrayEquals(
        expected.sampledDivergence().values(), actual.sampledDivergence().values(), tolerance);
    assertArrayEquals(
        expected.importanceWeightedBound().values(),
        actual.importanceWeightedBound().values(),
        tolerance);
  }

  @Test
  void bernoulliLatentVariablesAgreeWithEnumeration() {
    int[][] codes = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    agreesWithEnumeration(new BinaryConcrete(DiscreteGradient.RELAXED, 0.5), codes, 0.25);
  }

  @Test
  void categoricalLatentVariablesAgreeWithEnumeration() {
    int[][] codes = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    agreesWithEnumeration(
        new GumbelSoftmax(3, DiscreteGradient.STRAIGHT_THROUGH, 1), codes, 1 / 3.0);
  }

  /** Compares with sums over all values of the latent variables, each of one prior probability. */
  private static void agreesWithEnumeration(LatentDistribution q, int[][] codes, double prior) {
    int latents = codes[0].length;
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(LinearGaussian.dense(4, latents))
                .layer(new LatentVariables.Builder(q).nIn(latents).nOut(latents).build())
                .layer(LinearGaussian.dense(latents, 4))
                .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).nIn(4).build())
                .build());
    network.init();
    network.params().muli(2);
    LatentVariableModel model = LatentVariableModel.of(network);
    INDArray x = Nd4j.createFromArray(new double[][] {{1, 0, 1, 1}});
    INDArray eta = model.posteriorParameters(x);
    double evidence = 0;
    double bound = 0;
    double boundSquare = 0;
    double squares = 0;
    for (int[] code : codes) {
      INDArray z = Nd4j.createFromArray(new int[][] {code}).castTo(DataType.DOUBLE);
      double[] p = model.decode(z).toDoubleVector();
      double logJoint = Math.log(prior);
      double[] data = x.toDoubleVector();
      for (int j = 0; j < data.length; j++) {
        logJoint += Math.log(data[j] == 1 ? p[j] : 1 - p[j]);
      }
      double logPosterior = q.logProbability(eta, z).sumNumber().doubleValue();
      double weight = Math.exp(logPosterior);
      double term = logJoint - logPosterior;
      evidence += Math.exp(logJoint);
      bound += weight * term;
      boundSquare += weight * term * term;
      squares += weight * Math.exp(2 * term);
    }
    int k = 40_000;
    Evidence found = new EvidenceEstimator(model, EvidenceOptions.samples(k)).estimate(x);
    double deviation = Math.sqrt((boundSquare - bound * bound) / k);
    assertEquals(bound, found.sampledLowerBound().mean(), Limits.SIGMAS * deviation);
    double coefficient = Math.sqrt((squares / (evidence * evidence) - 1) / k);
    assertEquals(
        Math.log(evidence),
        found.importanceWeightedBound().mean(),
        Limits.SIGMAS * coefficient + coefficient * coefficient);
    assertEquals(found.divergence().mean(), found.sampledDivergence().mean(), 0.02);
  }

  /** {@code z2 ~ N(0, 1), z1 ~ N(.7 z2, 1), x ~ N(2 z1, .5)}, with the exact posterior. */
  @Test
  void twoLayersWithTheirExactPosteriorGiveTheExactLikelihood() {
    double priorVariance = 1 + 0.49;
    double total = 4 * priorVariance + 0.5;
    LatentDistribution q = new DiagonalGaussian();
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("x")
                .addLayer("eta1", LinearGaussian.dense(1, 2), "x")
                .addLayer("z1", silent(q, 1, 1), "eta1")
                .addLayer("eta2", LinearGaussian.dense(1, 2), "z1")
                .addLayer("z2", silent(q, 1, 1), "eta2")
                .addLayer("prior1", LinearGaussian.dense(1, 2), "z2")
                .addVertex(
                    "ratio1",
                    new LatentLogProbabilityVertex(q, null, LatentQuantity.LOG_RATIO),
                    "eta1",
                    "prior1",
                    "z1")
                .addVertex(
                    "ratio2",
                    new LatentLogProbabilityVertex(q, null, LatentQuantity.LOG_RATIO),
                    "eta2",
                    "z2")
                .addVertex(
                    "ratio",
                    new org.deeplearning4j.nn.conf.graph.ElementWiseVertex(
                        org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op.Add),
                    "ratio1",
                    "ratio2")
                .addLayer("mean", LinearGaussian.dense(1, 1), "z1")
                .addVertex("all", new MergeVertex(), "mean", "ratio")
                .addLayer("out", output(SampleBound.IMPORTANCE_WEIGHTED, 2), "all")
                .setOutputs("out")
                .build());
    graph.init();
    double v1 = 1 / (1 / priorVariance + 4 / 0.5);
    double v2 = 1 / (1 + 0.49);
    set(graph, "eta1", new double[][] {{v1 * 2 / 0.5, 0}}, 0, Math.log(v1));
    set(graph, "eta2", new double[][] {{v2 * 0.7, 0}}, 0, Math.log(v2));
    set(graph, "prior1", new double[][] {{0.7, 0}}, 0, 0);
    set(graph, "mean", new double[][] {{2}}, 0);
    INDArray x = Nd4j.createFromArray(new double[][] {{1.3}, {-2}});
    Evidence evidence =
        new EvidenceEstimator(
                LatentVariableModel.of(graph), EvidenceOptions.samples(9).withBlockRows(4))
            .estimate(x);
    for (int i = 0; i < 2; i++) {
      double value = x.getDouble(i, 0);
      double expected = -(Math.log(2 * Math.PI * total) + value * value / total) / 2;
      assertEquals(expected, evidence.importanceWeightedBound().values()[i], 1e-10);
      assertEquals(expected, evidence.sampledLowerBound().values()[i], 1e-10);
    }
    assertNull(evidence.divergence());
    assertThrows(IllegalStateException.class, evidence::lowerBound);
  }

  private static LatentVariables silent(LatentDistribution q, int latents, int samples) {
    return new LatentVariables.Builder(q)
        .nIn(q.parameters(latents))
        .nOut(latents)
        .samples(samples)
        .divergence(KullbackLeiblerTerm.NONE)
        .build();
  }

  private static LikelihoodOutput output(SampleBound bound, int inputs) {
    return new LikelihoodOutput.Builder(GaussianLikelihood.withVariance(0.5))
        .bound(bound)
        .nIn(inputs)
        .build();
  }

  private static void set(ComputationGraph graph, String name, double[][] weights, double... bias) {
    LinearGaussian.set(graph.getLayer(name), weights, bias);
  }

  @Test
  void theColumnOfImportanceWeightedTrainingDoesNotMatter() {
    MultiLayerNetwork plain = LinearGaussian.constant(DataType.DOUBLE, MEAN, DIAGONAL);
    LatentDistribution q = new DiagonalGaussian();
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("x")
                .addLayer("eta", LinearGaussian.dense(3, 4), "x")
                .addLayer("z", silent(q, 2, 8), "eta")
                .addVertex(
                    "ratio",
                    new LatentLogProbabilityVertex(q, null, LatentQuantity.LOG_RATIO),
                    "eta",
                    "z")
                .addLayer("mean", LinearGaussian.dense(2, 3), "z")
                .addVertex("all", new MergeVertex(), "mean", "ratio")
                .addLayer("out", output(SampleBound.IMPORTANCE_WEIGHTED, 4), "all")
                .setOutputs("out")
                .build());
    graph.init();
    graph.setParams(plain.params());
    INDArray data = Nd4j.rand(DataType.DOUBLE, 3, 3);
    LatentVariableModel model = LatentVariableModel.of(graph);
    EvidenceOptions options = EvidenceOptions.samples(7).withBlockRows(5);
    assertClose(
        evidence(plain, 7, data), new EvidenceEstimator(model, options).estimate(data), 1e-12);
    INDArray z = Nd4j.rand(DataType.DOUBLE, 4, 2);
    INDArray decoded = LatentVariableModel.of(plain).decode(z);
    assertArrayEquals(
        decoded.ravel().toDoubleVector(), model.decode(z).ravel().toDoubleVector(), 1e-14);
    assertEquals(List.of(3L, 3L), List.of(graph.outputSingle(data).size(0), data.size(0)));
  }

  /** A decoder that takes the condition as well: {@code x ~ N(2 z + c, .5)}. */
  @Test
  void aConditionalModelIsEvaluatedThroughTheWholeNetwork() {
    double posterior = 1 / (1 + 4 / 0.5);
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("x", "c")
                .addVertex("both", new MergeVertex(), "x", "c")
                .addLayer("eta", LinearGaussian.dense(2, 2), "both")
                .addLayer(
                    "z",
                    new LatentVariables.Builder(new DiagonalGaussian()).nIn(2).nOut(1).build(),
                    "eta")
                .addVertex("given", new MergeVertex(), "z", "c")
                .addLayer("mean", LinearGaussian.dense(2, 1), "given")
                .addLayer("out", output(SampleBound.MEAN, 1), "mean")
                .setOutputs("out")
                .build());
    graph.init();
    double gain = posterior * 2 / 0.5;
    set(graph, "eta", new double[][] {{gain, 0}, {-gain, 0}}, 0, Math.log(posterior));
    set(graph, "mean", new double[][] {{2}, {1}}, 0);
    INDArray x = Nd4j.createFromArray(new double[][] {{0.3}, {-2}});
    INDArray c = Nd4j.createFromArray(new double[][] {{1.1}, {0.4}});
    LatentVariableModel model = LatentVariableModel.of(graph);
    Evidence evidence =
        new EvidenceEstimator(model, EvidenceOptions.samples(5).withBlockRows(3))
            .estimate(new MultiDataSet(new INDArray[] {x, c}, new INDArray[] {x}));
    for (int i = 0; i < 2; i++) {
      double error = x.getDouble(i, 0) - c.getDouble(i, 0);
      double expected = -(Math.log(2 * Math.PI * 4.5) + error * error / 4.5) / 2;
      assertEquals(expected, evidence.importanceWeightedBound().values()[i], 1e-10);
    }
    assertThrows(IllegalStateException.class, () -> model.decode(x));
  }

  @Test
  void aPriorOfAnotherFamilyHasNoClosedForm() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(LinearGaussian.dense(3, 4))
                .layer(
                    new LatentVariables.Builder(new DiagonalGaussian())
                        .nIn(4)
                        .nOut(2)
                        .prior(
                            LatentPrior.standard(
                                new org.dl4jebm.layers.variational.DiagonalLaplace()))
                        .build())
                .layer(LinearGaussian.dense(2, 3))
                .layer(output(SampleBound.MEAN, 3))
                .build());
    network.init();
    Evidence evidence = evidence(network, 2, x());
    assertNull(evidence.divergence());
    assertTrue(Double.isFinite(evidence.sampledLowerBound().mean()));
  }
}
