/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Energies of points with their gradients.
 *
 * @param energy {@code [n]}
 * @param gradient {@code grad E(x)}, of the shape of the points
 */
public record EnergyGradient(INDArray energy, INDArray gradient) {}
