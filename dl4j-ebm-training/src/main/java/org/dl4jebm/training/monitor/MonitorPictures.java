/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.awt.image.BufferedImage;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.ImageGrid.Scale;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Visible units as pictures of given size.
 *
 * @param height rows of pixels
 * @param width columns of pixels; height times width is at most the number of visible units
 */
record MonitorPictures(int height, int width) {

  /** The weights of the first hidden units, with one scale for all: 0 is grey. */
  BufferedImage filters(RbmModel model, int count) {
    long shown = Math.min(count, model.hiddenSize());
    return ImageGrid.filters(height, width)
        .withScale(Scale.GRID_SYMMETRIC)
        .renderColumns(model.weights().get(pixels(), NDArrayIndex.interval(0, shown)));
  }

  /**
   * Visible means, {@code [n, nIn]}; black to white is the range of the units where it is known.
   */
  BufferedImage chains(INDArray means, UnitType units) {
    return ImageGrid.images(height, width)
        .withScale(isUnitRange(units) ? Scale.UNIT : Scale.GRID)
        .render(means.get(NDArrayIndex.all(), pixels()));
  }

  private boolean isUnitRange(UnitType units) {
    if (units instanceof MixedUnits mixed) {
      long missing = (long) height * width;
      for (MixedUnits.Part part : mixed.parts()) {
        if (missing > 0 && !isUnitRange(part.units())) {
          return false;
        }
        missing -= part.size();
      }
      return true;
    }
    return units instanceof BernoulliUnits || units instanceof SoftmaxUnits;
  }

  private INDArrayIndex pixels() {
    return NDArrayIndex.interval(0, (long) height * width);
  }
}
