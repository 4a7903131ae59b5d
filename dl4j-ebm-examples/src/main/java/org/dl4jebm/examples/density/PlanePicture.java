/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.image.BufferedImage;
import java.util.List;
import org.dl4jebm.training.sampling.Box;

/** Panes of densities and points, in rows and columns with their names. */
final class PlanePicture {

  private static final int PANE = PlaneGrid.SIDE;
  private static final int GAP = 6;
  private static final int TITLE = 24;
  private static final int MARGIN = 110;
  private static final int FONT_SIZE = 13;
  private static final double RADIUS = 1.3;
  private static final Color DOT = new Color(0xD5, 0x5E, 0x00, 200);
  private static final int[] DARK = {0x08, 0x30, 0x6B};

  private final BufferedImage image;
  private final Graphics2D graphics;

  /**
   * An empty picture.
   *
   * @param rows their names
   * @param columns their names
   */
  PlanePicture(List<String> rows, List<String> columns) {
    image =
        new BufferedImage(
            MARGIN + columns.size() * (PANE + GAP),
            TITLE + rows.size() * (PANE + GAP),
            BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE));
    graphics.setColor(Color.BLACK);
    for (int r = 0; r < rows.size(); r++) {
      graphics.drawString(rows.get(r), GAP, top(r) + PANE / 2);
    }
    for (int c = 0; c < columns.size(); c++) {
      graphics.drawString(columns.get(c), left(c), TITLE - GAP);
      for (int r = 0; r < rows.size(); r++) {
        graphics.setColor(Color.LIGHT_GRAY);
        graphics.drawRect(left(c) - 1, top(r) - 1, PANE + 1, PANE + 1);
        graphics.setColor(Color.BLACK);
      }
    }
  }

  private static int left(int column) {
    return MARGIN + column * (PANE + GAP);
  }

  private static int top(int row) {
    return TITLE + row * (PANE + GAP);
  }

  /**
   * Fills a pane with a density, one pixel a cell.
   *
   * @param grid the density
   * @param darkest the log density that is as dark as can be; its root is shown
   */
  void density(int row, int column, PlaneGrid grid, double darkest) {
    for (int i = 0; i < PlaneGrid.SIDE * PlaneGrid.SIDE; i++) {
      double shade = Math.min(1, Math.exp((grid.logDensity(i) - darkest) / 2));
      int colour = 0;
      for (int channel : DARK) {
        colour = colour << 8 | (int) Math.round(255 + shade * (channel - 255));
      }
      int x = left(column) + i % PlaneGrid.SIDE;
      int y = top(row) + PANE - 1 - i / PlaneGrid.SIDE;
      image.setRGB(x, y, colour);
    }
  }

  /**
   * Draws points over a pane; those outside of the box are left out.
   *
   * @param points {@code [n][2]}. Not modified.
   * @param box what the pane shows
   */
  void points(int row, int column, double[][] points, Box box) {
    graphics.setColor(DOT);
    graphics.setClip(left(column), top(row), PANE, PANE);
    for (double[] point : points) {
      double x = left(column) + (point[0] - box.low()) / box.width() * PANE;
      double y = top(row) + PANE - (point[1] - box.low()) / box.width() * PANE;
      graphics.fill(new Ellipse2D.Double(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS));
    }
    graphics.setClip(null);
  }

  BufferedImage image() {
    return image;
  }
}
