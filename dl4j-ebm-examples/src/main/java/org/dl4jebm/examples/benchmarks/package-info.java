/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * JMH benchmarks; the measured figures and the commands stand in {@code BENCHMARKS.md}. {@link
 * org.dl4jebm.examples.benchmarks.ContrastiveDivergenceBenchmark} relates training to its matrix
 * products, {@link org.dl4jebm.examples.benchmarks.ConvolutionBenchmark} and {@link
 * org.dl4jebm.examples.benchmarks.SmallOperationsBenchmark} show what {@link
 * org.dl4jebm.training.host.HostTuning} does.
 */
package org.dl4jebm.examples.benchmarks;
