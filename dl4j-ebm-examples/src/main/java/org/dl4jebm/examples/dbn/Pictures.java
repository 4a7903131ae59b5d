/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.pretrain.TiedDenseLayer;
import org.dl4jebm.layers.pretrain.TiedParamInitializer;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Pictures of a pretrained stack. */
final class Pictures {

  private static final int FILTERS = 100;
  private static final int IMAGES = 40;
  private static final int COLUMNS = 20;

  private Pictures() {}

  /** Writes the filters of the lowest layer, and test images above their reconstructions. */
  static void write(
      MultiLayerNetwork stack, String layerName, LabelledImages test, OutputFolder folder)
      throws IOException {
    List<TiedDenseLayer<?>> layers = Networks.hiddenLayers(stack);
    INDArray weights = layers.get(0).getParam(TiedParamInitializer.WEIGHT_KEY);
    long shown = Math.min(FILTERS, weights.columns());
    ImageGrid filters = ImageGrid.filters(test.height(), test.width());
    folder.writePng(
        "filters.png",
        filters.renderColumns(weights.get(NDArrayIndex.all(), NDArrayIndex.interval(0, shown))));

    INDArray data = test.first(Math.min(IMAGES, test.size())).features();
    ImageGrid images = ImageGrid.images(test.height(), test.width()).withColumns(COLUMNS);
    folder.writePng(
        "reconstructions-first-" + layerName.toLowerCase(Locale.ROOT) + ".png",
        images.renderPairs(data, reconstruct(layers.subList(0, 1), data)));
    folder.writePng(
        "reconstructions-stack.png", images.renderPairs(data, reconstruct(layers, data)));
  }

  /** Up through all layers and down again, means throughout. */
  private static INDArray reconstruct(List<TiedDenseLayer<?>> layers, INDArray data) {
    INDArray current = data;
    for (TiedDenseLayer<?> layer : layers) {
      current = layer.sampleHiddenGivenVisible(current).getFirst();
    }
    for (int i = layers.size() - 1; i >= 0; i--) {
      current = layers.get(i).sampleVisibleGivenHidden(current).getFirst();
    }
    return current;
  }
}
