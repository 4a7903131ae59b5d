/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dl4jebm.training.device.DeviceArray.Type;

/**
 * The arrays that a run is going to need, so that one which does not fit is refused before anything
 * is allocated.
 */
final class MemoryPlan {

  private static final double MEGABYTE = 1e6;

  /** An array to come. */
  private record Item(String name, Type type, long length) {

    long bytes() {
      return Math.multiplyExact(length, (long) type.bytes());
    }
  }

  private final List<Item> items = new ArrayList<>();

  /**
   * Adds an array.
   *
   * @param name what it is for; the one by which {@link Memory#get} finds it
   * @param length number of numbers; nothing is added if it is 0
   */
  MemoryPlan add(String name, Type type, long length) {
    if (length > 0) {
      items.add(new Item(name, type, length));
    }
    return this;
  }

  /** Bytes of all arrays. */
  long bytes() {
    return items.stream().mapToLong(Item::bytes).reduce(0, Math::addExact);
  }

  /** Whether a device has as much memory. */
  boolean fits(Device device) {
    return bytes() <= device.freeBytes();
  }

  /**
   * Allocates all arrays or none.
   *
   * @throws DeviceException with the whole list if the device has too little memory
   */
  Memory allocate(Device device) {
    requireFits(device, 0);
    Memory memory = new Memory();
    try {
      for (Item item : items) {
        memory.arrays.put(item.name(), device.allocate(item.name(), item.type(), item.length()));
      }
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
    return memory;
  }

  /**
   * Refuses a plan that does not fit.
   *
   * @param reused bytes that will be freed before
   * @throws DeviceException with the whole list
   */
  void requireFits(Device device, long reused) {
    if (bytes() > device.freeBytes() + reused) {
      throw new DeviceException(describe(device, reused));
    }
  }

  private String describe(Device device, long reused) {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s has %s free and %s are needed:",
                device.gpu(),
                size(device.freeBytes() + reused),
                size(bytes())));
    String separator = " ";
    for (Item item : items) {
      text.append(separator).append(item.name()).append(' ').append(size(item.bytes()));
      separator = ", ";
    }
    return text.toString();
  }

  private static String size(long bytes) {
    return bytes < MEGABYTE
        ? bytes + " bytes"
        : String.format(Locale.ROOT, "%.1f MB", bytes / MEGABYTE);
  }

  /** The arrays of a plan. */
  static final class Memory implements AutoCloseable {

    private final Map<String, DeviceArray> arrays = new LinkedHashMap<>();

    /** An array by its name, or null where it is of length 0. */
    DeviceArray get(String name) {
      return arrays.get(name);
    }

    /** Frees all arrays. */
    @Override
    public void close() {
      arrays.values().forEach(DeviceArray::close);
      arrays.clear();
    }
  }
}
