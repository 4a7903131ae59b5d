/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * Which random numbers an operation uses. Element {@code (row, unit)} of a matrix gets word {@code
 * unit % 4} of
 *
 * <pre>
 * {@code   Philox4x32-10(counter = (unit / 4, firstRow + row, clock[1], channel), key = (low, high word of seed))}
 * </pre>
 *
 * (Salmon, Moraes, Dror and Shaw, SC 2011), so that it depends on the place in the whole data set
 * or set of chains, on the time and on what it is for, but not on how work is divided.
 *
 * @param seed the key
 * @param channel tells different uses at the same time apart; see {@link #channel}
 * @param firstRow number of the first row among all chains or examples
 * @param clock INT[2], see {@link Device}
 */
record Draw(long seed, int channel, int firstRow, DeviceArray clock) {

  /** Hidden units. */
  static final int HIDDEN = 0;

  /** Visible units. */
  static final int VISIBLE = 1;

  /**
   * The channel of a side of a machine in a sweep of a step.
   *
   * @param stream a number for each independent use, such as the index of a layer, 0 to 32,767
   * @param sweep of the step, 0 to 32,767
   * @param side {@link #HIDDEN} or {@link #VISIBLE}
   */
  static int channel(int stream, int sweep, int side) {
    if (stream < 0 || stream > Short.MAX_VALUE || sweep < 0 || sweep > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          "stream is " + stream + " and sweep is " + sweep + "; accepted: 0 to 32767");
    }
    return (stream << 16) | (sweep << 1) | side;
  }
}
