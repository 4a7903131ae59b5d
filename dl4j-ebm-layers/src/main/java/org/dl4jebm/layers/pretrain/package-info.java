/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What a pretrainable layer offers a trainer beyond DL4J's own interface: {@link
 * org.dl4jebm.layers.pretrain.ResumablePretraining}.
 */
package org.dl4jebm.layers.pretrain;
