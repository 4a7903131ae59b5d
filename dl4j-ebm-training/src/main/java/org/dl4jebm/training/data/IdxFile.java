/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * An array of unsigned bytes in the idx format of the MNIST files, plain or compressed with gzip.
 *
 * <p>The format: two zero bytes, the element type (8 is "unsigned byte", the only one accepted
 * here), the number of dimensions, each dimension as four bytes (most significant first), then the
 * elements, the last dimension running fastest. Whether a file is compressed is told from its first
 * bytes, not from its name. One byte of memory is used per element.
 */
public final class IdxFile {

  private static final int UNSIGNED_BYTE = 0x08;

  private static final Map<Integer, String> OTHER_TYPES =
      Map.of(0x09, "signed byte", 0x0B, "short", 0x0C, "int", 0x0D, "float", 0x0E, "double");

  /** The largest array that every Java virtual machine can allocate. */
  private static final long MAX_ELEMENTS = Integer.MAX_VALUE - 8L;

  /** Deflate writes at least one byte for 1,032 bytes of data. */
  private static final long MAX_DEFLATE_RATIO = 1032;

  /** Elements converted at a time: 4 MiB of floats. */
  private static final int CONVERSION_BLOCK = 1 << 20;

  private final int[] shape;
  private final byte[] data;

  private IdxFile(int[] shape, byte[] data) {
    this.shape = shape;
    this.data = data;
  }

  /**
   * Makes the content of an idx file from bytes in memory.
   *
   * @param data the elements, the last dimension running fastest. Copied.
   * @param shape the dimensions, 1 to 255 of them, all positive. Copied.
   * @return the content, to be {@link #write written}
   * @throws IllegalArgumentException if the shape is empty, has a dimension below 1, or does not
   *     have as many elements as {@code data}
   */
  public static IdxFile of(byte[] data, int... shape) {
    if (shape.length < 1 || shape.length > 255) {
      throw new IllegalArgumentException(
          "shape has " + shape.length + " dimensions; accepted: 1 to 255");
    }
    long count = elements(shape);
    if (count != data.length) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(shape)
              + " does not fit "
              + data.length
              + " bytes; accepted: positive dimensions whose product is the number of bytes");
    }
    return new IdxFile(shape.clone(), data.clone());
  }

  /**
   * Reads a file and checks it whole: header, length, and the checksum if it is compressed.
   *
   * @param file an idx file or a gzip-compressed one
   * @return its content
   * @throws NoSuchFileException if there is no such file
   * @throws IdxFormatException if it is not a regular file, not idx data of unsigned bytes,
   *     truncated, longer than its header says, corrupt, or has 2 GiB of elements or more
   * @throws IOException if it cannot be read
   */
  public static IdxFile read(Path file) throws IOException {
    if (Files.notExists(file)) {
      throw new NoSuchFileException(
          file.toString(), null, "there is no such file; accepted: an idx file, plain or gzip");
    }
    if (!Files.isRegularFile(file)) {
      throw new IdxFormatException(
          file, "this is not a regular file; accepted: an idx file, plain or gzip");
    }
    long size = Files.size(file);
    if (isGzip(file)) {
      try (InputStream raw = Files.newInputStream(file);
          GzipSource in = new GzipSource(raw)) {
        IdxFile content =
            read(file, in, MAX_DEFLATE_RATIO * size, "the compressed file of " + size);
        long unread = size - in.endOfStream();
        if (unread != 0) {
          throw new IdxFormatException(
              file, unread + " bytes follow the compressed data; accepted: none");
        }
        return content;
      } catch (ZipException | EOFException e) {
        throw new IdxFormatException(
            file,
            "the gzip data is corrupt or cut short ("
                + e.getMessage()
                + "); accepted: a whole file",
            e);
      }
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(file, in, size, "the file of " + size);
    }
  }

  private static IdxFile read(Path file, InputStream in, long maxBytes, String holder)
      throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4) {
      throw new IdxFormatException(
          file, "it holds " + magic.length + " bytes; accepted: idx data, which has 8 or more");
    }
    checkMagic(file, magic);
    int[] shape = readShape(file, in, magic[3] & 0xFF);
    long headerBytes = 4L + 4L * shape.length;
    long count = elements(shape);
    if (count < 1 || count > MAX_ELEMENTS) {
      throw new IdxFormatException(
          file,
          "the header gives the dimensions "
              + unsigned(shape)
              + "; accepted: positive ones with a product of at most "
              + MAX_ELEMENTS);
    }
    if (headerBytes + count > maxBytes) {
      throw truncated(file, shape, headerBytes + count, holder + " bytes cannot hold that");
    }
    byte[] data = new byte[(int) count];
    int got = in.readNBytes(data, 0, data.length);
    if (got < count) {
      throw truncated(file, shape, headerBytes + count, "it ends after " + (headerBytes + got));
    }
    if (in.read() >= 0) {
      throw new IdxFormatException(
          file,
          "there are more bytes than the "
              + (headerBytes + count)
              + " that the dimensions "
              + unsigned(shape)
              + " of the header ask for; accepted: exactly as many");
    }
    return new IdxFile(shape, data);
  }

  private static void checkMagic(Path file, byte[] magic) throws IOException {
    int type = magic[2] & 0xFF;
    int rank = magic[3] & 0xFF;
    if (magic[0] == 0 && magic[1] == 0 && OTHER_TYPES.containsKey(type)) {
      throw new IdxFormatException(
          file,
          String.format(
              Locale.ROOT,
              "its elements are of type 0x%02x (%s); accepted: 0x08 (unsigned byte)",
              type,
              OTHER_TYPES.get(type)));
    }
    if (magic[0] != 0 || magic[1] != 0 || type != UNSIGNED_BYTE || rank == 0) {
      throw new IdxFormatException(
          file,
          String.format(
              Locale.ROOT,
              "it starts with the bytes %02x %02x %02x %02x; accepted: 00 00 08 and the number of"
                  + " dimensions, or a gzip file (1f 8b) of such data",
              magic[0],
              magic[1],
              magic[2],
              magic[3]));
    }
  }

  private static int[] readShape(Path file, InputStream in, int rank) throws IOException {
    byte[] bytes = in.readNBytes(4 * rank);
    if (bytes.length < 4 * rank) {
      throw new IdxFormatException(
          file,
          "it ends in the header, after "
              + (4 + bytes.length)
              + " bytes; accepted: "
              + rank
              + " dimensions in "
              + (4 + 4 * rank)
              + " bytes, and the elements");
    }
    int[] shape = new int[rank];
    for (int i = 0; i < bytes.length; i++) {
      shape[i / 4] = shape[i / 4] << 8 | bytes[i] & 0xFF;
    }
    return shape;
  }

  private static IdxFormatException truncated(Path file, int[] shape, long wanted, String why) {
    return new IdxFormatException(
        file,
        "it is cut short: the dimensions "
            + unsigned(shape)
            + " of the header ask for "
            + wanted
            + " bytes, but "
            + why);
  }

  /** Returns the product of the dimensions, or -1 if one is below 1 or the product is too large. */
  private static long elements(int[] shape) {
    long count = 1;
    for (int dimension : shape) {
      if (dimension < 1) {
        return -1;
      }
      count *= dimension;
      if (count > MAX_ELEMENTS) {
        return -1;
      }
    }
    return count;
  }

  private static String unsigned(int[] shape) {
    return Arrays.toString(Arrays.stream(shape).mapToLong(Integer::toUnsignedLong).toArray());
  }

  private static boolean isGzip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.read() == 0x1F && in.read() == 0x8B;
    }
  }

  /**
   * Returns the dimensions, for MNIST images {@code [60000, 28, 28]}.
   *
   * @return the dimensions, a copy
   */
  public int[] shape() {
    return shape.clone();
  }

  /**
   * Converts the elements to numbers in [0, 1], 255 becoming 1.
   *
   * @return a new FLOAT array of shape {@code [n, d]}: n is the first dimension and d the product
   *     of the others, 1 if there are none
   */
  public INDArray toUnitRange() {
    int rows = shape[0];
    int columns = data.length / rows;
    float[] unit = new float[256];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = i / 255f;
    }
    INDArray result = Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows, columns}, 'c');
    int rowsAtATime = Math.min(rows, Math.max(1, CONVERSION_BLOCK / columns));
    for (int from = 0; from < rows; from += rowsAtATime) {
      int to = Math.min(rows, from + rowsAtATime);
      float[] block = new float[(to - from) * columns];
      for (int i = 0; i < block.length; i++) {
        block[i] = unit[data[from * columns + i] & 0xFF];
      }
      try (INDArray source = Nd4j.create(block, new long[] {to - from, columns}, 'c')) {
        result.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).assign(source);
      }
    }
    return result;
  }

  /**
   * Returns the elements as they are, 0 to 255.
   *
   * @return a new array, the last dimension running fastest
   */
  public int[] toInts() {
    int[] result = new int[data.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = data[i] & 0xFF;
    }
    return result;
  }

  /**
   * Writes the file, compressed if its name ends in {@code .gz}. An existing file is replaced.
   *
   * @param file the file to write
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    boolean gzip = file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    try (OutputStream raw = Files.newOutputStream(file);
        DataOutputStream out = new DataOutputStream(gzip ? new GZIPOutputStream(raw) : raw)) {
      out.writeShort(0);
      out.writeByte(UNSIGNED_BYTE);
      out.writeByte(shape.length);
      for (int dimension : shape) {
        out.writeInt(dimension);
      }
      out.write(data);
    }
  }
}
