/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Grey images that patches are cut from.
 *
 * @param images brightness from 0 to 1, {@code [height][width]} each
 * @param description what they are
 */
record PatchSource(List<float[][]> images, String description) {

  private static final int LEAVES_IMAGES = 8;
  private static final int LEAVES_SIDE = 160;
  private static final int LEAVES = 4000;
  private static final double SMALLEST_RADIUS = 2;
  private static final double LARGEST_RADIUS = 80;

  /** Weights of red, green and blue in brightness (ITU-R BT.601). */
  private static final double[] BRIGHTNESS = {0.299, 0.587, 0.114};

  private static final double LARGEST_VALUE = 255;

  /** Reads all jpg and png files of a folder. */
  static PatchSource read(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(
          folder.toString(), null, "there is no such folder; accepted: one with jpg or png images");
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files =
          all.filter(
                  file ->
                      file.getFileName()
                          .toString()
                          .toLowerCase(Locale.ROOT)
                          .matches(".*\\.(jpg|jpeg|png)"))
              .sorted()
              .toList();
    }
    if (files.isEmpty()) {
      throw new NoSuchFileException(
          folder.toString(), null, "the folder has no image; accepted: one with jpg or png images");
    }
    List<float[][]> images = new ArrayList<>();
    for (Path file : files) {
      BufferedImage image = ImageIO.read(file.toFile());
      if (image == null) {
        throw new IOException(file + " is no image that can be read; accepted: jpg or png");
      }
      images.add(grey(image));
    }
    return new PatchSource(images, files.size() + " images of " + folder);
  }

  private static float[][] grey(BufferedImage image) {
    float[][] grey = new float[image.getHeight()][image.getWidth()];
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        int rgb = image.getRGB(x, y);
        grey[y][x] =
            (float)
                ((BRIGHTNESS[0] * (rgb >> 16 & 0xFF)
                        + BRIGHTNESS[1] * (rgb >> 8 & 0xFF)
                        + BRIGHTNESS[2] * (rgb & 0xFF))
                    / LARGEST_VALUE);
      }
    }
    return grey;
  }

  /**
   * Discs of random brightness at random places, each before those drawn earlier, with radii of a
   * density that falls with the third power: images with the edges, occlusion and scale invariance
   * of natural ones (Lee, Mumford and Huang, IJCV 2001).
   */
  static PatchSource deadLeaves(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<float[][]> images = new ArrayList<>();
    for (int i = 0; i < LEAVES_IMAGES; i++) {
      float[][] image = new float[LEAVES_SIDE][LEAVES_SIDE];
      for (int leaf = 0; leaf < LEAVES; leaf++) {
        double low = 1 / (LARGEST_RADIUS * LARGEST_RADIUS);
        double high = 1 / (SMALLEST_RADIUS * SMALLEST_RADIUS);
        double radius = 1 / Math.sqrt(random.nextDouble(low, high));
        disc(
            image,
            random.nextDouble(-radius, LEAVES_SIDE + radius),
            random.nextDouble(-radius, LEAVES_SIDE + radius),
            radius,
            (float) random.nextDouble());
      }
      images.add(image);
    }
    return new PatchSource(images, "generated images of discs (dead leaves), no photographs");
  }

  private static void disc(float[][] image, double cx, double cy, double radius, float grey) {
    int top = (int) Math.max(0, Math.floor(cy - radius));
    int left = (int) Math.max(0, Math.floor(cx - radius));
    for (int y = top; y < Math.min(LEAVES_SIDE, cy + radius); y++) {
      for (int x = left; x < Math.min(LEAVES_SIDE, cx + radius); x++) {
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius) {
          image[y][x] = grey;
        }
      }
    }
  }

  /**
   * Cuts patches at random places, with their own mean taken off.
   *
   * @return {@code [count, side * side]}
   */
  INDArray patches(int count, int side, long seed) {
    List<float[][]> fitting =
        images.stream().filter(i -> i.length >= side && i[0].length >= side).toList();
    if (fitting.isEmpty()) {
      throw new IllegalArgumentException(
          "--side is " + side + "; accepted: at most the height and width of an image");
    }
    SplittableRandom random = new SplittableRandom(seed);
    float[][] patches = new float[count][side * side];
    for (float[] patch : patches) {
      float[][] image = fitting.get(random.nextInt(fitting.size()));
      int top = random.nextInt(image.length - side + 1);
      int left = random.nextInt(image[0].length - side + 1);
      double sum = 0;
      for (int i = 0; i < patch.length; i++) {
        patch[i] = image[top + i / side][left + i % side];
        sum += patch[i];
      }
      for (int i = 0; i < patch.length; i++) {
        patch[i] -= (float) (sum / patch.length);
      }
    }
    return Nd4j.createFromArray(patches);
  }
}
