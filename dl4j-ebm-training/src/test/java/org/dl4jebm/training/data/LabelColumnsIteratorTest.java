/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

class LabelColumnsIteratorTest {

  private static final INDArray X =
      Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  private static final INDArray Y = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 0}});
  private static final INDArray JOINED =
      Nd4j.createFromArray(new float[][] {{1, 2, 3, 1, 0}, {4, 5, 6, 0, 1}, {7, 8, 9, 0, 0}});

  private static DataSetIterator shuffled(long seed) {
    return new ShuffledDataSetIterator(X, Y, ShuffledDataSetIterator.Options.shuffled(2, seed));
  }

  @Test
  void joinsAndModifiesNothing() {
    INDArray x = X.dup();
    INDArray y = Y.dup();
    NdAssert.assertSame(JOINED, LabelColumnsIterator.join(x, y, 2));
    NdAssert.assertSame(
        JOINED, LabelColumnsIterator.join(NdAssert.fortran(x), NdAssert.view(y), 2));
    NdAssert.assertSame(JOINED, LabelColumnsIterator.join(x, y.castTo(DataType.INT32), 2));
    NdAssert.assertSame(X, x);
    NdAssert.assertSame(Y, y);
    NdAssert.assertSame(
        Nd4j.hstack(X, Nd4j.zeros(DataType.FLOAT, 3, 2)), LabelColumnsIterator.join(x, null, 2));
    NdAssert.assertSame(
        JOINED, LabelColumnsIterator.join(x.reshape('c', new long[] {3, 1, 3, 1}), y, 2));
  }

  /** It goes through the passes of the iterator behind it, and can be sent to any of them. */
  @Test
  void orderAndPassesAreThoseOfTheData() {
    LabelColumnsIterator joined = LabelColumnsIterator.of(shuffled(3), 2);
    DataSetIterator plain = shuffled(3);
    assertEquals(5, joined.inputColumns());
    assertEquals(2, joined.totalOutcomes());
    assertEquals(2, joined.batch());
    assertTrue(joined.resetSupported());
    assertEquals(2, ((EpochSeekable) joined).batchesPerEpoch());
    for (int pass = 0; pass < 3; pass++) {
      while (plain.hasNext()) {
        DataSet expected = plain.next();
        DataSet actual = joined.next();
        NdAssert.assertSame(
            Nd4j.hstack(expected.getFeatures(), expected.getLabels()), actual.getFeatures());
        NdAssert.assertSame(expected.getLabels(), actual.getLabels());
      }
      assertFalse(joined.hasNext());
      plain.reset();
      joined.reset();
    }
    ((EpochSeekable) joined).seekEpoch(1);
    ((EpochSeekable) plain).seekEpoch(1);
    DataSet expected = plain.next(1);
    NdAssert.assertSame(
        Nd4j.hstack(expected.getFeatures(), expected.getLabels()), joined.next(1).getFeatures());
  }

  @Test
  void iteratorsThatCannotSeekGiveIteratorsThatCannot() {
    DataSet masked = new DataSet(X, Y, null, Nd4j.ones(3, 1));
    LabelColumnsIterator joined =
        LabelColumnsIterator.of(new ExistingDataSetIterator(List.of(masked)), 2);
    assertFalse(joined instanceof EpochSeekable);
    assertSame(masked.getLabelsMaskArray(), joined.next().getLabelsMaskArray());
  }

  @Test
  void aPreprocessorGetsTheFeaturesAlone() {
    LabelColumnsIterator joined = LabelColumnsIterator.of(shuffled(5), 2);
    assertNull(joined.getPreProcessor());
    joined.setPreProcessor(batch -> batch.setFeatures(batch.getFeatures().mul(10)));
    while (joined.hasNext()) {
      INDArray row = joined.next(1).getFeatures();
      assertTrue(row.getDouble(0, 0) >= 10 && row.getDouble(0, 3) <= 1, row.toString());
    }
  }

  @Test
  void labelsOfAnotherWidthAreRefused() {
    LabelColumnsIterator joined = LabelColumnsIterator.of(shuffled(5), 3);
    String message = assertThrows(DL4JInvalidInputException.class, joined::next).getMessage();
    assertTrue(message.contains("[2, 2]") && message.contains("accepted: [2, 3]"), message);
    DataSetIterator data = shuffled(5);
    assertThrows(IllegalArgumentException.class, () -> LabelColumnsIterator.of(data, 1));
  }
}
