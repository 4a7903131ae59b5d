/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The parts of {@link org.dl4jebm.examples.DeepBeliefNetDigits}. {@link
 * org.dl4jebm.examples.dbn.DbnOptions} holds every default, {@link
 * org.dl4jebm.examples.dbn.DbnArguments} the command line, {@link
 * org.dl4jebm.examples.dbn.Experiment} the course of the experiment. Read {@code Networks} to see
 * how a stack of RBMs is configured, pretrained and turned into a classifier.
 */
package org.dl4jebm.examples.dbn;
