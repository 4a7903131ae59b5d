/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * DL4J's dense layer with fewer matrix products in a training step: {@link
 * org.dl4jebm.layers.dense.CachedDense}.
 */
package org.dl4jebm.layers.dense;
