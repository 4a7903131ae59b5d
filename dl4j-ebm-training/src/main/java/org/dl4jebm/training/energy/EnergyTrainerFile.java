/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.report.AtomicFile;
import org.dl4jebm.training.sampling.ReplayBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files of {@link EnergyTrainer.State}, to be kept beside the file of the network. */
public final class EnergyTrainerFile {

  /** The first bytes of a file, "DL4JEBMT", and the version of what follows. */
  private static final long MAGIC = 0x444C344A45424D54L;

  private static final int VERSION = 1;

  private EnergyTrainerFile() {}

  /**
   * Writes a state, whole or not at all.
   *
   * @param state the state. Not modified.
   * @param file the file; replaced if it exists
   * @throws IOException if it cannot be written
   */
  public static void write(EnergyTrainer.State state, Path file) throws IOException {
    AtomicFile.write(
        file,
        stream -> {
          DataOutputStream out = new DataOutputStream(stream);
          out.writeLong(MAGIC);
          out.writeInt(VERSION);
          writeRandom(state.random(), out);
          out.writeBoolean(state.buffer() != null);
          if (state.buffer() != null) {
            writeRandom(state.buffer().random(), out);
            out.writeLong(state.buffer().draws());
            out.writeLong(state.buffer().restarts());
            Nd4j.write(state.buffer().points(), out);
          }
          out.flush();
        });
  }

  private static void writeRandom(long[] random, DataOutputStream out) throws IOException {
    for (long number : random) {
      out.writeLong(number);
    }
  }

  /**
   * Reads a state.
   *
   * @param file a file as {@link #write} makes it
   * @return the state
   * @throws IOException if it cannot be read, or is another kind of file or damaged
   */
  public static EnergyTrainer.State read(Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      if (in.readLong() != MAGIC || in.readInt() != VERSION) {
        throw new IOException("it begins with other bytes");
      }
      long[] random = readRandom(in);
      if (!in.readBoolean()) {
        return new EnergyTrainer.State(null, random);
      }
      long[] bufferRandom = readRandom(in);
      long draws = in.readLong();
      long restarts = in.readLong();
      INDArray points = Nd4j.read(in);
      return new EnergyTrainer.State(
          new ReplayBuffer.State(points, bufferRandom, draws, restarts), random);
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          file + " cannot be read: " + e.getMessage() + "; accepted: a state of an EnergyTrainer",
          e);
    }
  }

  private static long[] readRandom(DataInputStream in) throws IOException {
    long[] random = new long[RandomStream.STATE_LENGTH];
    for (int i = 0; i < random.length; i++) {
      random[i] = in.readLong();
    }
    return random;
  }
}
