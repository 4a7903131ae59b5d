/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNBatchNormHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNSubsamplingHelper;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Gives Deeplearning4j substitutes for the layer helpers that it creates by name, and leaves every
 * other name to the loader it had before.
 *
 * <p>A virtual machine insists that a loaded class bears the name that was asked for, so each
 * substitute is reached through an empty subclass of it, made here, with the old name.
 */
final class HelperClassLoader extends ClassLoader {

  private static final Map<String, Class<?>> SUBSTITUTES =
      Map.of(
          MKLDNNConvHelper.class.getName(), GuardedConvolutionHelper.class,
          MKLDNNBatchNormHelper.class.getName(), GuardedBatchNormalizationHelper.class,
          MKLDNNSubsamplingHelper.class.getName(), DisabledHelper.class);

  private static final Map<String, Class<?>> SUPERCLASSES =
      SUBSTITUTES.values().stream().collect(Collectors.toMap(Class::getName, Function.identity()));

  private static final int CLASS_FILE_MAGIC = 0xCAFEBABE;
  private static final int CLASS_FILE_VERSION = 52;
  private static final int ACC_PUBLIC_SUPER = 0x0021;
  private static final int ACC_PUBLIC = 0x0001;
  private static final int CONSTANT_UTF8 = 1;
  private static final int CONSTANT_CLASS = 7;
  private static final int CONSTANT_METHODREF = 10;
  private static final int CONSTANT_NAME_AND_TYPE = 12;
  private static final MethodType CONSTRUCTOR = MethodType.methodType(void.class, DataType.class);

  /** aload_0, aload_1, invokespecial of constant 8, return. */
  private static final byte[] CODE = {0x2A, 0x2B, (byte) 0xB7, 0, 8, (byte) 0xB1};

  static {
    registerAsParallelCapable();
  }

  HelperClassLoader(ClassLoader parent) {
    super(parent);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    // Deeplearning4j's loader need not see this project's classes.
    Class<?> superclass = SUPERCLASSES.get(name);
    if (superclass != null) {
      return superclass;
    }
    Class<?> substitute = SUBSTITUTES.get(name);
    if (substitute == null) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        byte[] code = subclass(name, substitute);
        loaded = defineClass(name, code, 0, code.length);
      }
      return loaded;
    }
  }

  /**
   * The class file of {@code public class name extends superclass}, with one public constructor
   * that hands its argument, a {@link DataType}, to the superclass.
   */
  private static byte[] subclass(String name, Class<?> superclass) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(CLASS_FILE_MAGIC);
      out.writeShort(0);
      out.writeShort(CLASS_FILE_VERSION);
      out.writeShort(10);
      writeUtf8(out, name.replace('.', '/')); // 1
      writeReference(out, CONSTANT_CLASS, 1); // 2
      writeUtf8(out, superclass.getName().replace('.', '/')); // 3
      writeReference(out, CONSTANT_CLASS, 3); // 4
      writeUtf8(out, "<init>"); // 5
      writeUtf8(out, CONSTRUCTOR.toMethodDescriptorString()); // 6
      writeReference(out, CONSTANT_NAME_AND_TYPE, 5, 6); // 7
      writeReference(out, CONSTANT_METHODREF, 4, 7); // 8
      writeUtf8(out, "Code"); // 9
      out.writeShort(ACC_PUBLIC_SUPER);
      out.writeShort(2);
      out.writeShort(4);
      out.writeShort(0);
      out.writeShort(0);
      out.writeShort(1);
      out.writeShort(ACC_PUBLIC);
      out.writeShort(5);
      out.writeShort(6);
      out.writeShort(1);
      out.writeShort(9);
      out.writeInt(12 + CODE.length);
      out.writeShort(2);
      out.writeShort(2);
      out.writeInt(CODE.length);
      out.write(CODE);
      out.writeShort(0);
      out.writeShort(0);
      out.writeShort(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void writeUtf8(DataOutputStream out, String text) throws IOException {
    out.writeByte(CONSTANT_UTF8);
    out.writeUTF(text);
  }

  private static void writeReference(DataOutputStream out, int tag, int... indices)
      throws IOException {
    out.writeByte(tag);
    for (int index : indices) {
      out.writeShort(index);
    }
  }
}
