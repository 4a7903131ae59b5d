/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

/**
 * Something whose order of rows depends on the number of the epoch and which can be sent to any
 * epoch, so that a training run that was stopped sees the same batches when it is taken up again.
 */
public interface EpochSeekable {

  /**
   * Goes to the start of an epoch.
   *
   * @param epoch number of the epoch, from 0
   * @throws IllegalArgumentException if {@code epoch} is negative
   */
  void seekEpoch(int epoch);

  /**
   * Number of batches in an epoch.
   *
   * @return the number, at least 1
   */
  int batchesPerEpoch();
}
