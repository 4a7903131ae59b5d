/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Energy-based models as classifiers: {@link org.dl4jebm.training.classification.RbmClassifier}
 * gives the exact class probabilities of a restricted Boltzmann machine that was trained on data
 * with labels. The usual way to classify with such machines, fine-tuning a network of them, needs
 * nothing of this package.
 */
package org.dl4jebm.training.classification;
