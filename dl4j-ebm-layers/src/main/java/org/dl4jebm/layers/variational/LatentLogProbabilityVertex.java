/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A vertex that computes, for each row of samples {@code z}, {@code log p(z) - log q(z | x)} or
 * {@code log q(z | x)} in nats, with exact derivatives. Its output, {@code [T n, 1]}, is merged as
 * the last column with the decoder's output, and {@code LikelihoodOutput} makes of it a sampled or
 * importance-weighted bound (Burda, Grosse and Salakhutdinov, ICLR 2016) or the score-function
 * estimator:
 *
 * <pre>{@code
 * .addLayer("z", new LatentVariables.Builder(q).nOut(50).samples(50)
 *     .divergence(KullbackLeiblerTerm.NONE).build(), "eta")
 * .addVertex("ratio", new LatentLogProbabilityVertex(q, null, LatentQuantity.LOG_RATIO), "eta", "z")
 * ...
 * .addVertex("all", new MergeVertex(), "logits", "ratio")
 * .addLayer("out", new LikelihoodOutput.Builder(new BernoulliLikelihood())
 *     .bound(SampleBound.IMPORTANCE_WEIGHTED).build(), "all")
 * }</pre>
 *
 * <p>Inputs: the parameters {@code eta} of {@code q}, with {@code n} or {@code T n} rows, and
 * {@code z} with {@code T n} rows, those of an example together. With three inputs the middle one
 * holds parameters of the prior's family, with {@code n} or {@code T n} rows, for a prior that
 * depends on other variables, as in models of several stochastic layers. Time series and images are
 * summed over their positions that are not masked; channels come first there.
 */
public class LatentLogProbabilityVertex extends GraphVertex {

  private static final long serialVersionUID = 1L;

  private final LatentDistribution distribution;
  private final LatentPrior prior;
  private final LatentQuantity quantity;

  /**
   * Creates the vertex.
   *
   * @param distribution family of {@code q}, that of the layer that draws {@code z}
   * @param prior the prior, or null for the standard member of {@code distribution}; of a vertex
   *     with three inputs its family counts only
   * @param quantity what to compute
   * @throws IllegalArgumentException if {@code distribution} or {@code quantity} is null
   */
  public LatentLogProbabilityVertex(
      @JsonProperty("distribution") LatentDistribution distribution,
      @JsonProperty("prior") LatentPrior prior,
      @JsonProperty("quantity") LatentQuantity quantity) {
    if (distribution == null || quantity == null) {
      throw new IllegalArgumentException(
          "distribution is "
              + distribution
              + " and quantity is "
              + quantity
              + "; accepted: a value each");
    }
    this.distribution = distribution;
    this.prior = prior;
    this.quantity = quantity;
  }

  /**
   * Family of the posterior.
   *
   * @return the family
   */
  public LatentDistribution getDistribution() {
    return distribution;
  }

  /**
   * The prior.
   *
   * @return the prior, or null for the standard member of the posterior's family
   */
  public LatentPrior getPrior() {
    return prior;
  }

  /**
   * What the vertex computes.
   *
   * @return the choice
   */
  public LatentQuantity getQuantity() {
    return quantity;
  }

  LatentPrior effectivePrior() {
    return prior == null ? LatentPrior.standard(distribution) : prior;
  }

  @Override
  public GraphVertex clone() {
    return new LatentLogProbabilityVertex(distribution, prior, quantity);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LatentLogProbabilityVertex vertex
        && distribution.equals(vertex.distribution)
        && Objects.equals(prior, vertex.prior)
        && quantity == vertex.quantity;
  }

  @Override
  public int hashCode() {
    return Objects.hash(distribution, prior, quantity);
  }

  @Override
  public long numParams(boolean backprop) {
    return 0;
  }

  @Override
  public int minVertexInputs() {
    return 2;
  }

  @Override
  public int maxVertexInputs() {
    return 3;
  }

  @Override
  public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
      ComputationGraph graph,
      String name,
      int idx,
      INDArray paramsView,
      boolean initializeParams,
      DataType networkDatatype) {
    return new LatentLogProbability(graph, name, idx, networkDatatype, this);
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
    for (InputType type : vertexInputs) {
      if (isChannelsLast(type)) {
        throw new DL4JInvalidConfigException(
            "LatentLogProbabilityVertex: input type is " + type + "; accepted: channels first");
      }
    }
    return InputType.feedForward(1);
  }

  private static boolean isChannelsLast(InputType type) {
    return type instanceof InputType.InputTypeRecurrent series
            && series.getFormat() == RNNFormat.NWC
        || type instanceof InputType.InputTypeConvolutional image
            && image.getFormat() == CNN2DFormat.NHWC
        || type instanceof InputType.InputTypeConvolutional3D volume
            && volume.getDataFormat() == Convolution3D.DataFormat.NDHWC;
  }

  @Override
  public MemoryReport getMemoryReport(InputType... inputTypes) {
    InputType outputType = getOutputType(-1, inputTypes);
    return new LayerMemoryReport.Builder(
            null, LatentLogProbabilityVertex.class, inputTypes[0], outputType)
        .standardMemory(0, 0)
        .workingMemory(0, 0, 0, 0)
        .cacheMemory(0, 0)
        .build();
  }
}
