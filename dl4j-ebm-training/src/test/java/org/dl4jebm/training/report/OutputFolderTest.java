/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputFolderTest {

  @TempDir Path temp;

  private static List<String> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void assertRefused(Path path) {
    FileSystemException e =
        assertThrows(FileSystemException.class, () -> OutputFolder.create(path));
    assertTrue(e.getMessage().contains(path.toString()), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }

  @Test
  void foldersAreCreatedAndLeftEmpty() throws IOException {
    Path path = temp.resolve("a/b/c");
    assertEquals(path, OutputFolder.create(path).path());
    assertEquals(List.of(), list(path));
    OutputFolder.create(path);
  }

  @Test
  void linkToAFolderIsAccepted() throws IOException {
    Path real = Files.createDirectory(temp.resolve("real"));
    Path link;
    try {
      link = Files.createSymbolicLink(temp.resolve("link"), real);
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(false, "no symbolic links here");
      return;
    }
    OutputFolder.create(link).writeText("x", "y");
    assertEquals(List.of("x"), list(real));
  }

  @Test
  void fileInPlaceOfTheFolderIsRefusedAndKept() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "content");
    assertRefused(file);
    assertRefused(file.resolve("below"));
    assertEquals("content", Files.readString(file));
  }

  @Test
  void folderInWhichNothingCanBeCreatedIsRefused() {
    Path kernel = Path.of("/proc/self");
    assumeTrue(Files.isDirectory(kernel), "only where there is a folder that nobody can write to");
    assertRefused(kernel);
    assertRefused(kernel.resolve("out"));
  }

  @Test
  void filesAreWrittenAndReplaced() throws IOException {
    OutputFolder folder = OutputFolder.create(temp);
    folder.writeText("notes.md", "erst\n");
    Path file = folder.writeText("notes.md", "größer\n");
    assertEquals("größer\n", Files.readString(file));
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    image.setRGB(2, 1, 0x123456);
    BufferedImage read = ImageIO.read(folder.writePng("a.png", image).toFile());
    assertEquals(0x123456, read.getRGB(2, 1) & 0xFFFFFF);
    assertEquals(List.of("a.png", "notes.md"), list(temp));
  }

  @Test
  void failureKeepsTheOldFileAndLeavesNothingBehind() throws IOException {
    OutputFolder folder = OutputFolder.create(temp);
    folder.writeText("model.zip", "old");
    IOException failure = new IOException("disk full");
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                folder.write(
                    "model.zip",
                    out -> {
                      out.write(new byte[200_000]);
                      throw failure;
                    }));
    assertEquals(failure, e);
    assertThrows(
        IllegalStateException.class,
        () ->
            folder.write(
                "model.zip",
                out -> {
                  throw new IllegalStateException();
                }));
    assertEquals("old", Files.readString(temp.resolve("model.zip")));
    assertEquals(List.of("model.zip"), list(temp));
  }

  @Test
  void largeContentIsWrittenWhole() throws IOException {
    byte[] bytes = new byte[300_001];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31);
    }
    Path file =
        OutputFolder.create(temp)
            .write(
                "bytes",
                out -> {
                  out.write(bytes, 0, 7);
                  out.write(bytes[7]);
                  out.write(bytes, 8, bytes.length - 8);
                  out.close();
                });
    assertArrayEquals(bytes, Files.readAllBytes(file));
  }

  /** A checkpoint is often written just because the training was interrupted. */
  @Test
  void interruptedThreadsCanWrite() throws IOException {
    Thread.currentThread().interrupt();
    Path file;
    try {
      file = OutputFolder.create(temp).writeText("state", "content");
    } finally {
      assertTrue(Thread.interrupted(), "interruption lost");
    }
    assertEquals("content", Files.readString(file));
  }

  /** Others than the owner can read results wherever they can read what the owner writes. */
  @Test
  void filesHaveTheUsualPermissions() throws IOException {
    assumeTrue(temp.getFileSystem().supportedFileAttributeViews().contains("posix"));
    Path usual = Files.writeString(temp.resolve("usual"), "");
    Path file = OutputFolder.create(temp).writeText("result", "");
    assertEquals(Files.getPosixFilePermissions(usual), Files.getPosixFilePermissions(file));
  }

  @Test
  void folderInPlaceOfAFileIsRefused() throws IOException {
    Path sub = Files.createDirectory(temp.resolve("sub"));
    IOException e =
        assertThrows(IOException.class, () -> OutputFolder.create(temp).writeText("sub", ""));
    assertTrue(e.getMessage().contains(sub.toString()), e::getMessage);
    assertEquals(List.of("sub"), list(temp));
    assertThrows(IOException.class, () -> AtomicFile.write(temp.resolve("absent/file"), out -> {}));
    assertFalse(Files.exists(temp.resolve("absent")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../x", "a/b", "/etc/x", "a\\b"})
  void namesThatLeadElsewhereAreRefused(String name) throws IOException {
    OutputFolder folder = OutputFolder.create(temp);
    assertThrows(IllegalArgumentException.class, () -> folder.writeText(name, ""));
    assertEquals(List.of(), list(temp));
  }

  @Test
  void picturesNeedTheirEnding() throws IOException {
    OutputFolder folder = OutputFolder.create(temp);
    BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
    assertThrows(IllegalArgumentException.class, () -> folder.writePng("a.jpg", image));
  }

  @Test
  void folderThatDisappearsIsNoticed() throws IOException {
    OutputFolder folder = OutputFolder.create(temp.resolve("gone"));
    Files.delete(temp.resolve("gone"));
    assertThrows(IOException.class, () -> folder.writeText("a", "b"));
  }
}
