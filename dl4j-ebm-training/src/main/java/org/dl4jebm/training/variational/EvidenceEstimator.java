/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Estimates how probable a {@link LatentVariableModel} makes data: the evidence lower bound, the
 * importance-weighted bound of any number of samples, and with thousands of them the log-likelihood
 * that papers on variational autoencoders report. {@link Evidence} says how each errs.
 *
 * <pre>{@code
 * Evidence evidence = new EvidenceEstimator(LatentVariableModel.of(network),
 *     EvidenceOptions.samples(5000)).estimate(testImages);
 * System.out.println(evidence.negativeLogLikelihood());
 * }</pre>
 *
 * <p>Samples pass through the decoder in blocks of at most {@link EvidenceOptions#blockRows} rows;
 * the encoder is computed once an example where the network allows it. Noise is a function of the
 * seed, the number of the example and that of the sample, so that neither blocks nor minibatches
 * change the result beyond rounding.
 *
 * <p>With several layers of latent variables, {@code k} samples are drawn of the first and one of
 * each below for each of these, and their log-ratios add up. A prior that depends on other latent
 * variables counts where a {@code LatentLogProbabilityVertex} of three inputs and quantity {@code
 * LOG_RATIO} says what it is. Several likelihoods count together, as independent given the latent
 * variables. Masks of features and of values or time steps are respected; weights of examples are
 * refused.
 */
public final class EvidenceEstimator {

  private final LatentVariableModel model;
  private final EvidenceOptions options;
  private final Progress progress;

  /**
   * Prepares the estimation, silently.
   *
   * @param model the model, kept. Not modified.
   * @param options number of samples, blocks and seed
   */
  public EvidenceEstimator(LatentVariableModel model, EvidenceOptions options) {
    this(model, options, Progress.silent());
  }

  /**
   * Prepares the estimation.
   *
   * @param model the model, kept. Not modified.
   * @param options number of samples, blocks and seed
   * @param progress follows the work; not closed
   */
  public EvidenceEstimator(LatentVariableModel model, EvidenceOptions options, Progress progress) {
    this.model = model;
    this.options = options;
    this.progress = progress;
  }

  /**
   * Estimates the evidence of data that are features and labels alike.
   *
   * @param data {@code [n, ...]}. Not modified.
   * @return values of each example
   * @throws IllegalArgumentException if the data do not fit the network, or are none for the
   *     likelihood
   * @throws IllegalStateException if a log-probability is not a number
   */
  public Evidence estimate(INDArray data) {
    return estimate(List.of(ModelBatch.of(data)).iterator(), data.size(0));
  }

  /**
   * Estimates the evidence of labels given features, which may differ from them, as grey values and
   * their binary draws do.
   *
   * @param data one set of examples; features stand for labels where it has none. Not modified.
   * @return values of each example
   * @throws IllegalArgumentException if the data do not fit the network, or are none for the
   *     likelihood
   * @throws IllegalStateException if a log-probability is not a number
   */
  public Evidence estimate(DataSet data) {
    ModelBatch batch = ModelBatch.of(data);
    return estimate(List.of(batch).iterator(), batch.size());
  }

  /**
   * Estimates the evidence for a network of several inputs or outputs.
   *
   * @param data one set of examples; features stand for labels where it has none. Not modified.
   * @return values of each example
   * @throws IllegalArgumentException if the data do not fit the network, or are none for the
   *     likelihood
   * @throws IllegalStateException if a log-probability is not a number
   */
  public Evidence estimate(MultiDataSet data) {
    ModelBatch batch = ModelBatch.of(data);
    return estimate(List.of(batch).iterator(), batch.size());
  }

  /**
   * Estimates the evidence of all examples that an iterator has left, or of all if it is at its
   * end.
   *
   * @param data minibatches; features stand for labels where there are none. At its end afterwards.
   * @return values of each example, in the order in which they came
   * @throws IllegalArgumentException if there are no examples, if they do not fit the network, or
   *     are none for the likelihood
   * @throws IllegalStateException if a log-probability is not a number
   */
  public Evidence estimate(DataSetIterator data) {
    if (!data.hasNext() && data.resetSupported()) {
      data.reset();
    }
    return estimate(mapped(data, ModelBatch::of), -1);
  }

  /**
   * Estimates the evidence of all examples that an iterator has left, or of all if it is at its
   * end.
   *
   * @param data minibatches; features stand for labels where there are none. At its end afterwards.
   * @return values of each example, in the order in which they came
   * @throws IllegalArgumentException if there are no examples, if they do not fit the network, or
   *     are none for the likelihood
   * @throws IllegalStateException if a log-probability is not a number
   */
  public Evidence estimate(MultiDataSetIterator data) {
    if (!data.hasNext() && data.resetSupported()) {
      data.reset();
    }
    return estimate(mapped(data, ModelBatch::of), -1);
  }

  private static <T> Iterator<ModelBatch> mapped(
      Iterator<T> batches, Function<T, ModelBatch> toBatch) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return batches.hasNext();
      }

      @Override
      public ModelBatch next() {
        return toBatch.apply(batches.next());
      }
    };
  }

  private Evidence estimate(Iterator<ModelBatch> batches, long examples) {
    Results results = new Results();
    progress.start("evidence of " + options.samples() + " samples", examples);
    try (ScratchSpace encoded = new ScratchSpace();
        ScratchSpace drawn = new ScratchSpace()) {
      while (batches.hasNext()) {
        ModelBatch batch = batches.next();
        batch.require(model.nodes().networkInputs().size(), model.nodes().outputs().size());
        int perBlock = Math.max(1, options.blockRows() / options.samples());
        for (int from = 0; from < batch.size(); from += perBlock) {
          ModelBatch block = batch.rows(from, Math.min(batch.size(), from + perBlock));
          results.add(encoded.call(() -> ofBlock(block, results.count, encoded, drawn)), block);
          progress.advance(results.count, results::detail);
        }
      }
    } finally {
      BlockPass.release(model.nodes());
    }
    Evidence evidence = results.evidence(options.samples());
    progress.finish(evidence.toString());
    return evidence;
  }

  private EvidenceSums ofBlock(
      ModelBatch block, long firstExample, ScratchSpace encoded, ScratchSpace drawn) {
    BlockPass pass = new BlockPass(model.nodes(), block.withFeaturesOf(model.dataType()));
    pass.encode(encoded.layerWorkspaces());
    EvidenceSums sums = new EvidenceSums(block.size());
    for (int first = 0; first < options.samples(); first += options.blockRows()) {
      int from = first;
      int samples = Math.min(options.blockRows(), options.samples() - first);
      sums.add(
          drawn.call(
              () ->
                  pass.draw(options.seed(), firstExample, from, samples, drawn.layerWorkspaces())),
          firstExample);
    }
    return sums;
  }

  /** Values of all examples so far. */
  private static final class Results {

    private final DoubleStream.Builder reconstruction = DoubleStream.builder();
    private final DoubleStream.Builder divergence = DoubleStream.builder();
    private final DoubleStream.Builder sampledDivergence = DoubleStream.builder();
    private final DoubleStream.Builder bound = DoubleStream.builder();
    private final DoubleStream.Builder sampleSize = DoubleStream.builder();
    private boolean closed = true;
    private double boundSum;
    private int count;

    void add(EvidenceSums sums, ModelBatch block) {
      for (int i = 0; i < block.size(); i++) {
        reconstruction.add(sums.reconstruction(i));
        closed &= !Double.isNaN(sums.divergence(i));
        divergence.add(sums.divergence(i));
        sampledDivergence.add(sums.sampledDivergence(i));
        bound.add(sums.importanceWeightedBound(i));
        boundSum += sums.importanceWeightedBound(i);
        sampleSize.add(sums.effectiveSampleSize(i));
      }
      count += block.size();
    }

    String detail() {
      return String.format(Locale.ROOT, "mean bound so far %.3f", boundSum / count);
    }

    Evidence evidence(int samples) {
      if (count == 0) {
        throw new IllegalArgumentException("there are no examples; accepted: one or more");
      }
      return new Evidence(
          samples,
          values(reconstruction),
          closed ? values(divergence) : null,
          values(sampledDivergence),
          values(bound),
          values(sampleSize));
    }

    private static ExampleValues values(DoubleStream.Builder numbers) {
      return new ExampleValues(numbers.build().toArray());
    }
  }
}
