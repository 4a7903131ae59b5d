/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Greedy layerwise pretraining of deep belief networks and other stacks of pretrainable layers.
 * Start at {@link org.dl4jebm.training.pretrain.GreedyPretrainer}; its options are {@link
 * org.dl4jebm.training.pretrain.PretrainOptions}. Fine-tuning afterwards is DL4J's own {@code fit}.
 */
package org.dl4jebm.training.pretrain;
