/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class LabelledImagesTest {

  /** Row i has the values i/1000 and i/2000, so that rows can be told apart. */
  private static INDArray numbered(int n) {
    INDArray features = Nd4j.create(DataType.FLOAT, n, 2);
    for (int i = 0; i < n; i++) {
      features.putScalar(i, 0, i / 1000.0);
      features.putScalar(i, 1, i / 2000.0);
    }
    return features;
  }

  private static LabelledImages images(int... labels) {
    return new LabelledImages(numbered(labels.length), labels, 1, 2, 3);
  }

  /** Classes 0, 1 and 2 with 60, 30 and 10 images, mixed. */
  private static LabelledImages unequal() {
    return images(IntStream.range(0, 100).map(i -> i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2).toArray());
  }

  private static int[] rowNumbers(LabelledImages images) {
    int[] rows = new int[images.size()];
    float[][] values = images.features().toFloatMatrix();
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Math.round(values[i][0] * 1000);
      assertEquals(rows[i] / 2000f, values[i][1], 1e-6f, "row torn apart");
    }
    return rows;
  }

  private static int[] counts(LabelledImages images) {
    int[] counts = new int[images.classes()];
    for (int label : images.labels()) {
      counts[label]++;
    }
    return counts;
  }

  private static void assertBelongTogether(LabelledImages whole, LabelledImages part) {
    int[] rows = rowNumbers(part);
    int[] labels = whole.labels();
    assertArrayEquals(Arrays.stream(rows).map(r -> labels[r]).toArray(), part.labels());
    assertEquals(rows.length, Arrays.stream(rows).distinct().count(), "rows taken twice");
  }

  @Test
  void rowsAreCopiedWithTheirLabels() {
    LabelledImages whole = images(0, 1, 2, 1, 0);
    LabelledImages part = whole.rows(3, 0);
    assertArrayEquals(new int[] {3, 0}, rowNumbers(part));
    assertArrayEquals(new int[] {1, 0}, part.labels());
    part.features().assign(1);
    assertEquals(0, whole.features().getFloat(0, 0));
  }

  @Test
  void rowsOfViewsAndOfColumnMajorArraysAreTheRightOnes() {
    INDArray wide = Nd4j.create(DataType.FLOAT, 12, 4);
    wide.get(NDArrayIndex.interval(2, 12), NDArrayIndex.interval(1, 3)).assign(numbered(10));
    INDArray view = wide.get(NDArrayIndex.interval(2, 12), NDArrayIndex.interval(1, 3));
    int[] labels = new int[10];
    assertArrayEquals(
        new int[] {9, 4}, rowNumbers(new LabelledImages(view, labels, 1, 2, 1).rows(9, 4)));
    INDArray columnMajor = numbered(10).dup('f');
    assertArrayEquals(
        new int[] {9, 4}, rowNumbers(new LabelledImages(columnMajor, labels, 1, 2, 1).rows(9, 4)));
    INDArray rows = numbered(12).get(NDArrayIndex.interval(2, 12), NDArrayIndex.all());
    assertArrayEquals(
        new int[] {11, 6}, rowNumbers(new LabelledImages(rows, labels, 1, 2, 1).rows(9, 4)));
  }

  @Test
  void firstRowsAndFirstRowsOfEachClass() {
    LabelledImages whole = images(0, 0, 1, 0, 2, 1, 2, 2);
    assertArrayEquals(new int[] {0, 1, 2}, rowNumbers(whole.first(3)));
    assertArrayEquals(new int[] {0, 1, 2, 4, 5, 6}, rowNumbers(whole.firstPerClass(2)));
    assertBelongTogether(whole, whole.firstPerClass(2));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> whole.firstPerClass(3));
    assertTrue(e.getMessage().contains("class 1"), e::getMessage);
    assertTrue(e.getMessage().contains("1 to 2"), e::getMessage);
    assertThrows(IllegalArgumentException.class, () -> whole.first(9));
    assertThrows(IllegalArgumentException.class, () -> whole.first(0));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 15, 29, 30, 31, 50, 70, 71, 99, 100})
  void balancedSubsetIsAsEqualAsTheDataAllows(int total) {
    LabelledImages whole = unequal();
    LabelledImages part = whole.balancedSubset(total, 5);
    assertEquals(total, part.size());
    assertBelongTogether(whole, part);
    int[] counts = counts(part);
    int most = Arrays.stream(counts).max().orElseThrow();
    int[] available = counts(whole);
    for (int c = 0; c < counts.length; c++) {
      assertTrue(counts[c] == available[c] || counts[c] >= most - 1, () -> Arrays.toString(counts));
    }
  }

  @Test
  void balancedSubsetDependsOnTheSeedAlone() {
    LabelledImages whole = unequal();
    int[] rows = rowNumbers(whole.balancedSubset(20, 5));
    assertArrayEquals(rows, rowNumbers(whole.balancedSubset(20, 5)));
    assertFalse(Arrays.equals(rows, rowNumbers(whole.balancedSubset(20, 6))));
    int[] sorted = rows.clone();
    Arrays.sort(sorted);
    assertArrayEquals(sorted, rows);
  }

  /**
   * Over 2,000 seeds each of the 10 images of class 2 is picked with probability 3/10: mean 600,
   * standard deviation 20.5. A fair choice leaves 5 standard deviations with probability 6e-7 an
   * image, 6e-6 in all.
   */
  @Test
  void balancedSubsetPicksEveryImageOfAClassEquallyOften() {
    LabelledImages whole = unequal();
    int[] picked = new int[100];
    for (int seed = 1; seed <= 2000; seed++) {
      for (int row : rowNumbers(whole.balancedSubset(9, seed))) {
        picked[row]++;
      }
    }
    for (int row = 9; row < 100; row += 10) {
      assertEquals(600, picked[row], 5 * 20.5, "row " + row);
    }
  }

  @Test
  void splitKeepsProportionsAndCoversEverythingOnce() {
    LabelledImages whole = unequal();
    for (int held : new int[] {1, 7, 10, 33, 50, 99}) {
      TrainTest parts = whole.split(held, 3);
      assertEquals(held, parts.test().size());
      assertEquals(100 - held, parts.train().size());
      assertBelongTogether(whole, parts.train());
      assertBelongTogether(whole, parts.test());
      int[] all =
          IntStream.concat(
                  Arrays.stream(rowNumbers(parts.train())), Arrays.stream(rowNumbers(parts.test())))
              .sorted()
              .toArray();
      assertArrayEquals(IntStream.range(0, 100).toArray(), all);
      int[] counts = counts(parts.test());
      double[] share = {0.6 * held, 0.3 * held, 0.1 * held};
      for (int c = 0; c < 3; c++) {
        assertEquals(share[c], counts[c], 1.0, Arrays.toString(counts));
      }
    }
    assertFalse(
        Arrays.equals(
            rowNumbers(whole.split(10, 3).test()), rowNumbers(whole.split(10, 4).test())));
    assertThrows(IllegalArgumentException.class, () -> whole.split(100, 3));
    assertThrows(IllegalArgumentException.class, () -> whole.split(0, 3));
  }

  @Test
  void seedZeroIsRefused() {
    LabelledImages whole = unequal();
    assertThrows(IllegalArgumentException.class, () -> whole.balancedSubset(10, 0));
    assertThrows(IllegalArgumentException.class, () -> whole.split(10, 0));
  }

  @Test
  void oneHotHasASingleOneInEachRow() {
    assertArrayEquals(
        new float[][] {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}, images(2, 0, 1).oneHot().toFloatMatrix());
  }

  @Test
  void labelsAreCopiedInAndOut() {
    int[] labels = {0, 1};
    LabelledImages images = images(labels);
    labels[0] = 2;
    images.labels()[1] = 2;
    assertArrayEquals(new int[] {0, 1}, images.labels());
  }

  private static void assertRefused(INDArray features, int[] labels, int h, int w, String part) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> new LabelledImages(features, labels, h, w, 3));
    assertTrue(e.getMessage().contains(part), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    int[] two = {0, 1};
    assertRefused(numbered(2), two, 2, 2, "[2, 2]");
    assertRefused(numbered(2).castTo(DataType.INT32), two, 1, 2, "INT[");
    assertRefused(Nd4j.zeros(DataType.FLOAT, 2), two, 1, 2, "[2]");
    assertRefused(numbered(3), two, 1, 2, "3 images and 2 labels");
    assertRefused(numbered(2), new int[] {0, 3}, 1, 2, "row 1 is 3");
    assertRefused(numbered(2), new int[] {-1, 0}, 1, 2, "row 0 is -1");
    assertRefused(numbered(2), two, 0, 2, "0x2");
    LabelledImages images = images(0, 1);
    assertThrows(IllegalArgumentException.class, () -> images.rows());
    assertThrows(IllegalArgumentException.class, () -> images.rows(2));
    assertThrows(IllegalArgumentException.class, () -> images.rows(-1));
  }

  @ParameterizedTest
  @ValueSource(
      floats = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        -0.001f,
        1.001f,
        255f,
        Float.MAX_VALUE
      })
  void valuesOutsideTheUnitRangeAreRefusedWithTheirPlace(float value) {
    INDArray features = numbered(5);
    features.putScalar(3, 1, value);
    assertRefused(features, new int[5], 1, 2, "row 3, column 1");
    assertRefused(features.dup('f'), new int[5], 1, 2, "row 3, column 1");
    LabelledImages images = images(0, 0, 0, 0, 0);
    assertThrows(IllegalArgumentException.class, () -> images.withFeatures(features));
  }

  @Test
  void partsThatDoNotBelongTogetherAreRefused() {
    LabelledImages a = images(0, 1);
    LabelledImages b = new LabelledImages(numbered(2), new int[2], 2, 1, 3);
    assertThrows(IllegalArgumentException.class, () -> new TrainTest(a, b));
    LabelledImages c = new LabelledImages(numbered(2), new int[2], 1, 2, 4);
    assertThrows(IllegalArgumentException.class, () -> new TrainTest(a, c));
    assertNotEquals(a, b);
  }
}
