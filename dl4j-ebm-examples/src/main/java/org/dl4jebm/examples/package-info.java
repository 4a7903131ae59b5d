/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * One main for each result: {@link org.dl4jebm.examples.DeepBeliefNetDigits} pretrains and
 * fine-tunes a deep belief net, {@link org.dl4jebm.examples.StackedDenoisingAutoencoder} a stack of
 * denoising autoencoders. What they found, with the commands, stands in {@code RESULTS.md}.
 */
package org.dl4jebm.examples;
