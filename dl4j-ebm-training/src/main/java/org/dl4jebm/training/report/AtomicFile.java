/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * Writes files whole or not at all, as far as the file system allows: the content goes to a
 * temporary file in the same folder, which is moved over the target when it is complete and on
 * disk. A crash or an exception leaves the old file as it was. Works in a thread that has been
 * interrupted, and leaves the interruption in place.
 */
public final class AtomicFile {

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {

    /**
     * Writes everything.
     *
     * @param out where to; it is buffered, and may be closed or left open
     * @throws IOException if it cannot be written; the target then keeps its old content
     */
    void writeTo(OutputStream out) throws IOException;
  }

  private static final int BUFFER_BYTES = 1 << 16;

  private AtomicFile() {}

  /**
   * Writes or replaces a file.
   *
   * @param target the file; its folder must exist
   * @param content writes the content
   * @throws FileSystemException if the target is a folder, or its folder cannot be written to
   * @throws IOException if writing failed
   */
  public static void write(Path target, Content content) throws IOException {
    if (Files.isDirectory(target)) {
      throw new FileSystemException(
          target.toString(), null, "this is a folder; accepted: the name of a file");
    }
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      // Created by hand and not as a "temp file", which only its owner could read.
      Files.createFile(temporary);
      // A channel would be closed under our hands if the thread is interrupted; this stream is not.
      try (FileOutputStream file = new FileOutputStream(temporary.toFile())) {
        Buffer out = new Buffer(file);
        content.writeTo(out);
        out.flush();
        file.getFD().sync();
      }
      move(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** A buffer that survives being closed by the writer of the content. */
  private static final class Buffer extends FilterOutputStream {

    Buffer(OutputStream out) {
      super(new java.io.BufferedOutputStream(out, BUFFER_BYTES));
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
