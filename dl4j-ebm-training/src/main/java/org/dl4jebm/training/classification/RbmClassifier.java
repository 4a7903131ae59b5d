/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.classification;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.layers.rbm.HybridObjective;
import org.dl4jebm.layers.rbm.LabelPosterior;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Classifies with a restricted Boltzmann machine whose last visible units are a one-hot label
 * (Larochelle and Bengio, ICML 2008): the probabilities {@code p(y | x)} of {@link LabelPosterior},
 * which are exact. Such a machine is trained with a {@link HybridObjective}, or generatively with
 * any objective, on rows that {@link org.dl4jebm.training.data.LabelColumnsIterator} puts together:
 *
 * <pre>{@code
 * new GreedyPretrainer(PretrainOptions.epochs(20)).fit(network, LabelColumnsIterator.of(train, 10));
 * RbmClassifier classifier = new RbmClassifier((RestrictedBoltzmannMachineLayer) network.getLayer(0));
 * System.out.println(classifier.evaluate(test).stats());
 * }</pre>
 *
 * <p>The parameters are seen with later changes. Nothing is modified.
 */
public final class RbmClassifier {

  private final RbmModel model;
  private final LabelPosterior posterior;

  /**
   * Wraps a machine.
   *
   * @param model the machine, kept
   * @param labels number of label units, which are the last visible ones; 2 or more
   * @throws IllegalArgumentException if the machine cannot have so many labels
   */
  public RbmClassifier(RbmModel model, int labels) {
    this.model = model;
    this.posterior = new LabelPosterior(model, labels);
  }

  /**
   * Wraps the machine of a layer that has a {@link HybridObjective}.
   *
   * @param layer the layer; later training of it is seen
   * @throws IllegalArgumentException if the layer has another objective, from which the number of
   *     labels cannot be told
   */
  public RbmClassifier(RestrictedBoltzmannMachineLayer layer) {
    this(layer.model(), labels(layer));
  }

  private static int labels(RestrictedBoltzmannMachineLayer layer) {
    if (layer.layerConf().trainingObjective() instanceof HybridObjective hybrid) {
      return hybrid.labels();
    }
    throw new IllegalArgumentException(
        "layer \""
            + layer.layerConf().getLayerName()
            + "\" has the objective "
            + layer.layerConf().trainingObjective()
            + "; accepted: a HybridObjective, or give the model and the number of labels");
  }

  /**
   * Computes class probabilities.
   *
   * @param x data without labels, {@code [n, nIn - labels]} with {@code n} at least 1. Not
   *     modified.
   * @return {@code p(y | x)}, {@code [n, labels]} of the machine's data type, new
   * @throws IllegalArgumentException if the width is wrong, or the data hold values that the
   *     visible units do not accept
   */
  public INDArray probabilities(INDArray x) {
    INDArray logProbabilities = posterior.logProbabilities(x);
    model.requireVisibleStates(withFirstLabel(x), "data");
    return Transforms.exp(logProbabilities, false);
  }

  /** The checks are for whole rows; any label will do. */
  private INDArray withFirstLabel(INDArray x) {
    INDArray rows =
        Nd4j.create(model.weights().dataType(), new long[] {x.size(0), model.visibleSize()}, 'c');
    rows.get(NDArrayIndex.all(), NDArrayIndex.interval(0, x.size(1))).assign(x);
    rows.getColumn(x.size(1)).assign(1);
    return rows;
  }

  /**
   * Finds the most probable classes.
   *
   * @param x data without labels, {@code [n, nIn - labels]} with {@code n} at least 1. Not
   *     modified.
   * @return for each row the number of its class, from 0; the first of equally probable ones
   * @throws IllegalArgumentException as for {@link #probabilities}
   */
  public int[] predict(INDArray x) {
    double[][] p = probabilities(x).castTo(DataType.DOUBLE).toDoubleMatrix();
    int[] classes = new int[p.length];
    for (int row = 0; row < p.length; row++) {
      for (int label = 1; label < p[row].length; label++) {
        if (p[row][label] > p[row][classes[row]]) {
          classes[row] = label;
        }
      }
    }
    return classes;
  }

  /**
   * Compares predictions with labels.
   *
   * @param data batches of data without label columns, and their labels as one-hot rows; read from
   *     its present place to its end, after {@code reset()} where that is supported. Not modified.
   * @return DL4J's evaluation: accuracy, precision, recall, confusion matrix
   * @throws IllegalArgumentException as for {@link #probabilities}
   * @throws DL4JInvalidInputException if a batch has no labels or not as many classes
   */
  public Evaluation evaluate(DataSetIterator data) {
    if (data.resetSupported()) {
      data.reset();
    }
    Evaluation evaluation = new Evaluation(posterior.labels());
    while (data.hasNext()) {
      DataSet batch = data.next();
      INDArray labels = batch.getLabels();
      if (labels == null || labels.rank() != 2 || labels.size(1) != posterior.labels()) {
        throw new DL4JInvalidInputException(
            "labels have shape "
                + (labels == null ? "null" : Arrays.toString(labels.shape()))
                + "; accepted: [n, "
                + posterior.labels()
                + "]");
      }
      evaluation.eval(labels, probabilities(batch.getFeatures()));
    }
    return evaluation;
  }
}
