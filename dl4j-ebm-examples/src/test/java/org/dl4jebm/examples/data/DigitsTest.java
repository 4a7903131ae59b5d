/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.TrainTest;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class DigitsTest {

  private final TrainTest digits = Digits.load();

  private static int[] counts(LabelledImages images) {
    int[] counts = new int[images.classes()];
    for (int label : images.labels()) {
      counts[label]++;
    }
    return counts;
  }

  @Test
  void splitIsTheDocumentedOne() {
    assertEquals("LabelledImages[1297 images of 8x8 in 10 classes]", digits.train().toString());
    assertEquals("LabelledImages[500 images of 8x8 in 10 classes]", digits.test().toString());
    assertArrayEquals(
        new int[] {128, 131, 128, 132, 130, 131, 130, 129, 128, 130}, counts(digits.train()));
    assertArrayEquals(new int[] {50, 51, 49, 51, 51, 51, 51, 50, 46, 50}, counts(digits.test()));
  }

  @Test
  void valuesAreSixteenthsFromZeroToOne() {
    assertEquals(DataType.FLOAT, digits.train().features().dataType());
    assertEquals(0, digits.train().features().minNumber().floatValue());
    assertEquals(1, digits.train().features().maxNumber().floatValue());
    float[] firstRows = digits.train().first(1).features().toFloatMatrix()[0];
    float[] expected = {0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] / 16, firstRows[i]);
    }
    assertEquals(0, digits.train().labels()[0]);
  }

  /** Images and labels belong together: the nearest training image has the right label. */
  @Test
  void nearestNeighbourErrorIsTheDocumentedOne() {
    float[][] train = digits.train().features().toFloatMatrix();
    float[][] test = digits.test().features().toFloatMatrix();
    int[] trainLabels = digits.train().labels();
    int[] testLabels = digits.test().labels();
    int wrong = 0;
    for (int t = 0; t < test.length; t++) {
      int nearest = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < train.length; i++) {
        double distance = 0;
        for (int j = 0; j < 64; j++) {
          double difference = train[i][j] - test[t][j];
          distance += difference * difference;
        }
        if (distance < least) {
          least = distance;
          nearest = i;
        }
      }
      wrong += trainLabels[nearest] == testLabels[t] ? 0 : 1;
    }
    assertEquals(20, wrong);
  }

  @Test
  void noticeOfTheLicenceLiesBesideTheData() throws IOException {
    try (InputStream notice = Digits.class.getResourceAsStream("digits-LICENSE.txt")) {
      String text = new String(notice.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(text.contains("Alpaydin"), text);
      assertTrue(text.contains("https://creativecommons.org/licenses/by/4.0/"), text);
    }
  }
}
