/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.NotNormalisableException;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.training.likelihood.AisEstimate;
import org.dl4jebm.training.likelihood.AisSandwich;
import org.dl4jebm.training.likelihood.AnnealedImportanceSampling;
import org.dl4jebm.training.likelihood.BaseRate;
import org.dl4jebm.training.likelihood.ExactLikelihood;
import org.dl4jebm.training.likelihood.FreeEnergyGap;
import org.dl4jebm.training.likelihood.PseudoLikelihood;
import org.dl4jebm.training.likelihood.ReconstructionError;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.sampling.ChainDiagnostics;
import org.dl4jebm.training.sampling.GibbsChains;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What is found of one machine at the end of one epoch. Nothing of the training changes. */
final class Measurement {

  private static final long CHAIN_STREAM = 1;
  private static final long PSEUDO_LIKELIHOOD_STREAM = 2;
  private static final long DRAW_STREAM = 3;

  private final MonitorOptions options;
  private final RestrictedBoltzmannMachineLayer layer;
  private final RbmModel model;
  private final INDArray training;

  /** Null where there is none. */
  private final INDArray validation;

  private final long seed;
  private final BiConsumer<String, String> reasons;
  private final Map<Column, Double> values = new EnumMap<>(Column.class);
  private INDArray chainMeans;
  private INDArray chainStates;

  /**
   * @param training states of visible units
   * @param validation the same, or null
   * @param seed of this layer and epoch
   * @param reasons told the names of measures that do not apply, and why
   */
  Measurement(
      MonitorOptions options,
      RestrictedBoltzmannMachineLayer layer,
      INDArray training,
      INDArray validation,
      long seed,
      BiConsumer<String, String> reasons) {
    this.options = options;
    this.layer = layer;
    this.model = layer.model();
    this.training = training;
    this.validation = validation;
    this.seed = seed;
    this.reasons = reasons;
  }

  /**
   * Measures everything that was asked for.
   *
   * @throws java.util.concurrent.CancellationException if the thread is interrupted
   */
  Measurement run() {
    if (!attempt("measures", model::requireFiniteParameters)) {
      return this;
    }
    attempt(Measure.EXACT_LIKELIHOOD, this::exactLikelihood);
    attempt(Measure.FREE_ENERGY, this::freeEnergy);
    attempt(Measure.PSEUDO_LIKELIHOOD, this::pseudoLikelihood);
    attempt(Measure.STOCHASTIC_PSEUDO_LIKELIHOOD, this::stochasticPseudoLikelihood);
    attempt(Measure.RECONSTRUCTION_ERROR, this::reconstructionError);
    attempt("chains", this::chains);
    attempt(Measure.CHAINS, this::swapRates);
    if (options.ais() != null) {
      attempt("annealed importance sampling", this::annealedImportanceSampling);
    }
    return this;
  }

  /** Numbers by column; those that do not apply are missing or NaN. */
  Map<Column, Double> values() {
    return Collections.unmodifiableMap(values);
  }

  /** Conditional means of visible units, {@code [chains, nIn]}. */
  Optional<INDArray> chainMeans() {
    return Optional.ofNullable(chainMeans);
  }

  private void attempt(Measure measure, Runnable action) {
    if (options.measures().contains(measure)) {
      attempt(measure.name(), action);
    }
  }

  /** A machine that cannot be measured is no reason to stop its training. */
  private boolean attempt(String what, Runnable action) {
    try {
      action.run();
      return true;
    } catch (IllegalArgumentException | ArithmeticException | NotNormalisableException e) {
      reasons.accept(what, e.getMessage());
      return false;
    }
  }

  private void exactLikelihood() {
    ExactLikelihood exact = new ExactLikelihood(model, options.maxStates(), Progress.silent());
    INDArray both = validation == null ? training : Nd4j.vstack(training, validation);
    INDArray logs = exact.logLikelihood(both);
    long n = training.size(0);
    values.put(Column.LOG_LIKELIHOOD_TRAINING, mean(logs.get(NDArrayIndex.interval(0, n))));
    if (validation != null) {
      values.put(
          Column.LOG_LIKELIHOOD_VALIDATION, mean(logs.get(NDArrayIndex.interval(n, both.size(0)))));
    }
  }

  private void freeEnergy() {
    FreeEnergyGap gap =
        FreeEnergyGap.of(model::freeEnergy, training, validation == null ? training : validation);
    values.put(Column.FREE_ENERGY_TRAINING, gap.training());
    if (validation != null) {
      values.put(Column.FREE_ENERGY_VALIDATION, gap.validation());
      values.put(Column.FREE_ENERGY_GAP, gap.gap());
      values.put(Column.FREE_ENERGY_GAP_STANDARD_ERROR, gap.standardError());
    }
  }

  private void pseudoLikelihood() {
    PseudoLikelihood pseudo = new PseudoLikelihood(model);
    values.put(Column.PSEUDO_LIKELIHOOD_TRAINING, mean(pseudo.exact(training)));
    if (validation != null) {
      values.put(Column.PSEUDO_LIKELIHOOD_VALIDATION, mean(pseudo.exact(validation)));
    }
  }

  private void stochasticPseudoLikelihood() {
    PseudoLikelihood pseudo = new PseudoLikelihood(model);
    try (RandomStream random = stream(PSEUDO_LIKELIHOOD_STREAM)) {
      values.put(
          Column.STOCHASTIC_PSEUDO_LIKELIHOOD_TRAINING, mean(pseudo.stochastic(training, random)));
      if (validation != null) {
        values.put(
            Column.STOCHASTIC_PSEUDO_LIKELIHOOD_VALIDATION,
            mean(pseudo.stochastic(validation, random)));
      }
    }
  }

  private void reconstructionError() {
    values.put(Column.RECONSTRUCTION_ERROR_TRAINING, ReconstructionError.mean(model, training));
    if (validation != null) {
      values.put(
          Column.RECONSTRUCTION_ERROR_VALIDATION, ReconstructionError.mean(model, validation));
    }
  }

  /**
   * Chains that start where the training chains are, or else at training data. The picture shows
   * the training chains themselves where there are any.
   */
  private void chains() {
    try (RandomStream random = stream(CHAIN_STREAM)) {
      Optional<Pair<INDArray, INDArray>> kept = layer.sampleChains(random);
      GibbsChains chains =
          GibbsChains.from(model, first(kept.map(Pair::getSecond).orElse(training)), random);
      kept.ifPresent(pair -> chainMeans = first(pair.getFirst()));
      if (kept.isPresent() && !options.measures().contains(Measure.CHAINS) && !needsStarts()) {
        return;
      }
      chains.sweep(options.sweeps() / 2);
      double[][] energies = chains.trace(model::freeEnergy, options.sweeps(), 1);
      chainStates = chains.visible();
      if (kept.isEmpty()) {
        chainMeans = chains.meanOver(1);
      }
      if (options.measures().contains(Measure.CHAINS)) {
        values.put(
            Column.AUTOCORRELATION_TIME, ChainDiagnostics.integratedAutocorrelationTime(energies));
        values.put(Column.EFFECTIVE_SAMPLE_SIZE, ChainDiagnostics.effectiveSampleSize(energies));
        values.put(Column.R_HAT, ChainDiagnostics.rankNormalizedSplitRHat(energies));
      }
    }
  }

  private boolean needsStarts() {
    return options.ais() != null;
  }

  private void swapRates() {
    Map<String, Double> numbers = layer.pretrainDiagnostics();
    double[] rates =
        numbers.entrySet().stream()
            .filter(number -> number.getKey().startsWith(Tempering.SWAP_RATE))
            .mapToDouble(Map.Entry::getValue)
            .toArray();
    if (numbers.containsKey(Tempering.TEMPERATURES)) {
      values.put(Column.TEMPERATURES, numbers.get(Tempering.TEMPERATURES));
    }
    if (rates.length > 0) {
      values.put(Column.SWAP_RATE_LOWEST, Arrays.stream(rates).min().orElseThrow());
      values.put(Column.SWAP_RATE_MEAN, Arrays.stream(rates).average().orElseThrow());
    }
  }

  private void annealedImportanceSampling() {
    INDArray starts = reverseStarts();
    if (starts == null) {
      return;
    }
    AisSandwich both =
        new AnnealedImportanceSampling(model, BaseRate.ofData(model, training), options.ais())
            .both(starts);
    put(
        both.forward(),
        Column.AIS_LOG_Z,
        Column.AIS_STANDARD_ERROR,
        Column.AIS_LOG_LIKELIHOOD_TRAINING,
        Column.AIS_LOG_LIKELIHOOD_VALIDATION);
    put(
        both.reverse(),
        Column.REVERSE_AIS_LOG_Z,
        Column.REVERSE_AIS_STANDARD_ERROR,
        Column.REVERSE_AIS_LOG_LIKELIHOOD_TRAINING,
        Column.REVERSE_AIS_LOG_LIKELIHOOD_VALIDATION);
  }

  private void put(
      AisEstimate estimate, Column logZ, Column error, Column ofTraining, Column ofValidation) {
    values.put(logZ, estimate.logPartition());
    values.put(error, estimate.standardError());
    values.put(ofTraining, estimate.meanLogLikelihood(model, training));
    if (validation != null) {
      values.put(ofValidation, estimate.meanLogLikelihood(model, validation));
    }
  }

  /** Null where there are neither exact draws nor chains, for a reason that was told already. */
  private INDArray reverseStarts() {
    ExactLikelihood exact;
    try {
      exact = new ExactLikelihood(model, options.maxStates(), Progress.silent());
    } catch (IllegalArgumentException tooLarge) {
      return chainStates;
    }
    try (RandomStream random = stream(DRAW_STREAM)) {
      return exact.sample(options.ais().chains(), random);
    }
  }

  private INDArray first(INDArray rows) {
    long n = Math.min(rows.size(0), options.chains());
    return rows.get(NDArrayIndex.interval(0, n), NDArrayIndex.all());
  }

  private RandomStream stream(long number) {
    return new RandomStream(Seeds.derive(seed, number));
  }

  private static double mean(INDArray inDouble) {
    return inDouble.meanNumber().doubleValue();
  }
}
