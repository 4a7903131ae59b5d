/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.dense;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.HostBlas;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BiasAdd;
import org.nd4j.linalg.factory.Nd4j;

/** The layer that belongs to {@link CachedDense}. */
public class CachedDenseLayer extends BaseLayer<CachedDense> {

  private static final long serialVersionUID = 1L;

  /**
   * Of the last forward pass in training, not changed since, or null: the output where derivatives
   * follow from it, otherwise the preactivations.
   */
  private transient INDArray kept;

  /** What {@link #kept} was computed from. */
  private transient INDArray keptInput;

  /** How derivatives follow from the output that was kept, or null. */
  private transient OutputDerivative derivative;

  /**
   * Creates the layer.
   *
   * @param conf configuration that holds a {@link CachedDense}
   * @param dataType type of parameters and activations
   */
  public CachedDenseLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  @Override
  protected Pair<INDArray, INDArray> preOutputWithPreNorm(
      boolean training, boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(forBackprop);
    applyDropOutIfNecessary(training, workspaceMgr);
    INDArray weights =
        getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, workspaceMgr);
    INDArray bias = getParamWithNoise(DefaultParamInitializer.BIAS_KEY, training, workspaceMgr);
    if (input.rank() != 2 || input.size(1) != weights.size(0)) {
      throw new DL4JInvalidInputException(
          "input has shape "
              + Arrays.toString(input.shape())
              + "; accepted: [n, "
              + weights.size(0)
              + "] "
              + layerId());
    }
    // In 'f' order, as gemm wants it: it writes other arrays through a temporary one and two
    // copies.
    INDArray z =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS,
            weights.dataType(),
            new long[] {input.size(0), weights.size(1)},
            'f');
    HostBlas.gemm(input.castTo(weights.dataType()), weights, z, false, false, 1.0, 0.0);
    Nd4j.exec(new BiasAdd(z, bias.rank() == 1 ? bias : bias.reshape(bias.length()), z, false));
    if (maskArray != null) {
      applyMask(z);
    }
    return new Pair<>(z, z);
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    INDArray z = preOutput(training, workspaceMgr);
    IActivation activation = layerConf().getActivationFn();
    forget();
    if (!training) {
      return masked(activation.getActivation(z, false));
    }
    derivative = OutputDerivative.of(activation, z);
    keptInput = input;
    // Activations work in place, and layers above may change what they get.
    if (derivative == null) {
      kept = workspaceMgr.dup(ArrayType.ACTIVATIONS, z, 'f');
      return masked(activation.getActivation(z, true));
    }
    INDArray a = activation.getActivation(z, true);
    kept = workspaceMgr.dup(ArrayType.ACTIVATIONS, a, 'f');
    return masked(a);
  }

  private INDArray masked(INDArray a) {
    if (maskArray != null) {
      applyMask(a);
    }
    return a;
  }

  /** Of the activation, for the input at hand. */
  private INDArray activationDelta(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    IActivation activation = layerConf().getActivationFn();
    INDArray values = keptInput == input ? kept : null;
    OutputDerivative fromOutput = derivative;
    forget();
    if (values != null && fromOutput != null) {
      return fromOutput.times(epsilon, values);
    }
    if (values == null) {
      values = preOutputWithPreNorm(true, true, workspaceMgr).getFirst();
    }
    return activation.backprop(values, epsilon).getFirst();
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(true);
    INDArray delta = activationDelta(epsilon, workspaceMgr);
    if (maskArray != null) {
      applyMask(delta);
    }
    Gradient gradient = new DefaultGradient();
    INDArray biasGradient = gradientViews.get(DefaultParamInitializer.BIAS_KEY);
    delta.sum(biasGradient, 0);
    gradient.gradientForVariable().put(DefaultParamInitializer.BIAS_KEY, biasGradient);

    INDArray weights = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, workspaceMgr);
    INDArray weightGradient = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
    INDArray x = input.castTo(weightGradient.dataType());
    HostBlas.gemm(x, delta, weightGradient, true, false, 1.0, 0.0);
    gradient.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, weightGradient);
    INDArray below = null;
    if (layerConf().isInputGradient()) {
      below =
          workspaceMgr.createUninitialized(
              ArrayType.ACTIVATION_GRAD,
              delta.dataType(),
              new long[] {delta.size(0), weights.size(0)},
              'f');
      HostBlas.gemm(delta, weights, below, false, true, 1.0, 0.0);
      below = backpropDropOutIfPresent(below);
    }
    weightNoiseParams.clear();
    return new Pair<>(gradient, below);
  }

  private void forget() {
    kept = null;
    keptInput = null;
    derivative = null;
  }

  @Override
  public void clear() {
    super.clear();
    forget();
  }

  @Override
  public boolean isPretrainLayer() {
    return false;
  }

  /**
   * Copies the layer with its parameters; the copy has no listeners.
   *
   * @return a layer that shares nothing with this one
   */
  @Override
  public Layer clone() {
    NeuralNetConfiguration copy = conf.clone();
    return copy.getLayer().instantiate(copy, null, index, paramsFlattened.dup(), false, dataType);
  }
}
