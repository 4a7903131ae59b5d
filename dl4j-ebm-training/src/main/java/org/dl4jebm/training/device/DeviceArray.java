/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * A range of numbers in the memory of a {@link Device}. Slices share the memory of the array they
 * were made of; closing the array that {@link Device#allocate} returned frees it, closing a slice
 * does nothing. Matrices {@code [rows, units]} lie row by row, as INDArrays of order 'c' do.
 */
interface DeviceArray extends AutoCloseable {

  /** What the numbers are. */
  enum Type {
    /** 32-bit floating point numbers. */
    FLOAT(Float.BYTES),
    /** 64-bit floating point numbers. */
    DOUBLE(Double.BYTES),
    /** 32-bit integers. */
    INT(Integer.BYTES);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of one number. */
    int bytes() {
      return bytes;
    }
  }

  /** What the array is for, in messages. */
  String name();

  Type type();

  /** Number of numbers. */
  long length();

  /**
   * A part of the array.
   *
   * @throws IndexOutOfBoundsException if the range does not lie within the array
   */
  DeviceArray slice(long from, long length);

  /** Copies numbers to the device. The source can be reused afterwards. Not while recording. */
  void upload(float[] source);

  /** The same for {@link Type#DOUBLE}. */
  void upload(double[] source);

  /** The same for {@link Type#INT}. */
  void upload(int[] source);

  /** Waits for all work that was asked for and copies all numbers to the host. */
  void download(float[] target);

  /** The same for {@link Type#DOUBLE}. */
  void download(double[] target);

  /** The same for {@link Type#INT}. */
  void download(int[] target);

  @Override
  void close();
}
