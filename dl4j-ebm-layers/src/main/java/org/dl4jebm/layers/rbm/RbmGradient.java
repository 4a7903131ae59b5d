/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arrays an {@link RbmEstimator} writes the gradient into: views of DL4J's flat gradient, or
 * arrays of their own.
 *
 * @param weights {@code [nIn, nOut]} in 'f' order
 * @param hiddenBias {@code [nOut]}
 * @param visibleBias {@code [nIn]}
 * @param visibleParameters {@code [parameterCount]} of the visible units, or null where they have
 *     no parameters besides the bias
 */
public record RbmGradient(
    INDArray weights, INDArray hiddenBias, INDArray visibleBias, INDArray visibleParameters) {}
