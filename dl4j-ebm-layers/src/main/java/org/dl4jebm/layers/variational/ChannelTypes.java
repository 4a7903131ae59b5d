/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.OptionalLong;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;

/** Where DL4J's types of activations have their channels. */
final class ChannelTypes {

  private ChannelTypes() {}

  /** Number of channels, or empty for a type that is not known. */
  static OptionalLong channels(InputType type) {
    return switch (type.getType()) {
      case FF, CNNFlat -> OptionalLong.of(type.arrayElementsPerExample());
      case RNN -> OptionalLong.of(((InputType.InputTypeRecurrent) type).getSize());
      case CNN -> OptionalLong.of(((InputType.InputTypeConvolutional) type).getChannels());
      case CNN3D -> OptionalLong.of(((InputType.InputTypeConvolutional3D) type).getChannels());
      default -> OptionalLong.empty();
    };
  }

  /** Whether the channels are the last dimension of more than two. */
  static boolean channelsLast(InputType type) {
    return switch (type.getType()) {
      case RNN -> ((InputType.InputTypeRecurrent) type).getFormat() == RNNFormat.NWC;
      case CNN -> ((InputType.InputTypeConvolutional) type).getFormat() == CNN2DFormat.NHWC;
      case CNN3D ->
          ((InputType.InputTypeConvolutional3D) type).getDataFormat()
              == Convolution3D.DataFormat.NDHWC;
      default -> false;
    };
  }

  /** The same type with another number of channels. */
  static InputType withChannels(InputType type, long channels) {
    if (type instanceof InputType.InputTypeRecurrent series) {
      return InputType.recurrent(channels, series.getTimeSeriesLength(), series.getFormat());
    }
    if (type instanceof InputType.InputTypeConvolutional image) {
      return InputType.convolutional(
          image.getHeight(), image.getWidth(), channels, image.getFormat());
    }
    if (type instanceof InputType.InputTypeConvolutional3D volume) {
      return InputType.convolutional3D(
          volume.getDataFormat(),
          volume.getDepth(),
          volume.getHeight(),
          volume.getWidth(),
          channels);
    }
    return InputType.feedForward(channels);
  }
}
