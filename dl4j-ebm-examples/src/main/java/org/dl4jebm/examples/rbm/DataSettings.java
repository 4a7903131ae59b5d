/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import java.io.IOException;
import java.nio.file.Path;
import org.dl4jebm.examples.data.BarsAndStripes;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.training.data.Binarization;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a machine is trained on.
 *
 * @param source where the images come from
 * @param binarization how grey values become states of binary units
 * @param flipped whether 0 and 1 are exchanged
 */
public record DataSettings(Source source, Grey binarization, boolean flipped) {

  /** The draws of {@link Grey#SAMPLED} are part of the data set, the same for all seeds. */
  private static final long TRAIN_DRAW = 101;

  private static final long TEST_DRAW = 102;

  /** Where images come from. */
  public enum Source {
    /** The 8x8 digits that come with the program, in the split of {@link Digits}. */
    DIGITS,
    /** All 8x8 digits for training and testing alike, as scikit-learn's own test has it. */
    ALL_DIGITS,
    /** The MNIST files of {@code --data}. */
    MNIST,
    /** All bars and stripes of 3x3 pixels. */
    BARS
  }

  /** How grey values become states of binary units. */
  public enum Grey {
    /** They stay as they are and stand for probabilities. */
    AS_PROBABILITY,
    /** 1 above one half. */
    THRESHOLD,
    /** One Bernoulli draw for each pixel, once for all. */
    SAMPLED
  }

  /**
   * Training and test images as rows.
   *
   * @param train {@code [n, pixels]}
   * @param test {@code [m, pixels]}
   * @param height of an image
   * @param width of an image
   */
  public record Rows(INDArray train, INDArray test, int height, int width) {}

  /**
   * Reads the images.
   *
   * @param folder the folder of MNIST's files; used by {@link Source#MNIST} only
   * @return rows ready for training
   * @throws IOException if a file is missing or damaged
   * @throws IllegalArgumentException if the folder is missing or given in vain
   */
  public Rows load(Path folder) throws IOException {
    if ((source == Source.MNIST) != (folder != null)) {
      throw new IllegalArgumentException(
          "--data is "
              + folder
              + "; accepted: "
              + (folder == null
                  ? "the folder with the MNIST files, which these settings ask for"
                  : "nothing with these settings, which do not read MNIST"));
    }
    if (source == Source.BARS) {
      INDArray all = BarsAndStripes.all(3);
      return rows(all, all, 3, 3);
    }
    TrainTest images = source == Source.MNIST ? MnistFolder.load(folder) : Digits.load();
    INDArray train = images.train().features();
    INDArray test = images.test().features();
    if (source == Source.ALL_DIGITS) {
      train = Nd4j.vstack(train, test);
      test = train;
    }
    return rows(train, test, images.train().height(), images.train().width());
  }

  private Rows rows(INDArray train, INDArray test, int height, int width) {
    return new Rows(prepared(train, TRAIN_DRAW), prepared(test, TEST_DRAW), height, width);
  }

  private INDArray prepared(INDArray grey, long draw) {
    INDArray rows =
        switch (binarization) {
          case AS_PROBABILITY -> grey;
          case THRESHOLD -> Binarization.threshold(grey, 0.5);
          case SAMPLED -> Binarization.bernoulli(grey, draw);
        };
    return flipped ? rows.rsub(1) : rows;
  }
}
