/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * A gzip stream that can tell where in the file its data ended.
 *
 * <p>{@link GZIPInputStream} verifies the checksum but passes over bytes that follow the compressed
 * data, so a damaged file would look whole.
 */
final class GzipSource extends GZIPInputStream {

  private static final int BUFFER_BYTES = 1 << 16;
  private static final int TRAILER_BYTES = 8;

  private final Counter source;
  private long filled;

  GzipSource(InputStream in) throws IOException {
    this(new Counter(in));
  }

  private GzipSource(Counter source) throws IOException {
    super(source, BUFFER_BYTES);
    this.source = source;
  }

  @Override
  protected void fill() throws IOException {
    super.fill();
    filled = source.count;
  }

  /** Returns the length of the compressed data; to be called when everything has been read. */
  long endOfStream() {
    return filled - inf.getRemaining() + TRAILER_BYTES;
  }

  private static final class Counter extends FilterInputStream {

    private long count;

    Counter(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      count += value < 0 ? 0 : 1;
      return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int got = super.read(bytes, offset, length);
      count += Math.max(0, got);
      return got;
    }
  }
}
