/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The vertex that {@link LatentLogProbabilityVertex} instantiates. */
@SuppressWarnings("overrides") // DL4J's base class implements a method with "..." by one without
class LatentLogProbability extends BaseGraphVertex {

  private static final long serialVersionUID = 1L;

  private final LatentLogProbabilityVertex options;
  private transient INDArray mask;

  LatentLogProbability(
      ComputationGraph graph,
      String name,
      int index,
      DataType dataType,
      LatentLogProbabilityVertex options) {
    super(graph, name, index, null, null, dataType);
    this.options = options;
  }

  @Override
  public boolean hasLayer() {
    return false;
  }

  @Override
  public Layer getLayer() {
    return null;
  }

  /** One of the inputs as rows, for each sample of an example. */
  private record Rows(INDArray values, long examples, int samples) {

    INDArray repeated() {
      return values.size(0) == 1 ? values : LatentRows.repeat(values, examples, samples);
    }
  }

  private INDArray latents() {
    return LatentRows.of(inputs[inputs.length - 1], false);
  }

  private Rows rows(int i) {
    long n = inputs[i].size(0);
    long total = inputs[inputs.length - 1].size(0);
    if (total % n != 0) {
      throw new DL4JInvalidInputException(
          "vertex \""
              + vertexName
              + "\": input "
              + i
              + " has "
              + n
              + " rows and the latent variables have "
              + total
              + "; accepted: a multiple");
    }
    return new Rows(LatentRows.of(inputs[i], false), n, Math.toIntExact(total / n));
  }

  private boolean hasPriorInput() {
    return inputs.length == 3;
  }

  private INDArray priorRows(INDArray z) {
    return hasPriorInput()
        ? rows(1).repeated()
        : options.effectivePrior().rowOrZeros(dataType, z.size(1));
  }

  private void requireParameters(INDArray z) {
    requireWidth(0, options.getDistribution(), z);
    if (hasPriorInput()) {
      requireWidth(1, options.effectivePrior().distribution(), z);
    } else {
      options.effectivePrior().checkLatents(z.size(1));
    }
  }

  private void requireWidth(int i, LatentDistribution family, INDArray z) {
    long expected = family.parameters(z.size(1));
    if (inputs[i].size(1) != expected) {
      throw new DL4JInvalidInputException(
          "vertex \""
              + vertexName
              + "\": input "
              + i
              + " has "
              + inputs[i].size(1)
              + " channels; accepted: "
              + expected
              + " ("
              + family.describeParameters()
              + ") for "
              + z.size(1)
              + " latent variables");
    }
  }

  /** A weight of 0 or 1 for each row, or null if nothing is masked. */
  private INDArray rowWeights(long rows) {
    // The graph does not tell its vertices when it takes the masks away again.
    if (mask == null || graph.getInputMaskArrays() == null) {
      return null;
    }
    INDArray latents = inputs[inputs.length - 1];
    if (latents.size(0) != mask.size(0)) {
      throw new DL4JInvalidInputException(
          "vertex \""
              + vertexName
              + "\": a feature mask of "
              + mask.size(0)
              + " examples is set and the latent variables have "
              + latents.size(0)
              + " rows; accepted: a mask with 1 sample an example");
    }
    try {
      return LatentRows.ofMask(mask.castTo(dataType), latents, false, rows);
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidInputException("vertex \"" + vertexName + "\": " + e.getMessage(), e);
    }
  }

  @Override
  public INDArray doForward(boolean training, LayerWorkspaceMgr workspaceMgr) {
    if (!canDoForward()) {
      throw new IllegalStateException("vertex \"" + vertexName + "\": inputs are not set");
    }
    INDArray z = latents();
    requireParameters(z);
    INDArray values = options.getDistribution().logProbability(rows(0).repeated(), z).sum(true, 1);
    if (options.getQuantity() == LatentQuantity.LOG_RATIO) {
      INDArray inPrior =
          options.effectivePrior().distribution().logProbability(priorRows(z), z).sum(true, 1);
      values = inPrior.subi(values);
    }
    INDArray rowWeights = rowWeights(z.size(0));
    if (rowWeights != null) {
      values.muliColumnVector(rowWeights);
    }
    long total = inputs[inputs.length - 1].size(0);
    INDArray perSample =
        values.reshape('c', new long[] {total, values.length() / total}).sum(true, 1);
    return workspaceMgr.leverageTo(ArrayType.ACTIVATIONS, perSample);
  }

  @Override
  public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaceMgr) {
    if (!canDoBackward()) {
      throw new IllegalStateException("vertex \"" + vertexName + "\": errors are not set");
    }
    INDArray z = latents();
    boolean ratio = options.getQuantity() == LatentQuantity.LOG_RATIO;
    INDArray weight =
        LatentRows.repeat(
            epsilon.dup('c'), epsilon.size(0), Math.toIntExact(z.size(0) / epsilon.size(0)));
    INDArray rowWeights = rowWeights(z.size(0));
    if (rowWeights != null) {
      weight = weight.mul(rowWeights);
    }
    Rows eta = rows(0);
    LatentDistribution.LogProbabilityGradient posterior =
        gradient(options.getDistribution(), eta.repeated(), z, ratio ? weight.neg() : weight);
    INDArray[] result = new INDArray[inputs.length];
    INDArray inLatents = posterior.latents();
    if (ratio) {
      LatentDistribution.LogProbabilityGradient prior =
          gradient(options.effectivePrior().distribution(), priorRows(z), z, weight);
      inLatents.addi(prior.latents());
      if (hasPriorInput()) {
        result[1] = shaped(summed(prior.parameters(), rows(1)), 1, workspaceMgr);
      }
    } else if (hasPriorInput()) {
      result[1] = shaped(rows(1).values().mul(0), 1, workspaceMgr);
    }
    result[0] = shaped(summed(posterior.parameters(), eta), 0, workspaceMgr);
    result[inputs.length - 1] = shaped(inLatents, inputs.length - 1, workspaceMgr);
    return new Pair<>(null, result);
  }

  private static LatentDistribution.LogProbabilityGradient gradient(
      LatentDistribution family, INDArray eta, INDArray z, INDArray weight) {
    long factors = family.factors(z.size(1));
    return family.logProbabilityGradient(eta, z, LatentRows.columns(weight, factors));
  }

  private static INDArray summed(INDArray gradient, Rows rows) {
    return LatentRows.sumSamples(gradient, rows.examples(), rows.samples());
  }

  private INDArray shaped(INDArray rows, int i, LayerWorkspaceMgr workspaceMgr) {
    INDArray activations = LatentRows.toActivations(rows, inputs[i], false);
    return workspaceMgr.dup(ArrayType.ACTIVATION_GRAD, activations, 'c');
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray backpropGradientsViewArray) {
    if (backpropGradientsViewArray != null) {
      throw new IllegalArgumentException(
          "vertex \"" + vertexName + "\" has no parameters; accepted: null");
    }
  }

  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArrays(
      INDArray[] maskArrays, MaskState currentMaskState, int minibatchSize) {
    mask = maskArrays == null ? null : maskArrays[maskArrays.length - 1];
    return null;
  }

  @Override
  public String toString() {
    return "LatentLogProbability(" + vertexName + ")";
  }
}
