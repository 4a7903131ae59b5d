/*
 * SPDX-License-Identifier: Apache-2.0
 */
/** Data that come with the examples: {@link org.dl4jebm.examples.data.Digits}. */
package org.dl4jebm.examples.data;
