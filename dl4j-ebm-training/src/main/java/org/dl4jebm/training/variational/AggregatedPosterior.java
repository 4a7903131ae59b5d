/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;
import java.util.Locale;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentPrior;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The posteriors of all data together, {@code q(z) = 1/n sum_i q(z | x_i)}, and how the mean
 * divergence splits into what the latent variables tell of the example and how far all of them lie
 * from the prior (Hoffman and Johnson, NIPS 2016 workshop on approximate inference):
 *
 * <pre>{@code
 * 1/n sum_i KL(q(z | x_i) || p(z)) = I_q(x, z) + KL(q(z) || p(z))
 * }</pre>
 *
 * <p>Where the last term is large, samples of the prior fall where the decoder was never trained.
 *
 * <p>Bias: both terms are unbiased estimates for the {@code n} examples given, each drawn with
 * probability {@code 1/n}. The information is then at most {@code log n}; as an estimate for the
 * distribution that the examples come from it errs low, and the divergence from the prior high by
 * as much, so compare models on equally many examples. The time grows with {@code n^2}.
 *
 * @param mean of each latent variable under {@code q(z)}, exact; with positions for each variable
 *     of each position, those of a position together
 * @param variance of each latent variable under {@code q(z)}, an unbiased estimate from samples
 * @param information estimate of {@code I_q(x, z)}, nats; its mean is what counts, the values are
 *     the terms of the examples
 * @param divergenceFromPrior estimate of {@code KL(q(z) || p(z))}, nats; likewise
 */
public record AggregatedPosterior(
    double[] mean,
    double[] variance,
    ExampleValues information,
    ExampleValues divergenceFromPrior) {

  /**
   * Estimates it, silently.
   *
   * @param model the model, with a single layer of latent variables. Not modified.
   * @param options samples of each example, of which a few are enough; rows of a block; the seed
   * @param data features {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return the estimate
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public static AggregatedPosterior of(
      LatentVariableModel model, EvidenceOptions options, INDArray... data) {
    return of(model, options, Progress.silent(), data);
  }

  /**
   * Estimates it.
   *
   * @param model the model, with a single layer of latent variables. Not modified.
   * @param options samples of each example, of which a few are enough; rows of a block; the seed
   * @param progress follows the work; not closed
   * @param data features {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return the estimate
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public static AggregatedPosterior of(
      LatentVariableModel model, EvidenceOptions options, Progress progress, INDArray... data) {
    INDArray eta = Workspaces.outside(() -> parameters(model, data));
    int n = Math.toIntExact(data[0].size(0));
    Estimation estimation = new Estimation(model, options, eta, n);
    progress.start("aggregated posterior", n);
    int perBlock = Math.max(1, options.blockRows() / options.samples());
    try (ScratchSpace scratch = new ScratchSpace()) {
      for (int from = 0; from < n; from += perBlock) {
        int first = from;
        int last = Math.min(n, from + perBlock);
        scratch.run(() -> estimation.block(first, last));
        progress.step(last, null);
      }
    }
    AggregatedPosterior result = estimation.result();
    progress.finish(result.toString());
    return result;
  }

  /** Parameters of all posteriors, the positions of an example together. */
  private static INDArray parameters(LatentVariableModel model, INDArray[] data) {
    INDArray activations = model.posteriorParameters(data);
    return ChannelRows.of(activations, model.conf().isChannelsLast()).dup('c');
  }

  /** What is known of the posteriors, and the sums so far. */
  private static final class Estimation {

    private final EvidenceOptions options;
    private final LatentDistribution q;
    private final LatentPrior prior;
    private final long latents;
    private final INDArray eta;
    private final INDArray priorRow;
    private final int n;
    private final int positions;
    private final double[] mean;
    private final double[] variance;
    private final double[] information;
    private final double[] divergence;

    Estimation(LatentVariableModel model, EvidenceOptions options, INDArray eta, int n) {
      LatentVariables conf = model.conf();
      this.options = options;
      this.q = conf.getDistribution();
      this.prior = BlockPass.priorOf(model.latentLayer());
      this.latents = conf.getNOut();
      this.eta = eta;
      this.n = n;
      this.positions = Math.toIntExact(eta.size(0) / n);
      this.priorRow =
          prior.parameters() == null
              ? Nd4j.zeros(eta.dataType(), 1, prior.distribution().parameters(latents))
              : Nd4j.createFromArray(new double[][] {prior.parameters()}).castTo(eta.dataType());
      this.mean = ActiveUnits.columnMeans(flat(q.mean(eta), n));
      this.variance = new double[mean.length];
      this.information = new double[n];
      this.divergence = new double[n];
    }

    private static double[][] flat(INDArray rows, long examples) {
      return rows.dup('c')
          .reshape('c', new long[] {examples, rows.length() / examples})
          .castTo(DataType.DOUBLE)
          .toDoubleMatrix();
    }

    /** Draws the samples of some examples and compares them with all posteriors. */
    void block(int from, int to) {
      int samples = options.samples();
      int examples = to - from;
      int rows = examples * samples;
      INDArray own = ModelBatch.rows(eta, from * positions, to * positions).dup('c');
      INDArray repeated =
          Rows.repeatEach(own.reshape('c', new long[] {examples, own.length() / examples}), samples)
              .reshape('c', new long[] {(long) rows * positions, own.size(1)});
      INDArray noise =
          Nd4j.createUninitialized(
              eta.dataType(), new long[] {(long) rows * positions, latents}, 'c');
      new ExampleNoise(options.seed(), from, examples, 0, samples).fill(q::noise, noise);
      INDArray z = q.exactSample(repeated, noise);
      double[] inOwn = sums(q.logProbability(repeated, z), rows);
      double[] inPrior = sums(prior.distribution().logProbability(priorRow, z), rows);
      double[] inAll = inAll(z, rows);
      for (int row = 0; row < rows; row++) {
        int i = from + row / samples;
        information[i] += (inOwn[row] - inAll[row]) / samples;
        divergence[i] += (inAll[row] - inPrior[row]) / samples;
      }
      double[] squares = ActiveUnits.columnVariances(flat(z, rows), mean);
      for (int j = 0; j < squares.length; j++) {
        variance[j] += squares[j] * examples / n;
      }
    }

    /** {@code log q(z)} of each row, by a running sum over the posteriors. */
    private double[] inAll(INDArray z, int rows) {
      double[] greatest = new double[rows];
      double[] sum = new double[rows];
      Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
      for (int i = 0; i < n; i++) {
        INDArray one = ModelBatch.rows(eta, i * positions, (i + 1) * positions);
        if (positions > 1) {
          one =
              Rows.repeatEach(
                      one.dup('c').reshape('c', new long[] {1, positions * eta.size(1)}), rows)
                  .reshape('c', new long[] {(long) rows * positions, eta.size(1)});
        }
        double[] logs = sums(q.logProbability(one, z), rows);
        for (int row = 0; row < rows; row++) {
          double log = logs[row];
          if (log > greatest[row]) {
            sum[row] = sum[row] * Math.exp(greatest[row] - log) + 1;
            greatest[row] = log;
          } else if (log > Double.NEGATIVE_INFINITY) {
            sum[row] += Math.exp(log - greatest[row]);
          }
        }
      }
      Arrays.setAll(sum, row -> greatest[row] + Math.log(sum[row] / n));
      return sum;
    }

    private static double[] sums(INDArray factors, int rows) {
      return factors
          .castTo(DataType.DOUBLE)
          .reshape('c', new long[] {rows, factors.length() / rows})
          .sum(1)
          .toDoubleVector();
    }

    AggregatedPosterior result() {
      return new AggregatedPosterior(
          mean, variance, new ExampleValues(information), new ExampleValues(divergence));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AggregatedPosterior that
        && Arrays.equals(mean, that.mean)
        && Arrays.equals(variance, that.variance)
        && information.equals(that.information)
        && divergenceFromPrior.equals(that.divergenceFromPrior);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(mean) + information.hashCode();
  }

  /**
   * A line for a report.
   *
   * @return the two terms in nats
   */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "I_q(x, z) %s of at most %.4f nats, KL(q(z) || p(z)) %s nats",
        information,
        Math.log(information.values().length),
        divergenceFromPrior);
  }
}
