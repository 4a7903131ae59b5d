/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.function.Supplier;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.training.data.EpochSeekable;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Batches of a DL4J iterator of either kind, pass by pass. */
abstract class Batches {

  private final Object iterator;

  /** Rows of a batch as the iterator has been told; 0 if it does not tell. */
  private final int expectedRows;

  private Batches(Object iterator, int expectedRows) {
    this.iterator = iterator;
    this.expectedRows = Math.max(0, expectedRows);
  }

  final int expectedRows() {
    return expectedRows;
  }

  /** The iterator, if its rows can be had without it: in memory and not preprocessed; or null. */
  final ShuffledDataSetIterator rowsInMemory() {
    return iterator instanceof ShuffledDataSetIterator rows && rows.getPreProcessor() == null
        ? rows
        : null;
  }

  /**
   * What is used of a batch.
   *
   * @param features one array for each input of the network, not null
   * @param labelsMasks one array for each output of the network, null where there is none; or null
   */
  record Batch(INDArray[] features, INDArray[] labelsMasks) {}

  /**
   * An iterator that waits for another thread, such as DL4J's {@code AsyncDataSetIterator}, failed
   * because this thread was interrupted. The interruption flag is set.
   */
  static final class InterruptedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    InterruptedException(Throwable cause) {
      super("interrupted while waiting for the next batch", cause);
    }
  }

  abstract boolean resetSupported();

  protected abstract Batch read();

  protected abstract boolean more();

  protected abstract void restart();

  final boolean hasNext() {
    return interruptible(this::more);
  }

  final Batch next() {
    Batch batch = interruptible(this::read);
    for (INDArray array : batch.features()) {
      if (array == null) {
        throw new DL4JInvalidInputException(
            "a batch of the iterator has no features; accepted: an array for each input");
      }
    }
    return batch;
  }

  final void reset() {
    interruptible(
        () -> {
          restart();
          return null;
        });
  }

  /** Number of batches in a pass, or -1 if it is not known beforehand. */
  final long perPass() {
    return iterator instanceof EpochSeekable seekable ? seekable.batchesPerEpoch() : -1;
  }

  /**
   * Goes to the start of a pass. Only an {@link EpochSeekable} iterator can be sent to any pass;
   * others start from the beginning again, also before the first pass, because somebody may have
   * looked at a batch.
   */
  final void startPass(int pass) {
    if (iterator instanceof EpochSeekable seekable) {
      seekable.seekEpoch(pass);
    } else if (resetSupported()) {
      reset();
    }
  }

  private static <T> T interruptible(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof java.lang.InterruptedException) {
          Thread.currentThread().interrupt();
          throw new InterruptedException(e);
        }
      }
      throw e;
    }
  }

  static Batches of(DataSetIterator data) {
    return new Batches(data, data.batch()) {
      @Override
      protected boolean more() {
        return data.hasNext();
      }

      @Override
      protected Batch read() {
        DataSet batch = data.next();
        return new Batch(
            new INDArray[] {batch.getFeatures()}, new INDArray[] {batch.getLabelsMaskArray()});
      }

      @Override
      boolean resetSupported() {
        return data.resetSupported();
      }

      @Override
      protected void restart() {
        data.reset();
      }
    };
  }

  static Batches of(MultiDataSetIterator data) {
    return new Batches(data, 0) {
      @Override
      protected boolean more() {
        return data.hasNext();
      }

      @Override
      protected Batch read() {
        MultiDataSet batch = data.next();
        return new Batch(batch.getFeatures(), batch.getLabelsMaskArrays());
      }

      @Override
      boolean resetSupported() {
        return data.resetSupported();
      }

      @Override
      protected void restart() {
        data.reset();
      }
    };
  }
}
