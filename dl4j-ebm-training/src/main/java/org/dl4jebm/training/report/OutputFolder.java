/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import javax.imageio.ImageIO;

/**
 * A folder for results that is known to be writable before the work starts. Files are written
 * through {@link AtomicFile}, so a reader never sees half a file.
 */
public final class OutputFolder {

  private final Path path;

  private OutputFolder(Path path) {
    this.path = path;
  }

  /**
   * Creates the folder if need be, and tries out whether a file can be written to it.
   *
   * @param path the folder; folders above it are created too
   * @return the folder
   * @throws FileSystemException if it is a file, cannot be created or cannot be written to
   */
  public static OutputFolder create(Path path) throws IOException {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw unusable(path, "it is a file", null);
    }
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw unusable(path, "it cannot be created (" + e + ")", e);
    }
    OutputFolder folder = new OutputFolder(path);
    Path probe = path.resolve(".write-test-" + UUID.randomUUID());
    try {
      AtomicFile.write(probe, out -> out.write(0));
      Files.delete(probe);
    } catch (IOException e) {
      throw unusable(path, "it cannot be written to (" + e + ")", e);
    }
    return folder;
  }

  private static FileSystemException unusable(Path path, String why, IOException cause) {
    FileSystemException exception =
        new FileSystemException(
            path.toString(),
            null,
            "cannot be the output folder, " + why + "; accepted: a folder that can be written to");
    exception.initCause(cause);
    return exception;
  }

  /**
   * Returns the folder.
   *
   * @return its path as given
   */
  public Path path() {
    return path;
  }

  /**
   * Writes or replaces a file in the folder.
   *
   * @param name a plain file name
   * @param content writes the content
   * @return the file
   * @throws IllegalArgumentException if {@code name} leads to another folder
   * @throws IOException if it cannot be written
   */
  public Path write(String name, AtomicFile.Content content) throws IOException {
    Path file = path.resolve(name);
    if (name.isEmpty()
        || name.indexOf('/') >= 0
        || name.indexOf('\\') >= 0
        || name.equals(".")
        || name.equals("..")) {
      throw new IllegalArgumentException(
          "file name is '" + name + "'; accepted: a plain name without folders");
    }
    AtomicFile.write(file, content);
    return file;
  }

  /**
   * Writes or replaces a text file in UTF-8.
   *
   * @param name a plain file name
   * @param text its content
   * @return the file
   * @throws IllegalArgumentException if {@code name} leads to another folder
   * @throws IOException if it cannot be written
   */
  public Path writeText(String name, String text) throws IOException {
    return write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Writes or replaces a picture in PNG format.
   *
   * @param name a plain file name that ends in {@code .png}
   * @param image the picture
   * @return the file
   * @throws IllegalArgumentException if {@code name} leads to another folder or ends differently
   * @throws IOException if it cannot be written
   */
  public Path writePng(String name, BufferedImage image) throws IOException {
    if (!name.endsWith(".png")) {
      throw new IllegalArgumentException(
          "file name is '" + name + "'; accepted: one that ends in .png");
    }
    return write(name, out -> ImageIO.write(image, "png", out));
  }

  /**
   * Describes the folder.
   *
   * @return its path
   */
  @Override
  public String toString() {
    return path.toString();
  }
}
