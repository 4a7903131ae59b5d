/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Objects;

/** Memory of a {@link HostDevice}: a range of a Java array. */
final class HostArray implements DeviceArray {

  private final HostDevice device;
  private final String name;
  private final Type type;

  /** A {@code float[]}, {@code double[]} or {@code int[]}, shared by slices. */
  private final Object storage;

  private final HostArray root;
  private final int offset;
  private final int length;
  private boolean closed;

  HostArray(HostDevice device, String name, Type type, int length) {
    this.device = device;
    this.name = name;
    this.type = type;
    this.storage =
        switch (type) {
          case FLOAT -> new float[length];
          case DOUBLE -> new double[length];
          case INT -> new int[length];
        };
    this.root = this;
    this.offset = 0;
    this.length = length;
  }

  private HostArray(HostArray of, int offset, int length) {
    this.device = of.device;
    this.name = of.name;
    this.type = of.type;
    this.storage = of.storage;
    this.root = of.root;
    this.offset = offset;
    this.length = length;
  }

  HostDevice device() {
    return device;
  }

  int offset() {
    return offset;
  }

  boolean isClosed() {
    return root.closed;
  }

  float[] floats() {
    return (float[]) storage;
  }

  double[] doubles() {
    return (double[]) storage;
  }

  int[] ints() {
    return (int[]) storage;
  }

  Object storage() {
    return storage;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Type type() {
    return type;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public DeviceArray slice(long from, long length) {
    Objects.checkFromIndexSize(from, length, this.length);
    return new HostArray(this, offset + (int) from, (int) length);
  }

  @Override
  public void upload(float[] source) {
    put(source, source.length, Type.FLOAT);
  }

  @Override
  public void upload(double[] source) {
    put(source, source.length, Type.DOUBLE);
  }

  @Override
  public void upload(int[] source) {
    put(source, source.length, Type.INT);
  }

  private void put(Object source, int numbers, Type sourceType) {
    requireTransfer(numbers, sourceType);
    System.arraycopy(source, 0, storage, offset, length);
  }

  @Override
  public void download(float[] target) {
    get(target, target.length, Type.FLOAT);
  }

  @Override
  public void download(double[] target) {
    get(target, target.length, Type.DOUBLE);
  }

  @Override
  public void download(int[] target) {
    get(target, target.length, Type.INT);
  }

  private void get(Object target, int numbers, Type targetType) {
    requireTransfer(numbers, targetType);
    System.arraycopy(storage, offset, target, 0, length);
  }

  private void requireTransfer(int numbers, Type otherType) {
    device.requireNotRecording("copies to or from \"" + name + "\"");
    if (isClosed() || otherType != type || numbers != length) {
      throw new IllegalArgumentException(
          "copy of "
              + numbers
              + " numbers of type "
              + otherType
              + " to or from \""
              + name
              + "\""
              + (isClosed() ? ", which is closed" : "")
              + "; accepted: "
              + length
              + " of type "
              + type);
    }
  }

  @Override
  public void close() {
    if (this == root && !closed) {
      closed = true;
      device.freed(this);
    }
  }
}
