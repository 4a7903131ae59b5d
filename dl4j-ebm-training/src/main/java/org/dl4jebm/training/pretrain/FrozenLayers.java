/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;

/** DL4J's two wrappers of layers that are not to be trained, which have no type in common. */
final class FrozenLayers {

  private FrozenLayers() {}

  static boolean isFrozen(Layer layer) {
    return inside(layer) != layer;
  }

  /** The layer within the wrapper, or the layer itself. */
  static Layer inside(Layer layer) {
    if (layer instanceof FrozenLayer frozen) {
      return inside(frozen.getInsideLayer());
    }
    return layer instanceof FrozenLayerWithBackprop frozen
        ? inside(frozen.getInsideLayer())
        : layer;
  }
}
