/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.likelihood.AisOptions;
import org.dl4jebm.training.likelihood.AisSandwich;
import org.dl4jebm.training.likelihood.AnnealedImportanceSampling;
import org.dl4jebm.training.likelihood.BaseRate;
import org.dl4jebm.training.likelihood.ExactLikelihood;
import org.dl4jebm.training.likelihood.PseudoLikelihood;
import org.dl4jebm.training.likelihood.ReconstructionError;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The likelihood of a machine: exact where one side has at most 2<sup>20</sup> states, otherwise
 * between annealed importance sampling and its reverse.
 */
final class Likelihood {

  private static final long MAX_STATES = 1L << 20;
  private static final long MAX_PSEUDO_LIKELIHOOD_TERMS = 1_000_000_000L;
  private static final int STREAM = 7;

  private final EvidenceSettings settings;
  private final Execution execution;
  private final Progress progress;

  Likelihood(EvidenceSettings settings, Execution execution, Progress progress) {
    this.settings = settings;
    this.execution = execution;
    this.progress = progress;
  }

  Finding of(RbmModel model, DataSettings.Rows data, long seed, double trainingSeconds) {
    long start = System.nanoTime();
    AisSandwich sandwich = null;
    double forward;
    double reverse;
    if (Math.min(model.visibleSize(), model.hiddenSize())
        <= Long.numberOfTrailingZeros(MAX_STATES)) {
      forward = new ExactLikelihood(model, MAX_STATES, progress).logPartition();
      reverse = forward;
    } else {
      sandwich = sandwich(model, data.train(), seed);
      forward = sandwich.forward().logPartition();
      reverse = sandwich.reverse().logPartition();
    }
    double trainEnergy = meanFreeEnergy(model, data.train());
    double testEnergy = meanFreeEnergy(model, data.test());
    return new Finding(
        seed,
        -trainEnergy - forward,
        -testEnergy - forward,
        -testEnergy - reverse,
        sandwich,
        forward,
        largestTerm(model, data.train()),
        pseudoLikelihood(model, data.test()),
        ReconstructionError.mean(model, data.test()),
        trainingSeconds,
        (System.nanoTime() - start) / 1e9);
  }

  /**
   * Reverse chains start at training images and forget them over many Gibbs sweeps; as far as they
   * do not, the reverse estimate errs further to its side.
   */
  private AisSandwich sandwich(RbmModel model, INDArray train, long seed) {
    long stream = Seeds.derive(seed, STREAM);
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(
            model,
            BaseRate.ofData(model, train),
            AisOptions.linear(settings.temperatures(), settings.chains())
                .withSeed(stream)
                .withExecution(execution),
            progress);
    try (RandomStream random = new RandomStream(stream)) {
      INDArray starts = model.gibbs(firstRows(train, settings.chains()), settings.burnIn(), random);
      return ais.both(starts);
    }
  }

  /** As many rows, from the start again where there are fewer. */
  private static INDArray firstRows(INDArray rows, int count) {
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i % (int) rows.size(0);
    }
    return Nd4j.pullRows(rows, 1, numbers);
  }

  /**
   * One term of the sum {@code Z} bounds it. Machines trained by contrastive divergence can have
   * most of their probability at all units off, where no annealed chain finds it.
   */
  private static double largestTerm(RbmModel model, INDArray train) {
    INDArray plain = Nd4j.create(train.dataType(), 2, train.size(1));
    plain.getRow(1).assign(1);
    double largest = -model.freeEnergy(plain).minNumber().doubleValue();
    return Math.max(largest, -model.freeEnergy(train).minNumber().doubleValue());
  }

  /** Exact, of as many rows as a minute or less allows. */
  private static double pseudoLikelihood(RbmModel model, INDArray rows) {
    long affordable = MAX_PSEUDO_LIKELIHOOD_TERMS / (model.visibleSize() * model.hiddenSize());
    long n = Math.min(rows.size(0), Math.max(1, affordable));
    return new PseudoLikelihood(model)
        .exact(rows.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()))
        .meanNumber()
        .doubleValue();
  }

  private static double meanFreeEnergy(RbmModel model, INDArray rows) {
    return model.freeEnergy(rows).castTo(DataType.DOUBLE).meanNumber().doubleValue();
  }
}
