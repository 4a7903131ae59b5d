/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Parts of the examples with energy and score networks of images: {@link
 * org.dl4jebm.examples.EnergyDigits}, {@link org.dl4jebm.examples.ScoreDigits} and {@link
 * org.dl4jebm.examples.PatchFilters}.
 */
package org.dl4jebm.examples.energy;
