/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentDraw;
import org.dl4jebm.layers.variational.LatentPrior;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LatentVariablesLayer;
import org.dl4jebm.layers.variational.Likelihood;
import org.dl4jebm.training.variational.NetworkNode.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network with a {@code LatentVariables} layer and a {@code LikelihoodOutput}, seen as the model
 * {@code p(x, z) = p(z) p(x | z)} with the posterior {@code q(z | x)} of its encoder: goes from
 * data to latent variables and back, and makes new data. {@link EvidenceEstimator} says how good
 * the model is.
 *
 * <pre>{@code
 * LatentVariableModel model = LatentVariableModel.of(network);
 * INDArray z = model.posteriorMean(images);
 * INDArray pictures = model.generate(100, seed);
 * }</pre>
 *
 * <p>The network is used in inference mode, with the parameters it has at the time of a call, and
 * left as it was. Any layers may stand before, between and after. What starts from latent variables
 * ({@link #decode}, {@link #generate}) and what looks at them needs a single layer of them, and a
 * decoder that takes nothing else; evidence can be computed without that. Importance-weighted
 * training with a {@code LatentLogProbabilityVertex} beside the decoder's output does not matter
 * here. For one thread at a time, as the network itself.
 */
public final class LatentVariableModel {

  private final NetworkNodes nodes;
  private final DataType dataType;
  private final Function<INDArray[], INDArray[]> output;

  private LatentVariableModel(
      NetworkNodes nodes, DataType dataType, Function<INDArray[], INDArray[]> output) {
    this.nodes = nodes;
    this.dataType = dataType;
    this.output = output;
    for (NetworkNode node : nodes.outputs()) {
      if (node.kind() != Kind.OUTPUT) {
        throw new IllegalArgumentException(
            "output \""
                + node.name()
                + "\" is "
                + (node.layer() == null
                    ? node.vertex().getClass().getSimpleName()
                    : NetworkNode.unwrapped(node.layer()).getClass().getSimpleName())
                + "; accepted: a LikelihoodOutput, which says what p(x | z) is");
      }
    }
    if (nodes.latents().isEmpty()) {
      throw new IllegalArgumentException(
          "no LatentVariables layer leads to an output of the network; accepted: one or more");
    }
    if (nodes.outputs().stream().noneMatch(nodes::isAfterLatents)) {
      throw new IllegalArgumentException(
          "no output depends on the latent variables; accepted: a decoder between them");
    }
  }

  /**
   * Looks at a network.
   *
   * @param network the network, initialised; kept
   * @return the model
   * @throws IllegalArgumentException if it has no {@code LatentVariables} layer or does not end in
   *     a {@code LikelihoodOutput}
   */
  public static LatentVariableModel of(MultiLayerNetwork network) {
    requireInitialised(network.getLayers());
    return new LatentVariableModel(
        NetworkNodes.of(network),
        network.getLayerWiseConfigurations().getDataType(),
        x -> new INDArray[] {network.output(x[0])});
  }

  /**
   * Looks at a network.
   *
   * @param graph the network, initialised; kept
   * @return the model
   * @throws IllegalArgumentException if no {@code LatentVariables} layer leads to its outputs, or
   *     one of these is not a {@code LikelihoodOutput}
   */
  public static LatentVariableModel of(ComputationGraph graph) {
    requireInitialised(graph.getLayers());
    return new LatentVariableModel(
        NetworkNodes.of(graph), graph.getConfiguration().getDataType(), graph::output);
  }

  private static void requireInitialised(Layer[] layers) {
    if (layers == null || layers.length == 0 || layers[0] == null) {
      throw new IllegalArgumentException("network is not initialised; accepted: one after init()");
    }
  }

  /**
   * Number of latent variables of each example, or of each position where these are the time steps
   * or pixels of its activations.
   *
   * @return 1 or more
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public long latents() {
    return conf().getNOut();
  }

  /**
   * The layer of latent variables.
   *
   * @return the layer
   * @throws IllegalStateException if there are several
   */
  public LatentVariablesLayer latentLayer() {
    return latentNode().latentLayer().orElseThrow();
  }

  /**
   * The distribution of the data given the decoder's output, with the parameters that were learned.
   *
   * @return the likelihood
   * @throws IllegalStateException if there are several outputs
   */
  public Likelihood likelihood() {
    return outputNode().outputLayer().likelihood();
  }

  /**
   * The parameters of {@code q(z | x)}: the encoder's output.
   *
   * @param x data {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return {@code [n, P]}, or {@code [n, P, ...]} with positions, in the order of the latent
   *     distribution; new
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public INDArray posteriorParameters(INDArray... x) {
    return atLatents(x, input -> input.dup('c'));
  }

  /**
   * The mean of {@code q(z | x)}.
   *
   * @param x data {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return {@code [n, k]}, or {@code [n, k, ...]} with positions; probabilities for discrete
   *     latent variables; new
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public INDArray posteriorMean(INDArray... x) {
    boolean channelsLast = conf().isChannelsLast();
    LatentDistribution q = conf().getDistribution();
    return atLatents(
        x,
        input ->
            ChannelRows.toActivations(
                q.mean(ChannelRows.of(input, channelsLast)),
                input.size(0),
                ChannelRows.positions(input, channelsLast),
                channelsLast));
  }

  /**
   * Exact samples of {@code q(z | x)}.
   *
   * @param samples number {@code T} of each example
   * @param seed any number but 0; the same seed gives the same samples
   * @param x data {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return {@code [T n, k]}, or with positions, row {@code i T + s} for sample {@code s} of
   *     example {@code i}; new
   * @throws IllegalStateException if there are several layers of latent variables
   * @throws IllegalArgumentException if {@code samples} is less than 1 or {@code seed} is 0
   */
  public INDArray samplePosterior(int samples, long seed, INDArray... x) {
    LatentDraw draw = LatentDraw.samples(samples, seed);
    LatentVariablesLayer layer = latentLayer();
    return atLatents(
        x,
        input -> {
          layer.setDraw(draw);
          return layer.activate(input, false, LayerWorkspaceMgr.noWorkspaces());
        });
  }

  /** Computes what the latent variables' layer takes, and something from it. */
  private INDArray atLatents(INDArray[] x, Function<INDArray, INDArray> result) {
    NetworkNode latents = latentNode();
    ModelBatch batch = new ModelBatch(x, null, x, null);
    batch.require(nodes.networkInputs().size(), x.length);
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    try {
      INDArray[] features = batch.withFeaturesOf(dataType).features();
      nodes.masks().set(features, null);
      Map<String, INDArray> values = new HashMap<>();
      for (int i = 0; i < features.length; i++) {
        values.put(nodes.networkInputs().get(i), features[i]);
      }
      INDArray input = valueOf(latents.inputs().get(0), values, batch.size(), workspaces);
      return result.apply(latents.prepared(input, batch.size(), workspaces));
    } finally {
      BlockPass.release(nodes);
    }
  }

  /** Computes a node and what it needs, from values that are there. */
  private INDArray valueOf(
      String name, Map<String, INDArray> values, int rows, LayerWorkspaceMgr workspaces) {
    if (!values.containsKey(name)) {
      NetworkNode node = nodes.byName(name);
      List<INDArray> inputs =
          node.kind() == Kind.COLUMN
              ? List.of(values.values().iterator().next())
              : node.inputs().stream()
                  .map(input -> valueOf(input, values, rows, workspaces))
                  .toList();
      values.put(name, node.forward(inputs, rows, workspaces));
    }
    return values.get(name);
  }

  /**
   * Samples of the prior.
   *
   * @param n how many, 1 or more
   * @param seed any number but 0; the same seed gives the same samples
   * @param positions sizes of the dimensions beside examples and channels that the latent variables
   *     have in the network, none for feed-forward ones
   * @return {@code [n, k]}, or with positions; new
   * @throws IllegalStateException if there are several layers of latent variables
   * @throws IllegalArgumentException if {@code n} or a position is less than 1 or {@code seed} is 0
   */
  public INDArray samplePrior(int n, long seed, long... positions) {
    long rows = n;
    requirePositive(n, "n");
    for (long size : positions) {
      requirePositive(size, "size of a position");
      rows *= size;
    }
    Seeds.requireNonZero(seed, "seed");
    LatentVariables conf = conf();
    LatentPrior prior = BlockPass.priorOf(latentLayer());
    INDArray noise = Nd4j.createUninitialized(dataType, new long[] {rows, conf.getNOut()}, 'c');
    CounterNoise.fill(Seeds.derive(seed, 0), prior.distribution()::noise, noise);
    INDArray row =
        prior.parameters() == null
            ? Nd4j.zeros(dataType, 1, prior.distribution().parameters(conf.getNOut()))
            : Nd4j.createFromArray(new double[][] {prior.parameters()}).castTo(dataType);
    INDArray z =
        prior.distribution().exactSample(Rows.repeatEach(row, Math.toIntExact(rows)), noise);
    return ChannelRows.toActivations(z, n, positions, conf.isChannelsLast());
  }

  private static void requirePositive(long value, String name) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: 1 or more");
    }
  }

  /**
   * The mean of {@code p(x | z)}.
   *
   * @param z latent variables {@code [m, k]}, or with positions. Not modified.
   * @return {@code [m, d, ...]}, in the shape of the network's output; new
   * @throws IllegalStateException if the network has several layers of latent variables or several
   *     outputs, or its decoder takes more than the latent variables
   */
  public INDArray decode(INDArray z) {
    NetworkNode latents = latentNode();
    NetworkNode last = outputNode();
    if (!nodes.samplesCanStartAtLatents()) {
      throw new IllegalStateException(
          "the decoder takes more than the latent variables \""
              + latents.name()
              + "\", or looks at the network's inputs; accepted: a decoder that does not");
    }
    long channels = z.rank() < 2 ? -1 : z.size(conf().isChannelsLast() ? z.rank() - 1 : 1);
    if (channels != latents()) {
      throw new IllegalArgumentException(
          "latent variables have shape "
              + Arrays.toString(z.shape())
              + "; accepted: "
              + latents()
              + " of them in each row");
    }
    try {
      Map<String, INDArray> values = new HashMap<>();
      values.put(latents.name(), z.castTo(dataType));
      int rows = Math.toIntExact(z.size(0));
      return valueOf(last.name(), values, rows, LayerWorkspaceMgr.noWorkspaces());
    } finally {
      BlockPass.release(nodes);
    }
  }

  /**
   * New data: the mean of {@code p(x | z)} for samples {@code z} of the prior.
   *
   * @param n how many, 1 or more
   * @param seed any number but 0; the same seed gives the same latent variables as {@link
   *     #samplePrior}
   * @param positions as for {@link #samplePrior}
   * @return {@code [n, d, ...]}, in the shape of the network's output; new
   * @throws IllegalStateException as for {@link #decode}
   * @throws IllegalArgumentException as for {@link #samplePrior}
   */
  public INDArray generate(int n, long seed, long... positions) {
    return decode(samplePrior(n, seed, positions));
  }

  /**
   * The network's output: the mean of {@code p(x | z)} for the value of {@code z} that the layer of
   * latent variables passes on at inference, which is the most probable one unless it was
   * configured otherwise.
   *
   * @param x data {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return {@code [n, d, ...]}; new
   * @throws IllegalStateException if there are several outputs
   */
  public INDArray reconstruct(INDArray... x) {
    outputNode();
    return output.apply(x)[0];
  }

  NetworkNodes nodes() {
    return nodes;
  }

  DataType dataType() {
    return dataType;
  }

  LatentVariables conf() {
    return BlockPass.conf(latentLayer());
  }

  private NetworkNode latentNode() {
    List<NetworkNode> latents = nodes.latents();
    if (latents.size() != 1) {
      throw new IllegalStateException(
          "the network has the latent variables "
              + latents.stream().map(NetworkNode::name).toList()
              + "; accepted: a single layer of them");
    }
    return latents.get(0);
  }

  private NetworkNode outputNode() {
    if (nodes.outputs().size() != 1) {
      throw new IllegalStateException(
          "the network has the outputs "
              + nodes.outputs().stream().map(NetworkNode::name).toList()
              + "; accepted: a single one");
    }
    return nodes.outputs().get(0);
  }
}
