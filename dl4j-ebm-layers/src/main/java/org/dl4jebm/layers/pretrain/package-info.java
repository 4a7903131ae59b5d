/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What a pretrainable layer offers a trainer beyond DL4J's own interface: {@link
 * org.dl4jebm.layers.pretrain.ResumablePretraining} for what can be saved and continued, {@link
 * org.dl4jebm.layers.pretrain.WeightedPretraining} for weights of examples.
 */
package org.dl4jebm.layers.pretrain;
