/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Grey images, one a row, with their class labels.
 *
 * <p>Two records are equal if they hold the same array objects; contents are not compared.
 *
 * @param features {@code [n, height * width]}, FLOAT or DOUBLE, values in [0, 1], n at least 1.
 *     Held, not copied: a change to it shows here.
 * @param labels n class labels, each from 0 to {@code classes - 1}. Copied.
 * @param height rows of pixels
 * @param width columns of pixels
 * @param classes number of classes
 */
public record LabelledImages(INDArray features, int[] labels, int height, int width, int classes) {

  private static final long BALANCED_STREAM = 1L << 32;
  private static final long SPLIT_STREAM = 2L << 32;

  /**
   * Checks shapes, values and labels.
   *
   * @param features pixel values, held
   * @param labels class labels, copied
   * @param height rows of pixels
   * @param width columns of pixels
   * @param classes number of classes
   * @throws IllegalArgumentException if any of the conditions above does not hold
   */
  public LabelledImages {
    if (height < 1 || width < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "images of "
              + height
              + "x"
              + width
              + " in "
              + classes
              + " classes; accepted: at least 1 of each");
    }
    boolean real = features.dataType() == DataType.FLOAT || features.dataType() == DataType.DOUBLE;
    if (!real
        || features.rank() != 2
        || features.isEmpty()
        || features.columns() != (long) height * width) {
      throw new IllegalArgumentException(
          "features are "
              + features.dataType()
              + Arrays.toString(features.shape())
              + "; accepted: FLOAT or DOUBLE of shape [n, "
              + (long) height * width
              + "] for images of "
              + height
              + "x"
              + width);
    }
    if (features.rows() != labels.length) {
      throw new IllegalArgumentException(
          "there are "
              + features.rows()
              + " images and "
              + labels.length
              + " labels; accepted: as many labels as images");
    }
    labels = labels.clone();
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "label of row " + i + " is " + labels[i] + "; accepted: 0 to " + (classes - 1));
      }
    }
    UnitRange.require(features, "features");
  }

  /**
   * Returns the number of images.
   *
   * @return n
   */
  public int size() {
    return labels.length;
  }

  /**
   * Returns the labels.
   *
   * @return n labels, a copy
   */
  @Override
  public int[] labels() {
    return labels.clone();
  }

  /**
   * Returns the labels as one-hot rows.
   *
   * @return a new FLOAT array of shape {@code [n, classes]}, one 1 in each row
   */
  public INDArray oneHot() {
    float[] values = new float[Math.multiplyExact(labels.length, classes)];
    for (int i = 0; i < labels.length; i++) {
      values[i * classes + labels[i]] = 1;
    }
    return Nd4j.create(values, new long[] {labels.length, classes}, 'c');
  }

  /**
   * Returns the same images with other pixel values, for instance binarised ones.
   *
   * @param changed {@code [n, height * width]} with values in [0, 1]. Held, not copied.
   * @return a new record
   * @throws IllegalArgumentException if the shape or a value does not fit
   */
  public LabelledImages withFeatures(INDArray changed) {
    return new LabelledImages(changed, labels, height, width, classes);
  }

  /**
   * Copies some rows.
   *
   * @param rows numbers of the rows, in the order wanted. Not modified.
   * @return a new record with new arrays
   * @throws IllegalArgumentException if {@code rows} is empty or names a row that does not exist
   */
  public LabelledImages rows(int... rows) {
    if (rows.length == 0) {
      throw new IllegalArgumentException("no rows were named; accepted: at least one");
    }
    int[] picked = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] < 0 || rows[i] >= labels.length) {
        throw new IllegalArgumentException(
            "row " + rows[i] + " does not exist; accepted: 0 to " + (labels.length - 1));
      }
      picked[i] = labels[rows[i]];
    }
    return new LabelledImages(
        Nd4j.pullRows(features, 1, rows, 'c'), picked, height, width, classes);
  }

  /**
   * Copies the first rows.
   *
   * @param count how many
   * @return a new record with new arrays
   * @throws IllegalArgumentException if {@code count} is below 1 or above the number of images
   */
  public LabelledImages first(int count) {
    requireCount(count, "count", labels.length);
    int[] rows = new int[count];
    Arrays.setAll(rows, i -> i);
    return rows(rows);
  }

  /**
   * Copies the first rows of each class, in the order in which they stand.
   *
   * @param count how many of each class
   * @return a new record of {@code count * classes} images
   * @throws IllegalArgumentException if {@code count} is below 1 or a class has fewer images
   */
  public LabelledImages firstPerClass(int count) {
    int[] available = new int[classes];
    for (int label : labels) {
      available[label]++;
    }
    for (int c = 0; c < classes; c++) {
      requireCount(count, "count per class (limited by class " + c + ")", available[c]);
    }
    int[] taken = new int[classes];
    List<Integer> rows = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      if (taken[labels[i]]++ < count) {
        rows.add(i);
      }
    }
    return rows(toInts(rows));
  }

  /**
   * Copies a random subset with the classes in equal numbers, as is usual for learning from few
   * labels.
   *
   * <p>Each class gives {@code total / classes} images, one more for randomly chosen classes if
   * that leaves a remainder. Where a class has too few, it gives all it has and the others make up
   * for it. The rows keep their order.
   *
   * @param total size of the subset
   * @param seed of the choice, not 0; the same seed gives the same rows
   * @return a new record of {@code total} images
   * @throws IllegalArgumentException if {@code total} is below 1 or above the number of images, or
   *     {@code seed} is 0
   */
  public LabelledImages balancedSubset(int total, long seed) {
    requireCount(total, "total", labels.length);
    SplitMix64 random = SplitMix64.derive(seed, BALANCED_STREAM);
    List<Queue<Integer>> rowsOfClass = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      rowsOfClass.add(new ArrayDeque<>());
    }
    for (int row : random.permutation(labels.length)) {
      rowsOfClass.get(labels[row]).add(row);
    }
    int[] turn = random.permutation(classes);
    List<Integer> rows = new ArrayList<>(total);
    for (int i = 0; rows.size() < total; i = (i + 1) % classes) {
      Integer row = rowsOfClass.get(turn[i]).poll();
      if (row != null) {
        rows.add(row);
      }
    }
    rows.sort(null);
    return rows(toInts(rows));
  }

  /**
   * Splits at random into two parts, both with the classes in the proportions of the whole.
   *
   * @param held number of images of the second part, for validation
   * @param seed of the choice, not 0; the same seed gives the same parts
   * @return the rest as {@code train} and {@code held} images as {@code test}; the rows keep their
   *     order
   * @throws IllegalArgumentException if {@code held} leaves nothing for one of the parts, or {@code
   *     seed} is 0
   */
  public TrainTest split(int held, long seed) {
    requireCount(held, "held", labels.length - 1);
    SplitMix64 random = SplitMix64.derive(seed, SPLIT_STREAM);
    List<Integer> byClass = new ArrayList<>(labels.length);
    for (int row : random.permutation(labels.length)) {
      byClass.add(row);
    }
    byClass.sort((a, b) -> Integer.compare(labels[a], labels[b]));
    // Evenly spaced picks from rows sorted by class: each class is within one image of its share.
    boolean[] isHeld = new boolean[labels.length];
    for (int i = 0; i < held; i++) {
      isHeld[byClass.get((int) ((2L * i + 1) * labels.length / (2L * held)))] = true;
    }
    List<Integer> kept = new ArrayList<>();
    List<Integer> out = new ArrayList<>();
    for (int row = 0; row < labels.length; row++) {
      (isHeld[row] ? out : kept).add(row);
    }
    return new TrainTest(rows(toInts(kept)), rows(toInts(out)));
  }

  private static void requireCount(int count, String name, int available) {
    if (count < 1 || count > available) {
      throw new IllegalArgumentException(name + " is " + count + "; accepted: 1 to " + available);
    }
  }

  private static int[] toInts(List<Integer> rows) {
    return rows.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Describes the images without their values.
   *
   * @return number, size and classes
   */
  @Override
  public String toString() {
    return "LabelledImages["
        + labels.length
        + " images of "
        + height
        + "x"
        + width
        + " in "
        + classes
        + " classes]";
  }
}
