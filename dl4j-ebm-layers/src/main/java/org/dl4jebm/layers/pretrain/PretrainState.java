/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer's pretraining needs to go on, besides its parameters and the iteration counter that
 * DL4J saves in a model file.
 *
 * @param updaterState state of the layer's own updater (momentum and the like), or null where the
 *     updater has none or has not run
 * @param arrays what else the layer keeps from step to step, such as its persistent chains ({@code
 *     chains}), by name; may be empty
 * @param randomState position of the layer's random stream, or null before it was used
 * @param score the score last reported to listeners
 */
public record PretrainState(
    INDArray updaterState, Map<String, INDArray> arrays, long[] randomState, double score) {}
