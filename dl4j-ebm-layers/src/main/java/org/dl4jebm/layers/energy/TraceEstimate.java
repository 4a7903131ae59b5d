/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hutchinson's estimate of the trace of the Hessian at each point: the mean of {@code v^T Hess(E)
 * v} over random directions, which is unbiased (Hutchinson, Communications in Statistics 1989).
 *
 * @param trace the estimates, {@code [n]}
 * @param standardError their standard errors, {@code [n]}, from the spread over the directions
 * @param probes how many directions
 */
public record TraceEstimate(INDArray trace, INDArray standardError, int probes) {}
