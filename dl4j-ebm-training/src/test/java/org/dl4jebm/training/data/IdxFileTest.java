/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class IdxFileTest {

  /** Two images of 2x3, written out by hand from the description of the format. */
  private static final byte[] HAND_MADE = {
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    3, // header
    0,
    1,
    2,
    3,
    4,
    5, // first image
    (byte) 255,
    (byte) 254,
    (byte) 128,
    127,
    51,
    0 // second image
  };

  @TempDir Path folder;

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] concat(byte[] a, byte... b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static void assertRefused(Path file, String... parts) {
    IdxFormatException e = assertThrows(IdxFormatException.class, () -> IdxFile.read(file));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " missing in: " + e.getMessage());
    }
    assertTrue(e.getMessage().contains(file.toString()), e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsImagesPlainAndCompressedWhateverTheName(boolean compressed) throws IOException {
    Path file = file("images", compressed ? gzip(HAND_MADE) : HAND_MADE);
    IdxFile content = IdxFile.read(file);
    assertArrayEquals(new int[] {2, 2, 3}, content.shape());
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 255, 254, 128, 127, 51, 0}, content.toInts());
    INDArray images = content.toUnitRange();
    assertArrayEquals(new long[] {2, 6}, images.shape());
    assertEquals(DataType.FLOAT, images.dataType());
    assertArrayEquals(
        new float[] {1f, 254 / 255f, 128 / 255f, 127 / 255f, 0.2f, 0f},
        images.getRow(1).toFloatVector(),
        1e-7f);
  }

  @Test
  void labelsAreReadAsTheyAre() throws IOException {
    Path file = file("labels", new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, (byte) 200});
    IdxFile content = IdxFile.read(file);
    assertArrayEquals(new int[] {7, 0, 200}, content.toInts());
    assertArrayEquals(new long[] {3, 1}, content.toUnitRange().shape());
  }

  /** More elements than are converted at a time, and a number of rows that is no multiple. */
  @Test
  void largeFilesAreConvertedWhole() throws IOException {
    byte[] data = new byte[2503 * 30 * 31];
    new Random(7).nextBytes(data);
    Path file = folder.resolve("large.gz");
    IdxFile.of(data, 2503, 30, 31).write(file);
    float[] unit = IdxFile.read(file).toUnitRange().reshape(data.length).toFloatVector();
    for (int i = 0; i < data.length; i++) {
      assertEquals((data[i] & 0xFF) / 255f, unit[i]);
    }
  }

  @Test
  void writtenFileHasTheBytesOfTheFormat() throws IOException {
    Path file = folder.resolve("out");
    IdxFile.of(Arrays.copyOfRange(HAND_MADE, 16, HAND_MADE.length), 2, 2, 3).write(file);
    assertArrayEquals(HAND_MADE, Files.readAllBytes(file));
    Path compressed = folder.resolve("out.gz");
    IdxFile.read(file).write(compressed);
    assertEquals((byte) 0x1F, Files.readAllBytes(compressed)[0]);
    assertArrayEquals(IdxFile.read(file).toInts(), IdxFile.read(compressed).toInts());
  }

  @Test
  void contentDoesNotShareTheArraysItWasMadeOf() {
    byte[] data = {1, 2};
    int[] shape = {2};
    IdxFile content = IdxFile.of(data, shape);
    data[0] = 9;
    shape[0] = 9;
    content.shape()[0] = 9;
    assertArrayEquals(new int[] {1, 2}, content.toInts());
    assertArrayEquals(new int[] {2}, content.shape());
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> IdxFile.of(new byte[6], 2, 2));
    assertThrows(IllegalArgumentException.class, () -> IdxFile.of(new byte[6]));
    assertThrows(IllegalArgumentException.class, () -> IdxFile.of(new byte[6], -2, -3));
    assertThrows(IllegalArgumentException.class, () -> IdxFile.of(new byte[0], 0));
  }

  @Test
  void missingFileIsNamed() {
    Path file = folder.resolve("absent");
    NoSuchFileException e = assertThrows(NoSuchFileException.class, () -> IdxFile.read(file));
    assertTrue(e.getMessage().contains(file.toString()), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }

  @Test
  void folderIsRefused() {
    assertRefused(folder, "not a regular file");
  }

  /** Cut at every length: in the magic number, in the header, in the data. */
  @Test
  void everyTruncationIsRefused() throws IOException {
    for (int length = 0; length < HAND_MADE.length; length++) {
      assertRefused(file("cut", Arrays.copyOf(HAND_MADE, length)), "" + length);
    }
  }

  @Test
  void everyTruncationOfACompressedFileIsRefused() throws IOException {
    byte[] whole = gzip(HAND_MADE);
    for (int length = 0; length < whole.length; length++) {
      assertRefused(file("cut.gz", Arrays.copyOf(whole, length)));
    }
  }

  @Test
  void compressedFileOfATruncatedFileIsRefused() throws IOException {
    byte[] cut = gzip(Arrays.copyOf(HAND_MADE, 20));
    assertRefused(file("cut.gz", cut), "cut short", "[2, 2, 3]", "28 bytes", "after 20");
  }

  @Test
  void bytesAfterTheDataAreRefused() throws IOException {
    assertRefused(file("long", concat(HAND_MADE, (byte) 0)), "more bytes than the 28");
    assertRefused(file("long.gz", gzip(concat(HAND_MADE, (byte) 0))), "more bytes than the 28");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 30, 100_000})
  void bytesAfterTheCompressedDataAreRefused(int count) throws IOException {
    byte[] garbage = new byte[count];
    Arrays.fill(garbage, (byte) 'x');
    assertRefused(file("tail.gz", concat(gzip(HAND_MADE), garbage)), count + " bytes follow");
  }

  /** Gzip allows several members in a row, as parallel compressors write them. */
  @ParameterizedTest
  @ValueSource(ints = {10, 100, 65_000, 65_536, 70_000, 131_060})
  void compressedFilesInSeveralMembersAreAccepted(int count) throws IOException {
    byte[] data = new byte[count];
    new Random(count).nextBytes(data);
    Path plain = folder.resolve("plain");
    IdxFile.of(data, count).write(plain);
    byte[] bytes = Files.readAllBytes(plain);
    int half = bytes.length / 2;
    byte[] members =
        concat(
            gzip(Arrays.copyOf(bytes, half)), gzip(Arrays.copyOfRange(bytes, half, bytes.length)));
    Path file = file("members.gz", members);
    assertArrayEquals(IdxFile.read(plain).toInts(), IdxFile.read(file).toInts());
    assertRefused(file("tail.gz", concat(members, (byte) 1, (byte) 2)), "2 bytes follow");
  }

  /** Every bit of a compressed file flipped in turn: refused, or without effect on the data. */
  @Test
  void damageToACompressedFileIsNoticed() throws IOException {
    byte[] whole = gzip(HAND_MADE);
    int[] expected = IdxFile.read(file("whole.gz", whole)).toInts();
    int refused = 0;
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Path file = file("damaged.gz", damaged);
      try {
        assertArrayEquals(expected, IdxFile.read(file).toInts());
      } catch (IdxFormatException e) {
        refused++;
      }
    }
    // Time, operating system and flags of the header (10 bytes) need not matter; all else does.
    assertTrue(refused >= 8 * (whole.length - 10), "refused " + refused);
  }

  @Test
  void foreignFilesAreRefusedWithTheirFirstBytes() throws IOException {
    byte[] page = "<html>Not found</html>".getBytes(StandardCharsets.US_ASCII);
    assertRefused(file("page", page), "3c 68 74 6d", "00 00 08");
    assertRefused(file("page.gz", gzip(page)), "3c 68 74 6d", "00 00 08");
    assertRefused(file("rank0", new byte[] {0, 0, 8, 0, 1, 2, 3, 4}), "00 00 08 00");
    assertRefused(file("type", new byte[] {0, 0, 7, 1, 0, 0, 0, 1, 5}), "00 00 07 01");
  }

  @Test
  void otherElementTypesAreRefusedByName() throws IOException {
    assertRefused(file("ints", new byte[] {0, 0, 0x0C, 1, 0, 0, 0, 1, 0, 0, 0, 5}), "0x0c (int)");
  }

  @Test
  void impossibleDimensionsAreRefusedBeforeMemoryIsTaken() throws IOException {
    byte big = (byte) 0xFF;
    assertRefused(file("neg", new byte[] {0, 0, 8, 1, big, big, big, big, 1}), "4294967295");
    assertRefused(file("zero", new byte[] {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 1}), "[0, 1]");
    byte[] product = {0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1};
    assertRefused(file("product", product), "[65536, 65536, 65536]");
    byte[] gigabyte = {0, 0, 8, 1, 0x40, 0, 0, 0, 1, 2, 3};
    assertRefused(file("lie", gigabyte), "1073741824", "cannot hold");
    assertRefused(file("lie.gz", gzip(gigabyte)), "1073741824", "cannot hold");
  }
}
