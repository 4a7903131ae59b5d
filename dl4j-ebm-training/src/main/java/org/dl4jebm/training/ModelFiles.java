/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.training.report.AtomicFile;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Reads and writes DL4J model files ({@link ModelSerializer}) with an error message that names the
 * file and the fault, where DL4J itself would fail with a null pointer or a parser's exception, or
 * leave half a file behind.
 */
public final class ModelFiles {

  private static final String CONFIGURATION = "configuration.json";
  private static final String COEFFICIENTS = "coefficients.bin";
  private static final String OBJECTS = "objects/";
  private static final ObjectMapper JSON = new ObjectMapper();

  private ModelFiles() {}

  /** The kinds of network, and what tells them apart in a file. */
  private enum Kind {
    MULTI_LAYER_NETWORK("a MultiLayerNetwork", "confs"),
    COMPUTATION_GRAPH("a ComputationGraph", "vertices");

    private final String title;
    private final String property;

    Kind(String title, String property) {
      this.title = title;
      this.property = property;
    }
  }

  /** Reads a model; DL4J throws whatever its parsers throw. */
  @FunctionalInterface
  private interface Reader<T> {
    T read() throws IOException;
  }

  /**
   * Reads a {@code MultiLayerNetwork} with the state of its updater.
   *
   * @param file a file written by {@link ModelSerializer}, {@link #write} or as a pretraining
   *     checkpoint
   * @return the network
   * @throws NoSuchFileException if there is no such file
   * @throws IOException if the file is truncated, damaged, or of another kind; the message says
   *     which
   */
  public static MultiLayerNetwork readMultiLayerNetwork(Path file) throws IOException {
    return read(
        file,
        Kind.MULTI_LAYER_NETWORK,
        () -> ModelSerializer.restoreMultiLayerNetwork(file.toFile(), true));
  }

  /**
   * Reads a {@code ComputationGraph} with the state of its updater.
   *
   * @param file a file written by {@link ModelSerializer}, {@link #write} or as a pretraining
   *     checkpoint
   * @return the network
   * @throws NoSuchFileException if there is no such file
   * @throws IOException if the file is truncated, damaged, or of another kind; the message says
   *     which
   */
  public static ComputationGraph readComputationGraph(Path file) throws IOException {
    return read(
        file,
        Kind.COMPUTATION_GRAPH,
        () -> ModelSerializer.restoreComputationGraph(file.toFile(), true));
  }

  /**
   * Writes a network with the state of its updater, whole or not at all.
   *
   * @param network a {@code MultiLayerNetwork} or {@code ComputationGraph}. Not modified.
   * @param file the file; replaced if it exists
   * @throws IOException if it cannot be written
   */
  public static void write(Model network, Path file) throws IOException {
    AtomicFile.write(file, out -> ModelSerializer.writeModel(network, out, true));
  }

  /**
   * Adds an object to a model file, or replaces it, whole or not at all. {@link
   * ModelSerializer#getObjectFromFile} reads it as well.
   *
   * @param file a model file. Modified.
   * @param key name of the object
   * @param object what to add, by Java serialisation
   * @throws NoSuchFileException if there is no such file
   * @throws IOException if the file is not a model file, or cannot be written
   */
  public static void addObject(Path file, String key, Serializable object) throws IOException {
    check(file);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      AtomicFile.write(
          file,
          out -> {
            ZipOutputStream copy = new ZipOutputStream(out);
            for (ZipEntry entry : Collections.list(zip.entries())) {
              if (!entry.getName().equals(OBJECTS + key)) {
                copy.putNextEntry(new ZipEntry(entry.getName()));
                zip.getInputStream(entry).transferTo(copy);
                copy.closeEntry();
              }
            }
            copy.putNextEntry(new ZipEntry(OBJECTS + key));
            ObjectOutputStream objects = new ObjectOutputStream(copy);
            objects.writeObject(object);
            objects.flush();
            copy.closeEntry();
            copy.finish();
          });
    }
  }

  /**
   * Reads an object that {@link #addObject} or DL4J's {@code ModelSerializer} added to a model
   * file. As with all Java serialisation, read files of people you trust only.
   *
   * @param <T> type of the object
   * @param file a model file
   * @param key name of the object
   * @param type type of the object
   * @return the object
   * @throws NoSuchFileException if there is no such file
   * @throws IOException if the file is not a model file, or has no such object of this type
   */
  public static <T> T readObject(Path file, String key, Class<T> type) throws IOException {
    check(file);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      ZipEntry entry = zip.getEntry(OBJECTS + key);
      if (entry == null) {
        throw new IOException(file + " has no object '" + key + "'; accepted: a file with one");
      }
      try (ObjectInputStream in = new ObjectInputStream(zip.getInputStream(entry))) {
        return type.cast(in.readObject());
      }
    } catch (ClassNotFoundException | ClassCastException | ObjectStreamException e) {
      throw new IOException(
          "object '"
              + key
              + "' of "
              + file
              + " cannot be read ("
              + e.getMessage()
              + "); accepted: a "
              + type.getSimpleName(),
          e);
    }
  }

  /**
   * Checks that a file is a model file, without reading the parameters.
   *
   * @param file the file
   * @throws NoSuchFileException if there is no such file
   * @throws IOException if it is not a model file or is truncated
   */
  public static void check(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(
          file.toString(), null, "there is no such file; accepted: a DL4J model file");
    }
    if (!Files.isRegularFile(file)) {
      throw new FileSystemException(
          file.toString(), null, "this is not a regular file; accepted: a DL4J model file");
    }
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (String name : new String[] {CONFIGURATION, COEFFICIENTS}) {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
          throw new IOException(
              file
                  + " is a zip archive without "
                  + name
                  + "; accepted: a model file as ModelSerializer writes it");
        }
      }
    } catch (ZipException e) {
      throw new IOException(
          file
              + " has "
              + Files.size(file)
              + " bytes and is not a complete zip archive ("
              + e.getMessage()
              + "); accepted: a model file as ModelSerializer writes it. It may have been truncated",
          e);
    }
  }

  private static <T> T read(Path file, Kind kind, Reader<T> reader) throws IOException {
    check(file);
    checkKind(file, kind);
    try {
      return Objects.requireNonNull(reader.read(), "there is no network in it");
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          file
              + " cannot be read as "
              + kind.title
              + ": "
              + (e.getMessage() == null ? e.toString() : e.getMessage())
              + "; accepted: a model file as ModelSerializer writes it",
          e);
    }
  }

  private static void checkKind(Path file, Kind expected) throws IOException {
    JsonNode configuration;
    try (ZipFile zip = new ZipFile(file.toFile());
        InputStream in = zip.getInputStream(zip.getEntry(CONFIGURATION))) {
      configuration = JSON.readTree(in);
    } catch (IOException e) {
      throw new IOException(file + " holds a damaged " + CONFIGURATION + ": " + e.getMessage(), e);
    }
    if (configuration == null || !configuration.has(expected.property)) {
      String found =
          Arrays.stream(Kind.values())
              .filter(kind -> configuration != null && configuration.has(kind.property))
              .map(kind -> kind.title)
              .findFirst()
              .orElse("no configuration of a network");
      throw new IOException(file + " holds " + found + "; accepted: " + expected.title);
    }
  }
}
