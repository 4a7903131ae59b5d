/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Puts the one-hot labels of each example behind its features, for machines whose visible layer is
 * both: {@code [n, d]} and {@code [n, labels]} become features {@code [n, d + labels]}. The labels
 * stay what they were. Examples without labels get columns of 0: rows of 0 among the labels, and
 * all rows of a batch that has none.
 *
 * <p>Order, passes and a preprocessor of the features are those of the iterator behind it; if that
 * is {@link EpochSeekable}, so is this one. Features of more than two dimensions are flattened.
 *
 * @serial exclude
 */
public class LabelColumnsIterator implements DataSetIterator {

  private static final long serialVersionUID = 1L;

  /** An iterator is {@link EpochSeekable} by its type, so there are two types. */
  private static final class Seekable extends LabelColumnsIterator implements EpochSeekable {

    private static final long serialVersionUID = 1L;

    Seekable(DataSetIterator data, int labels) {
      super(data, labels);
    }

    private EpochSeekable seekable() {
      return (EpochSeekable) super.data;
    }

    @Override
    public void seekEpoch(int epoch) {
      seekable().seekEpoch(epoch);
    }

    @Override
    public int batchesPerEpoch() {
      return seekable().batchesPerEpoch();
    }
  }

  private final DataSetIterator data;
  private final int labels;

  private LabelColumnsIterator(DataSetIterator data, int labels) {
    this.data = data;
    this.labels = labels;
  }

  /**
   * Wraps an iterator.
   *
   * @param data features and one-hot labels, kept
   * @param labels number of classes, 2 or more
   * @return the joined rows
   * @throws IllegalArgumentException if there are fewer than two classes
   */
  public static LabelColumnsIterator of(DataSetIterator data, int labels) {
    if (labels < 2) {
      throw new IllegalArgumentException("labels is " + labels + "; accepted: 2 or more");
    }
    return data instanceof EpochSeekable
        ? new Seekable(data, labels)
        : new LabelColumnsIterator(data, labels);
  }

  /**
   * Puts labels behind features.
   *
   * @param features {@code [n, ...]}. Not modified.
   * @param oneHot {@code [n, labels]}, or null for columns of 0. Not modified.
   * @param labels number of classes
   * @return {@code [n, d + labels]} of the features' type, new
   * @throws DL4JInvalidInputException if the labels have another shape
   */
  public static INDArray join(INDArray features, INDArray oneHot, int labels) {
    long n = features.size(0);
    if (oneHot != null && !Arrays.equals(oneHot.shape(), new long[] {n, labels})) {
      throw new DL4JInvalidInputException(
          "labels have shape "
              + Arrays.toString(oneHot.shape())
              + "; accepted: ["
              + n
              + ", "
              + labels
              + "], or none");
    }
    INDArray x = features.reshape('c', new long[] {n, features.length() / n});
    INDArray y =
        oneHot == null
            ? Nd4j.zeros(features.dataType(), n, labels)
            : oneHot.castTo(features.dataType());
    return Nd4j.hstack(x, y);
  }

  private DataSet joined(DataSet batch) {
    return new DataSet(
        join(batch.getFeatures(), batch.getLabels(), labels),
        batch.getLabels(),
        batch.getFeaturesMaskArray(),
        batch.getLabelsMaskArray());
  }

  @Override
  public DataSet next() {
    return joined(data.next());
  }

  @Override
  public DataSet next(int num) {
    return joined(data.next(num));
  }

  @Override
  public boolean hasNext() {
    return data.hasNext();
  }

  @Override
  public void reset() {
    data.reset();
  }

  @Override
  public boolean resetSupported() {
    return data.resetSupported();
  }

  @Override
  public boolean asyncSupported() {
    return data.asyncSupported();
  }

  @Override
  public int batch() {
    return data.batch();
  }

  /**
   * Columns of the joined rows.
   *
   * @return those of the features and the labels
   */
  @Override
  public int inputColumns() {
    return data.inputColumns() + labels;
  }

  @Override
  public int totalOutcomes() {
    return labels;
  }

  /**
   * Sets a preprocessor of the features before they are joined with the labels.
   *
   * @param preProcessor given to the iterator behind this one
   */
  @Override
  public void setPreProcessor(DataSetPreProcessor preProcessor) {
    data.setPreProcessor(preProcessor);
  }

  @Override
  public DataSetPreProcessor getPreProcessor() {
    return data.getPreProcessor();
  }

  @Override
  public List<String> getLabels() {
    return data.getLabels();
  }
}
