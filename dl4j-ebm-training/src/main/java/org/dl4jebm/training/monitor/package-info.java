/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Follows the training of restricted Boltzmann machines: {@link
 * org.dl4jebm.training.monitor.RbmMonitor} is a listener that writes tables, charts and pictures to
 * a folder, as {@link org.dl4jebm.training.monitor.MonitorOptions} say.
 */
package org.dl4jebm.training.monitor;
