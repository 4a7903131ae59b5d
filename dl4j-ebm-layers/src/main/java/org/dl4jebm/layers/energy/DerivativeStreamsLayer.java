/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/** Implementation of {@link DerivativeStreams}. */
public class DerivativeStreamsLayer extends BaseWrapperLayer {

  private static final long serialVersionUID = 1L;

  private final transient AffineStreams affine;
  private final transient ActivationStreams activation;

  /** Arguments of the activation and the input they belong to, from the last forward pass. */
  private transient INDArray preOutput;

  private transient INDArray preOutputOf;

  /**
   * Makes a layer.
   *
   * @param underlying holds the parameters
   */
  DerivativeStreamsLayer(Layer underlying, AffineStreams affine, ActivationStreams activation) {
    super(underlying);
    this.affine = affine;
    this.activation = activation;
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    INDArray z = preOutput(workspaceMgr);
    if (activation.isIdentity()) {
      return workspaceMgr.leverageTo(ArrayType.ACTIVATIONS, z);
    }
    // In the workspace of activations, it lives until the backward pass is over.
    preOutput = z;
    preOutputOf = input();
    long[] shape = z.shape().clone();
    shape[0] = points(z) * activation.streamsOut();
    INDArray out =
        workspaceMgr.createUninitialized(ArrayType.ACTIVATIONS, z.dataType(), shape, 'c');
    activation.forward(streams(z, activation.streamsIn()), streams(out, activation.streamsOut()));
    return out;
  }

  @Override
  public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaceMgr) {
    setInput(input, workspaceMgr);
    return activate(training, workspaceMgr);
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    Gradient gradient = new DefaultGradient(getGradientsViewArray());
    return new Pair<>(gradient, backward(epsilon, gradient, workspaceMgr));
  }

  /**
   * The derivatives with respect to the input, without those with respect to the parameters.
   *
   * @param epsilon derivatives with respect to the output. Not modified.
   */
  INDArray inputGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    return backward(epsilon, null, workspaceMgr);
  }

  private INDArray backward(INDArray epsilon, Gradient gradient, LayerWorkspaceMgr workspaceMgr) {
    INDArray e = isContiguous(epsilon) ? epsilon : epsilon.dup('c');
    INDArray x = requireInput();
    INDArray delta = e;
    if (!activation.isIdentity()) {
      INDArray z = preOutputOf == x ? preOutput : preOutput(workspaceMgr);
      delta = Nd4j.createUninitialized(z.dataType(), z.shape(), 'c');
      activation.backward(
          streams(z, activation.streamsIn()),
          streams(e, activation.streamsOut()),
          streams(delta, activation.streamsIn()));
    }
    return affine.backward(x, delta, points(x), gradient, workspaceMgr);
  }

  private INDArray preOutput(LayerWorkspaceMgr workspaceMgr) {
    INDArray x = requireInput();
    INDArray z = affine.forward(x, points(x), workspaceMgr);
    return isContiguous(z) ? z : workspaceMgr.dup(ArrayType.ACTIVATIONS, z, 'c');
  }

  private INDArray requireInput() {
    INDArray x = input();
    if (x == null) {
      throw new IllegalStateException(StreamRules.describe(underlying) + " has no input");
    }
    int streams = activation.streamsIn();
    if (x.size(0) % streams != 0) {
      throw new DL4JInvalidInputException(
          StreamRules.describe(underlying)
              + " got an array of shape "
              + Arrays.toString(x.shape())
              + "; accepted: a number of rows that "
              + streams
              + " divides, as many as there are streams");
    }
    return x;
  }

  private long points(INDArray rows) {
    return rows.size(0) / activation.streamsIn();
  }

  private static INDArray streams(INDArray rows, int streams) {
    return rows.reshape('c', new long[] {streams, rows.length() / streams});
  }

  private static boolean isContiguous(INDArray array) {
    return array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray gradients) {
    super.setBackpropGradientsViewArray(gradients);
    if (gradients != null) {
      affine.setGradientViews(
          gradients, conf().getLayer().initializer().getGradientsFromFlattened(conf(), gradients));
    }
  }

  @Override
  public void clear() {
    super.clear();
    preOutput = null;
    preOutputOf = null;
  }

  /** The layer's own activations and gradients do not depend on masks, which are refused. */
  @Override
  public void setMaskArray(INDArray maskArray) {
    if (maskArray != null) {
      throw new DL4JInvalidInputException(
          StreamRules.describe(underlying)
              + " got a mask; accepted: none, examples of the whole width");
    }
    super.setMaskArray(null);
  }
}
