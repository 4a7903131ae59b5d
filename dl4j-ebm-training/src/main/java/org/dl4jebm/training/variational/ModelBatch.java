/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Examples with all that belongs to them.
 *
 * @param features one array for each input of the network
 * @param featureMasks a mask or null for each, or null for none
 * @param labels the data, one array for each output of the network
 * @param labelMasks a mask or null for each, or null for none
 */
record ModelBatch(
    INDArray[] features, INDArray[] featureMasks, INDArray[] labels, INDArray[] labelMasks) {

  /** Features that are also the labels. */
  static ModelBatch of(INDArray data) {
    return new ModelBatch(new INDArray[] {data}, null, new INDArray[] {data}, null);
  }

  static ModelBatch of(DataSet data) {
    INDArray labels = data.getLabels() == null ? data.getFeatures() : data.getLabels();
    return new ModelBatch(
        new INDArray[] {data.getFeatures()},
        nullIfEmpty(new INDArray[] {data.getFeaturesMaskArray()}),
        new INDArray[] {labels},
        nullIfEmpty(new INDArray[] {data.getLabelsMaskArray()}));
  }

  static ModelBatch of(MultiDataSet data) {
    return new ModelBatch(
        data.getFeatures(),
        nullIfEmpty(data.getFeaturesMaskArrays()),
        data.getLabels() == null ? data.getFeatures() : data.getLabels(),
        nullIfEmpty(data.getLabelsMaskArrays()));
  }

  private static INDArray[] nullIfEmpty(INDArray[] masks) {
    return masks == null || Arrays.stream(masks).allMatch(mask -> mask == null) ? null : masks;
  }

  int size() {
    return Math.toIntExact(features[0].size(0));
  }

  /**
   * Checks the arrays against the network.
   *
   * @throws IllegalArgumentException if there are too many or too few, or their numbers of examples
   *     differ
   */
  void require(int inputs, int outputs) {
    requireCount(features.length, inputs, "features");
    requireCount(labels.length, outputs, "labels");
    for (INDArray[] arrays : new INDArray[][] {features, labels}) {
      for (INDArray array : arrays) {
        if (array == null || array.rank() < 2 || array.isEmpty()) {
          throw new IllegalArgumentException(
              "data have shape "
                  + (array == null ? null : Arrays.toString(array.shape()))
                  + "; accepted: one example or more, of rank 2 or more");
        }
        if (array.size(0) != size()) {
          throw new IllegalArgumentException(
              "there are "
                  + size()
                  + " examples of the first features and "
                  + array.size(0)
                  + " in an array of shape "
                  + Arrays.toString(array.shape())
                  + "; accepted: as many");
        }
      }
    }
  }

  private static void requireCount(int found, int expected, String name) {
    if (found != expected) {
      throw new IllegalArgumentException(
          "there are "
              + found
              + " arrays of "
              + name
              + "; accepted: "
              + expected
              + ", as the network has");
    }
  }

  /** The features in the type of the network. */
  ModelBatch withFeaturesOf(DataType type) {
    return new ModelBatch(
        each(features, x -> x.isR() && x.dataType() != type ? x.castTo(type) : x),
        featureMasks,
        labels,
        labelMasks);
  }

  /** Some of the examples, as views. */
  ModelBatch rows(int from, int to) {
    if (from == 0 && to == size()) {
      return this;
    }
    UnaryOperator<INDArray> cut = array -> rows(array, from, to);
    return new ModelBatch(
        each(features, cut), each(featureMasks, cut), each(labels, cut), each(labelMasks, cut));
  }

  static INDArray rows(INDArray array, int from, int to) {
    INDArrayIndex[] indices = new INDArrayIndex[array.rank()];
    Arrays.fill(indices, NDArrayIndex.all());
    indices[0] = NDArrayIndex.interval(from, to);
    return array.get(indices);
  }

  /** Features and their masks with each row several times in succession. */
  ModelBatch repeated(int times) {
    if (times == 1) {
      return this;
    }
    UnaryOperator<INDArray> repeat = array -> Rows.repeatEach(array, times);
    return new ModelBatch(each(features, repeat), each(featureMasks, repeat), labels, labelMasks);
  }

  private static INDArray[] each(INDArray[] arrays, UnaryOperator<INDArray> change) {
    return arrays == null
        ? null
        : Arrays.stream(arrays)
            .map(array -> array == null ? null : change.apply(array))
            .toArray(INDArray[]::new);
  }
}
