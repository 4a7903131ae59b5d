/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The parts of {@link org.dl4jebm.examples.VaeDigits}, {@link org.dl4jebm.examples.BetaVae} and
 * {@link org.dl4jebm.examples.ConvolutionalVae}.
 */
package org.dl4jebm.examples.vae;
