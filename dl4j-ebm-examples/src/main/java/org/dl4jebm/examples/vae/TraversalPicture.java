/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jebm.examples.cli.TitledPictures;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.variational.ActiveUnits;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What each latent variable of several models does: the decoder's means along it, all others at the
 * posterior mean of one image.
 */
public final class TraversalPicture {

  /** Rows of the picture. */
  private static final int SHOWN = 6;

  private static final int STEPS = 15;

  /** Standard deviations of the prior to both sides. */
  private static final double REACH = 3;

  private final ImageGrid grid;
  private final List<String> titles = new ArrayList<>();
  private final List<BufferedImage> parts = new ArrayList<>();

  /**
   * Starts a picture.
   *
   * @param height of an image
   * @param width of an image
   */
  public TraversalPicture(int height, int width) {
    this.grid = ImageGrid.images(height, width).withColumns(STEPS);
  }

  /**
   * Adds the traversals of the variables that the data move most, that first; each row goes from -3
   * to 3.
   *
   * @param title stands above them
   * @param model the trained model
   * @param units how much the data move each variable
   * @param image the image, {@code [1, pixels]}. Not modified.
   */
  public void add(String title, LatentVariableModel model, ActiveUnits units, INDArray image) {
    List<Integer> order =
        IntStream.range(0, units.variances().length)
            .boxed()
            .sorted(Comparator.comparingDouble(j -> -units.variances()[j]))
            .limit(SHOWN)
            .toList();
    double[] centre = model.posteriorMean(image).toDoubleMatrix()[0];
    double[][] z = new double[order.size() * STEPS][];
    for (int i = 0; i < z.length; i++) {
      z[i] = centre.clone();
      z[i][order.get(i / STEPS)] = REACH * (2.0 * (i % STEPS) / (STEPS - 1) - 1);
    }
    INDArray pictures = model.decode(Nd4j.createFromArray(z));
    titles.add(title);
    parts.add(grid.render(pictures.reshape('c', new long[] {z.length, image.length()})));
  }

  /**
   * Draws all models, one under the other.
   *
   * @return the picture
   * @throws IllegalStateException if no model was added
   */
  public BufferedImage render() {
    if (parts.isEmpty()) {
      throw new IllegalStateException("no model was added; accepted: one or more");
    }
    return TitledPictures.stack(titles, parts);
  }
}
