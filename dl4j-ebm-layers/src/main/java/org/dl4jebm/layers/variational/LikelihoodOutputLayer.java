/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Implementation of {@link LikelihoodOutput}; networks create it.
 *
 * <p>The mask of the input is not used; label masks do not change the output.
 */
public class LikelihoodOutputLayer extends BaseLayer<LikelihoodOutput> implements IOutputLayer {

  private static final long serialVersionUID = 1L;

  private INDArray labels;
  private double fullNetworkRegularization;

  /**
   * Scores from the last backward pass, and the arrays they belong to.
   *
   * @param input the input of the layer
   * @param labels its labels
   * @param mask the label mask, or null
   * @param scores one an example, weighted
   */
  private record Scored(INDArray input, INDArray labels, INDArray mask, double[] scores) {}

  private transient Scored scored;

  /**
   * Creates the layer; networks do so through {@link LikelihoodOutput#instantiate}.
   *
   * @param conf configuration that holds the {@link LikelihoodOutput}
   * @param dataType type of parameters and activations
   */
  public LikelihoodOutputLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * The distribution of the data with this layer's present parameters; it sees later changes of
   * them.
   *
   * @return the likelihood
   */
  public Likelihood likelihood() {
    Likelihood likelihood = layerConf().getLikelihood();
    return hasParameters()
        ? likelihood.withParameters(getParam(LikelihoodParamInitializer.LOG_VARIANCE_KEY))
        : likelihood;
  }

  private boolean hasParameters() {
    return params != null && !params.isEmpty();
  }

  /**
   * {@code log p(x | eta)} of each row of an input of this layer, for evaluation. The layer is left
   * as it was; what the bound makes of the rows, and the column it needs, are not looked at.
   *
   * @param input the decoder's raw output, {@code T n} rows, with the last column of the bound
   *     where there is one. Not modified.
   * @param labels the data, {@code n} rows. Not modified.
   * @param labelMask mask of values or time steps, or null. Not modified.
   * @return {@code T n} values in nats, those of an example together
   * @throws DL4JInvalidInputException if the arrays do not go together, the labels hold values that
   *     the likelihood does not accept, or the mask weighs whole examples
   */
  public double[] logProbability(INDArray input, INDArray labels, INDArray labelMask) {
    Likelihood likelihood = likelihood();
    try {
      LikelihoodBatch batch =
          LikelihoodBatch.of(layerConf(), likelihood, input.castTo(dataType), labels, labelMask);
      if (batch.exampleWeights() != null) {
        throw new IllegalArgumentException(
            "label mask has shape "
                + Arrays.toString(labelMask.shape())
                + ", a weight for each example; accepted: none, or one of values or time steps");
      }
      return likelihood.logProbability(batch.x(), batch.mask(), batch.eta());
    } catch (IllegalArgumentException e) {
      throw refused(e);
    }
  }

  private LikelihoodBatch batch(Likelihood likelihood) {
    if (input == null || labels == null) {
      throw new IllegalStateException("input or labels are not set " + layerId());
    }
    try {
      return LikelihoodBatch.of(layerConf(), likelihood, input.castTo(dataType), labels, maskArray);
    } catch (IllegalArgumentException e) {
      throw refused(e);
    }
  }

  private DL4JInvalidInputException refused(IllegalArgumentException e) {
    return new DL4JInvalidInputException(e.getMessage() + " " + layerId(), e);
  }

  /**
   * The mean of the data given the input.
   *
   * @param training not looked at
   * @param workspaceMgr DL4J's workspaces
   * @return of the shape of the input, with the channels of the data
   */
  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(false);
    LikelihoodOutput conf = layerConf();
    Likelihood likelihood = likelihood();
    try {
      LikelihoodBatch.requireInput(conf, input);
      INDArray eta = LikelihoodBatch.outputs(conf, input.castTo(dataType));
      long[] shape =
          LikelihoodBatch.configuredShape(conf, LikelihoodRows.dataShape(likelihood, eta));
      INDArray mean = workspaceMgr.createUninitialized(ArrayType.ACTIVATIONS, dataType, shape, 'c');
      likelihood.mean(eta, LikelihoodBatch.channelsFirst(conf, mean));
      return mean;
    } catch (IllegalArgumentException e) {
      throw refused(e);
    }
  }

  /**
   * Derivatives of the score, summed over the examples, by the input and by the learned parameters.
   *
   * @param epsilon not looked at
   * @param workspaceMgr DL4J's workspaces
   * @return gradient views and the derivative by the input
   * @throws DL4JInvalidInputException if labels, mask and input do not go together, or the labels
   *     hold values that the likelihood does not accept; nothing was changed then
   */
  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(true);
    LikelihoodOutput conf = layerConf();
    SampleBound bound = conf.getBound();
    Likelihood likelihood = likelihood();
    LikelihoodBatch batch = batch(likelihood);
    if (batch.samples() < conf.getBaseline().leastSamples()) {
      throw new DL4JInvalidInputException(
          "input has "
              + batch.samples()
              + " rows for each example; accepted with baseline "
              + conf.getBaseline()
              + ": "
              + conf.getBaseline().leastSamples()
              + " or more "
              + layerId());
    }
    INDArray inputGradient =
        workspaceMgr.createUninitialized(ArrayType.ACTIVATION_GRAD, dataType, input.shape(), 'c');
    INDArray parameterGradient =
        hasParameters() ? gradientViews.get(LikelihoodParamInitializer.LOG_VARIANCE_KEY) : null;
    double[] logProbability =
        bound == SampleBound.IMPORTANCE_WEIGHTED
            ? likelihood.logProbability(batch.x(), batch.mask(), batch.eta())
            : null;
    double[] weights =
        bound.weights(logProbability, batch.column(), (int) batch.eta().size(0), batch.samples());
    weigh(weights, batch);
    logProbability =
        likelihood.gradient(
            batch.x(),
            batch.mask(),
            batch.eta(),
            weights,
            LikelihoodBatch.outputs(conf, inputGradient),
            parameterGradient);
    if (bound.hasColumn()) {
      double[] column =
          bound.columnGradient(logProbability, weights, batch.samples(), conf.getBaseline());
      if (bound == SampleBound.SCORE_FUNCTION) {
        weigh(column, batch);
      }
      inputGradient
          .get(NDArrayIndex.all(), NDArrayIndex.point(inputGradient.size(1) - 1))
          .assign(Nd4j.createFromArray(column).castTo(dataType));
    }
    // A parameter can change unseen, so that scores with one are not kept.
    scored =
        hasParameters()
            ? null
            : new Scored(input, labels, maskArray, scores(logProbability, batch));
    Gradient result = new DefaultGradient();
    if (parameterGradient != null) {
      result
          .gradientForVariable()
          .put(LikelihoodParamInitializer.LOG_VARIANCE_KEY, parameterGradient);
    }
    gradient = result;
    return new Pair<>(result, inputGradient);
  }

  /** Multiplies values of rows by the weights of their examples. */
  private static void weigh(double[] rows, LikelihoodBatch batch) {
    if (batch.exampleWeights() != null) {
      for (int row = 0; row < rows.length; row++) {
        rows[row] *= batch.exampleWeights()[row / batch.samples()];
      }
    }
  }

  private double[] scores(double[] logProbability, LikelihoodBatch batch) {
    double[] scores =
        layerConf().getBound().scores(logProbability, batch.column(), batch.samples());
    if (batch.exampleWeights() != null) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] *= batch.exampleWeights()[i];
      }
    }
    return scores;
  }

  private double[] scores() {
    Scored last = scored;
    scored = null;
    if (last != null
        && last.input() == input
        && last.labels() == labels
        && last.mask() == maskArray) {
      return last.scores();
    }
    Likelihood likelihood = likelihood();
    LikelihoodBatch batch = batch(likelihood);
    return scores(likelihood.logProbability(batch.x(), batch.mask(), batch.eta()), batch);
  }

  /**
   * The score: nats per example, plus the regularisation term.
   *
   * <p>Right after a backward pass of the same arrays its results are used again.
   *
   * @param fullNetworkRegScore DL4J's regularisation term
   * @param training not looked at
   * @param workspaceMgr DL4J's workspaces
   * @return the mean over the examples, or the sum where the network is configured without
   *     minibatches
   */
  @Override
  public double computeScore(
      double fullNetworkRegScore, boolean training, LayerWorkspaceMgr workspaceMgr) {
    fullNetworkRegularization = fullNetworkRegScore;
    double[] scores = scores();
    double sum = Arrays.stream(scores).sum();
    score = (conf().isMiniBatch() ? sum / scores.length : sum) + fullNetworkRegScore;
    return score;
  }

  /**
   * The score of each example in nats.
   *
   * @param fullNetworkRegScore added to each
   * @param workspaceMgr DL4J's workspaces
   * @return {@code [n, 1]}
   */
  @Override
  public INDArray computeScoreForExamples(
      double fullNetworkRegScore, LayerWorkspaceMgr workspaceMgr) {
    double[] scores = scores();
    INDArray result =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS, dataType, new long[] {scores.length, 1}, 'c');
    for (int i = 0; i < scores.length; i++) {
      result.putScalar(i, scores[i] + fullNetworkRegScore);
    }
    return result;
  }

  @Override
  public void computeGradientAndScore(LayerWorkspaceMgr workspaceMgr) {
    if (input != null && labels != null) {
      backpropGradient(null, workspaceMgr);
      computeScore(fullNetworkRegularization, true, workspaceMgr);
    }
  }

  @Override
  public void setInput(INDArray input, LayerWorkspaceMgr workspaceMgr) {
    scored = null;
    super.setInput(input, workspaceMgr);
  }

  @Override
  public void setLabels(INDArray labels) {
    scored = null;
    this.labels = labels;
  }

  @Override
  public INDArray getLabels() {
    return labels;
  }

  /** The mask of the input ends here; that of the labels comes by {@code setMaskArray}. */
  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArray(
      INDArray maskArray, MaskState currentMaskState, int minibatchSize) {
    return null;
  }

  @Override
  public void clear() {
    super.clear();
    scored = null;
    labels = null;
    fullNetworkRegularization = 0;
  }

  @Override
  public boolean needsLabels() {
    return true;
  }

  @Override
  public boolean isPretrainLayer() {
    return false;
  }

  @Override
  public boolean hasBias() {
    return false;
  }

  @Override
  public Pair<Gradient, Double> gradientAndScore() {
    return new Pair<>(gradient(), score());
  }

  @Override
  public double f1Score(DataSet data) {
    return f1Score(data.getFeatures(), data.getLabels());
  }

  @Override
  public double f1Score(INDArray examples, INDArray labels) {
    Evaluation evaluation = new Evaluation();
    evaluation.eval(labels, activate(examples, false, LayerWorkspaceMgr.noWorkspacesImmutable()));
    return evaluation.f1();
  }

  @Override
  @Deprecated
  public int numLabels() {
    return (int) labels.size(1);
  }

  @Override
  public int[] predict(INDArray examples) {
    INDArray mean = activate(examples, false, LayerWorkspaceMgr.noWorkspacesImmutable());
    if (mean.rank() != 2) {
      throw new IllegalStateException(
          "output has shape "
              + Arrays.toString(mean.shape())
              + "; predict accepts [n, d] only "
              + layerId());
    }
    return mean.argMax(1).toIntVector();
  }

  @Override
  public List<String> predict(DataSet data) {
    return Arrays.stream(predict(data.getFeatures()))
        .mapToObj(data::getLabelName)
        .collect(Collectors.toList());
  }

  @Override
  public void fit(DataSetIterator data) {
    throw notByItself();
  }

  @Override
  public void fit(INDArray examples, INDArray labels) {
    throw notByItself();
  }

  @Override
  public void fit(DataSet data) {
    throw notByItself();
  }

  @Override
  public void fit(INDArray examples, int[] labels) {
    throw notByItself();
  }

  @Override
  public void fit(INDArray examples, LayerWorkspaceMgr workspaceMgr) {
    throw notByItself();
  }

  private UnsupportedOperationException notByItself() {
    return new UnsupportedOperationException("the layer is not trained by itself " + layerId());
  }

  /**
   * Copies the layer with its parameters; the copy has no listeners.
   *
   * @return a layer that shares nothing with this one
   */
  @Override
  public Layer clone() {
    NeuralNetConfiguration copy = conf.clone();
    INDArray flat = paramsFlattened == null ? null : paramsFlattened.dup();
    return copy.getLayer().instantiate(copy, null, index, flat, false, dataType);
  }
}
