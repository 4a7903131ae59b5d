/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class LayerTransferTest {

  private static final long SEED = 2024;

  private static PretrainOptions samples(int epochs) {
    return PretrainOptions.epochs(epochs).withTransfer(LayerTransfer.SAMPLES).withSeed(SEED);
  }

  /** What the layers above the first were given, in order. */
  private static List<INDArray> record(MultiLayerNetwork network, PretrainOptions options) {
    List<INDArray> inputs = new ArrayList<>();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model layer, int iteration, int epoch) {
            if (((RestrictedBoltzmannMachineLayer) layer).getIndex() > 0) {
              inputs.add(layer.input().dup());
            }
          }
        });
    new GreedyPretrainer(options).fit(network, Stacks.iterator());
    return inputs;
  }

  @Test
  void samplesAreTheStatesOfTheLayerBelowFromAStreamOfTheirOwn() {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    MultiLayerNetwork expected = Stacks.mln();
    Stacks.train(expected, batches, 2, 0);
    try (RandomStream stream = new RandomStream(SEED)) {
      Stacks.train(expected.getLayer(1), batches, 2, x -> sample(expected, 0, x, stream));
      Stacks.train(
          expected.getLayer(2),
          batches,
          2,
          x ->
              sample(
                  expected,
                  1,
                  expected.getLayer(0).activate(x, false, LayerWorkspaceMgr.noWorkspaces()),
                  stream));
    }
    MultiLayerNetwork network = Stacks.mln();
    new GreedyPretrainer(samples(2)).fit(network, Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
  }

  private static INDArray sample(
      MultiLayerNetwork network, int layer, INDArray input, RandomStream stream) {
    return ((RestrictedBoltzmannMachineLayer) network.getLayer(layer)).sampleOutput(input, stream);
  }

  @Test
  void aGraphSamplesToo() {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    ComputationGraph expected = Stacks.graph();
    expected.initGradientsView();
    Stacks.train(expected.getLayer("rbm0"), batches, 2, x -> x);
    try (RandomStream stream = new RandomStream(SEED)) {
      Stacks.train(
          expected.getLayer("rbm1"),
          batches,
          2,
          x ->
              ((RestrictedBoltzmannMachineLayer) expected.getLayer("rbm0"))
                  .sampleOutput(x, stream));
      Stacks.train(
          expected.getLayer("rbm2"),
          batches,
          2,
          x ->
              ((RestrictedBoltzmannMachineLayer) expected.getLayer("rbm1"))
                  .sampleOutput(
                      expected.feedForward(new INDArray[] {x.dup()}, false).get("rbm0"), stream));
    }
    ComputationGraph graph = Stacks.graph();
    new GreedyPretrainer(samples(2)).fit(graph, Stacks.iterator());
    Snapshot.of(expected).assertSame(graph);
  }

  /** The layers do not learn here, so that every pass draws from the same distribution. */
  @Test
  void samplesAreZeroOrOneWithTheRightMeanAndDrawnAnew() {
    int passes = 400;
    PretrainOptions options = samples(1).withLayerEpochs("1", passes).withLayerEpochs("2", 0);
    MultiLayerNetwork network = Stacks.mln(Stacks.global(new Sgd(0)), rbm -> rbm);
    List<INDArray> inputs = record(network, options);
    assertEquals(passes * Stacks.BATCHES, inputs.size());
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    int different = 0;
    for (int b = 0; b < Stacks.BATCHES; b++) {
      INDArray mean =
          network
              .getLayer(0)
              .activate(batches.get(b), false, LayerWorkspaceMgr.noWorkspaces())
              .dup('c');
      INDArray sum = mean.like();
      for (int pass = 0; pass < passes; pass++) {
        INDArray states = inputs.get(pass * Stacks.BATCHES + b);
        for (double state : Stacks.bits(states)) {
          assertTrue(state == 0 || state == 1, () -> "state " + state);
        }
        different +=
            pass > 0 && !states.equals(inputs.get((pass - 1) * Stacks.BATCHES + b)) ? 1 : 0;
        sum.addi(states);
      }
      double[] p = Stacks.bits(mean);
      double[] frequency = Stacks.bits(sum.divi(passes));
      for (int i = 0; i < p.length; i++) {
        // 5 standard deviations of 70 frequencies: a false alarm once in 25,000 seeds.
        assertEquals(p[i], frequency[i], 5 * Math.sqrt(p[i] * (1 - p[i]) / passes), "unit " + i);
      }
    }
    // At least 10 units with probabilities in (0.3, 0.7) differ by chance with 1 - 0.58^10 > 0.99.
    assertTrue(different > 0.9 * (passes - 1) * Stacks.BATCHES, () -> "drawn anew");
  }

  @Test
  void theSeedOfTheSamplesIsTheOptionsOnly() {
    MultiLayerNetwork first = Stacks.mln();
    MultiLayerNetwork again = Stacks.mln();
    MultiLayerNetwork other = Stacks.mln();
    new GreedyPretrainer(samples(1)).fit(first, Stacks.iterator());
    new GreedyPretrainer(samples(1)).fit(again, Stacks.iterator());
    new GreedyPretrainer(samples(1).withSeed(SEED + 1)).fit(other, Stacks.iterator());
    Snapshot.of(first).assertSame(again);
    assertArrayEquals(
        Stacks.bits(first.getLayer(0).params()), Stacks.bits(other.getLayer(0).params()));
    assertFalse(
        Arrays.equals(
            Stacks.bits(first.getLayer(1).params()), Stacks.bits(other.getLayer(1).params())));
  }

  @Test
  void aSingleLayerCanBeGivenSamples() {
    List<INDArray> inputs =
        record(
            Stacks.mln(), PretrainOptions.epochs(1).withLayerTransfer("2", LayerTransfer.SAMPLES));
    for (int b = 0; b < Stacks.BATCHES; b++) {
      assertFalse(isBinary(inputs.get(b)), "layer 1 gets means");
      assertTrue(isBinary(inputs.get(Stacks.BATCHES + b)), "layer 2 gets states");
    }
    inputs = record(Stacks.mln(), samples(1).withLayerTransfer("2", LayerTransfer.MEANS));
    for (int b = 0; b < Stacks.BATCHES; b++) {
      assertTrue(isBinary(inputs.get(b)), "layer 1 gets states");
      assertFalse(isBinary(inputs.get(Stacks.BATCHES + b)), "layer 2 gets means");
    }
  }

  private static boolean isBinary(INDArray array) {
    return Arrays.stream(Stacks.bits(array)).allMatch(x -> x == 0 || x == 1);
  }

  /** The lowest layers of a graph get the data, which are nobody's samples. */
  @Test
  void layersOnTheInputsTakeTheDataAsTheyAre() {
    ComputationGraph[] graphs = new ComputationGraph[2];
    for (int i = 0; i < 2; i++) {
      graphs[i] =
          new ComputationGraph(
              Stacks.global()
                  .graphBuilder()
                  .addInputs("in")
                  .addLayer("a", Stacks.rbm(Stacks.INPUTS, 4).build(), "in")
                  .addLayer("b", Stacks.rbm(2 * Stacks.INPUTS, 3).build(), "in", "in")
                  .addLayer("c", Stacks.rbm(3, 3).build(), "b")
                  .addLayer("out", Stacks.output(7), "a", "c")
                  .setOutputs("out")
                  .build());
      graphs[i].init();
    }
    PretrainOptions means = PretrainOptions.epochs(1).withLayerEpochs("c", 0);
    new GreedyPretrainer(means).fit(graphs[0], Stacks.iterator());
    new GreedyPretrainer(means.withTransfer(LayerTransfer.SAMPLES))
        .fit(graphs[1], Stacks.iterator());
    Snapshot.of(graphs[0]).assertSame(graphs[1]);
  }

  @Test
  void aFrozenMachineBelowIsSampled() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new FrozenLayer(Stacks.rbm(Stacks.INPUTS, 5).build()))
                .layer(Stacks.rbm(5, 4).build())
                .layer(Stacks.output(4))
                .build());
    network.init();
    List<INDArray> inputs = record(network, samples(1));
    assertEquals(Stacks.BATCHES, inputs.size());
    inputs.forEach(input -> assertTrue(isBinary(input)));
  }

  @Test
  void samplesOfALayerThatHasNoneAreRefused() {
    MultiLayerNetwork dense =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new DenseLayer.Builder().nIn(Stacks.INPUTS).nOut(5).build())
                .layer(Stacks.rbm(5, 4).build())
                .layer(Stacks.output(4))
                .build());
    assertRefused(dense, samples(1), "\"1\"", "DenseLayer", "SAMPLES", "MEANS");
    MultiLayerNetwork convolution =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(2)
                        .activation(Activation.SIGMOID)
                        .build())
                .layer(Stacks.rbm(8, 5).build())
                .layer(Stacks.output(5))
                .setInputType(InputType.convolutionalFlat(4, 4, 1))
                .build());
    assertRefused(convolution, samples(1), "\"1\"", "ConvolutionLayer");

    ComputationGraph merged =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("in")
                .addLayer("a", Stacks.rbm(Stacks.INPUTS, 4).build(), "in")
                .addLayer("b", Stacks.rbm(Stacks.INPUTS, 3).build(), "in")
                .addLayer("joint", Stacks.rbm(7, 3).build(), "a", "b")
                .addLayer("out", Stacks.output(3), "joint")
                .setOutputs("out")
                .build());
    merged.init();
    Snapshot before = Snapshot.of(merged);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GreedyPretrainer(samples(1)).fit(merged, Stacks.iterator()));
    assertTrue(
        e.getMessage().contains("\"joint\"") && e.getMessage().contains("no single layer"),
        e.getMessage());
    before.assertSame(merged);
    new GreedyPretrainer(samples(1).withLayerTransfer("joint", LayerTransfer.MEANS))
        .fit(merged, Stacks.iterator());
  }

  private static void assertRefused(
      MultiLayerNetwork network, PretrainOptions options, String... parts) {
    network.init();
    Snapshot before = Snapshot.of(network);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GreedyPretrainer(options).fit(network, Stacks.iterator()));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " in " + e.getMessage());
    }
    before.assertSame(network);
  }
}
