/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Data to train on.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.data.MnistFolder} reads MNIST and its relatives from a folder;
 *       {@link org.dl4jebm.training.data.IdxFile} a single idx file.
 *   <li>{@link org.dl4jebm.training.data.LabelledImages} holds images with labels and gives
 *       subsets: few labels with equal classes, a validation part.
 *   <li>{@link org.dl4jebm.training.data.Binarization} makes binary data of grey values, {@link
 *       org.dl4jebm.training.data.Whitening} uncorrelated values of variance 1.
 *   <li>{@link org.dl4jebm.training.data.ShuffledDataSetIterator} gives minibatches in an order
 *       that a resumed run can repeat; other iterators can offer the same through {@link
 *       org.dl4jebm.training.data.EpochSeekable}.
 *   <li>{@link org.dl4jebm.training.data.LabelColumnsIterator} puts labels behind the features, for
 *       machines that learn both.
 * </ul>
 */
package org.dl4jebm.training.data;
