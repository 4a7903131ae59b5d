/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import java.util.Arrays;
import java.util.Locale;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.NetworkSteps;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.EpochSeekable;
import org.dl4jebm.training.energy.EnergyTrainingOptions.ChainStart;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.sampling.EnergyChains;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.LangevinChains;
import org.dl4jebm.training.sampling.ReplayBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Trains a network with one output for each example as an energy, {@code p(x) = exp(-E(x)) / Z}, by
 * the gradient of its likelihood with samples from Markov chains in place of the model's
 * expectation:
 *
 * <pre>{@code
 * gradient = mean over data of grad E  -  mean over samples of grad E   (+ that of the energy L2)
 * }</pre>
 *
 * <p>Where the chains begin makes it contrastive divergence, persistent training with a replay
 * buffer (Du and Mordatch, NeurIPS 2019) or short-run training (Nijkamp et al., NeurIPS 2019); see
 * {@link EnergyTrainingOptions.ChainStart} for the bias of each. There is a chain for each example
 * of a batch. {@link org.dl4jebm.training.score.ScoreMatching} needs no samples and is quicker for
 * data of few dimensions; this scales to images, and its samples tell at once what the model has
 * learned.
 *
 * <p>Steps are taken by the network's own updater with its schedules, regularization, gradient
 * normalization and constraints ({@link org.dl4jebm.layers.energy.SpectralNormConstraint} bounds
 * the slope of the energy); the loss of its output layer is not used. Listeners of the network are
 * told of the start and end of epochs and of iterations, with the user's network as model. The
 * score they see is the energy gap, mean energy of the data less that of the samples, with the
 * energy L2 and the regularization: no likelihood, and near 0 where all is well. Batch
 * normalization uses the statistics it has, and dropout and weight noise are off, for data and
 * samples alike.
 *
 * <p>{@link #state} and {@link #restore} save the chains and the random state; with the network
 * saved with its updater ({@link org.dl4jebm.training.ModelFiles}) between two calls of {@link
 * #fit} training goes on with the same numbers as if it had never stopped, if the data are {@link
 * EpochSeekable} or have the same order in each pass. A thread that is interrupted stops after the
 * present step. For use by one thread at a time.
 */
public final class EnergyTrainer implements AutoCloseable {

  private final TrainedEnergy network;
  private final EnergyTrainingOptions options;
  private final Progress progress;
  private final RandomStream random;

  /** Made when the shape of an example is known; null without. */
  private ReplayBuffer buffer;

  private long moves;
  private double acceptedMoves;

  /**
   * What has to be saved beside the network to go on with its training.
   *
   * @param buffer the replay buffer; null where there is none, or before the first batch
   * @param random position of the random stream
   */
  public record State(ReplayBuffer.State buffer, long[] random) {}

  /** What to go back to if training diverges. */
  private record LastGood(NetworkSteps.Snapshot network, State state) {}

  /** Chains after their moves, and where they belong in the buffer. */
  private record Samples(INDArray points, int[] slots) {}

  /** Sums over a pass. */
  private static final class Pass {
    private double gaps;
    private long batches;

    double gap() {
      return gaps / batches;
    }
  }

  /**
   * Creates a trainer that shows nothing.
   *
   * @param network one with one output for each example; initialised if it is not; kept
   * @param options what to do
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer has no rule for
   *     derivatives in {@code x}
   */
  public EnergyTrainer(MultiLayerNetwork network, EnergyTrainingOptions options) {
    this(network, options, Progress.silent());
  }

  /**
   * Creates a trainer.
   *
   * @param network one with one output for each example; initialised if it is not; kept
   * @param options what to do
   * @param progress told of every batch; not closed by the trainer
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer has no rule for
   *     derivatives in {@code x}
   */
  public EnergyTrainer(
      MultiLayerNetwork network, EnergyTrainingOptions options, Progress progress) {
    this(new TrainedEnergy(network, options.energyL2()), options, progress);
  }

  /**
   * Creates a trainer of a graph that shows nothing.
   *
   * @param graph one with one input and one output, with one value for each example; kept
   * @param options what to do
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or vertex has no
   *     rule for derivatives in {@code x}
   */
  public EnergyTrainer(ComputationGraph graph, EnergyTrainingOptions options) {
    this(graph, options, Progress.silent());
  }

  /**
   * Creates a trainer of a graph.
   *
   * @param graph one with one input and one output, with one value for each example; kept
   * @param options what to do
   * @param progress told of every batch; not closed by the trainer
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or vertex has no
   *     rule for derivatives in {@code x}
   */
  public EnergyTrainer(ComputationGraph graph, EnergyTrainingOptions options, Progress progress) {
    this(new TrainedEnergy(graph, options.energyL2()), options, progress);
  }

  private EnergyTrainer(TrainedEnergy network, EnergyTrainingOptions options, Progress progress) {
    this.network = network;
    this.options = options;
    this.progress = progress;
    random = new RandomStream(options.seed());
  }

  /**
   * Trains the network.
   *
   * @param data batches whose features are examples; labels are not used
   * @param epochs passes over the data, at least 1
   * @return what was done
   * @throws IllegalArgumentException if {@code epochs} is below 1, the iterator is empty, or cannot
   *     be reset though several passes are needed, a batch is larger than the buffer, or examples
   *     are out of the kernel's bounds where chains begin there
   * @throws DL4JInvalidInputException if a batch is empty, has a mask, or holds NaN or infinite
   *     values; the parameters are those after the batch before
   * @throws TrainingDivergedException if an energy, a gradient, the energy gap or a parameter is
   *     not finite, or the gap beyond the limit; parameters, updater, chains and random state are
   *     those at the start of the epoch
   */
  public EnergyTrainingResult fit(DataSetIterator data, int epochs) {
    if (epochs < 1) {
      throw new IllegalArgumentException("epochs is " + epochs + "; accepted: 1 or more");
    }
    if (epochs > 1 && !data.resetSupported()) {
      throw new IllegalArgumentException(
          "the iterator cannot be reset; accepted for " + epochs + " epochs: one that can");
    }
    return Workspaces.outside(() -> run(data, epochs));
  }

  private EnergyTrainingResult run(DataSetIterator data, int epochs) {
    long begin = System.nanoTime();
    long perPass = data instanceof EpochSeekable seekable ? seekable.batchesPerEpoch() : -1;
    progress.start("energy network", perPass < 0 ? -1 : perPass * epochs);
    moves = 0;
    acceptedMoves = 0;
    int done = 0;
    long[] iterations = {0};
    boolean interrupted = false;
    Pass pass = new Pass();
    try {
      while (done < epochs && !interrupted) {
        pass = new Pass();
        interrupted = !epoch(data, done + 1, epochs, pass, iterations);
        done += interrupted ? 0 : 1;
      }
    } finally {
      network.clear();
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    progress.finish(
        String.format(
            Locale.ROOT, "%d epochs, energy gap %.4g, %.1f s", done, pass.gap(), seconds));
    return new EnergyTrainingResult(
        !interrupted, done, iterations[0], pass.gap(), acceptedMoves / moves, seconds);
  }

  /** Returns false if interrupted. */
  private boolean epoch(DataSetIterator data, int index, int epochs, Pass pass, long[] iterations) {
    if (data instanceof EpochSeekable seekable) {
      seekable.seekEpoch(BaseOptimizer.getEpochCount(network.steps().model()));
    } else if (data.resetSupported()) {
      data.reset();
    }
    LastGood lastGood = null;
    while (data.hasNext()) {
      if (Thread.currentThread().isInterrupted()) {
        return false;
      }
      INDArray x = examples(data.next());
      if (lastGood == null) {
        prepareBuffer(x);
        lastGood = new LastGood(network.steps().remember(), state());
        network.steps().startEpoch();
      }
      try {
        pass.gaps += step(x);
        pass.batches++;
      } catch (ArithmeticException e) {
        throw diverged(lastGood, index, pass.batches + 1, e.getMessage());
      }
      iterations[0]++;
      progress.advance(
          iterations[0],
          () ->
              String.format(
                  Locale.ROOT, "epoch %d/%d, energy gap %.4g", index, epochs, pass.gap()));
    }
    if (lastGood == null) {
      throw new IllegalArgumentException("the iterator is empty; accepted: at least one batch");
    }
    double squares = network.steps().squaredParameters();
    if (!Double.isFinite(squares)) {
      String what = "the sum of the squares of the parameters is " + squares;
      throw diverged(lastGood, index, pass.batches, what);
    }
    network.steps().endEpoch();
    return true;
  }

  /** A copy in the network's type. */
  private INDArray examples(DataSet batch) {
    if (batch.hasMaskArrays()) {
      throw new DL4JInvalidInputException(
          "a batch has a mask; accepted by energy training: none, examples of the whole width and of"
              + " the same weight");
    }
    INDArray x = batch.getFeatures();
    if (x == null || x.rank() < 2 || x.isEmpty()) {
      throw new DL4JInvalidInputException(
          "the features of a batch are "
              + (x == null ? "null" : "of shape " + Arrays.toString(x.shape()))
              + "; accepted: at least one example, along the first of two or more dimensions");
    }
    INDArray typed = Workspaces.outside(() -> x.castTo(network.steps().type()).dup('c'));
    INDArray flat = TrainedEnergy.flat(typed);
    double squares = Nd4j.getBlasWrapper().dot(flat, flat);
    if (!Double.isFinite(squares)) {
      throw new DL4JInvalidInputException(
          "the features of a batch hold NaN or infinite values (the sum of their squares is "
              + squares
              + "); accepted: finite numbers");
    }
    return typed;
  }

  private void prepareBuffer(INDArray x) {
    if (options.chainStart() == ChainStart.BUFFER && buffer == null) {
      buffer = newBuffer(Arrays.copyOfRange(x.shape(), 1, x.rank()));
    }
  }

  private ReplayBuffer newBuffer(long[] exampleShape) {
    return new ReplayBuffer(
        options.capacity(),
        options.restartProbability(),
        options.starts(),
        network.steps().type(),
        exampleShape,
        random);
  }

  /** Returns the energy gap. */
  private double step(INDArray x) {
    int n = (int) x.size(0);
    Samples samples = sample(x);
    INDArray data = x;
    if (options.dataNoise() > 0) {
      data = x.dup();
      random.gaussian(x, options.dataNoise(), data);
    }
    INDArray weights = Nd4j.ones(network.steps().type(), 2 * n, 1);
    TrainedEnergy.flat(weights).get(NDArrayIndex.interval(n, 2 * n)).assign(-1);
    double[] energies = network.gradient(Nd4j.concat(0, data, samples.points()), weights);
    double gap = 0;
    double squares = 0;
    for (int i = 0; i < 2 * n; i++) {
      gap += (i < n ? energies[i] : -energies[i]) / n;
      squares += energies[i] * energies[i] / n;
    }
    if (!(Math.abs(gap) <= options.gapLimit()) || !Double.isFinite(gap)) {
      throw new ArithmeticException(
          "the energy gap is " + gap + " nats; accepted: " + options.gapLimit() + " either way");
    }
    if (samples.slots() != null) {
      buffer.put(samples.slots(), samples.points());
    }
    network.steps().take(gap + options.energyL2() * squares, n);
    return gap;
  }

  /** Moves the chains of a batch. */
  private Samples sample(INDArray x) {
    INDArray start = x;
    int[] slots = null;
    if (options.chainStart() == ChainStart.BUFFER) {
      ReplayBuffer.Batch batch = buffer.draw((int) x.size(0));
      start = batch.points();
      slots = batch.slots();
    } else if (options.chainStart() == ChainStart.ANEW) {
      start = Workspaces.outside(x::ulike);
      options.starts().draw(random, start);
    }
    moves += options.moves();
    if (options.kernel() instanceof Langevin langevin) {
      acceptedMoves += options.moves();
      LangevinChains chains = LangevinChains.from(network.energy(), start, langevin, random);
      return new Samples(chains.step(options.moves()).points(), slots);
    }
    EnergyChains chains = EnergyChains.from(network.energy(), start, options.kernel(), random);
    chains.step(options.moves());
    acceptedMoves += options.moves() * chains.acceptanceRate();
    return new Samples(chains.points(), slots);
  }

  private TrainingDivergedException diverged(
      LastGood lastGood, int epoch, long batch, String what) {
    network.steps().restore(lastGood.network());
    restore(lastGood.state());
    progress.finish("diverged");
    return new TrainingDivergedException(
        "energy training diverged in batch "
            + batch
            + " of epoch "
            + epoch
            + " of this call: "
            + what
            + ". Parameters, updater and chains are those at the start of the epoch; try a smaller"
            + " learning rate, an energy L2, a spectral norm constraint, or smaller moves");
  }

  /**
   * The chains in the replay buffer, samples of the model as far as they have mixed.
   *
   * @return {@code [capacity, ...]}, a copy
   * @throws IllegalStateException if there is no buffer, or no batch has been seen
   */
  public INDArray chains() {
    if (buffer == null) {
      throw new IllegalStateException(
          "there is no replay buffer; accepted: chains that begin in one, after the first batch");
    }
    return buffer.points();
  }

  /**
   * Returns what has to be saved, beside the network with its updater, to go on later.
   *
   * @return copies
   */
  public State state() {
    return new State(buffer == null ? null : buffer.state(), random.state());
  }

  /**
   * Goes on from a saved state.
   *
   * @param state as {@link #state} returned it, of a trainer with the same options. Not modified.
   * @throws IllegalArgumentException if it has a buffer and the options have none, or of another
   *     capacity or type; nothing is changed then
   */
  public void restore(State state) {
    ReplayBuffer.State saved = state.buffer();
    if (saved == null) {
      buffer = null;
    } else {
      if (options.chainStart() != ChainStart.BUFFER) {
        throw new IllegalArgumentException(
            "the saved state has a replay buffer; accepted with chains that start "
                + options.chainStart()
                + ": none");
      }
      INDArray points = saved.points();
      ReplayBuffer next =
          buffer == null ? newBuffer(Arrays.copyOfRange(points.shape(), 1, points.rank())) : buffer;
      next.restore(saved);
      buffer = next;
    }
    random.restore(state.random());
  }

  /** Frees the random stream; the trainer must not be used afterwards. */
  @Override
  public void close() {
    random.close();
  }
}
