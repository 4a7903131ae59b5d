/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.dl4jebm.examples.cli.Checks;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tells images like those of the training from others. */
public final class OutOfDistribution {

  /** Patches along each side of a shuffled image. */
  static final int PATCHES = 4;

  private OutOfDistribution() {}

  /**
   * The area under the receiver operating characteristic where low energies are taken as a sign of
   * the distribution: the probability that an image of the distribution has a lower energy than
   * another image, an equal energy counting one half (Mann and Whitney 1947). ND4J's {@code ROC}
   * gives the same where no energies are equal, and what depends on the order of the examples where
   * some are.
   *
   * @param inside energies of images of the distribution, at least one, finite. Not modified.
   * @param outside energies of other images, at least one, finite. Not modified.
   * @return 0 to 1; 0.5 for energies that say nothing
   */
  public static double area(double[] inside, double[] outside) {
    double[] sorted = outside.clone();
    Arrays.sort(sorted);
    double pairs = 0;
    for (double energy : inside) {
      int below = below(sorted, energy);
      int notAbove = below(sorted, Math.nextUp(energy));
      pairs += sorted.length - notAbove + (notAbove - below) / 2.0;
    }
    return pairs / inside.length / outside.length;
  }

  private static int below(double[] sorted, double value) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Cuts each image into 4x4 patches and puts them together in another order, a random one for each
   * image. Values of pixels and what is within the patches stay as they were.
   *
   * @param images {@code [n, height * width]}. Not modified.
   * @param height rows of pixels, a multiple of 4
   * @param width columns of pixels, a multiple of 4
   * @param seed of the orders
   * @return {@code [n, height * width]}, new
   * @throws IllegalArgumentException if height or width is no multiple of 4
   */
  public static INDArray shufflePatches(INDArray images, int height, int width, long seed) {
    Checks.require(
        height % PATCHES == 0 && width % PATCHES == 0,
        "size of the images",
        height + "x" + width,
        "multiples of " + PATCHES);
    SplittableRandom random = new SplittableRandom(seed);
    int h = height / PATCHES;
    int w = width / PATCHES;
    float[][] rows = images.toFloatMatrix();
    float[][] shuffled = new float[rows.length][height * width];
    for (int row = 0; row < rows.length; row++) {
      int[] order = order(random);
      for (int i = 0; i < height * width; i++) {
        int y = i / width;
        int x = i % width;
        int from = order[y / h * PATCHES + x / w];
        int source = (from / PATCHES * h + y % h) * width + from % PATCHES * w + x % w;
        shuffled[row][i] = rows[row][source];
      }
    }
    return Nd4j.createFromArray(shuffled);
  }

  private static int[] order(SplittableRandom random) {
    int[] order = new int[PATCHES * PATCHES];
    Arrays.setAll(order, i -> i);
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
