/*
 * SPDX-License-Identifier: Apache-2.0
 */
/** What the mains of the examples share: {@link org.dl4jebm.examples.cli.Program}. */
package org.dl4jebm.examples.cli;
