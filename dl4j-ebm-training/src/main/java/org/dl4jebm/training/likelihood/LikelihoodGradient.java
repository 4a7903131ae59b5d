/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The mean log-likelihood of data and its derivatives; following them raises the likelihood. All
 * arrays are in DOUBLE.
 *
 * @param meanLogLikelihood mean of {@code log p(v)} over the data, in nats
 * @param logPartition {@code log Z}
 * @param weights derivative by {@code W}, {@code [nIn, nOut]}
 * @param hiddenBias derivative by {@code c}, {@code [nOut]}
 * @param visibleBias derivative by {@code b}, {@code [nIn]}
 * @param visibleParameters derivative by the further parameters of the visible units, such as the
 *     logarithms of learned variances, {@code [parameterCount]}; null where they have none
 */
public record LikelihoodGradient(
    double meanLogLikelihood,
    double logPartition,
    INDArray weights,
    INDArray hiddenBias,
    INDArray visibleBias,
    INDArray visibleParameters) {}
