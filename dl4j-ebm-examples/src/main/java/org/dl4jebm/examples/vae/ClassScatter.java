/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.image.BufferedImage;
import java.util.Locale;

/** Points of a plane in the colours of their classes. */
final class ClassScatter {

  private static final int SIDE = 800;
  private static final int MARGIN = 50;
  private static final int LEGEND = 70;
  private static final int FONT_SIZE = 16;
  private static final double RADIUS = 2.5;
  private static final int OPACITY = 190;

  private ClassScatter() {}

  /**
   * Draws the points.
   *
   * @param points x and y of each; y grows upwards. Not modified.
   * @param classes number of the class of each, at least as many. Not modified.
   * @param count number of classes
   */
  static BufferedImage render(double[][] points, int[] classes, int count) {
    double extent = 1;
    for (double[] point : points) {
      extent = Math.max(extent, Math.max(Math.abs(point[0]), Math.abs(point[1])));
    }
    extent *= 1.03;
    BufferedImage image =
        new BufferedImage(
            SIDE + 2 * MARGIN + LEGEND, SIDE + 2 * MARGIN, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE));
    axes(graphics, extent);
    for (int i = 0; i < points.length; i++) {
      graphics.setColor(colour(classes[i], count));
      dot(graphics, at(points[i][0], extent), SIDE + 2 * MARGIN - at(points[i][1], extent), RADIUS);
    }
    for (int c = 0; c < count; c++) {
      int y = MARGIN + 2 * FONT_SIZE * c + FONT_SIZE;
      graphics.setColor(colour(c, count));
      dot(graphics, SIDE + 2 * MARGIN, y, 2 * RADIUS);
      graphics.setColor(Color.BLACK);
      graphics.drawString(String.valueOf(c), SIDE + 2 * MARGIN + FONT_SIZE, y + FONT_SIZE / 3);
    }
    graphics.dispose();
    return image;
  }

  private static double at(double value, double extent) {
    return MARGIN + SIDE * (value / extent + 1) / 2;
  }

  /** A frame with a line and a number at each whole value, or each second, fifth, ... */
  private static void axes(Graphics2D graphics, double extent) {
    int step = 1;
    while (extent / step > 6) {
      step = step * 2;
    }
    for (int tick = -(int) extent / step * step; tick <= extent; tick += step) {
      int p = (int) Math.round(at(tick, extent));
      graphics.setColor(new Color(0xDDDDDD));
      graphics.drawLine(p, MARGIN, p, MARGIN + SIDE);
      graphics.drawLine(MARGIN, p, MARGIN + SIDE, p);
      graphics.setColor(Color.BLACK);
      String text = String.format(Locale.ROOT, "%d", tick);
      graphics.drawString(text, p - FONT_SIZE / 3, SIDE + MARGIN + 3 * FONT_SIZE / 2);
      graphics.drawString(text, MARGIN / 4, SIDE + 2 * MARGIN - p + FONT_SIZE / 3);
    }
    graphics.drawRect(MARGIN, MARGIN, SIDE, SIDE);
  }

  private static void dot(Graphics2D graphics, double x, double y, double radius) {
    graphics.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius));
  }

  /** Hues around the circle, every other one darker, so that neighbours differ in lightness. */
  private static Color colour(int c, int count) {
    Color opaque = Color.getHSBColor(c / (float) count, 0.9f, c % 2 == 0 ? 0.95f : 0.6f);
    return new Color(opaque.getRed(), opaque.getGreen(), opaque.getBlue(), OPACITY);
  }
}
