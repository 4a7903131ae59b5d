/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Explicit random streams. {@link org.dl4jebm.layers.random.RandomStream} draws states for layers
 * and samplers and can be saved and restored; {@link org.dl4jebm.layers.random.Seeds} derives
 * independent seeds from one seed of the user.
 */
package org.dl4jebm.layers.random;
