/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.dl4jebm.training.data.EpochSeekable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Features of a DL4J iterator of either kind, pass by pass. */
abstract class Batches {

  private final Object iterator;
  private boolean fresh = true;

  private Batches(Object iterator) {
    this.iterator = iterator;
  }

  abstract boolean hasNext();

  abstract INDArray[] next();

  abstract boolean resetSupported();

  abstract void reset();

  /** Number of batches in a pass, or -1 if it is not known beforehand. */
  final long perPass() {
    return iterator instanceof EpochSeekable seekable ? seekable.batchesPerEpoch() : -1;
  }

  /**
   * Goes to the start of a pass. Only an {@link EpochSeekable} iterator can be sent to any pass;
   * others are reset, unless they are fresh.
   */
  final void startPass(int pass) {
    if (iterator instanceof EpochSeekable seekable) {
      seekable.seekEpoch(pass);
    } else if ((!fresh || !hasNext()) && resetSupported()) {
      reset();
    }
    fresh = false;
  }

  static Batches of(DataSetIterator data) {
    return new Batches(data) {
      @Override
      boolean hasNext() {
        return data.hasNext();
      }

      @Override
      INDArray[] next() {
        return new INDArray[] {data.next().getFeatures()};
      }

      @Override
      boolean resetSupported() {
        return data.resetSupported();
      }

      @Override
      void reset() {
        data.reset();
      }
    };
  }

  static Batches of(MultiDataSetIterator data) {
    return new Batches(data) {
      @Override
      boolean hasNext() {
        return data.hasNext();
      }

      @Override
      INDArray[] next() {
        return data.next().getFeatures();
      }

      @Override
      boolean resetSupported() {
        return data.resetSupported();
      }

      @Override
      void reset() {
        data.reset();
      }
    };
  }
}
