/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.util.ArrayList;
import java.util.List;
import org.dl4jebm.layers.WithoutHostMemory;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Batches are gathered in host memory, or by ND4J's operations: the same batches. */
@Tag("gpu")
class BatchesWithoutHostMemoryTest {

  private static List<INDArray> batches() {
    INDArray x = Nd4j.arange(0, 7 * 23).castTo(DataType.FLOAT).reshape('c', new long[] {23, 7});
    INDArray y = Nd4j.arange(0, 2 * 23).castTo(DataType.FLOAT).reshape('c', new long[] {23, 2});
    ShuffledDataSetIterator iterator =
        new ShuffledDataSetIterator(x, y, ShuffledDataSetIterator.Options.shuffled(5, 42));
    List<INDArray> batches = new ArrayList<>();
    for (int epoch = 0; epoch < 2; epoch++) {
      iterator.reset();
      iterator.forEachRemaining(
          batch -> {
            batches.add(batch.getFeatures().dup());
            batches.add(batch.getLabels().dup());
          });
    }
    return batches;
  }

  @Test
  void theSame() {
    List<INDArray> expected = batches();
    List<INDArray> actual = WithoutHostMemory.get(BatchesWithoutHostMemoryTest::batches);
    for (int i = 0; i < expected.size(); i++) {
      NdAssert.assertSame(expected.get(i), actual.get(i));
    }
  }
}
