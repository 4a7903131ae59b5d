/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Parts of the examples with energy and score networks of images: {@link
 * org.dl4jebm.examples.EnergyDigits} and {@link org.dl4jebm.examples.ScoreDigits}.
 */
package org.dl4jebm.examples.energy;
