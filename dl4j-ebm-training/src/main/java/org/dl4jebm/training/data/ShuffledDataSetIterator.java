/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.stream.IntStream;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * Minibatches of data in memory, in an order that is a pure function of the seed and of the number
 * of the epoch.
 *
 * <p>The first pass is epoch 0. {@link #reset()} goes to the next epoch, and so to another order;
 * on an epoch of which nothing has been taken yet it does nothing, because DL4J also resets
 * iterators that are fresh. {@link #seekEpoch(int)} goes to any epoch, for runs that are resumed.
 * Without shuffling all epochs have the order of the rows.
 *
 * <p>Every batch is a new copy in row-major order that its receiver may change. The arrays given to
 * the constructor are held, not copied, unless they are not contiguous in row-major order; they
 * must not change while the iterator is in use. Prefetching in another thread is declined, since a
 * batch is gathered faster than it could be handed over. Not safe for use by several threads at
 * once.
 *
 * @serial exclude
 */
public final class ShuffledDataSetIterator implements DataSetIterator, EpochSeekable {

  private static final long serialVersionUID = 1L;

  /**
   * How rows are put into batches.
   *
   * @param batchSize rows in a batch, at least 1
   * @param shuffle whether each epoch has a random order of its own
   * @param seed of the orders; not 0 if {@code shuffle} is set, else unused
   * @param dropLast whether a smaller batch at the end of an epoch is left out; the rows it misses
   *     are others in each epoch if {@code shuffle} is set
   * @param reuseArrays whether each batch overwrites the arrays of the one before it, which saves
   *     the time of getting fresh memory
   * @serial exclude
   */
  public record Options(
      int batchSize, boolean shuffle, long seed, boolean dropLast, boolean reuseArrays)
      implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Checks the values.
     *
     * @param batchSize rows in a batch
     * @param shuffle whether orders are random
     * @param seed of the orders
     * @param dropLast whether a smaller last batch is left out
     * @param reuseArrays whether batches share their arrays
     * @throws IllegalArgumentException if {@code batchSize} is below 1, or {@code seed} is 0 though
     *     {@code shuffle} is set
     */
    public Options {
      requireBatchSize(batchSize);
      if (shuffle) {
        Seeds.requireNonZero(seed, "seed");
      }
    }

    /**
     * Random order, smaller last batch kept, new arrays for each batch.
     *
     * @param batchSize rows in a batch, at least 1
     * @param seed of the orders, not 0
     * @return the options
     */
    public static Options shuffled(int batchSize, long seed) {
      return new Options(batchSize, true, seed, false, false);
    }

    /**
     * The order of the rows, smaller last batch kept, new arrays for each batch.
     *
     * @param batchSize rows in a batch, at least 1
     * @return the options
     */
    public static Options inOrder(int batchSize) {
      return new Options(batchSize, false, 0, false, false);
    }

    /**
     * The same, with a smaller last batch left out.
     *
     * @return new options
     */
    public Options droppingLast() {
      return new Options(batchSize, shuffle, seed, true, reuseArrays);
    }

    /**
     * The same, with each batch in the arrays of the one before it. For loops that are done with a
     * batch when they ask for the next, as those of trainers and of {@code fit} are; a receiver
     * that keeps batches, such as a list of them, would see them change.
     *
     * @return new options
     */
    public Options reusingArrays() {
      return new Options(batchSize, shuffle, seed, dropLast, true);
    }
  }

  private final RowGatherer featureRows;
  private final RowGatherer labelRows;

  /** Null without weights. */
  private final RowGatherer weightRows;

  private final Options options;
  private final int rows;
  private final int usedRows;
  private int[] order;
  private int epoch;
  private int cursor;
  private DataSetPreProcessor preProcessor;

  /**
   * Makes an iterator over features and labels.
   *
   * @param features {@code [n, ...]} of rank 2 or more, one example a row. Not modified.
   * @param labels {@code [n, ...]} of rank 2 or more, or null: then a batch's features are also its
   *     labels (the same array, or a copy of it if a preprocessor is set, so that a preprocessor
   *     that adds noise leaves the targets clean). Not modified.
   * @param options batch size and order
   * @throws IllegalArgumentException if an array is empty or of rank below 2, if the numbers of
   *     rows differ, or if {@link Options#dropLast()} leaves no batch at all
   */
  public ShuffledDataSetIterator(INDArray features, INDArray labels, Options options) {
    this(features, labels, null, options);
  }

  /**
   * Makes an iterator over features, labels and weights of examples, which become the labels mask
   * of each batch, {@code [rows, 1]}.
   *
   * @param features {@code [n, ...]} of rank 2 or more, one example a row. Not modified.
   * @param labels {@code [n, ...]} of rank 2 or more, or null as for the other constructor. Not
   *     modified.
   * @param weights {@code [n]} or {@code [n, 1]}, or null for none. Not modified.
   * @param options batch size and order
   * @throws IllegalArgumentException as for the other constructor, or if there is not one weight a
   *     row
   */
  public ShuffledDataSetIterator(
      INDArray features, INDArray labels, INDArray weights, Options options) {
    requireRows(features, "features");
    if (labels != null) {
      requireRows(labels, "labels");
      if (labels.size(0) != features.size(0)) {
        throw new IllegalArgumentException(
            "features have "
                + features.size(0)
                + " rows and labels "
                + labels.size(0)
                + "; accepted: as many labels as features");
      }
    }
    if (weights != null && (weights.length() != features.size(0) || weights.rank() > 2)) {
      throw new IllegalArgumentException(
          "weights have the shape "
              + Arrays.toString(weights.shape())
              + "; accepted: ["
              + features.size(0)
              + "] or ["
              + features.size(0)
              + ", 1], as there are features");
    }
    this.rows = Math.toIntExact(features.size(0));
    this.usedRows = options.dropLast() ? rows - rows % options.batchSize() : rows;
    if (usedRows == 0) {
      throw new IllegalArgumentException(
          "batch size is "
              + options.batchSize()
              + " and smaller batches are left out; accepted: at most the "
              + rows
              + " rows of the data");
    }
    this.featureRows = new RowGatherer(features, options.reuseArrays());
    this.labelRows = labels == null ? null : new RowGatherer(labels, options.reuseArrays());
    this.weightRows =
        weights == null
            ? null
            : new RowGatherer(weights.reshape('c', new long[] {rows, 1}), options.reuseArrays());
    this.options = options;
    seekEpoch(0);
  }

  /**
   * Makes an iterator over features alone, for unsupervised training.
   *
   * @param features {@code [n, ...]} of rank 2 or more, one example a row. Not modified.
   * @param options batch size and order
   * @throws IllegalArgumentException as for the other constructor
   */
  public ShuffledDataSetIterator(INDArray features, Options options) {
    this(features, null, null, options);
  }

  private static void requireRows(INDArray array, String name) {
    if (array.rank() < 2 || array.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + " have the shape "
              + Arrays.toString(array.shape())
              + "; accepted: at least one row, and rank 2 or more");
    }
  }

  private static void requireBatchSize(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size is " + batchSize + "; accepted: 1 or more");
    }
  }

  @Override
  public void seekEpoch(int epoch) {
    if (epoch < 0) {
      throw new IllegalArgumentException("epoch is " + epoch + "; accepted: 0 or more");
    }
    if (options.shuffle()) {
      order = SplitMix64.derive(options.seed(), epoch).permutation(rows);
    } else if (order == null) {
      order = new int[rows];
      Arrays.setAll(order, i -> i);
    }
    this.epoch = epoch;
    this.cursor = 0;
  }

  @Override
  public int batchesPerEpoch() {
    return (usedRows - 1) / options.batchSize() + 1;
  }

  /**
   * Returns the number of the current epoch.
   *
   * @return 0 for the first pass
   */
  public int epoch() {
    return epoch;
  }

  /** Goes to the start of the next epoch; does nothing if nothing was taken from this one. */
  @Override
  public void reset() {
    if (cursor > 0) {
      seekEpoch(Math.addExact(epoch, 1));
    }
  }

  @Override
  public boolean hasNext() {
    return cursor < usedRows;
  }

  /**
   * Returns the next batch.
   *
   * @return copies of the rows, preprocessed if a preprocessor is set
   * @throws NoSuchElementException at the end of the epoch
   */
  @Override
  public DataSet next() {
    return next(options.batchSize());
  }

  /**
   * Returns the next rows, whatever the batch size.
   *
   * @param num how many at most
   * @return copies of the rows, preprocessed if a preprocessor is set
   * @throws NoSuchElementException at the end of the epoch
   * @throws IllegalArgumentException if {@code num} is below 1
   */
  @Override
  public DataSet next(int num) {
    requireBatchSize(num);
    int[] picked = Arrays.copyOfRange(order, cursor, Math.min(requireMore(), cursor + num));
    INDArray input = featureRows.gather(picked);
    INDArray target;
    if (labelRows != null) {
      target = labelRows.gather(picked);
    } else {
      target = preProcessor == null ? input : input.dup();
    }
    cursor += picked.length;
    DataSet batch = new DataSet(input, target);
    if (weightRows != null) {
      batch.setLabelsMaskArray(weightRows.gather(picked));
    }
    if (preProcessor != null) {
      preProcessor.preProcess(batch);
    }
    return batch;
  }

  /**
   * Returns the order of what is left of this epoch, for those who hold the features themselves and
   * need no batches.
   *
   * @return numbers of rows of the features, a copy
   */
  public int[] upcomingRows() {
    return Arrays.copyOfRange(order, cursor, usedRows);
  }

  /**
   * Goes past the next batch without copying it.
   *
   * @return number of its rows
   * @throws NoSuchElementException at the end of the epoch
   */
  public int skipBatch() {
    int skipped = Math.min(requireMore() - cursor, options.batchSize());
    cursor += skipped;
    return skipped;
  }

  /** Returns the number of rows that are used. */
  private int requireMore() {
    if (!hasNext()) {
      throw new NoSuchElementException(
          "epoch " + epoch + " has ended after " + usedRows + " rows; reset() starts the next");
    }
    return usedRows;
  }

  /**
   * Returns the number of rows of the features.
   *
   * @return the number, at least 1
   */
  public int rows() {
    return rows;
  }

  /**
   * Copies neighbouring rows of the features, in the order of the constructor's array and without
   * the preprocessor.
   *
   * @param from the first row, from 0
   * @param to the row after the last
   * @return the rows; with {@link Options#reusingArrays} the array of the batch before
   * @throws IndexOutOfBoundsException if there are no such rows
   */
  public INDArray featureRows(int from, int to) {
    Objects.checkFromToIndex(from, to, rows);
    return featureRows.gather(IntStream.range(from, to).toArray());
  }

  /**
   * Returns the number of columns, or of channels, of the features.
   *
   * @return size of dimension 1
   */
  @Override
  public int inputColumns() {
    return featureRows.columns();
  }

  /**
   * Returns the number of columns of the labels; of the features if there are no labels.
   *
   * @return size of dimension 1
   */
  @Override
  public int totalOutcomes() {
    return labelRows == null ? inputColumns() : labelRows.columns();
  }

  @Override
  public boolean resetSupported() {
    return true;
  }

  @Override
  public boolean asyncSupported() {
    return false;
  }

  @Override
  public int batch() {
    return options.batchSize();
  }

  @Override
  public void setPreProcessor(DataSetPreProcessor preProcessor) {
    this.preProcessor = preProcessor;
  }

  @Override
  public DataSetPreProcessor getPreProcessor() {
    return preProcessor;
  }

  /**
   * Names of the classes are not known here.
   *
   * @return null, as DL4J's own iterators do
   */
  @Override
  public List<String> getLabels() {
    return null;
  }
}
