/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.AbstractLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.ColumnSums;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The layer that {@link LatentVariables} instantiates. The formulas are those of its {@link
 * LatentDistribution} and {@link KullbackLeiblerTerm}; this class connects them with DL4J.
 */
public class LatentVariablesLayer extends AbstractLayer<LatentVariables> {

  private static final long serialVersionUID = 1L;

  private transient LatentDraw draw;
  private transient INDArray noise;
  private transient boolean trained;
  private transient double temperature;
  private transient long inferencePasses;
  private transient KullbackLeiblerTerm.Value term;
  private transient double divergence;
  private transient long examples;
  private transient long minibatch;
  private transient INDArray drawnParameters;
  private transient INDArray logRatio;

  /**
   * Creates the layer; networks do so through {@link LatentVariables#instantiate}.
   *
   * @param conf configuration that holds the {@link LatentVariables}
   * @param dataType type of the activations
   */
  public LatentVariablesLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * The divergence of posterior and prior in the last forward pass.
   *
   * @return mean over the examples of the sum over all latent variables, in nats, without beta,
   *     free bits and capacity; 0 before the first pass
   */
  public double divergence() {
    return divergence;
  }

  /**
   * Overrides what the layer passes on outside training, until it is set to null again; training
   * passes are not affected. After a pass with an override {@link #drawnParameters} and {@link
   * #logRatio} belong to it. One thread at a time, as for any other use of the network.
   *
   * @param draw the override, or null
   */
  public void setDraw(LatentDraw draw) {
    this.draw = draw;
    drawnParameters = null;
    logRatio = null;
  }

  /**
   * The parameters of {@code q(z | x)} in the last pass with an override.
   *
   * @return {@code [n * positions, P]}, the same array at each call; null if there was no such pass
   */
  public INDArray drawnParameters() {
    return drawnParameters;
  }

  /**
   * Which positions count in the last pass.
   *
   * @return {@code n * positions} weights of 0 or 1 from the mask, the positions of an example
   *     together; null if nothing is masked
   */
  public double[] positionWeights() {
    return maskArray == null
        ? null
        : rowWeights(parameters().size(0)).castTo(DataType.DOUBLE).data().asDouble();
  }

  /**
   * {@code log p(z) - log q(z | x)} of the values passed on in the last pass with an override.
   *
   * @return {@code [T n]} of type DOUBLE in nats, summed over the latent variables of all positions
   *     that are not masked; null if there was no such pass
   */
  public INDArray logRatio() {
    return logRatio;
  }

  @Override
  public boolean isPretrainLayer() {
    return false;
  }

  @Override
  public void clearNoiseWeightParams() {}

  /** {@code MultiLayerNetwork} tells, {@code ComputationGraph} does not. */
  @Override
  public void setInputMiniBatchSize(int size) {
    minibatch = size;
  }

  /** Rows of the input for each example of the minibatch. */
  private int inputSamples() {
    return trained ? layerConf().getInputSamples() : 1;
  }

  private void requireInputSamples() {
    int expected = layerConf().getInputSamples();
    if (minibatch > 0 ? examples != minibatch * expected : examples % expected != 0) {
      throw new DL4JInvalidInputException(
          "input has "
              + examples
              + " rows"
              + (minibatch > 0 ? " for " + minibatch + " examples" : "")
              + " and inputSamples is "
              + expected
              + "; accepted: inputSamples rows for each example "
              + layerId());
    }
  }

  @Override
  public double calcRegularizationScore(boolean backpropParamsOnly) {
    if (term == null) {
      return 0;
    }
    // The updater does not divide the gradient then either, and DL4J sums the loss.
    return conf.isMiniBatch() ? term.value() : term.value() * examples / inputSamples();
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(false);
    LatentVariables options = layerConf();
    LatentDistribution q = options.getDistribution();
    INDArray eta = parameters();
    examples = input.size(0);
    trained = training;
    INDArray z;
    if (training) {
      requireNoMaskWithSamples();
      requireInputSamples();
      temperature = q.temperature(getIterationCount(), getEpochCount());
      int samples = options.getSamples();
      fillNoise(eta.size(0) * samples, key(0, getIterationCount()));
      z = q.sample(LatentRows.repeat(eta, examples, samples), noise, temperature);
      measure(eta, options.estimatesDivergence() ? z : null, samples);
      requireFinite();
    } else if (draw != null) {
      z = draw(eta);
    } else {
      z = inferred(eta);
      measure(eta, options.estimatesDivergence() ? sampleAtInference(eta) : null, 1);
    }
    INDArray rowWeights = rowWeights(z.size(0));
    if (rowWeights != null) {
      z.muliColumnVector(rowWeights);
    }
    return inWorkspace(z, ArrayType.ACTIVATIONS, workspaceMgr);
  }

  private INDArray inWorkspace(INDArray rows, ArrayType type, LayerWorkspaceMgr workspaceMgr) {
    INDArray shaped = LatentRows.toActivations(rows, input, layerConf().isChannelsLast());
    return rows == shaped
        ? workspaceMgr.leverageTo(type, rows)
        : workspaceMgr.dup(type, shaped, 'c');
  }

  /** The input as rows of parameters. */
  private INDArray parameters() {
    LatentVariables options = layerConf();
    int channels = options.isChannelsLast() ? input.rank() - 1 : 1;
    long expected = options.getDistribution().parameters(options.getNOut());
    if (input.rank() < 2 || input.size(channels) != expected) {
      throw new DL4JInvalidInputException(
          "input has shape "
              + Arrays.toString(input.shape())
              + "; accepted: "
              + expected
              + " values along dimension "
              + channels
              + ", for "
              + options.getDistribution().describeParameters()
              + " of "
              + options.getNOut()
              + " latent variables "
              + layerId());
    }
    INDArray typed = input.dataType() == dataType ? input : input.castTo(dataType);
    return LatentRows.of(typed, options.isChannelsLast());
  }

  private void requireNoMaskWithSamples() {
    if (maskArray != null && layerConf().getSamples() > 1) {
      throw new DL4JInvalidInputException(
          "a feature mask is set and samples is "
              + layerConf().getSamples()
              + "; accepted: a mask with 1 sample an example "
              + layerId());
    }
  }

  private void requireFinite() {
    if (term != null && !Double.isFinite(term.value())) {
      throw new IllegalStateException(
          "divergence of the latent variables is "
              + divergence
              + " nats at iteration "
              + getIterationCount()
              + "; the parameters were left as they are "
              + layerId());
    }
  }

  private long key(int use, long number) {
    return Seeds.derive(Seeds.derive(conf.getSeed(), 2L * index + use), number);
  }

  /** Noise outlives the workspaces of the forward pass, and serves the backward pass again. */
  private void fillNoise(long rows, long key) {
    reserveNoise(rows);
    LatentNoise.fill(key, layerConf().getDistribution(), noise);
  }

  private void reserveNoise(long rows) {
    long latents = layerConf().getNOut();
    if (noise == null || noise.size(0) != rows || noise.dataType() != dataType) {
      noise =
          Workspaces.outside(
              () -> Nd4j.createUninitialized(dataType, new long[] {rows, latents}, 'c'));
    }
  }

  private INDArray inferred(INDArray eta) {
    LatentDistribution q = layerConf().getDistribution();
    switch (layerConf().getInference()) {
      case MEAN:
        return q.mean(eta);
      case SAMPLE:
        return sampleAtInference(eta);
      default:
        return q.mode(eta);
    }
  }

  private INDArray sampleAtInference(INDArray eta) {
    fillNoise(eta.size(0), key(1, inferencePasses++));
    return layerConf().getDistribution().exactSample(eta, noise);
  }

  private INDArray draw(INDArray eta) {
    LatentDistribution q = layerConf().getDistribution();
    int samples = draw.samples(examples);
    INDArray repeated = LatentRows.repeat(eta, examples, samples);
    INDArray z;
    if (draw.latents() == null) {
      reserveNoise(repeated.size(0));
      draw.fill(q::noise, noise);
      z = q.exactSample(repeated, noise);
    } else {
      z = LatentRows.of(draw.latents().castTo(dataType), layerConf().isChannelsLast()).dup('c');
      if (z.size(0) != repeated.size(0) || z.size(1) != layerConf().getNOut()) {
        throw new DL4JInvalidInputException(
            "given latent variables have shape "
                + Arrays.toString(draw.latents().shape())
                + "; accepted: those of "
                + layerConf().getNOut()
                + " latent variables for an input of shape "
                + Arrays.toString(input.shape())
                + " "
                + layerId());
      }
    }
    LatentPrior p = layerConf().effectivePrior();
    INDArray priorRow = p.rowOrZeros(dataType, layerConf().getNOut());
    INDArray ratios =
        p.distribution()
            .logProbability(priorRow, z)
            .castTo(DataType.DOUBLE)
            .sum(1)
            .subi(q.logProbability(repeated, z).castTo(DataType.DOUBLE).sum(1));
    INDArray rowWeights = rowWeights(z.size(0));
    if (rowWeights != null) {
      ratios.muli(rowWeights.castTo(DataType.DOUBLE).reshape(ratios.shape()));
    }
    long rows = examples * samples;
    INDArray perSample = ratios.reshape('c', new long[] {rows, ratios.length() / rows}).sum(1);
    logRatio = Workspaces.outside(perSample::detach);
    drawnParameters = Workspaces.outside(() -> eta.dup('c'));
    measure(eta, layerConf().estimatesDivergence() ? z : null, samples);
    return z;
  }

  /** Computes the divergence; from {@code samples} of an example where {@code z} is not null. */
  private void measure(INDArray eta, INDArray z, int samples) {
    KullbackLeiblerTerm options = layerConf().getDivergence();
    LatentDistribution q = layerConf().getDistribution();
    if (z != null && !q.isReparameterized()) {
      // Refused by the configuration unless the weight is 0.
      term = null;
      divergence = 0;
      return;
    }
    INDArray values =
        z == null
            ? q.divergence(eta, layerConf().effectivePrior().row(dataType))
            : logRatios(eta, z, samples).divi(samples);
    INDArray rowWeights = rowWeights(values.size(0));
    if (rowWeights != null) {
      values.muliColumnVector(rowWeights);
    }
    double[] means = ColumnSums.of(values);
    for (int j = 0; j < means.length; j++) {
      means[j] /= examples;
    }
    divergence = Arrays.stream(means).sum();
    term = options.at(means, getIterationCount(), getEpochCount());
  }

  /** {@code log q(z | x) - log p(z)}, for each factor where both families have the same. */
  private INDArray logRatios(INDArray eta, INDArray z, int samples) {
    LatentDistribution q = layerConf().getDistribution();
    INDArray inPosterior = q.logProbability(LatentRows.repeat(eta, examples, samples), z);
    LatentPrior p = layerConf().effectivePrior();
    INDArray inPrior =
        p.distribution().logProbability(p.rowOrZeros(dataType, layerConf().getNOut()), z);
    if (inPosterior.size(1) == inPrior.size(1)) {
      return inPosterior.subi(inPrior);
    }
    return inPosterior.sum(true, 1).subi(inPrior.sum(true, 1));
  }

  /** A weight of 0 or 1 for each row, or null if nothing is masked. */
  private INDArray rowWeights(long rows) {
    if (maskArray == null) {
      return null;
    }
    try {
      return LatentRows.ofMask(
          maskArray.castTo(dataType), input, layerConf().isChannelsLast(), rows);
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidInputException(e.getMessage() + " " + layerId(), e);
    }
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(true);
    LatentVariables options = layerConf();
    LatentDistribution q = options.getDistribution();
    INDArray eta = parameters();
    int samples = trained ? options.getSamples() : 1;
    if (!trained) {
      requireDeterministic();
      fillZeroNoise(eta.size(0));
    }
    INDArray repeated = LatentRows.repeat(eta, examples, samples);
    INDArray inLatents = LatentRows.of(epsilon, options.isChannelsLast());
    INDArray rowWeights = rowWeights(inLatents.size(0));
    if (rowWeights != null) {
      inLatents = inLatents.mulColumnVector(rowWeights);
    }
    boolean weighted = term != null && options.getDivergence().beta() > 0;
    boolean estimated = weighted && options.estimatesDivergence();
    INDArray inParameters = null;
    if (estimated) {
      INDArray z = q.sample(repeated, noise, temperature);
      LatentPrior p = options.effectivePrior();
      INDArray weight = weights(z.size(0), term.slopes().length).divi(samples);
      LatentDistribution.LogProbabilityGradient posterior =
          q.logProbabilityGradient(repeated, z, spread(weight, q));
      INDArray priorGradient =
          p.distribution()
              .logProbabilityGradient(
                  p.rowOrZeros(dataType, options.getNOut()), z, spread(weight, p.distribution()))
              .latents();
      inLatents = inLatents.add(posterior.latents()).subi(priorGradient);
      inParameters = posterior.parameters();
    }
    INDArray result = q.sampleGradient(repeated, noise, temperature, inLatents);
    if (inParameters != null) {
      result.addi(inParameters);
    }
    result = LatentRows.sumSamples(result, examples, samples);
    if (weighted && !estimated) {
      INDArray priorRow = options.effectivePrior().row(dataType);
      INDArray weight = weights(eta.size(0), term.slopes().length);
      result.addi(q.divergenceGradient(eta, priorRow, weight));
    }
    return new Pair<>(
        new DefaultGradient(), inWorkspace(result, ArrayType.ACTIVATION_GRAD, workspaceMgr));
  }

  private void requireDeterministic() {
    boolean exact =
        layerConf().getDistribution().isReparameterized()
            && layerConf().getInference() != LatentInference.SAMPLE
            && draw == null;
    if (!exact) {
      throw new IllegalStateException(
          "no derivative passes through latent variables as they were passed on outside training;"
              + " accepted: a training pass before backpropGradient "
              + layerId());
    }
  }

  private void fillZeroNoise(long rows) {
    fillNoise(rows, 1);
    noise.assign(0);
    temperature = 1;
  }

  /** Derivative of the loss in the divergence of each row's factors. */
  private INDArray weights(long rows, long factors) {
    double[] slopes = Arrays.stream(term.slopes()).map(slope -> slope / inputSamples()).toArray();
    INDArray weight =
        term.isUniform()
            ? Nd4j.valueArrayOf(new long[] {rows, factors}, slopes[0], dataType)
            : LatentRows.like(Nd4j.createFromArray(new double[][] {slopes}).castTo(dataType), rows);
    INDArray rowWeights = rowWeights(rows);
    return rowWeights == null ? weight : weight.muliColumnVector(rowWeights);
  }

  /** One weight for all factors of a family that has others than the divergence was summed over. */
  private INDArray spread(INDArray weight, LatentDistribution family) {
    long factors = family.factors(layerConf().getNOut());
    return weight.size(1) == factors ? weight : LatentRows.columns(weight, factors);
  }
}
