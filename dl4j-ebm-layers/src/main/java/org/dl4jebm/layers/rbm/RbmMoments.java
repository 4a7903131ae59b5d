/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The log partition function of a machine with the expectations that are its derivatives; {@code t}
 * are the sufficient statistics of the two {@link UnitType}s, the states themselves for most types.
 * All arrays are DOUBLE.
 *
 * @param logZ {@code log Z}
 * @param products {@code E[t(v)' t(h)]}, {@code [nIn, nOut]} in 'f' order: the derivative by the
 *     weights
 * @param hidden {@code E[t(h)]}, {@code [nOut]}
 * @param visible {@code E[t(v)]}, {@code [nIn]}
 * @param visibleParameters {@code -E[dE/dtheta]}, {@code [parameterCount]}: the derivative by the
 *     further parameters of the visible units; null where they have none
 */
public record RbmMoments(
    double logZ,
    INDArray products,
    INDArray hidden,
    INDArray visible,
    INDArray visibleParameters) {}
