/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.AlgoMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.BwdDataAlgo;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.BwdFilterAlgo;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.FwdAlgo;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Deeplearning4j's oneDNN helper for 2-d convolutions, with the check for oneDNN mended (M2.1 asks
 * a class that was renamed) and kept away from two cases in which M2.1 fails; there the layer runs
 * its built-in code. Not for use by programs; see {@link HostTuning}.
 *
 * <ul>
 *   <li>Images in format NHWC that are not one block of memory in 'c' order: the native operation
 *       misreads them, even beyond their end. It is handed copies.
 *   <li>Dilation: the native operation throws. The layer runs its built-in code.
 *   <li>Weight noise ({@code DropConnect}, {@code WeightNoise}): with a helper the layer does not
 *       discard the noisy weights after the backward pass, so the next pass reads memory that has
 *       been given back. The layer runs its built-in code.
 * </ul>
 */
public class GuardedConvolutionHelper extends MKLDNNConvHelper {

  /**
   * The constructor Deeplearning4j calls.
   *
   * @param dataType the layer's data type; only FLOAT is computed by oneDNN
   */
  public GuardedConvolutionHelper(DataType dataType) {
    super(dataType);
  }

  @Override
  public boolean checkSupported() {
    return OneDnnScope.isPresent();
  }

  @Override
  public INDArray preOutput(
      INDArray input,
      INDArray weights,
      INDArray bias,
      int[] kernel,
      int[] strides,
      int[] pad,
      AlgoMode mode,
      FwdAlgo fwdAlgo,
      ConvolutionMode convolutionMode,
      int[] dilation,
      CNN2DFormat format,
      LayerWorkspaceMgr workspaceMgr) {
    if (!isSafe(weights, bias, dilation)) {
      return null;
    }
    INDArray in =
        format == CNN2DFormat.NHWC
            ? OneDnnScope.block(input, ArrayType.FF_WORKING_MEM, workspaceMgr)
            : input;
    return OneDnnScope.run(
        () ->
            super.preOutput(
                in,
                weights,
                bias,
                kernel,
                strides,
                pad,
                mode,
                fwdAlgo,
                convolutionMode,
                dilation,
                format,
                workspaceMgr));
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray input,
      INDArray weights,
      INDArray bias,
      INDArray delta,
      int[] kernel,
      int[] strides,
      int[] pad,
      INDArray biasGradView,
      INDArray weightGradView,
      IActivation afn,
      AlgoMode mode,
      BwdFilterAlgo bwdFilterAlgo,
      BwdDataAlgo bwdDataAlgo,
      ConvolutionMode convolutionMode,
      int[] dilation,
      CNN2DFormat format,
      LayerWorkspaceMgr workspaceMgr) {
    if (!isSafe(weights, bias, dilation)) {
      return null;
    }
    boolean last = format == CNN2DFormat.NHWC;
    INDArray in = last ? OneDnnScope.block(input, ArrayType.BP_WORKING_MEM, workspaceMgr) : input;
    INDArray out = last ? OneDnnScope.block(delta, ArrayType.BP_WORKING_MEM, workspaceMgr) : delta;
    return OneDnnScope.run(
        () ->
            super.backpropGradient(
                in,
                weights,
                bias,
                out,
                kernel,
                strides,
                pad,
                biasGradView,
                weightGradView,
                afn,
                mode,
                bwdFilterAlgo,
                bwdDataAlgo,
                convolutionMode,
                dilation,
                format,
                workspaceMgr));
  }

  /** Parameters are views of the network's one flat array; noisy ones are arrays of their own. */
  static boolean isSafe(INDArray weights, INDArray bias, int[] dilation) {
    for (int d : dilation) {
      if (d != 1) {
        return false;
      }
    }
    return weights.isView() && !weights.isAttached() && (bias == null || !bias.isAttached());
  }
}
