/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Draws the rows of a matrix as small pictures side by side: data, reconstructions, samples, or the
 * filters of a layer.
 *
 * <p>{@link #images(int, int)} and {@link #filters(int, int)} give sensible settings; the {@code
 * with} methods change one each. A tile whose values are all equal gets the middle colour under the
 * scales that look for a smallest and a largest value. Values that are not finite are drawn in
 * magenta and take no part in the scaling, so the picture of a failed training can still be looked
 * at. Works without a display.
 *
 * @param tileHeight rows of values in a tile
 * @param tileWidth columns of values in a tile
 * @param columns tiles in a row of the grid, 0 for a grid that is about square
 * @param magnification pixels along the side of one value
 * @param gap pixels between tiles and around the grid
 * @param scale which values get the ends of the palette
 * @param palette the colours
 */
public record ImageGrid(
    int tileHeight,
    int tileWidth,
    int columns,
    int magnification,
    int gap,
    Scale scale,
    Palette palette) {

  /** Which values get the first and the last colour of the palette. */
  public enum Scale {
    /** 0 and 1; values outside are drawn as the nearer end. For pixel values and probabilities. */
    UNIT,
    /** The smallest and the largest value of the whole grid. */
    GRID,
    /** The smallest and the largest value of each tile. Contrasts cannot be compared by eye. */
    TILE,
    /** -m and m, m being the largest absolute value of the whole grid; 0 is the middle colour. */
    GRID_SYMMETRIC,
    /** -m and m, m being the largest absolute value of each tile; 0 is the middle colour. */
    TILE_SYMMETRIC
  }

  /** Colours from the smallest to the largest value. */
  public enum Palette {
    /** Black to white. */
    GREY,
    /** Blue over white to red; for values with a sign. */
    DIVERGING
  }

  private static final int DEFAULT_TILE_PIXELS = 56;
  private static final int DEFAULT_GAP = 2;

  private static final int GAP_COLOUR = 0x2D3A50;
  private static final int NOT_FINITE_COLOUR = 0xFF00FF;

  /** Factor between the gap inside a pair and the gap between rows of pairs. */
  private static final int PAIR_GAP = 4;

  private static final long MAX_PIXELS = 100_000_000;

  /**
   * Checks the values.
   *
   * @param tileHeight rows of values in a tile
   * @param tileWidth columns of values in a tile
   * @param columns tiles in a row of the grid, or 0
   * @param magnification pixels along the side of one value
   * @param gap pixels between tiles
   * @param scale which values get the ends of the palette
   * @param palette the colours
   * @throws IllegalArgumentException if a tile or a magnification is below 1, or {@code columns} or
   *     {@code gap} is negative
   */
  public ImageGrid {
    requireAtLeast(1, tileHeight, "tile height");
    requireAtLeast(1, tileWidth, "tile width");
    requireAtLeast(0, columns, "number of columns");
    requireAtLeast(1, magnification, "magnification");
    requireAtLeast(0, gap, "gap");
    if (scale == null || palette == null) {
      throw new IllegalArgumentException(
          "scale is " + scale + " and palette " + palette + "; accepted: one of each");
    }
  }

  /**
   * Settings for pixel values in [0, 1]: grey, 0 black and 1 white.
   *
   * @param tileHeight rows of pixels in an image
   * @param tileWidth columns of pixels in an image
   * @return a grid that is about square, magnified so that small images can be seen
   */
  public static ImageGrid images(int tileHeight, int tileWidth) {
    int side = Math.max(1, Math.max(tileHeight, tileWidth));
    int magnification = Math.max(1, DEFAULT_TILE_PIXELS / side);
    return new ImageGrid(
        tileHeight, tileWidth, 0, magnification, DEFAULT_GAP, Scale.UNIT, Palette.GREY);
  }

  /**
   * Settings for the weights between an image and hidden units: grey, 0 in the middle, each filter
   * with its own contrast.
   *
   * @param tileHeight rows of pixels in an image
   * @param tileWidth columns of pixels in an image
   * @return a grid that is about square, magnified so that small filters can be seen
   */
  public static ImageGrid filters(int tileHeight, int tileWidth) {
    return images(tileHeight, tileWidth).withScale(Scale.TILE_SYMMETRIC);
  }

  /**
   * Changes the number of tiles in a row.
   *
   * @param value tiles in a row, 0 for a grid that is about square
   * @return changed settings
   */
  public ImageGrid withColumns(int value) {
    return new ImageGrid(tileHeight, tileWidth, value, magnification, gap, scale, palette);
  }

  /**
   * Changes the magnification.
   *
   * @param value pixels along the side of one value
   * @return changed settings
   */
  public ImageGrid withMagnification(int value) {
    return new ImageGrid(tileHeight, tileWidth, columns, value, gap, scale, palette);
  }

  /**
   * Changes the gap.
   *
   * @param value pixels between tiles
   * @return changed settings
   */
  public ImageGrid withGap(int value) {
    return new ImageGrid(tileHeight, tileWidth, columns, magnification, value, scale, palette);
  }

  /**
   * Changes the scale.
   *
   * @param value which values get the ends of the palette
   * @return changed settings
   */
  public ImageGrid withScale(Scale value) {
    return new ImageGrid(tileHeight, tileWidth, columns, magnification, gap, value, palette);
  }

  /**
   * Changes the palette.
   *
   * @param value the colours
   * @return changed settings
   */
  public ImageGrid withPalette(Palette value) {
    return new ImageGrid(tileHeight, tileWidth, columns, magnification, gap, scale, value);
  }

  /**
   * Draws each row as a tile, from left to right and top to bottom.
   *
   * @param rows {@code [n, tileHeight * tileWidth]}. Not modified.
   * @return the picture
   * @throws IllegalArgumentException if the shape does not fit or the picture would have more than
   *     100 million pixels
   */
  public BufferedImage render(INDArray rows) {
    int n = count(rows, "rows");
    int across = Math.min(n, columns > 0 ? columns : (int) Math.ceil(Math.sqrt(n)));
    int down = (n + across - 1) / across;
    BufferedImage image = blank(across, down, gap + (long) down * (tilePixelsDown() + gap));
    double[][] tiles = values(rows);
    double[][] ranges = ranges(tiles, tiles);
    for (int i = 0; i < n; i++) {
      int y = gap + i / across * (tilePixelsDown() + gap);
      draw(image, tiles[i], ranges[i], left(i % across), y);
    }
    return image;
  }

  /**
   * Draws each column of a weight matrix as a tile.
   *
   * @param weights {@code [tileHeight * tileWidth, n]}, as a dense or RBM layer holds them. Not
   *     modified.
   * @return the picture
   * @throws IllegalArgumentException as for {@link #render(INDArray)}
   */
  public BufferedImage renderColumns(INDArray weights) {
    if (weights.rank() != 2 || weights.rows() != (long) tileHeight * tileWidth) {
      throw new IllegalArgumentException(
          "weights have the shape "
              + Arrays.toString(weights.shape())
              + "; accepted: ["
              + (long) tileHeight * tileWidth
              + ", n]");
    }
    return render(weights.transpose());
  }

  /**
   * Draws pairs of tiles, each upper one directly above its lower one: data above reconstructions.
   *
   * @param upper {@code [n, tileHeight * tileWidth]}. Not modified.
   * @param lower the same shape. Not modified.
   * @return the picture; a scale over the grid spans both arrays
   * @throws IllegalArgumentException as for {@link #render(INDArray)}, and if the shapes differ
   */
  public BufferedImage renderPairs(INDArray upper, INDArray lower) {
    int n = count(upper, "upper tiles");
    if (count(lower, "lower tiles") != n) {
      throw new IllegalArgumentException(
          "there are " + n + " upper tiles and " + lower.rows() + " lower; accepted: as many");
    }
    int across = Math.min(n, columns > 0 ? columns : (int) Math.ceil(Math.sqrt(2.0 * n)));
    int down = (n + across - 1) / across;
    int pitch = 2 * tilePixelsDown() + (1 + PAIR_GAP) * gap;
    BufferedImage image = blank(across, down, (long) down * pitch - (PAIR_GAP - 2L) * gap);
    double[][] above = values(upper);
    double[][] below = values(lower);
    double[][] all = Arrays.copyOf(above, 2 * n);
    System.arraycopy(below, 0, all, n, n);
    double[][] upperRanges = ranges(above, all);
    double[][] lowerRanges = ranges(below, all);
    for (int i = 0; i < n; i++) {
      int x = left(i % across);
      int y = gap + i / across * pitch;
      draw(image, above[i], upperRanges[i], x, y);
      draw(image, below[i], lowerRanges[i], x, y + tilePixelsDown() + gap);
    }
    return image;
  }

  private static void requireAtLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + " is " + value + "; accepted: " + least + " or more");
    }
  }

  private int count(INDArray rows, String name) {
    if (rows.rank() != 2 || rows.isEmpty() || rows.columns() != (long) tileHeight * tileWidth) {
      throw new IllegalArgumentException(
          name
              + " have the shape "
              + Arrays.toString(rows.shape())
              + "; accepted: [n, "
              + (long) tileHeight * tileWidth
              + "] for tiles of "
              + tileHeight
              + "x"
              + tileWidth);
    }
    return rows.rows();
  }

  private static double[][] values(INDArray rows) {
    return rows.castTo(DataType.DOUBLE).toDoubleMatrix();
  }

  private int tilePixelsDown() {
    return tileHeight * magnification;
  }

  private int left(int column) {
    return gap + column * (tileWidth * magnification + gap);
  }

  private BufferedImage blank(int across, int down, long height) {
    long width = gap + (long) across * ((long) tileWidth * magnification + gap);
    long needed = Math.max(height, (long) down * tileHeight * magnification);
    if (width > MAX_PIXELS || needed > MAX_PIXELS || width * needed > MAX_PIXELS) {
      throw new IllegalArgumentException(
          "the picture would have "
              + width
              + "x"
              + needed
              + " pixels; accepted: at most "
              + MAX_PIXELS
              + " in all, from fewer rows or a smaller magnification");
    }
    BufferedImage image = new BufferedImage((int) width, (int) height, BufferedImage.TYPE_INT_RGB);
    int[] line = new int[(int) width];
    Arrays.fill(line, GAP_COLOUR);
    image.setRGB(0, 0, line.length, image.getHeight(), line, 0, 0);
    return image;
  }

  /** Returns the values of the first and the last colour for each of the tiles. */
  private double[][] ranges(double[][] tiles, double[][] all) {
    double[] ofGrid = range(all);
    double[][] ranges = new double[tiles.length][];
    for (int i = 0; i < tiles.length; i++) {
      double[] ofTile = range(tiles[i]);
      ranges[i] =
          switch (scale) {
            case UNIT -> new double[] {0, 1};
            case GRID -> ofGrid;
            case TILE -> ofTile;
            case GRID_SYMMETRIC -> symmetric(ofGrid);
            case TILE_SYMMETRIC -> symmetric(ofTile);
          };
    }
    return ranges;
  }

  private static double[] symmetric(double[] range) {
    double largest = Math.max(Math.abs(range[0]), Math.abs(range[1]));
    return new double[] {-largest, largest};
  }

  private static double[] range(double[]... tiles) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (double[] tile : tiles) {
      for (double value : tile) {
        if (Double.isFinite(value)) {
          min = Math.min(min, value);
          max = Math.max(max, value);
        }
      }
    }
    return min <= max ? new double[] {min, max} : new double[] {0, 0};
  }

  private void draw(BufferedImage image, double[] tile, double[] range, int left, int top) {
    int[] block = new int[magnification * magnification];
    for (int i = 0; i < tile.length; i++) {
      Arrays.fill(block, colour(tile[i], range));
      int x = left + i % tileWidth * magnification;
      int y = top + i / tileWidth * magnification;
      image.setRGB(x, y, magnification, magnification, block, 0, magnification);
    }
  }

  private int colour(double value, double[] range) {
    if (!Double.isFinite(value)) {
      return NOT_FINITE_COLOUR;
    }
    // Halved first: the difference of two finite numbers can be infinite.
    double span = range[1] / 2 - range[0] / 2;
    double position = span > 0 ? (value / 2 - range[0] / 2) / span : 0.5;
    position = Math.min(1, Math.max(0, position));
    if (palette == Palette.GREY) {
      int grey = (int) Math.round(255 * position);
      return grey << 16 | grey << 8 | grey;
    }
    int faded = (int) Math.round(255 * (1 - Math.abs(2 * position - 1)));
    return position < 0.5 ? faded << 16 | faded << 8 | 0xFF : 0xFF0000 | faded << 8 | faded;
  }
}
