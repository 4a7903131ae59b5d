/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.List;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.data.EpochSeekable;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** Minibatches of a {@link ScoreTwin}, each made when it is asked for. */
final class StackIterator implements DataSetIterator {

  private static final long serialVersionUID = 1L;

  private final transient ScoreTwin<?> twin;
  private final transient DataSetIterator data;
  private final long seed;
  private final boolean repeating;
  private transient RandomStream random;
  private int pass;
  private boolean taken;

  StackIterator(ScoreTwin<?> twin, DataSetIterator data, long seed, boolean repeating) {
    this.twin = twin;
    this.data = data;
    this.seed = Seeds.requireNonZero(seed, "seed");
    this.repeating = repeating;
    this.random = new RandomStream(Seeds.derive(seed, 0));
    if (repeating && data instanceof EpochSeekable seekable) {
      seekable.seekEpoch(0);
    }
  }

  @Override
  public DataSet next() {
    DataSet batch = data.next();
    taken = true;
    return twin.minibatch(Examples.of(batch), random);
  }

  @Override
  public DataSet next(int num) {
    DataSet batch = data.next(num);
    taken = true;
    return twin.minibatch(Examples.of(batch), random);
  }

  /** Starts the next pass; does nothing if nothing was taken from this one. */
  @Override
  public void reset() {
    if (repeating && data instanceof EpochSeekable seekable) {
      // The same noise would go to other examples if the order changed.
      seekable.seekEpoch(0);
    } else {
      data.reset();
    }
    if (taken) {
      taken = false;
      pass = repeating ? 0 : Math.addExact(pass, 1);
      random.close();
      random = new RandomStream(Seeds.derive(seed, pass));
    }
  }

  @Override
  public boolean hasNext() {
    return data.hasNext();
  }

  @Override
  public boolean resetSupported() {
    return data.resetSupported();
  }

  /** A batch ahead would be made with parameters of the past. */
  @Override
  public boolean asyncSupported() {
    return false;
  }

  @Override
  public int batch() {
    return data.batch();
  }

  @Override
  public int inputColumns() {
    return data.inputColumns();
  }

  @Override
  public int totalOutcomes() {
    return 1;
  }

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
    return null;
  }
}
