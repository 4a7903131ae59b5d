/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Where the windows of a pooling layer lie: for each place in a window, which values of the input
 * have it, and in the windows of which outputs.
 *
 * @param firstAxis the first of the axes that are pooled, which follow each other
 * @param kernel sizes along these axes, as the others
 */
record PoolingWindows(
    int firstAxis, int[] kernel, int[] stride, int[] dilation, int[] padding, boolean same) {

  /** The windows of a layer in one, two or three dimensions. */
  static PoolingWindows of(Layer layer) {
    if (layer instanceof Subsampling3DLayer three) {
      return new PoolingWindows(
          three.getDataFormat() == Convolution3D.DataFormat.NCDHW ? 2 : 1,
          three.getKernelSize(),
          three.getStride(),
          three.getDilation(),
          three.getPadding(),
          three.getConvolutionMode() == ConvolutionMode.Same);
    }
    SubsamplingLayer two = (SubsamplingLayer) layer;
    int dimensions = layer instanceof Subsampling1DLayer ? 1 : 2;
    return new PoolingWindows(
        two.getCnn2dDataFormat() == CNN2DFormat.NCHW ? 2 : 1,
        Arrays.copyOf(two.getKernelSize(), dimensions),
        Arrays.copyOf(two.getStride(), dimensions),
        Arrays.copyOf(two.getDilation(), dimensions),
        Arrays.copyOf(two.getPadding(), dimensions),
        two.getConvolutionMode() == ConvolutionMode.Same);
  }

  /** How many places a window has. */
  int places() {
    return Arrays.stream(kernel).reduce(1, Math::multiplyExact);
  }

  /**
   * Finds the values at a place in all windows.
   *
   * @param place 0 to {@link #places()} - 1
   * @param in shape of the input
   * @param out shape of the output
   * @return parts of the input and of the output, of the same shape; null if no window has values
   *     there
   */
  Match match(int place, long[] in, long[] out) {
    INDArrayIndex[] input = all(in.length);
    INDArrayIndex[] output = all(out.length);
    int rest = place;
    for (int i = kernel.length - 1; i >= 0; i--) {
      int axis = firstAxis + i;
      int offset = rest % kernel[i] * dilation[i];
      rest /= kernel[i];
      // Output o looks at input o * stride + shift.
      long shift = offset - padding(i, in[axis], out[axis]);
      long from = shift >= 0 ? 0 : (-shift + stride[i] - 1) / stride[i];
      long last = Math.floorDiv(in[axis] - 1 - shift, (long) stride[i]);
      long to = Math.min(out[axis], last + 1);
      if (from >= to) {
        return null;
      }
      long start = from * stride[i] + shift;
      // ND4J gets the end of an interval of one place wrong if it has a stride.
      input[axis] =
          to - from == 1
              ? NDArrayIndex.interval(start, start + 1)
              : NDArrayIndex.interval(start, stride[i], start + (to - from - 1) * stride[i] + 1);
      output[axis] = NDArrayIndex.interval(from, to);
    }
    return new Match(input, output);
  }

  private long padding(int i, long in, long out) {
    if (!same) {
      return padding[i];
    }
    long covered = (out - 1) * stride[i] + (long) (kernel[i] - 1) * dilation[i] + 1;
    // Below 0 where windows do not reach all values: DL4J leaves out as many at both ends.
    return (covered - in) / 2;
  }

  private static INDArrayIndex[] all(int rank) {
    INDArrayIndex[] indices = new INDArrayIndex[rank];
    Arrays.setAll(indices, axis -> NDArrayIndex.all());
    return indices;
  }

  /** Parts of an input and an output that belong together. */
  record Match(INDArrayIndex[] input, INDArrayIndex[] output) {}
}
