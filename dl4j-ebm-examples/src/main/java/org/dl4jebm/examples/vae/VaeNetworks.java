/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.layers.dense.CachedDense;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.layers.variational.BernoulliLikelihood;
import org.dl4jebm.layers.variational.KullbackLeiblerTerm;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentLogProbabilityVertex;
import org.dl4jebm.layers.variational.LatentQuantity;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.dl4jebm.layers.variational.SampleBound;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Builds the networks. */
final class VaeNetworks {

  /** Means are kept this far from 0 and 1 where biases are set to their logits. */
  private static final double MARGIN = 1e-3;

  private static final String LOGITS = "logits";

  private VaeNetworks() {}

  /**
   * A variational autoencoder of dense layers.
   *
   * @param settings how it is built and trained
   * @param mean mean of the training images, {@code [1, pixels]}; the decoder's last biases start
   *     at its logits. Not modified.
   * @param seed of weights and noise
   */
  static ComputationGraph dense(VaeSettings settings, INDArray mean, long seed) {
    LatentDistribution family = settings.distribution();
    boolean weighted = settings.importanceWeighted();
    ComputationGraphConfiguration.GraphBuilder graph =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .weightInit(WeightInit.XAVIER_UNIFORM)
            .updater(
                new HostAdam(
                    Double.NaN,
                    settings.learningRate(),
                    Adam.DEFAULT_ADAM_BETA1_MEAN_DECAY,
                    Adam.DEFAULT_ADAM_BETA2_VAR_DECAY,
                    settings.epsilon()))
            .graphBuilder()
            .addInputs("x")
            .setInputTypes(InputType.feedForward(mean.columns()));
    String below = "x";
    List<Integer> hidden = settings.hidden();
    for (int i = 0; i < hidden.size(); i++) {
      String name = "encoder" + (i + 1);
      CachedDense layer = dense(hidden.get(i), settings.activation());
      // Nobody needs the derivative in the images.
      layer.setInputGradient(i > 0);
      graph.addLayer(name, layer, below);
      below = name;
    }
    graph.addLayer("eta", dense(family.parameters(settings.latents()), Activation.IDENTITY), below);
    graph.addLayer(
        "z",
        new LatentVariables.Builder(family)
            .nOut(settings.latents())
            .samples(settings.samples())
            .divergence(weighted ? KullbackLeiblerTerm.NONE : KullbackLeiblerTerm.DEFAULT)
            .build(),
        "eta");
    below = "z";
    for (int i = hidden.size(); i > 0; i--) {
      String name = "decoder" + i;
      graph.addLayer(name, dense(hidden.get(i - 1), settings.activation()), below);
      below = name;
    }
    graph.addLayer(LOGITS, dense(mean.columns(), Activation.IDENTITY), below);
    LikelihoodOutput.Builder output = new LikelihoodOutput.Builder(new BernoulliLikelihood());
    if (weighted) {
      graph
          .addVertex(
              "ratio",
              new LatentLogProbabilityVertex(family, null, LatentQuantity.LOG_RATIO),
              "eta",
              "z")
          .addVertex("logits-and-ratio", new MergeVertex(), LOGITS, "ratio")
          .addLayer(
              "out", output.bound(SampleBound.IMPORTANCE_WEIGHTED).build(), "logits-and-ratio");
    } else {
      graph.addLayer("out", output.build(), LOGITS);
    }
    ComputationGraph network = new ComputationGraph(graph.setOutputs("out").build());
    network.init();
    network.getLayer(LOGITS).getParam("b").assign(logits(mean));
    return network;
  }

  private static INDArray logits(INDArray mean) {
    INDArray p = Nd4j.math().clipByValue(mean, MARGIN, 1 - MARGIN);
    return Transforms.log(p.div(p.rsub(1)), false);
  }

  private static CachedDense dense(long units, Activation activation) {
    return new CachedDense.Builder().nOut(units).activation(activation).build();
  }
}
