/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Reads the four files of MNIST, or of a data set in its form (Fashion-MNIST, KMNIST), from a
 * folder.
 *
 * <p>The files may be named {@code train-images-idx3-ubyte} or {@code train-images.idx3-ubyte},
 * likewise {@code train-labels} (idx1), {@code t10k-images} and {@code t10k-labels}, each also with
 * {@code .gz} at the end. Nothing is downloaded.
 */
public final class MnistFolder {

  /** Data sets of this form have ten classes; more are made room for if the labels ask for it. */
  private static final int MIN_CLASSES = 10;

  private MnistFolder() {}

  /**
   * Reads training and test images.
   *
   * @param folder the folder that holds the four files
   * @return images with pixel values in [0, 1] (255 becomes 1); the number of classes is 10, or the
   *     largest label plus 1 if that is more
   * @throws NoSuchFileException if the folder or one of the files is missing
   * @throws NotDirectoryException if {@code folder} is a file
   * @throws IdxFormatException if a file is damaged, is not of the kind its name says, or does not
   *     fit the others
   * @throws IOException if a file cannot be read
   */
  public static TrainTest load(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      throw new NoSuchFileException(
          folder.toString(), null, "there is no such folder; accepted: one with the MNIST files");
    }
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder + " (accepted: a folder with the MNIST files)");
    }
    // All four are looked for before the first is read, which takes a while.
    Path trainImages = find(folder, "train-images", 3);
    Path trainLabels = find(folder, "train-labels", 1);
    Path testImages = find(folder, "t10k-images", 3);
    Path testLabels = find(folder, "t10k-labels", 1);

    int[] train = readLabels(trainLabels);
    int[] test = readLabels(testLabels);
    int largest =
        Math.max(Arrays.stream(train).max().orElse(0), Arrays.stream(test).max().orElse(0));
    int classes = Math.max(MIN_CLASSES, largest + 1);
    int[] size = new int[2];
    LabelledImages trainSet = readImages(trainImages, trainLabels, train, classes, size);
    LabelledImages testSet = readImages(testImages, testLabels, test, classes, size);
    return new TrainTest(trainSet, testSet);
  }

  private static Path find(Path folder, String name, int rank) throws IOException {
    List<String> names =
        List.of(
            name + "-idx" + rank + "-ubyte",
            name + ".idx" + rank + "-ubyte",
            name + "-idx" + rank + "-ubyte.gz",
            name + ".idx" + rank + "-ubyte.gz");
    for (String candidate : names) {
      Path file = folder.resolve(candidate);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw new NoSuchFileException(
        folder.resolve(names.get(0)).toString(),
        null,
        "the folder has no such file; accepted: one of " + String.join(", ", names));
  }

  private static int[] readLabels(Path file) throws IOException {
    IdxFile content = IdxFile.read(file);
    int[] shape = content.shape();
    if (shape.length != 1) {
      throw new IdxFormatException(
          file,
          "it has the shape " + Arrays.toString(shape) + "; accepted: [n], one label an image");
    }
    return content.toInts();
  }

  private static LabelledImages readImages(
      Path images, Path labelFile, int[] labels, int classes, int[] size) throws IOException {
    IdxFile content = IdxFile.read(images);
    int[] shape = content.shape();
    if (shape.length != 3) {
      throw new IdxFormatException(
          images, "it has the shape " + Arrays.toString(shape) + "; accepted: [n, height, width]");
    }
    if (shape[0] != labels.length) {
      throw new IdxFormatException(
          images,
          "it has "
              + shape[0]
              + " images, but "
              + labelFile
              + " has "
              + labels.length
              + " labels; accepted: as many labels as images");
    }
    if (size[0] != 0 && (size[0] != shape[1] || size[1] != shape[2])) {
      throw new IdxFormatException(
          images,
          "its images are "
              + shape[1]
              + "x"
              + shape[2]
              + "; accepted: "
              + size[0]
              + "x"
              + size[1]
              + " as in the training file");
    }
    size[0] = shape[1];
    size[1] = shape[2];
    return new LabelledImages(content.toUnitRange(), labels, shape[1], shape[2], classes);
  }
}
