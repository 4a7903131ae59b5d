/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The machine under a Deeplearning4j program: settings that make ND4J 1.0.0-M2.1 as fast on a CPU
 * as its own native code allows.
 *
 * <p>{@link org.dl4jebm.training.host.BackendGuard} keeps ND4J's CUDA backend from GPUs that it has
 * no code for; programs that may run with it call it first.
 *
 * <p>Call {@link org.dl4jebm.training.host.HostTuning#apply()} as the first statement of a {@code
 * main} and print or log the {@link org.dl4jebm.training.host.HostTuningReport} it returns. Nothing
 * else here is meant to be called: {@link org.dl4jebm.training.host.GuardedConvolutionHelper},
 * {@link org.dl4jebm.training.host.GuardedBatchNormalizationHelper} and {@link
 * org.dl4jebm.training.host.DisabledHelper} are public only because Deeplearning4j creates them by
 * reflection.
 */
package org.dl4jebm.training.host;
