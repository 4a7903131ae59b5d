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
import org.dl4jebm.layers.Rows;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The layer that belongs to {@link CachedDense}. */
public class CachedDenseLayer extends BaseLayer<CachedDense> {

  private static final long serialVersionUID = 1L;

  /** Of the last forward pass in training, not changed since, or null. */
  private transient INDArray preactivations;

  /** What {@link #preactivations} were computed from. */
  private transient INDArray preactivationsInput;

  /**
   * Creates the layer.
   *
   * @param conf configuration that holds a {@link CachedDense}
   * @param dataType type of parameters and activations
   */
  public CachedDenseLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * DL4J's own version lets gemm write into a 'c'-ordered array, which costs a temporary array and
   * two copies.
   */
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
    INDArray z =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS,
            weights.dataType(),
            new long[] {input.size(0), weights.size(1)},
            'c');
    Rows.fill(z, bias.rank() == 1 ? bias : bias.reshape(bias.length()));
    INDArray x = input.castTo(weights.dataType());
    Nd4j.gemm(weights, x.transpose(), z.transpose(), true, false, 1.0, 1.0);
    if (maskArray != null) {
      applyMask(z);
    }
    return new Pair<>(z, z);
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    INDArray z = preOutput(training, workspaceMgr);
    IActivation activation = layerConf().getActivationFn();
    INDArray a = z;
    forget();
    if (training) {
      preactivations = z;
      preactivationsInput = input;
      // Activations work in place, and layers above may change what they get.
      a = workspaceMgr.dup(ArrayType.ACTIVATIONS, z, 'c');
    }
    a = activation.getActivation(a, training);
    if (maskArray != null) {
      applyMask(a);
    }
    return a;
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(true);
    INDArray z = preactivations;
    boolean kept = z != null && preactivationsInput == input;
    forget();
    if (!kept) {
      z = preOutputWithPreNorm(true, true, workspaceMgr).getFirst();
    }
    IActivation activation = layerConf().getActivationFn();
    INDArray delta =
        activation instanceof ActivationIdentity
            ? epsilon
            : activation.backprop(z, epsilon).getFirst();
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
    Nd4j.gemm(x.transpose(), delta.transpose(), weightGradient, false, true, 1.0, 0.0);
    gradient.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, weightGradient);
    INDArray below = null;
    if (layerConf().isInputGradient()) {
      INDArray transposed =
          workspaceMgr.createUninitialized(
              ArrayType.ACTIVATION_GRAD,
              delta.dataType(),
              new long[] {weights.size(0), delta.size(0)},
              'f');
      Nd4j.gemm(weights, delta.transpose(), transposed, false, false, 1.0, 0.0);
      below = backpropDropOutIfPresent(transposed.transpose());
    }
    weightNoiseParams.clear();
    return new Pair<>(gradient, below);
  }

  private void forget() {
    preactivations = null;
    preactivationsInput = null;
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
