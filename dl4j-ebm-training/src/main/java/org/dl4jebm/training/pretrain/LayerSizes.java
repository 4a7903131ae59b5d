/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;

/** Whether neighbouring layers fit each other by their configured sizes. */
final class LayerSizes {

  private LayerSizes() {}

  /** Checks two layers without a preprocessor between them. */
  static void requireFit(String belowName, Layer below, String aboveName, Layer above) {
    if (below.conf().getLayer() instanceof FeedForwardLayer lower
        && above.conf().getLayer() instanceof FeedForwardLayer upper
        && sizesAreWidths(lower)
        && sizesAreWidths(upper)
        && lower.getNOut() > 0
        && upper.getNIn() > 0
        && lower.getNOut() != upper.getNIn()) {
      throw new DL4JInvalidConfigException(
          "layer \""
              + aboveName
              + "\" has nIn = "
              + upper.getNIn()
              + ", but layer \""
              + belowName
              + "\" below it has nOut = "
              + lower.getNOut()
              + "; accepted: the same number");
    }
  }

  /** Channels and vocabularies are not numbers of columns; dropout and loss layers leave 0. */
  private static boolean sizesAreWidths(FeedForwardLayer layer) {
    return !(layer instanceof ConvolutionLayer
        || layer instanceof EmbeddingLayer
        || layer instanceof EmbeddingSequenceLayer);
  }
}
