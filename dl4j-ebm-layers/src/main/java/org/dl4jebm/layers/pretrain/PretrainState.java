/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer's pretraining needs to go on, besides its parameters and the iteration counter that
 * DL4J saves in a model file.
 *
 * @param updaterState state of the layer's own updater (momentum and the like), or null where the
 *     updater has none or has not run
 * @param chains persistent chains, or null
 * @param randomState position of the layer's random stream, or null before it was used
 * @param score the score last reported to listeners
 */
public record PretrainState(
    INDArray updaterState, INDArray chains, long[] randomState, double score) {}
