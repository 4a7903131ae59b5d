/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.Arrays;
import java.util.TreeMap;

/** Memory of an {@link EmulatedDriver}, with margins that tell when a kernel writes beside it. */
final class EmulatedMemory {

  private static final int MARGIN = 256;

  /** As floats and doubles not a number, as integers -1: reads beside the memory show, too. */
  private static final byte GARBAGE = (byte) 0xff;

  private final TreeMap<Long, Block> blocks = new TreeMap<>();
  private final long size;
  private long used;

  private record Block(Memory memory, long bytes) {}

  EmulatedMemory(long size) {
    this.size = size;
  }

  long free() {
    return size - used;
  }

  int count() {
    return blocks.size();
  }

  /** Reserves memory that begins at a multiple of 256, as CUDA's does; 0 if it is full. */
  long allocate(long bytes) {
    if (bytes <= 0 || bytes > free()) {
      return 0;
    }
    Memory memory = new Memory(bytes + 3L * MARGIN);
    memory.setMemory(0, memory.size(), GARBAGE);
    long address = (Pointer.nativeValue(memory) + 2L * MARGIN - 1) / MARGIN * MARGIN;
    blocks.put(address, new Block(memory, bytes));
    used += bytes;
    return address;
  }

  /** Whether there was memory at the address. */
  boolean release(long address) {
    Block block = blocks.remove(address);
    if (block == null) {
      return false;
    }
    used -= block.bytes();
    requireMargin(address - MARGIN);
    requireMargin(address + block.bytes());
    return true;
  }

  private static void requireMargin(long address) {
    byte[] margin = new Pointer(address).getByteArray(0, MARGIN);
    byte[] untouched = new byte[MARGIN];
    Arrays.fill(untouched, GARBAGE);
    if (!Arrays.equals(margin, untouched)) {
      throw new AssertionError("something was written beside the memory");
    }
  }

  /** Checks the margins of all. */
  void check() {
    blocks.forEach(
        (address, block) -> {
          requireMargin(address - MARGIN);
          requireMargin(address + block.bytes());
        });
  }

  /** Whether a range lies within one block. */
  boolean contains(long address, long bytes) {
    var block = blocks.floorEntry(address);
    return block != null && address + bytes <= block.getKey() + block.getValue().bytes();
  }
}
