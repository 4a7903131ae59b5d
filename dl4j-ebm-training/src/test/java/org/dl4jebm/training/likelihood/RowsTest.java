/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class RowsTest {

  /** Data without its first rows, which were held out. */
  @Test
  void everyBlockOfAView() {
    INDArray rest =
        Nd4j.rand(DataType.DOUBLE, 2500, 2)
            .get(NDArrayIndex.interval(600, 2500), NDArrayIndex.all());
    NdAssert.assertSame(rest.dup('c').sum(1), Rows.map(rest, rows -> rows.sum(1)));
  }
}
