/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import org.dl4jebm.training.report.ImageGrid.Palette;
import org.dl4jebm.training.report.ImageGrid.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ImageGridTest {

  private static final int MAGENTA = 0xFF00FF;

  /** One row of tiles of 1x2 values, one pixel a value, without gaps: pixel i is value i. */
  private static final ImageGrid BARE = ImageGrid.images(1, 2).withMagnification(1).withGap(0);

  private static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xFFFFFF;
  }

  private static int grey(int level) {
    return level << 16 | level << 8 | level;
  }

  private static int[] line(BufferedImage image) {
    int[] pixels = new int[image.getWidth()];
    for (int x = 0; x < pixels.length; x++) {
      pixels[x] = rgb(image, x, 0);
    }
    return pixels;
  }

  private static int[] levels(Scale scale, double... values) {
    INDArray rows = Nd4j.createFromArray(values).reshape(values.length / 2, 2);
    int[] pixels = line(BARE.withScale(scale).withColumns(values.length).render(rows));
    for (int i = 0; i < pixels.length; i++) {
      assertEquals(grey(pixels[i] & 0xFF), pixels[i], "not grey");
      pixels[i] &= 0xFF;
    }
    return pixels;
  }

  @Test
  void pixelsLieWhereTheLayoutSays() {
    // 5 tiles of 2 rows and 3 columns, each value a number of its own
    INDArray rows = Nd4j.arange(30).castTo(DataType.FLOAT).divi(255).reshape(5, 6);
    INDArray before = rows.dup();
    BufferedImage image =
        ImageGrid.images(2, 3).withColumns(3).withMagnification(4).withGap(5).render(rows);
    assertEquals(before, rows);
    assertEquals(5 + 3 * (12 + 5), image.getWidth());
    assertEquals(5 + 2 * (8 + 5), image.getHeight());
    int[] seen = new int[30];
    int background = rgb(image, 0, 0);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int tileColumn = (x - 5) / 17;
        int tileRow = (y - 5) / 13;
        boolean inside = x >= 5 && (x - 5) % 17 < 12 && y >= 5 && (y - 5) % 13 < 8;
        int tile = tileRow * 3 + tileColumn;
        if (inside && tile < 5) {
          int value = tile * 6 + (y - 5) % 13 / 4 * 3 + (x - 5) % 17 / 4;
          assertEquals(grey(value), rgb(image, x, y), "value " + value);
          seen[value]++;
        } else {
          assertEquals(background, rgb(image, x, y));
        }
      }
    }
    for (int count : seen) {
      assertEquals(16, count);
    }
  }

  @Test
  void columnsOfAWeightMatrixAreItsFilters() {
    INDArray weights = Nd4j.arange(12).castTo(DataType.FLOAT).divi(255).reshape(2, 6);
    ImageGrid grid = BARE.withColumns(6);
    BufferedImage expected = grid.render(weights.transpose().dup('c'));
    assertArrayEquals(line(expected), line(grid.renderColumns(weights)));
    assertArrayEquals(line(expected), line(grid.renderColumns(weights.dup('f'))));
    assertEquals(grey(0), rgb(expected, 0, 0));
    assertEquals(grey(6), rgb(expected, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> grid.renderColumns(weights.transpose()));
  }

  @Test
  void pairsStandAboveOneAnother() {
    INDArray upper = Nd4j.createFromArray(new double[][] {{0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}});
    INDArray lower = upper.add(0.5);
    BufferedImage image =
        ImageGrid.images(1, 2)
            .withMagnification(2)
            .withGap(3)
            .withColumns(2)
            .renderPairs(upper, lower);
    assertEquals(3 + 2 * (4 + 3), image.getWidth());
    // two rows of pairs: 3 + [2 + 3 + 2] + 12 + [2 + 3 + 2] + 3
    assertEquals(32, image.getHeight());
    int[][] places = {
      {4, 4, 26}, {11, 4, 51}, {4, 9, 153}, {11, 9, 179}, {4, 23, 77}, {4, 28, 204}
    };
    for (int[] place : places) {
      assertEquals(place[2], rgb(image, place[0], place[1]) & 0xFF, 1, place[0] + "," + place[1]);
    }
    assertEquals(rgb(image, 0, 0), rgb(image, 11, 23), "no fourth pair");
    assertThrows(
        IllegalArgumentException.class,
        () -> BARE.renderPairs(upper, Nd4j.zeros(DataType.DOUBLE, 2, 2)));
  }

  @Test
  void gridScaleOfPairsSpansBothArrays() {
    INDArray upper = Nd4j.createFromArray(new double[][] {{0, 1}});
    INDArray lower = Nd4j.createFromArray(new double[][] {{2, 4}});
    BufferedImage image = BARE.withScale(Scale.GRID).renderPairs(upper, lower);
    assertEquals(grey(64), rgb(image, 1, 0));
    assertEquals(grey(128), rgb(image, 0, 1));
    assertEquals(grey(255), rgb(image, 1, 1));
  }

  @Test
  void scalesGiveTheEndsOfThePaletteToTheRightValues() {
    assertArrayEquals(
        new int[] {0, 0, 128, 255, 255, 255}, levels(Scale.UNIT, -3, 0, 0.5, 1, 7, 1));
    assertArrayEquals(new int[] {0, 51, 102, 255}, levels(Scale.GRID, -1, 0, 1, 4));
    assertArrayEquals(new int[] {0, 255, 0, 255}, levels(Scale.TILE, -1, 0, 1, 4));
    assertArrayEquals(new int[] {96, 128, 159, 255}, levels(Scale.GRID_SYMMETRIC, -1, 0, 1, 4));
    assertArrayEquals(new int[] {0, 128, 159, 255}, levels(Scale.TILE_SYMMETRIC, -1, 0, 1, 4));
    assertArrayEquals(new int[] {255, 128, 96, 0}, levels(Scale.TILE_SYMMETRIC, 1, 0, -1, -4));
  }

  @Test
  void divergingPaletteIsWhiteAtZero() {
    INDArray row = Nd4j.createFromArray(new double[][] {{-2, 0, 2, 1}});
    ImageGrid grid = ImageGrid.filters(1, 4).withMagnification(1).withGap(0);
    assertArrayEquals(
        new int[] {0x0000FF, 0xFFFFFF, 0xFF0000, 0xFF8080},
        line(grid.withPalette(Palette.DIVERGING).render(row)));
  }

  @ParameterizedTest
  @EnumSource(names = "UNIT", mode = EnumSource.Mode.EXCLUDE)
  void constantTilesAreOfTheMiddleColourWhereNothingElseIsKnown(Scale scale) {
    assertArrayEquals(new int[] {128, 128}, levels(scale, 0, 0));
    int expected = scale == Scale.GRID || scale == Scale.TILE ? 128 : 255;
    assertArrayEquals(new int[] {expected, expected}, levels(scale, 3, 3));
  }

  @ParameterizedTest
  @EnumSource
  void valuesThatAreNotFiniteAreMagentaAndDoNotDisturbTheOthers(Scale scale) {
    INDArray rows =
        Nd4j.createFromArray(
            new double[][] {
              {-1, Double.NaN},
              {1, Double.POSITIVE_INFINITY},
              {Double.NEGATIVE_INFINITY, Double.NaN}
            });
    int[] pixels = line(BARE.withScale(scale).withColumns(3).render(rows));
    int[] without = levels(scale, -1, -1, 1, 1);
    assertArrayEquals(
        new int[] {grey(without[0]), MAGENTA, grey(without[2]), MAGENTA, MAGENTA, MAGENTA}, pixels);
  }

  @Test
  void hugeValuesDoNotOverflow() {
    double max = Double.MAX_VALUE;
    assertArrayEquals(new int[] {0, 128, 255, 128}, levels(Scale.GRID, -max, 0, max, 0));
  }

  @Test
  void automaticGridIsAboutSquareAndSmallTilesAreMagnified() {
    BufferedImage image = ImageGrid.images(8, 8).render(Nd4j.zeros(DataType.FLOAT, 10, 64));
    assertEquals(2 + 4 * (56 + 2), image.getWidth());
    assertEquals(2 + 3 * (56 + 2), image.getHeight());
    BufferedImage one = ImageGrid.images(28, 28).render(Nd4j.zeros(DataType.FLOAT, 1, 784));
    assertEquals(60, one.getWidth());
    assertEquals(60, one.getHeight());
    assertEquals(1, ImageGrid.images(100, 100).magnification());
  }

  private static void assertRefused(String part, Executable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(e.getMessage().contains(part), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }

  @Test
  void badArgumentsAreRefusedByName() {
    INDArray rows = Nd4j.zeros(DataType.FLOAT, 3, 6);
    assertRefused("[3, 6]", () -> ImageGrid.images(2, 2).render(rows));
    assertRefused("[6]", () -> ImageGrid.images(2, 3).render(Nd4j.zeros(DataType.FLOAT, 6)));
    assertRefused("[6]", () -> ImageGrid.images(2, 3).renderColumns(Nd4j.zeros(DataType.FLOAT, 6)));
    assertRefused("tile height is 0", () -> ImageGrid.images(0, 2));
    assertRefused("magnification is 0", () -> ImageGrid.images(2, 2).withMagnification(0));
    assertRefused("gap is -1", () -> ImageGrid.images(2, 2).withGap(-1));
    assertRefused("number of columns is -1", () -> ImageGrid.images(2, 2).withColumns(-1));
    assertRefused("scale is null", () -> ImageGrid.images(2, 2).withScale(null));
    assertRefused("pixels", () -> ImageGrid.images(2, 3).withMagnification(100_000).render(rows));
    assertRefused(
        "pixels", () -> ImageGrid.images(2, 3).withGap(Integer.MAX_VALUE / 2).render(rows));
  }
}
