/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNBatchNormHelper;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Deeplearning4j's oneDNN helper for batch normalisation, with the check for oneDNN mended (M2.1
 * asks a class that was renamed) and with these faults of M2.1 kept away from the layer. Not for
 * use by programs; see {@link HostTuning}.
 *
 * <ul>
 *   <li>Arrays that are not one block of memory in 'c' order: the native operation misreads them.
 *       It is handed copies.
 *   <li>Rows of features (rank 2) in a layer of format NHWC: the helper takes the wrong axis for
 *       the channels. The layer runs its built-in code.
 *   <li>A backward pass without a forward pass in training mode, as under {@code
 *       FrozenLayerWithBackprop}: the helper has no statistics of the batch, and the built-in code
 *       that takes over asks it for them. It gets those of the last forward pass.
 * </ul>
 */
public class GuardedBatchNormalizationHelper extends MKLDNNBatchNormHelper {

  private INDArray inferenceMean;
  private INDArray inferenceVariance;

  /**
   * The constructor Deeplearning4j calls.
   *
   * @param dataType the layer's data type; only FLOAT is computed by oneDNN
   */
  public GuardedBatchNormalizationHelper(DataType dataType) {
    super(dataType);
  }

  @Override
  public boolean checkSupported() {
    return OneDnnScope.isPresent();
  }

  @Override
  public boolean checkSupported(double eps, boolean fixedGammaBeta) {
    return !fixedGammaBeta && checkSupported();
  }

  @Override
  public INDArray preOutput(
      INDArray x,
      boolean training,
      long[] shape,
      INDArray gamma,
      INDArray beta,
      INDArray mean,
      INDArray var,
      double decay,
      double eps,
      CNN2DFormat format,
      LayerWorkspaceMgr workspaceMgr) {
    if (x.rank() == 4 && format == CNN2DFormat.NHWC && x.size(3) != mean.length()) {
      return null;
    }
    if (!training && super.getMeanCache(x.dataType()) == null) {
      keep(mean, var);
    }
    INDArray input = OneDnnScope.block(x, ArrayType.FF_WORKING_MEM, workspaceMgr);
    return OneDnnScope.run(
        () ->
            super.preOutput(
                input, training, shape, gamma, beta, mean, var, decay, eps, format, workspaceMgr));
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray input,
      INDArray epsilon,
      long[] shape,
      INDArray gamma,
      INDArray beta,
      INDArray dGammaView,
      INDArray dBetaView,
      double eps,
      CNN2DFormat format,
      LayerWorkspaceMgr workspaceMgr) {
    if (super.getMeanCache(input.dataType()) == null) {
      return null;
    }
    INDArray in = OneDnnScope.block(input, ArrayType.BP_WORKING_MEM, workspaceMgr);
    INDArray out = OneDnnScope.block(epsilon, ArrayType.BP_WORKING_MEM, workspaceMgr);
    return OneDnnScope.run(
        () ->
            super.backpropGradient(
                in, out, shape, gamma, beta, dGammaView, dBetaView, eps, format, workspaceMgr));
  }

  @Override
  public INDArray getMeanCache(DataType dataType) {
    INDArray mean = super.getMeanCache(dataType);
    return mean != null ? mean : inferenceMean;
  }

  @Override
  public INDArray getVarCache(DataType dataType) {
    INDArray variance = super.getVarCache(dataType);
    return variance != null ? variance : inferenceVariance;
  }

  /** Copies out of the workspaces: the statistics may live only as long as the forward pass. */
  private void keep(INDArray mean, INDArray variance) {
    inferenceMean = mean.reshape(mean.length()).dup().detach();
    inferenceVariance = variance.reshape(variance.length()).dup().detach();
  }
}
