/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * How many threads and blocks a kernel runs on; {@code rbm.cu} tells what each kind means.
 *
 * @param blocksX blocks side by side, to 2^31 - 1
 * @param blocksY blocks one above the other, to 65,535
 * @param threadsX threads of a block side by side, a power of two
 * @param threadsY threads of a block one above the other
 */
record CudaGrid(int blocksX, int blocksY, int threadsX, int threadsY) {

  /** A single thread. */
  static final CudaGrid ONE = new CudaGrid(1, 1, 1, 1);

  private static final int THREADS = 256;
  private static final int MOST_BLOCKS_Y = 65_535;
  private static final int MOST_BLOCKS_ON_LINE = 1 << 20;
  private static final int WARP = 32;
  private static final int UNITS = 4;

  /** From this many quads on, and up to that many rows, a whole block takes one row. */
  private static final int QUADS_FOR_A_BLOCK = 64;

  private static final int ROWS_FOR_WARPS = 4096;

  private static final int SHORT_GROUP = 16;
  private static final int MIDDLE_GROUP = 128;
  private static final int MIDDLE_LANES = 8;

  private static final int COLUMN_THREADS = 16;
  private static final int ROWS_OF_A_SLICE = 512;
  private static final int MOST_SLICES = 64;

  /** Four units to a thread, blocks of up to 32 threads along the units. */
  static CudaGrid quads(int rows, int units) {
    int quads = quadsOf(units);
    int across = powerOfTwo(Math.min(quads, WARP));
    int down = THREADS / across;
    return new CudaGrid(
        blocks(quads, across), Math.min(blocks(rows, down), MOST_BLOCKS_Y), across, down);
  }

  /** A row to a row of threads: few of them where there are many rows. */
  static CudaGrid rows(int rows, int units) {
    int quads = quadsOf(units);
    int across =
        quads >= QUADS_FOR_A_BLOCK && rows < ROWS_FOR_WARPS
            ? THREADS
            : powerOfTwo(Math.min(quads, WARP));
    int down = THREADS / across;
    return new CudaGrid(blocks(rows, down), 1, across, down);
  }

  /** A softmax group to a row of threads. */
  static CudaGrid groups(long groups, int groupSize) {
    int across = groupSize <= SHORT_GROUP ? 1 : groupSize <= MIDDLE_GROUP ? MIDDLE_LANES : WARP;
    int down = THREADS / across;
    return new CudaGrid(Math.toIntExact(blocks(groups, down)), 1, across, down);
  }

  /** Four numbers to a thread, along all of them. */
  static CudaGrid line(long length) {
    return new CudaGrid(
        (int) Math.min(blocks(length, (long) THREADS * UNITS), MOST_BLOCKS_ON_LINE), 1, THREADS, 1);
  }

  /** A number to a thread. */
  static CudaGrid each(long length) {
    return new CudaGrid(
        (int) Math.min(blocks(length, THREADS), MOST_BLOCKS_ON_LINE), 1, THREADS, 1);
  }

  /**
   * Columns side by side, slices of rows one above the other.
   *
   * @param mostSlices how many sums of slices there is room for
   */
  static CudaGrid columns(int rows, int units, long mostSlices) {
    int slices = blocks(rows, ROWS_OF_A_SLICE);
    slices = (int) Math.max(1, Math.min(Math.min(slices, MOST_SLICES), mostSlices));
    // Slices of equal size may need one fewer.
    slices = blocks(rows, blocks(rows, slices));
    return new CudaGrid(blocks(units, WARP), slices, WARP, COLUMN_THREADS);
  }

  private static int quadsOf(int units) {
    return blocks(units, UNITS);
  }

  private static int blocks(int n, int size) {
    return (int) blocks((long) n, size);
  }

  private static long blocks(long n, long size) {
    return (n + size - 1) / size;
  }

  /** The least that is not smaller. */
  private static int powerOfTwo(int n) {
    return n == 1 ? 1 : Integer.highestOneBit(n - 1) * 2;
  }
}
