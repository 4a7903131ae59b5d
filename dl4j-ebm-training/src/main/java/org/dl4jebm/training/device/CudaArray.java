/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Objects;

/** Memory of a {@link CudaDevice}: a range of addresses. */
final class CudaArray implements DeviceArray {

  private final CudaDevice device;
  private final String name;
  private final Type type;
  private final long address;
  private final long length;
  private final CudaArray root;
  private boolean closed;

  CudaArray(CudaDevice device, String name, Type type, long address, long length) {
    this.device = device;
    this.name = name;
    this.type = type;
    this.address = address;
    this.length = length;
    this.root = this;
  }

  private CudaArray(CudaArray of, long from, long length) {
    this.device = of.device;
    this.name = of.name;
    this.type = of.type;
    this.address = of.address + from * of.type.bytes();
    this.length = length;
    this.root = of.root;
  }

  /**
   * An array as one of a device.
   *
   * @throws IllegalArgumentException if it is of another device, closed, of another type or shorter
   */
  static CudaArray require(Device device, DeviceArray array, Type type, long length) {
    if (!(array instanceof CudaArray own)
        || own.device != device
        || own.root.closed
        || own.type != type
        || own.length < length) {
      throw new IllegalArgumentException(
          (array == null
                  ? "no array"
                  : "\"" + array.name() + "\" of " + array.length() + " " + array.type())
              + "; accepted: an open array of this device of at least "
              + length
              + " numbers of type "
              + type);
    }
    return own;
  }

  long address() {
    return address;
  }

  long bytes() {
    return length * type.bytes();
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
    return new CudaArray(this, from, length);
  }

  @Override
  public void upload(float[] source) {
    requireTransfer(source.length, Type.FLOAT);
    device.transfers().upload(this, (to, from, n) -> to.write(0, source, from, n));
  }

  @Override
  public void upload(double[] source) {
    requireTransfer(source.length, Type.DOUBLE);
    device.transfers().upload(this, (to, from, n) -> to.write(0, source, from, n));
  }

  @Override
  public void upload(int[] source) {
    requireTransfer(source.length, Type.INT);
    device.transfers().upload(this, (to, from, n) -> to.write(0, source, from, n));
  }

  @Override
  public void download(float[] target) {
    requireTransfer(target.length, Type.FLOAT);
    device.transfers().download(this, (from, to, n) -> from.read(0, target, to, n));
  }

  @Override
  public void download(double[] target) {
    requireTransfer(target.length, Type.DOUBLE);
    device.transfers().download(this, (from, to, n) -> from.read(0, target, to, n));
  }

  @Override
  public void download(int[] target) {
    requireTransfer(target.length, Type.INT);
    device.transfers().download(this, (from, to, n) -> from.read(0, target, to, n));
  }

  private void requireTransfer(long numbers, Type otherType) {
    device.requireNotRecording("copies to or from \"" + name + "\"");
    if (root.closed || otherType != type || numbers != length) {
      throw new IllegalArgumentException(
          "copy of "
              + numbers
              + " numbers of type "
              + otherType
              + " to or from \""
              + name
              + "\""
              + (root.closed ? ", which is closed" : "")
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
      device.free(this);
    }
  }
}
