/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

/**
 * What a call of {@link EnergyTrainer#fit} did.
 *
 * @param completed false if the thread was interrupted before all epochs were done
 * @param epochs whole passes over the data in this call
 * @param iterations updates in this call
 * @param energyGap mean over the batches of the last pass of the mean energy of the data less that
 *     of the samples, in nats; near 0 where chains and model agree, and no likelihood
 * @param acceptanceRate of the moves of all chains; 1 for {@link
 *     org.dl4jebm.training.sampling.Langevin}
 * @param seconds wall-clock time
 */
public record EnergyTrainingResult(
    boolean completed,
    int epochs,
    long iterations,
    double energyGap,
    double acceptanceRate,
    double seconds) {}
