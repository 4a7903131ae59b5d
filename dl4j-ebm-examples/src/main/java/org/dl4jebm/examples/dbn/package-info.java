/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The parts of {@link org.dl4jebm.examples.DeepBeliefNetDigits} and {@link
 * org.dl4jebm.examples.StackedDenoisingAutoencoder}. {@link org.dl4jebm.examples.dbn.DbnDefaults}
 * and {@link org.dl4jebm.examples.dbn.SdaDefaults} hold every default, {@link
 * org.dl4jebm.examples.dbn.DbnArguments} and {@link org.dl4jebm.examples.dbn.SdaArguments} the
 * command lines, {@link org.dl4jebm.examples.dbn.Experiment} the course of the experiment. Read
 * {@code Networks} to see how a stack is configured, pretrained and turned into a classifier, and
 * {@link org.dl4jebm.examples.dbn.RbmPretraining} and {@link
 * org.dl4jebm.examples.dbn.DenoisingPretraining} for its layers.
 */
package org.dl4jebm.examples.dbn;
