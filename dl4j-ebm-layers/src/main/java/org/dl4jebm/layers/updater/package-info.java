/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * DL4J's updaters with the same numbers in less time: {@link org.dl4jebm.layers.updater.HostAdam}
 * and {@link org.dl4jebm.layers.updater.HostNesterovs}.
 */
package org.dl4jebm.layers.updater;
