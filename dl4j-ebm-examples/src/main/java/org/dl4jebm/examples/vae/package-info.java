/*
 * SPDX-License-Identifier: Apache-2.0
 */
/** The parts of {@link org.dl4jebm.examples.VaeDigits}. */
package org.dl4jebm.examples.vae;
