/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What a person sees of a training.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.report.Progress} is what a trainer reports to; {@link
 *       org.dl4jebm.training.report.ConsoleProgress} shows it.
 *   <li>{@link org.dl4jebm.training.report.ImageGrid} draws filters, samples and reconstructions,
 *       {@link org.dl4jebm.training.report.Curves} draws line charts, {@link
 *       org.dl4jebm.training.report.TextTable} prints tables. What to draw of a restricted
 *       Boltzmann machine in training, and when, {@link org.dl4jebm.training.monitor.RbmMonitor}
 *       knows.
 *   <li>{@link org.dl4jebm.training.report.OutputFolder} checks a folder for results before the
 *       work starts; {@link org.dl4jebm.training.report.AtomicFile} writes single files safely.
 * </ul>
 *
 * <p>Pictures are made with {@code java.awt}. A program without windows should set the system
 * property {@code java.awt.headless} to {@code true} first; else Java may try to reach a display
 * that its environment names.
 */
package org.dl4jebm.training.report;
