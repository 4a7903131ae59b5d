/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The parts of {@link org.dl4jebm.examples.EnergyDensities} and {@link
 * org.dl4jebm.examples.AnnealedLangevinToy}.
 */
package org.dl4jebm.examples.density;
