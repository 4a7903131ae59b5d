/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.DoubleUnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.NoisyScore;
import org.dl4jebm.training.sampling.AnnealedLangevin;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions.Convention;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.LangevinChains;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;

class NoiseConditionalTest {

  private static final NoiseLevels LEVELS = NoiseLevels.geometric(10, 0.1, 10);
  private static final int STEPS = 100;
  private static final double EPSILON = 0.0015;

  @TempDir Path folder;

  /** The oracle {@code mixture score}. */
  @Test
  void scoresOfTheMixture() {
    INDArray points = Nd4j.createFromArray(new double[][] {{0, 0}, {1, 1}});
    assertArrayEquals(
        new double[] {3, 3, 3.999999994847, 3.999999994847},
        NdAssert.values(new ToyMixture().score(points, 1e-9)),
        1e-11);
    assertEquals(-26.837877066409, ToyMixture.logP(0, 0), 1e-11);
  }

  /** The coordinate along the line through the modes, on a grid. */
  private static final class Line {
    private static final double SPACING = 0.1;
    private static final int HALF = 450;
    private final double[] p = new double[2 * HALF + 1];

    static double at(int i) {
      return (i - HALF) * SPACING;
    }

    /** One Langevin move, exactly but for the grid. */
    void move(double sigma, double alpha) {
      double variance = 1 + sigma * sigma;
      double root = Math.sqrt(2);
      DoubleUnaryOperator mean =
          u -> {
            double upper = 1 / (1 + Math.exp(-10 * root * u / variance) / 4);
            return u + alpha / 2 * ((10 * upper - 5) * root - u) / variance;
          };
      double[] next = new double[p.length];
      int reach = (int) Math.ceil(7 * Math.sqrt(alpha) / SPACING);
      for (int i = 0; i < p.length; i++) {
        if (p[i] < 1e-15) {
          continue;
        }
        double to = mean.applyAsDouble(at(i));
        int centre = (int) Math.round(to / SPACING) + HALF;
        int from = Math.max(0, centre - reach);
        int end = Math.min(p.length - 1, centre + reach);
        double sum = 0;
        double[] weights = new double[end - from + 1];
        for (int j = from; j <= end; j++) {
          double z = at(j) - to;
          weights[j - from] = Math.exp(-z * z / (2 * alpha));
          sum += weights[j - from];
        }
        for (int j = from; j <= end; j++) {
          next[j] += p[i] * weights[j - from] / sum;
        }
      }
      System.arraycopy(next, 0, p, 0, p.length);
    }

    double lower() {
      double sum = p[HALF] / 2;
      for (int i = 0; i < HALF; i++) {
        sum += p[i];
      }
      return sum;
    }
  }

  /** {@code (x_1 + x_2) / sqrt(2)} of points that are uniform on [-8, 8]^2. */
  private static Line uniformStart() {
    Line line = new Line();
    double sum = 0;
    for (int i = 0; i < line.p.length; i++) {
      line.p[i] = Math.max(0, 8 * Math.sqrt(2) - Math.abs(Line.at(i)));
      sum += line.p[i];
    }
    for (int i = 0; i < line.p.length; i++) {
      line.p[i] /= sum;
    }
    return line;
  }

  /**
   * Plain Langevin chains keep the modes they started near, annealed ones find the weights. Along
   * the line through the modes the moves are a Markov chain of one dimension, whose distribution is
   * followed on a grid, so that the expected shares are known with the bias of the moves: to 1e-3,
   * for the grid and for crossings at levels below 0.4, where the modes are more than six standard
   * deviations away from the ridge. The shares of n chains are within Bernstein's limit of them.
   */
  @Test
  void annealingFindsTheWeightsOfModes() {
    int n = 1500;
    Samplers samplers = new Samplers(new ToyMixture(), STEPS, EPSILON);
    double plain = samplers.plain(n);
    Line line = uniformStart();
    for (int i = 0; i < 200; i++) {
      line.move(0.1, 0.1);
    }
    double expected = line.lower();
    assertTrue(expected > 0.45 && expected < 0.5, "plain " + expected);
    assertEquals(expected, plain, 1e-3 + Limits.bernstein(0.25, 1, n));

    double annealed = samplers.annealed(n);
    line = uniformStart();
    for (double sigma : LEVELS.sigmas()) {
      if (sigma > 0.4) {
        for (int i = 0; i < STEPS; i++) {
          line.move(sigma, EPSILON * sigma * sigma / 0.01);
        }
      }
    }
    expected = line.lower();
    assertEquals(ToyMixture.LOWER, expected, 0.025);
    assertEquals(expected, annealed, 1e-3 + Limits.bernstein(0.2 * 0.8, 1, n));
  }

  /** Shares of the lower mode that samplers find. */
  private record Samplers(NoisyScore score, int steps, double epsilon) {

    private static INDArray start(int n) {
      try (RandomStream random = new RandomStream(8)) {
        INDArray start = Nd4j.create(DataType.DOUBLE, n, 2);
        random.uniform(start);
        return start.muli(16).subi(8);
      }
    }

    double plain(int n) {
      try (RandomStream random = new RandomStream(4)) {
        return ToyMixture.lowerShare(
            LangevinChains.from(
                    x -> score.score(x, 0.1), start(n), Langevin.ofPaperStep(0.1), random)
                .step(200)
                .points());
      }
    }

    INDArray samples(int n) {
      try (RandomStream random = new RandomStream(4)) {
        return AnnealedLangevin.from(score, start(n), options(), random).run();
      }
    }

    double annealed(int n) {
      return ToyMixture.lowerShare(samples(n));
    }

    AnnealedLangevinOptions options() {
      return AnnealedLangevinOptions.of(LEVELS.sigmas())
          .withSteps(steps)
          .withEpsilon(epsilon, Convention.PAPER);
    }
  }

  private static MultiLayerNetwork network(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(type)
                .updater(new Adam(5e-3))
                .list()
                .layer(new DenseLayer.Builder().nOut(32).activation(Activation.SWISH).build())
                .layer(new DenseLayer.Builder().nOut(32).activation(Activation.SWISH).build())
                .layer(ScoreNetworks.output(2))
                .setInputType(InputType.feedForward(3))
                .build());
    network.init();
    return network;
  }

  /**
   * A small network learns the scores in some hundred steps. What is asked for is not statistical:
   * at most 15 per cent of the mean square of the scores as error, and samples with more of the
   * weights than the half and half of plain Langevin.
   */
  @Test
  void networkLearnsTheMixture() {
    MultiLayerNetwork network = network(DataType.FLOAT);
    ParameterAverage average = new ParameterAverage(0.99);
    network.setListeners(average);
    INDArray data = ToyMixture.draw(4096, 21, DataType.FLOAT);
    new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.noiseConditional(LEVELS), 40))
        .fit(network, ScoreNetworks.batches(data, 256));
    NoiseConditionalScore score = NoiseConditionalScore.of(average.of(network), LEVELS);
    ToyMixture exact = new ToyMixture();
    INDArray fresh = ToyMixture.draw(1000, 23, DataType.DOUBLE);
    INDArray noise = ScoreNetworks.normal(25, 1000, 2);
    for (double sigma : new double[] {10, 3, 1}) {
      INDArray x = fresh.add(noise.mul(sigma));
      INDArray difference = score.score(x, sigma).sub(exact.score(x, sigma)).muli(sigma);
      INDArray size = exact.score(x, sigma).mul(sigma);
      double error = difference.mul(difference).meanNumber().doubleValue();
      double scale = size.mul(size).meanNumber().doubleValue();
      assertTrue(error < 0.15 * scale, "at " + sigma + ": " + error + " of " + scale);
    }
    Samplers samplers = new Samplers(score, 25, 4 * EPSILON);
    double share = samplers.annealed(400);
    assertTrue(share > 0.1 && share < 0.35, "share " + share);

    // One coordinate is known: the other follows.
    INDArray values = Nd4j.valueArrayOf(new long[] {100, 2}, -5.0, DataType.DOUBLE);
    INDArray known = Nd4j.createFromArray(new double[][] {{1, 0}});
    try (RandomStream random = new RandomStream(4)) {
      INDArray filled =
          AnnealedLangevin.inpaint(
                  score, Samplers.start(100), values, known, samplers.options(), random)
              .run();
      NdAssert.assertClose(values.getColumn(0).dup(), filled.getColumn(0).dup(), 1e-12);
      double other = filled.getColumn(1).meanNumber().doubleValue();
      assertEquals(-5, other, 1);
    }
  }

  /** The scores of the three kinds of network, in the types of points and network. */
  @Test
  void scoresOfNetworks() {
    double sigma = 2.5;
    INDArray x = ScoreNetworks.normal(5, 7, 2);
    INDArray feature = Nd4j.valueArrayOf(new long[] {7, 1}, LEVELS.feature(sigma), DataType.DOUBLE);
    INDArray input = Nd4j.concat(1, x, feature);
    MultiLayerNetwork chain = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 2);
    ComputationGraph graph = ScoreNetworks.graph(DataType.DOUBLE, new NoOp(), 3, 2);
    INDArray expected = chain.output(input).div(sigma);
    NdAssert.assertClose(expected, NoiseConditionalScore.of(chain, LEVELS).score(x, sigma), 1e-13);
    NdAssert.assertClose(expected, NoiseConditionalScore.of(graph, LEVELS).score(x, sigma), 1e-13);
    INDArray single =
        NoiseConditionalScore.of(chain, LEVELS).score(x.castTo(DataType.FLOAT), sigma);
    assertEquals(DataType.FLOAT, single.dataType());
    NdAssert.assertClose(expected, single, NdAssert.FLOAT_TOLERANCE);
    NetworkEnergy energy =
        new NetworkEnergy(ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1));
    NdAssert.assertClose(
        energy.score(input).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).dup(),
        NoiseConditionalScore.of(energy, LEVELS, DataType.DOUBLE).score(x, sigma),
        1e-13);
    assertThrows(
        IllegalArgumentException.class, () -> NoiseConditionalScore.of(chain, LEVELS).score(x, 0));
    MultiLayerNetwork narrow = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1);
    assertThrows(
        DL4JInvalidConfigException.class,
        () -> NoiseConditionalScore.of(narrow, LEVELS).score(x, 1));
  }

  @Test
  void averageOfParameters() {
    for (double decay : new double[] {0, 0.3, 0.9}) {
      ParameterAverage average = new ParameterAverage(decay);
      MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 2);
      double expected = 0;
      for (int t = 0; t < 12; t++) {
        double value = Math.sin(t);
        network.params().assign(value);
        average.iterationDone(network, t, 0);
        double m = t == 0 ? 0 : Math.min(decay, (1.0 + t) / (10 + t));
        expected = m * expected + (1 - m) * value;
      }
      assertEquals(12, average.updates());
      MultiLayerNetwork copy = average.of(network);
      assertEquals(expected, copy.params().meanNumber().doubleValue(), 1e-14);
      assertEquals(Math.sin(11), network.params().getDouble(3), 1e-15);
      ComputationGraph graph = ScoreNetworks.graph(DataType.DOUBLE, new NoOp(), 3, 2);
      assertEquals(expected, average.of(graph).params().getDouble(5), 1e-14);
      MultiLayerNetwork other = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1);
      assertThrows(IllegalArgumentException.class, () -> average.copyTo(other));
      assertThrows(IllegalArgumentException.class, () -> average.update(other.params()));
    }
    assertThrows(IllegalArgumentException.class, () -> new ParameterAverage(1));
    assertThrows(IllegalArgumentException.class, () -> new ParameterAverage(Double.NaN));
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1);
    assertThrows(IllegalStateException.class, () -> new ParameterAverage(0.5).of(network));
  }

  /** Network, levels and average in one file: a run that is resumed gives the same bits. */
  @Test
  void savedAndResumed() throws IOException {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray data = ToyMixture.draw(64, 21, type);
      ScoreObjective objective = ScoreObjective.noiseConditional(LEVELS);
      MultiLayerNetwork through = network(type);
      ParameterAverage whole = new ParameterAverage(0.9);
      through.setListeners(whole);
      new ScoreMatching(ScoreMatchingOptions.of(objective, 4))
          .fit(through, ScoreNetworks.batches(data, 32));

      MultiLayerNetwork first = network(type);
      ParameterAverage half = new ParameterAverage(0.9);
      first.setListeners(half);
      ScoreMatching trainer = new ScoreMatching(ScoreMatchingOptions.of(objective, 2));
      trainer.fit(first, ScoreNetworks.batches(data, 32));
      Path file = folder.resolve(type + ".zip");
      ModelFiles.write(first, file);
      LEVELS.addTo(file);
      half.addTo(file);

      MultiLayerNetwork second = ModelFiles.readMultiLayerNetwork(file);
      ParameterAverage rest = ParameterAverage.readFrom(file);
      assertEquals(LEVELS, NoiseLevels.readFrom(file));
      assertEquals(0.9, rest.decay());
      second.setListeners(rest);
      trainer.fit(second, ScoreNetworks.batches(data, 32));
      NdAssert.assertSame(through.params(), second.params());
      NdAssert.assertSame(whole.of(through).params(), rest.of(second).params());
      assertEquals(whole.updates(), rest.updates());
    }
  }
}
