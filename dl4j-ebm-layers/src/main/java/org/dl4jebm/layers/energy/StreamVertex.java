/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Implementation of {@link DerivativeStreamsVertex}. */
@SuppressWarnings("overrides") // DL4J's base class implements a method with "..." by one without
final class StreamVertex extends BaseGraphVertex {

  private static final long serialVersionUID = 1L;

  private final transient GraphVertex conf;
  private final transient StreamLayout layout;
  private final transient ProductStreams products;

  StreamVertex(
      ComputationGraph graph,
      String name,
      int index,
      GraphVertex conf,
      StreamLayout layout,
      DataType type) {
    super(graph, name, index, null, null, type);
    this.conf = conf;
    this.layout = layout;
    this.products = new ProductStreams(layout);
  }

  @Override
  public INDArray doForward(boolean training, LayerWorkspaceMgr workspaceMgr) {
    requireSameShapes();
    INDArray out =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS, inputs[0].dataType(), inputs[0].shape(), 'c');
    INDArray result = streams(out);
    if (conf instanceof ShiftVertex shift) {
      out.assign(inputs[0]);
      StreamBlocks.value(result).addi(shift.getShiftFactor());
    } else if (isProduct()) {
      result.assign(product(-1));
    } else {
      INDArray[] taken = taken();
      result.assign(StreamBlocks.timesRow(streams(inputs[0]), taken[0]));
      for (int i = 1; i < taken.length; i++) {
        result.addi(StreamBlocks.timesRow(streams(inputs[i]), taken[i]));
      }
    }
    return out;
  }

  @Override
  public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaceMgr) {
    INDArray[] below = new INDArray[inputs.length];
    INDArray e = streams(epsilon);
    INDArray[] taken = isProduct() || conf instanceof ShiftVertex ? null : taken();
    for (int i = 0; i < below.length; i++) {
      INDArray result = e;
      if (taken != null) {
        result = StreamBlocks.timesRow(e, taken[i]);
      } else if (isProduct() && inputs.length > 1) {
        result = products.backward(product(i), e);
      }
      below[i] =
          workspaceMgr.createUninitialized(
              ArrayType.ACTIVATION_GRAD, e.dataType(), inputs[i].shape(), 'c');
      streams(below[i]).assign(result);
    }
    return new Pair<>(null, below);
  }

  private boolean isProduct() {
    return conf instanceof ElementWiseVertex elementWise
        && elementWise.getOp() == ElementWiseVertex.Op.Product;
  }

  /** The product of all inputs but one. */
  private INDArray product(int without) {
    INDArray product = null;
    for (int i = 0; i < inputs.length; i++) {
      if (i != without) {
        INDArray factor = streams(inputs[i]);
        product = product == null ? factor : products.product(product, factor);
      }
    }
    return product;
  }

  /** One for each value that is taken from an input, the first of several equal ones. */
  private INDArray[] taken() {
    INDArray largest = StreamBlocks.value(streams(inputs[0])).dup('c');
    for (int i = 1; i < inputs.length; i++) {
      Transforms.max(largest, StreamBlocks.value(streams(inputs[i])), false);
    }
    INDArray open = largest.like().addi(1);
    INDArray[] taken = new INDArray[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      taken[i] =
          StreamBlocks.value(streams(inputs[i])).eq(largest).castTo(largest.dataType()).muli(open);
      open.subi(taken[i]);
    }
    return taken;
  }

  private INDArray streams(INDArray rows) {
    return StreamBlocks.matrix(rows, layout.streams());
  }

  private void requireSameShapes() {
    for (INDArray input : inputs) {
      if (!Arrays.equals(inputs[0].shape(), input.shape())) {
        throw new DL4JInvalidInputException(
            "vertex '"
                + getVertexName()
                + "' got arrays of shapes "
                + Arrays.toString(inputs[0].shape())
                + " and "
                + Arrays.toString(input.shape())
                + "; accepted for derivatives in x: arrays of one shape");
      }
    }
  }

  @Override
  public boolean hasLayer() {
    return false;
  }

  @Override
  public Layer getLayer() {
    return null;
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray backpropGradientsViewArray) {
    if (backpropGradientsViewArray != null) {
      throw new IllegalStateException("vertex '" + getVertexName() + "' has no parameters");
    }
  }

  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArrays(
      INDArray[] maskArrays, MaskState currentMaskState, int minibatchSize) {
    return maskArrays == null || maskArrays.length == 0
        ? null
        : new Pair<>(maskArrays[0], currentMaskState);
  }

  @Override
  public String toString() {
    return "StreamVertex(" + getVertexName() + ", " + conf + ", " + layout + ")";
  }
}
