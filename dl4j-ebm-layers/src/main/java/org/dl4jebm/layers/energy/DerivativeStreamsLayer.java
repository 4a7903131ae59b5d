/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.misc.DummyConfig;
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

  private final transient PreActivation before;
  private final transient ActivationStreams activation;

  /** How many streams enter. */
  private final int streamsIn;

  private final boolean frozen;
  private final boolean hasInputGradient;

  /** Arguments of the activation and the input they belong to, from the last forward pass. */
  private transient INDArray preOutput;

  private transient INDArray preOutputOf;

  private transient Map<String, INDArray> frozenGradients = Map.of();

  /**
   * Makes a layer.
   *
   * @param underlying holds the parameters
   * @param streamsIn how many streams enter
   * @param frozen whether the gradient of the parameters is 0
   * @param hasInputGradient whether {@link #backpropGradient} goes on below
   */
  DerivativeStreamsLayer(
      Layer underlying,
      PreActivation before,
      ActivationStreams activation,
      int streamsIn,
      boolean frozen,
      boolean hasInputGradient) {
    super(underlying);
    this.hasInputGradient = hasInputGradient;
    this.before = before;
    this.activation = activation;
    this.streamsIn = streamsIn;
    this.frozen = frozen;
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
    shape[0] = z.size(0) / activation.streamsIn() * activation.streamsOut();
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
    if (frozen) {
      frozenGradients.forEach((name, view) -> gradient.setGradientFor(name, view.assign(0)));
      return new Pair<>(gradient, backward(epsilon, null, workspaceMgr));
    }
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
    if (gradient != null && !hasInputGradient) {
      before.parameterGradient(x, delta, points(x), gradient, workspaceMgr);
      return null;
    }
    return before.backward(x, delta, points(x), gradient, workspaceMgr);
  }

  private INDArray preOutput(LayerWorkspaceMgr workspaceMgr) {
    INDArray x = requireInput();
    INDArray z = before.forward(x, points(x), workspaceMgr);
    return isContiguous(z) ? z : workspaceMgr.dup(ArrayType.ACTIVATIONS, z, 'c');
  }

  private INDArray requireInput() {
    INDArray x = input();
    if (x == null) {
      throw new IllegalStateException(StreamRules.describe(underlying) + " has no input");
    }
    if (x.size(0) % streamsIn != 0) {
      throw new DL4JInvalidInputException(
          StreamRules.describe(underlying)
              + " got an array of shape "
              + Arrays.toString(x.shape())
              + "; accepted: a number of rows that "
              + streamsIn
              + " divides, as many as there are streams");
    }
    return x;
  }

  private long points(INDArray rows) {
    return rows.size(0) / streamsIn;
  }

  private static INDArray streams(INDArray rows, int streams) {
    return StreamBlocks.matrix(rows, streams);
  }

  private static boolean isContiguous(INDArray array) {
    return array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray gradients) {
    super.setBackpropGradientsViewArray(gradients);
    if (gradients != null) {
      Map<String, INDArray> views =
          conf().getLayer().initializer().getGradientsFromFlattened(conf(), gradients);
      if (frozen) {
        frozenGradients = views;
      } else {
        before.setGradientViews(gradients, views);
      }
    }
  }

  @Override
  public void clear() {
    super.clear();
    preOutput = null;
    preOutputOf = null;
    before.clear();
  }

  /** For a frozen layer as DL4J has it, without an updater and regularization. */
  @Override
  public TrainingConfig getConfig() {
    return frozen
        ? new DummyConfig(underlying.conf().getLayer().getLayerName())
        : super.getConfig();
  }

  @Override
  public double calcRegularizationScore(boolean backpropOnlyParams) {
    return frozen ? 0 : super.calcRegularizationScore(backpropOnlyParams);
  }

  @Override
  public void applyConstraints(int iteration, int epoch) {
    if (!frozen) {
      super.applyConstraints(iteration, epoch);
    }
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
