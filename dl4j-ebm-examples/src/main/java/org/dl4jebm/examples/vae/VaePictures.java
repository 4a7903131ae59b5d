/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.awt.image.BufferedImage;
import java.io.IOException;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.variational.LatentVariableModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Pictures of a trained model of images. */
public final class VaePictures {

  private static final int PAIRS = 40;
  private static final int PAIR_COLUMNS = 20;
  private static final int SAMPLES = 100;
  private static final int MAP_SIDE = 20;
  private static final int SCATTERED = 5000;

  /** The same prior samples for all models. */
  private static final long SAMPLE_SEED = 77;

  private final LatentVariableModel model;
  private final LabelledImages images;
  private final INDArray rows;

  /**
   * Sets the pictures up.
   *
   * @param model the trained model, with images as rows or in the shape of pixels
   * @param images test images, for size and classes. Not modified.
   * @param rows the same images as the model takes them, {@code [n, pixels]}. Not modified.
   */
  public VaePictures(LatentVariableModel model, LabelledImages images, INDArray rows) {
    this.model = model;
    this.images = images;
    this.rows = rows;
  }

  /**
   * Writes {@code reconstructions}, {@code samples}, and where there are two continuous latent
   * variables with the standard prior {@code latent-map} and {@code latent-scatter}.
   *
   * @param folder where they go
   * @param suffix stands at the end of the names, before {@code .png}
   * @throws IOException if a file cannot be written
   */
  public void write(OutputFolder folder, String suffix) throws IOException {
    folder.writePng("reconstructions" + suffix + ".png", reconstructions());
    folder.writePng("samples" + suffix + ".png", samples());
    if (hasMap()) {
      folder.writePng("latent-map" + suffix + ".png", map());
      folder.writePng("latent-scatter" + suffix + ".png", scatter());
    }
  }

  private boolean hasMap() {
    LatentVariables conf = (LatentVariables) model.latentLayer().conf().getLayer();
    return model.latents() == 2
        && conf.getPrior() == null
        && conf.getDistribution().isReparameterized();
  }

  private ImageGrid grid(int columns) {
    return ImageGrid.images(images.height(), images.width()).withColumns(columns);
  }

  private INDArray flat(INDArray pictures) {
    return pictures.reshape('c', new long[] {pictures.size(0), rows.columns()});
  }

  private INDArray first(int count) {
    return rows.get(NDArrayIndex.interval(0, Math.min(count, rows.rows())), NDArrayIndex.all());
  }

  /** Images above the means that the decoder gives for their most probable latent variables. */
  BufferedImage reconstructions() {
    INDArray originals = first(PAIRS);
    return grid(PAIR_COLUMNS).renderPairs(originals, flat(model.reconstruct(originals)));
  }

  /** Means of the decoder for samples of the prior. */
  BufferedImage samples() {
    return grid(0).render(flat(model.generate(SAMPLES, SAMPLE_SEED)));
  }

  /**
   * Means of the decoder over quantiles of the prior, so that equal areas hold equally many
   * samples; the first variable grows to the right, the second upwards.
   */
  BufferedImage map() {
    LatentVariables conf = (LatentVariables) model.latentLayer().conf().getLayer();
    double[][] z = new double[MAP_SIDE * MAP_SIDE][];
    for (int i = 0; i < z.length; i++) {
      double across = (i % MAP_SIDE + 0.5) / MAP_SIDE;
      double up = 1 - (i / MAP_SIDE + 0.5) / MAP_SIDE;
      z[i] = new double[] {conf.getDistribution().noise(across), conf.getDistribution().noise(up)};
    }
    return grid(MAP_SIDE).render(flat(model.decode(Nd4j.createFromArray(z))));
  }

  /** Posterior means in the colours of the classes. */
  BufferedImage scatter() {
    INDArray shown = first(SCATTERED);
    return ClassScatter.render(
        model.posteriorMean(shown).toDoubleMatrix(), images.labels(), images.classes());
  }
}
