/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.ByteArrayInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Arrays and states of layers as entries of a zip archive, whose names begin with a prefix. */
final class CheckpointEntries {

  private CheckpointEntries() {}

  static void copy(byte[] archive, ZipOutputStream zip) throws IOException {
    ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(archive));
    for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
      zip.putNextEntry(new ZipEntry(entry.getName()));
      in.transferTo(zip);
      zip.closeEntry();
    }
  }

  static void writeArray(ZipOutputStream zip, String prefix, String name, INDArray array)
      throws IOException {
    zip.putNextEntry(new ZipEntry(entry(prefix, name)));
    DataOutputStream out = new DataOutputStream(new NonClosing(zip));
    Nd4j.write(array, out);
    out.flush();
    zip.closeEntry();
  }

  /** The arrays of a state. */
  static void writeArrays(ZipOutputStream zip, String prefix, PretrainState state)
      throws IOException {
    if (state.updaterState() != null) {
      writeArray(zip, prefix, "updater", state.updaterState());
    }
    for (Map.Entry<String, INDArray> array : new TreeMap<>(state.arrays()).entrySet()) {
      writeArray(zip, prefix, array.getKey(), array.getValue());
    }
  }

  static INDArray readArray(ZipFile zip, String prefix, String name) throws IOException {
    return Nd4j.read(new ByteArrayInputStream(read(zip, entry(prefix, name))));
  }

  static INDArray readUpdaterState(ZipFile zip, String prefix) throws IOException {
    return readArray(zip, prefix, "updater");
  }

  static Map<String, INDArray> readArrays(ZipFile zip, String prefix, List<String> names)
      throws IOException {
    Map<String, INDArray> arrays = new TreeMap<>();
    for (String name : names == null ? List.<String>of() : names) {
      arrays.put(name, readArray(zip, prefix, name));
    }
    return arrays;
  }

  static byte[] read(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IOException(zip.getName() + " is a damaged checkpoint: there is no " + name);
    }
    try (InputStream in = zip.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  private static String entry(String prefix, String name) {
    return prefix + "-" + name + ".bin";
  }

  /** ND4J's writer must not close the archive. */
  private static final class NonClosing extends java.io.FilterOutputStream {
    NonClosing(OutputStream out) {
      super(out);
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
