/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;

/** Which of DL4J's preprocessors have a rule for streams of derivatives, and which one. */
final class PreProcessorRules {

  /** Reshape each row alone, in 'c' order. */
  private static final Set<Class<? extends InputPreProcessor>> BY_ROW =
      Set.of(
          CnnToFeedForwardPreProcessor.class,
          FeedForwardToCnnPreProcessor.class,
          Cnn3DToFeedForwardPreProcessor.class,
          FeedForwardToCnn3DPreProcessor.class);

  private PreProcessorRules() {}

  /**
   * Requires that a preprocessor has a rule.
   *
   * @param preProcessor of the user's network, or null
   * @param place names the layer or vertex in messages
   * @throws DL4JInvalidConfigException if it has none
   */
  static void require(InputPreProcessor preProcessor, String place) {
    if (preProcessor instanceof ComposableInputPreProcessor several
        && several.getClass() == ComposableInputPreProcessor.class) {
      for (InputPreProcessor one : several.getInputPreProcessors()) {
        require(one, place);
      }
      return;
    }
    if (preProcessor != null
        && !BY_ROW.contains(preProcessor.getClass())
        && preProcessor.getClass() != RnnToFeedForwardPreProcessor.class
        && preProcessor.getClass() != FeedForwardToRnnPreProcessor.class) {
      throw new DL4JInvalidConfigException(
          place
              + " has preprocessor "
              + preProcessor.getClass().getSimpleName()
              + ", without a rule for derivatives in x; accepted: those between feed-forward layers"
              + " and layers of images, volumes or time series");
    }
  }

  /**
   * Makes the preprocessor of the twin.
   *
   * @param preProcessor one for which {@link #require} has passed, or null. Not modified.
   * @param streamsAtInput how many streams enter the network
   * @param streamsHere how many there are here
   * @return the same or another
   */
  static InputPreProcessor twin(
      InputPreProcessor preProcessor, int streamsAtInput, int streamsHere) {
    if (preProcessor instanceof ComposableInputPreProcessor several) {
      return new ComposableInputPreProcessor(
          Arrays.stream(several.getInputPreProcessors())
              .map(one -> twin(one, streamsAtInput, streamsHere))
              .toArray(InputPreProcessor[]::new));
    }
    if (preProcessor instanceof RnnToFeedForwardPreProcessor toRows) {
      return new TimeStepRows(true, toRows.getRnnDataFormat(), streamsAtInput, streamsHere);
    }
    if (preProcessor instanceof FeedForwardToRnnPreProcessor toSeries) {
      return new TimeStepRows(false, toSeries.getRnnDataFormat(), streamsAtInput, streamsHere);
    }
    return preProcessor;
  }

  /**
   * Whether a preprocessor does nothing: DL4J puts one for time series behind global pooling over
   * time, whose output has no time any more.
   *
   * @param below the layers below, the nearest first
   */
  static boolean isIdle(InputPreProcessor preProcessor, Iterable<Layer> below) {
    if (preProcessor instanceof RnnToFeedForwardPreProcessor) {
      for (Layer layer : below) {
        if (layer instanceof GlobalPoolingLayer pooling) {
          return pooling.isCollapseDimensions();
        }
        if (!(layer instanceof ActivationLayer
            || layer instanceof DropoutLayer
            || layer instanceof BatchNormalization)) {
          return false;
        }
      }
    }
    return false;
  }
}
