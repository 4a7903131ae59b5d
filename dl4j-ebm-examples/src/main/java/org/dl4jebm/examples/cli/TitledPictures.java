/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;

/** Pictures one above the other, each under a line of text. */
public final class TitledPictures {

  private static final int FONT_SIZE = 18;
  private static final int LINE = 2 * FONT_SIZE;
  private static final int LEAST_WIDTH = 640;

  private TitledPictures() {}

  /**
   * Puts them together.
   *
   * @param titles one for each picture
   * @param pictures one or more. Not modified.
   * @return the picture, as wide as the widest
   */
  public static BufferedImage stack(List<String> titles, List<BufferedImage> pictures) {
    int width = pictures.stream().mapToInt(BufferedImage::getWidth).max().orElseThrow();
    int height = pictures.stream().mapToInt(picture -> picture.getHeight() + LINE).sum();
    BufferedImage image =
        new BufferedImage(Math.max(width, LEAST_WIDTH), height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), height);
    graphics.setColor(Color.BLACK);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE));
    int y = 0;
    for (int i = 0; i < pictures.size(); i++) {
      graphics.drawString(titles.get(i), FONT_SIZE / 2, y + LINE - FONT_SIZE / 2);
      graphics.drawImage(pictures.get(i), 0, y + LINE, null);
      y += LINE + pictures.get(i).getHeight();
    }
    graphics.dispose();
    return image;
  }
}
