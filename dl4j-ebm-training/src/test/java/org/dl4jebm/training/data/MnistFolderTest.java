/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MnistFolderTest {

  @TempDir Path folder;

  @BeforeEach
  void fill() throws IOException {
    write(
        "train-images-idx3-ubyte.gz", new byte[] {0, 51, 102, (byte) 153, (byte) 204, -1}, 3, 1, 2);
    write("train-labels-idx1-ubyte", new byte[] {4, 0, 9}, 3);
    write("t10k-images.idx3-ubyte", new byte[] {-1, 0}, 1, 1, 2);
    write("t10k-labels.idx1-ubyte.gz", new byte[] {3}, 1);
  }

  private void write(String name, byte[] data, int... shape) throws IOException {
    IdxFile.of(data, shape).write(folder.resolve(name));
  }

  private void assertRefused(String... parts) {
    IOException e = assertThrows(IOException.class, () -> MnistFolder.load(folder));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " missing in: " + e.getMessage());
    }
  }

  @Test
  void readsFilesUnderAllTheirNames() throws IOException {
    TrainTest images = MnistFolder.load(folder);
    assertEquals("LabelledImages[3 images of 1x2 in 10 classes]", images.train().toString());
    assertArrayEquals(new int[] {4, 0, 9}, images.train().labels());
    assertArrayEquals(
        new float[][] {{0, 0.2f}, {0.4f, 0.6f}, {0.8f, 1}},
        images.train().features().toFloatMatrix());
    assertArrayEquals(new int[] {3}, images.test().labels());
    assertArrayEquals(new float[][] {{1, 0}}, images.test().features().toFloatMatrix());
  }

  @Test
  void moreThanTenClassesAreMadeRoomForInBothParts() throws IOException {
    write("t10k-labels.idx1-ubyte.gz", new byte[] {26}, 1);
    TrainTest images = MnistFolder.load(folder);
    assertEquals(27, images.train().classes());
    assertEquals(27, images.test().classes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte",
        "t10k-images.idx3-ubyte",
        "t10k-labels.idx1-ubyte.gz"
      })
  void eachMissingFileIsNamedWithTheNamesAccepted(String name) throws IOException {
    Files.delete(folder.resolve(name));
    String stem = name.substring(0, name.indexOf("idx") - 1);
    assertRefused(folder.resolve(stem) + "-idx", stem + ".idx", "-ubyte.gz", "accepted");
  }

  @Test
  void missingFolderAndFileInItsPlaceAreNamed() {
    Path absent = folder.resolve("absent");
    NoSuchFileException missing =
        assertThrows(NoSuchFileException.class, () -> MnistFolder.load(absent));
    assertTrue(missing.getMessage().contains(absent.toString()), missing::getMessage);
    Path file = folder.resolve("train-labels-idx1-ubyte");
    NotDirectoryException notFolder =
        assertThrows(NotDirectoryException.class, () -> MnistFolder.load(file));
    assertTrue(notFolder.getMessage().contains(file.toString()), notFolder::getMessage);
  }

  @Test
  void labelsInPlaceOfImagesAndTheReverseAreRefused() throws IOException {
    write("train-images-idx3-ubyte.gz", new byte[3], 3);
    assertRefused("train-images-idx3-ubyte.gz", "[3]", "[n, height, width]");
    write("train-labels-idx1-ubyte", new byte[6], 3, 1, 2);
    assertRefused("train-labels-idx1-ubyte", "[3, 1, 2]", "[n]");
  }

  @Test
  void numbersThatDoNotMatchAreRefused() throws IOException {
    write("train-labels-idx1-ubyte", new byte[] {4, 0}, 2);
    assertRefused("train-images-idx3-ubyte.gz", "3 images", "2 labels");
  }

  @Test
  void testImagesOfAnotherSizeAreRefused() throws IOException {
    write("t10k-images.idx3-ubyte", new byte[] {-1, 0}, 1, 2, 1);
    assertRefused("t10k-images.idx3-ubyte", "2x1", "1x2");
  }

  @Test
  void truncatedFileIsNamed() throws IOException {
    Path file = folder.resolve("t10k-images.idx3-ubyte");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    assertRefused(file.toString(), "cut short");
  }
}
