/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

/**
 * How derivatives travel through a network as rows of one minibatch. For {@code n} points and
 * {@code k} directions at each the rows are blocks of {@code n}:
 *
 * <pre>
 * [ x ; x'_1 ; ... ; x'_k ; x''_1 ; ... ; x''_m ]
 * </pre>
 *
 * <p>where {@code x'_i} is the direction, at the output the derivative {@code E' = v . grad E}, and
 * {@code x''_j} the sum of the second derivatives {@code v^T Hess(E) v} over the j-th part of the
 * directions, {@code k / m} consecutive ones. A sum costs no more than a single one. With {@code m
 * = 1} and the {@code d} unit vectors as directions it is the Laplacian.
 *
 * @param directions how many directions {@code k}, at least 0
 * @param sums how many sums of second derivatives {@code m}: 0 for first derivatives only, or a
 *     divisor of {@code directions}
 */
public record StreamLayout(int directions, int sums) {

  /** The point alone: an ordinary forward pass. */
  public static final StreamLayout VALUE = new StreamLayout(0, 0);

  /** The point and one first derivative: two streams. */
  public static final StreamLayout FIRST = new StreamLayout(1, 0);

  /** The point, one first and one second derivative: three streams. */
  public static final StreamLayout SECOND = new StreamLayout(1, 1);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if {@code directions} is negative, or {@code sums} neither 0
   *     nor a divisor of it
   */
  public StreamLayout {
    if (directions < 0) {
      throw new IllegalArgumentException("directions is " + directions + "; accepted: at least 0");
    }
    if (sums < 0 || sums > directions || (sums > 0 && directions % sums != 0)) {
      throw new IllegalArgumentException(
          "sums is " + sums + "; accepted: 0 or a divisor of the " + directions + " directions");
    }
  }

  /**
   * Returns the number of streams.
   *
   * @return {@code 1 + directions + sums}
   */
  public int streams() {
    return 1 + directions + sums;
  }

  /**
   * Returns the number of streams that enter a network. Second derivatives are 0 there, and left
   * out.
   *
   * @return {@code 1 + directions}
   */
  public int inputStreams() {
    return 1 + directions;
  }

  /** How many directions a sum goes over. */
  int directionsInSum() {
    return directions / sums;
  }
}
