/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentDraw;
import org.dl4jebm.layers.variational.LatentPrior;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LatentVariablesLayer;
import org.dl4jebm.training.variational.NetworkNode.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One block of examples on its way through a network: up to the latent variables once, and from
 * there on as often as samples are asked for. {@link #release} must follow, whatever happens.
 */
final class BlockPass {

  private final NetworkNodes nodes;
  private final boolean startsAtLatents;
  private final ModelBatch block;
  private final Map<String, INDArray> encoded = new HashMap<>();

  /**
   * What samples of a block give, those of an example together.
   *
   * @param logLikelihood {@code log p(x | z)} of each row
   * @param logRatio {@code log p(z) - log q(z | x)} of each row
   * @param closedDivergence the divergence of each example from closed forms, a mean over its rows,
   *     or null where a closed form is missing
   */
  record Drawn(double[] logLikelihood, double[] logRatio, double[] closedDivergence) {}

  /**
   * Prepares the block.
   *
   * @param nodes the network
   * @param block examples, checked
   */
  BlockPass(NetworkNodes nodes, ModelBatch block) {
    this.nodes = nodes;
    this.block = block;
    this.startsAtLatents =
        nodes.samplesCanStartAtLatents()
            && block.featureMasks() == null
            && Arrays.stream(block.features()).noneMatch(x -> x.rank() == 3)
            && Arrays.stream(block.labels()).noneMatch(x -> x.rank() == 3);
  }

  /** Computes what comes before the latent variables. */
  void encode(LayerWorkspaceMgr workspaces) {
    if (startsAtLatents) {
      nodes.masks().set(block.features(), null);
      put(block, encoded);
      for (NetworkNode node : nodes.inOrder()) {
        if (node.kind() != Kind.LATENT && !nodes.isAfterLatents(node)) {
          compute(node, encoded, block.size(), workspaces);
        }
      }
    }
  }

  private void put(ModelBatch batch, Map<String, INDArray> values) {
    for (int i = 0; i < batch.features().length; i++) {
      values.put(nodes.networkInputs().get(i), batch.features()[i]);
    }
  }

  private static void compute(
      NetworkNode node, Map<String, INDArray> values, int rows, LayerWorkspaceMgr workspaces) {
    values.put(node.name(), node.forward(inputs(node, values), rows, workspaces));
  }

  private static List<INDArray> inputs(NetworkNode node, Map<String, INDArray> values) {
    List<INDArray> inputs = new ArrayList<>();
    node.inputs().forEach(name -> inputs.add(values.get(name)));
    return inputs;
  }

  /**
   * Draws samples and passes them on.
   *
   * @param seed of all noise
   * @param firstExample number of the first example of the block
   * @param firstSample number of the first of these samples
   * @param samples how many of each example
   */
  Drawn draw(
      long seed, long firstExample, long firstSample, int samples, LayerWorkspaceMgr workspaces) {
    int n = block.size();
    int rows = n * samples;
    Map<String, INDArray> values = new HashMap<>(encoded);
    if (!startsAtLatents) {
      ModelBatch repeated = block.repeated(samples);
      nodes.masks().set(repeated.features(), repeated.featureMasks());
      put(repeated, values);
    }
    double[] logRatio = new double[rows];
    double[] closed = new double[n];
    int number = 0;
    for (NetworkNode node : nodes.inOrder()) {
      if (node.kind() == Kind.OUTPUT || values.containsKey(node.name())) {
        continue;
      }
      if (node.kind() == Kind.LATENT) {
        LatentDraw.Noise noise =
            new ExampleNoise(Seeds.derive(seed, number++), firstExample, n, firstSample, samples);
        boolean first = startsAtLatents && !nodes.isAfterLatents(node);
        LatentVariablesLayer layer = node.latentLayer().orElseThrow();
        layer.setDraw(LatentDraw.samples(first ? samples : 1, noise));
        compute(node, values, first ? n : rows, workspaces);
        requireRows(node, values.get(node.name()), rows);
        if (priorOf(node) == null) {
          add(logRatio, layer.logRatio().toDoubleVector());
        }
        closed = closed == null ? null : addDivergence(closed, node, layer, n);
      } else {
        compute(node, values, rows, workspaces);
        if (node.kind() == Kind.RATIO) {
          add(logRatio, values.get(node.name()).castTo(DataType.DOUBLE).ravel().toDoubleVector());
        }
      }
    }
    return new Drawn(logLikelihood(values, rows, workspaces), logRatio, closed);
  }

  /** The vertex that computes the log-ratio of latent variables in place of their layer. */
  private NetworkNode priorOf(NetworkNode latents) {
    return nodes.inOrder().stream()
        .filter(node -> node.kind() == Kind.RATIO)
        .filter(node -> NetworkNodes.latentOf(node).equals(latents.name()))
        .findAny()
        .orElse(null);
  }

  private static void requireRows(NetworkNode node, INDArray latents, int rows) {
    if (latents.size(0) != rows) {
      throw new IllegalArgumentException(
          "latent variables \""
              + node.name()
              + "\" have shape "
              + Arrays.toString(latents.shape())
              + " for "
              + rows
              + " samples; accepted: a row a sample, with time steps and other positions in"
              + " dimensions of their own");
    }
  }

  private static void add(double[] sum, double[] terms) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += terms[i];
    }
  }

  private double[] logLikelihood(
      Map<String, INDArray> values, int rows, LayerWorkspaceMgr workspaces) {
    double[] sum = new double[rows];
    for (int i = 0; i < nodes.outputs().size(); i++) {
      NetworkNode output = nodes.outputs().get(i);
      INDArray input = output.prepared(inputs(output, values).get(0), rows, workspaces);
      INDArray mask = block.labelMasks() == null ? null : block.labelMasks()[i];
      add(sum, output.outputLayer().logProbability(input, block.labels()[i], mask));
    }
    return sum;
  }

  /** Adds the divergence of these latent variables; null if it has no closed form. */
  private double[] addDivergence(
      double[] sum, NetworkNode node, LatentVariablesLayer layer, int examples) {
    LatentPrior prior = closedFormPrior(node, layer);
    if (prior == null) {
      return null;
    }
    LatentDistribution q = conf(layer).getDistribution();
    INDArray eta = layer.drawnParameters();
    INDArray row =
        prior.parameters() == null
            ? null
            : Nd4j.createFromArray(new double[][] {prior.parameters()}).castTo(eta.dataType());
    double[] divergences = q.divergence(eta, row).castTo(DataType.DOUBLE).sum(1).toDoubleVector();
    double[] weights = layer.positionWeights();
    if (weights != null) {
      Arrays.setAll(divergences, i -> divergences[i] * weights[i]);
    }
    int rowsOfExample = divergences.length / examples;
    long samples = layer.input().size(0) / examples;
    for (int i = 0; i < divergences.length; i++) {
      sum[i / rowsOfExample] += divergences[i] / samples;
    }
    return sum;
  }

  /** The prior, or null where there is no closed form. */
  private LatentPrior closedFormPrior(NetworkNode node, LatentVariablesLayer layer) {
    LatentDistribution q = conf(layer).getDistribution();
    LatentPrior prior = priorOf(layer);
    boolean closed =
        priorOf(node) == null
            && q.hasDivergence()
            && prior.distribution().getClass() == q.getClass();
    return closed ? prior : null;
  }

  static LatentVariables conf(LatentVariablesLayer layer) {
    return (LatentVariables) layer.conf().getLayer();
  }

  static LatentPrior priorOf(LatentVariablesLayer layer) {
    LatentPrior prior = conf(layer).getPrior();
    return prior == null ? LatentPrior.standard(conf(layer).getDistribution()) : prior;
  }

  /** Takes a network back to where it was. */
  static void release(NetworkNodes nodes) {
    nodes.masks().restore();
    for (NetworkNode node : nodes.inOrder()) {
      node.latentLayer().ifPresent(layer -> layer.setDraw(null));
      if (node.kind() != Kind.OUTPUT) {
        node.clear();
      }
    }
  }
}
