/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

/**
 * What a call of {@link ScoreMatching} did.
 *
 * @param completed false if the thread was interrupted before all epochs were done
 * @param epochs whole passes over the data in this call
 * @param iterations updates in this call
 * @param score mean of the objective over the batches of the last pass, each before its step,
 *     without regularization
 * @param seconds wall-clock time
 */
public record ScoreMatchingResult(
    boolean completed, int epochs, long iterations, double score, double seconds) {}
