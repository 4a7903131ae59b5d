/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.NetworkSteps;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.EpochSeekable;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** One call of {@link ScoreMatching}. */
final class ScoreRun<M extends Model> {

  private static final String WORKSPACE = "WS_SCORE_MATCHING_STEP";

  private final ScoreMatchingOptions options;
  private final Progress progress;
  private final TrainedNetwork<M> network;
  private final Map<TwinKey, TrainedNetwork<M>> twins = new HashMap<>();
  private final Map<StreamLayout, Optional<DenseChain>> chains = new HashMap<>();
  private final NetworkSteps steps;
  private long done;

  /** What tells twins apart. */
  private record TwinKey(StreamLayout layout, ILossFunction loss) {}

  /** Score and number of examples, summed over batches. */
  private static final class Mean {
    private double sum;
    private long examples;

    void add(double score, long n) {
      sum += score * n;
      examples += n;
    }

    double value() {
      return sum / examples;
    }
  }

  ScoreRun(ScoreMatchingOptions options, Progress progress, TrainedNetwork<M> network) {
    this.options = options;
    this.progress = progress;
    this.network = network;
    this.steps = network.steps();
  }

  ScoreMatchingResult fit(DataSetIterator data) {
    if (options.epochs() > 1 && !data.resetSupported()) {
      throw new IllegalArgumentException(
          "the iterator cannot be reset; accepted for "
              + options.epochs()
              + " epochs: one that can");
    }
    long start = System.nanoTime();
    long perPass = data instanceof EpochSeekable seekable ? seekable.batchesPerEpoch() : -1;
    progress.start(options.objective().scoreName(), perPass < 0 ? -1 : perPass * options.epochs());
    int epochs = 0;
    double score = Double.NaN;
    boolean interrupted = false;
    try {
      while (epochs < options.epochs() && !interrupted) {
        Mean mean = new Mean();
        interrupted = !epoch(data, epochs, mean);
        score = mean.value();
        epochs += interrupted ? 0 : 1;
      }
    } finally {
      twins.values().forEach(TrainedNetwork::clear);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    progress.finish(
        String.format(
            Locale.ROOT,
            "%d epochs, %s %.4f, %.1f s",
            epochs,
            options.objective().scoreName(),
            score,
            seconds));
    return new ScoreMatchingResult(!interrupted, epochs, done, score, seconds);
  }

  /** Returns false if interrupted. */
  private boolean epoch(DataSetIterator data, int index, Mean mean) {
    M model = network.model();
    int epoch = BaseOptimizer.getEpochCount(model);
    if (data instanceof EpochSeekable seekable) {
      seekable.seekEpoch(epoch);
    } else if (data.resetSupported()) {
      data.reset();
    }
    NetworkSteps.Snapshot lastGood = null;
    try (RandomStream random = new RandomStream(Seeds.derive(options.seed(), epoch))) {
      while (data.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return false;
        }
        INDArray x = Examples.require(Examples.of(data.next()), network.type());
        List<Stacker> parts = parts(x);
        double score = gradient(parts, x, random);
        if (lastGood == null) {
          lastGood = steps.remember();
          steps.startEpoch();
        }
        if (!Double.isFinite(score)) {
          throw diverged(lastGood, options.objective().scoreName(), score, index, mean);
        }
        steps.take(score, Math.toIntExact(parts.get(0).rows() * x.size(0)));
        done++;
        mean.add(score, x.size(0));
        progress.advance(
            done,
            () ->
                String.format(
                    Locale.ROOT,
                    "epoch %d/%d, %s %.4g",
                    index + 1,
                    options.epochs(),
                    options.objective().scoreName(),
                    mean.value()));
      }
    }
    if (lastGood == null) {
      throw new IllegalArgumentException("the iterator is empty; accepted: at least one batch");
    }
    double squares = steps.squaredParameters();
    if (!Double.isFinite(squares)) {
      throw diverged(lastGood, "sum of the squares of the parameters", squares, index, mean);
    }
    steps.endEpoch();
    return true;
  }

  private TrainingDivergedException diverged(
      NetworkSteps.Snapshot lastGood, String quantity, double value, int epoch, Mean mean) {
    steps.restore(lastGood);
    String message =
        "score matching diverged in epoch "
            + (epoch + 1)
            + " of this call, after "
            + mean.examples
            + " of its examples: "
            + quantity
            + " is "
            + value
            + ". The parameters are those at the start of the epoch; try a smaller learning rate, or"
            + " gradient normalization";
    progress.finish("diverged");
    return new TrainingDivergedException(message);
  }

  /**
   * Leaves the gradient of the batch in the network's vector, summed over examples and times the
   * rows of an example in the first part, by which DL4J divides.
   */
  private double gradient(List<Stacker> parts, INDArray x, RandomStream random) {
    double score = 0;
    for (int i = 0; i < parts.size(); i++) {
      Stacker part = parts.get(i);
      double factor = (double) parts.get(0).rows() / part.rows();
      boolean add = i > 0;
      Optional<DenseChain> chain = chain(part, x);
      score +=
          chain.isPresent()
              ? gradient(chain.get(), part, x, random, factor, add)
              : gradient(part, x, random, factor, add);
    }
    return score;
  }

  /** Through the passes of a network of dense layers, which write where the sum is. */
  private double gradient(
      DenseChain chain, Stacker part, INDArray x, RandomStream random, double factor, boolean add) {
    steps.gradient();
    return Workspaces.within(
        WORKSPACE, () -> part.compute(chain, x, network::energyGradient, random, factor, add));
  }

  /** Through a twin. */
  private double gradient(
      Stacker part, INDArray x, RandomStream random, double factor, boolean add) {
    TrainedNetwork<M> twin = twin(part);
    Workspaces.within(
        WORKSPACE,
        () -> {
          DataSet input = twin.input(part.stack(x, network::energyGradient, random));
          // What the network keeps must not be in the workspace.
          return Workspaces.outside(
              () -> {
                twin.compute(input);
                return null;
              });
        });
    INDArray sum = steps.gradient();
    INDArray partial = twin.steps().gradient();
    if (add) {
      Nd4j.getBlasWrapper().level1().axpy(sum.length(), factor, partial, sum);
    } else {
      sum.assign(partial);
    }
    return twin.model().score() - twin.steps().regularization();
  }

  private Optional<DenseChain> chain(Stacker part, INDArray x) {
    if (part.layout() == null) {
      return Optional.empty();
    }
    return chains
        .computeIfAbsent(part.layout(), network::makeChain)
        .filter(chain -> chain.accepts(x));
  }

  private List<Stacker> parts(INDArray x) {
    long n = x.size(0);
    return options.objective().parts(n, x.length() / n, options.maximumRows());
  }

  private TrainedNetwork<M> twin(Stacker part) {
    return twins.computeIfAbsent(
        new TwinKey(part.layout(), part.loss()), key -> network.withLoss(key.layout(), key.loss()));
  }

  double score(DataSetIterator data) {
    if (data instanceof EpochSeekable seekable) {
      seekable.seekEpoch(0);
    } else if (data.resetSupported()) {
      data.reset();
    }
    Mean mean = new Mean();
    try (RandomStream random = new RandomStream(options.seed())) {
      while (data.hasNext()) {
        INDArray x = Examples.require(Examples.of(data.next()), network.type());
        double score = 0;
        for (Stacker part : parts(x)) {
          TrainedNetwork<M> twin = twin(part);
          DataSet stack = twin.input(part.stack(x, network::energyGradient, random));
          score += twin.score(stack);
        }
        mean.add(score, x.size(0));
      }
    } finally {
      twins.values().forEach(TrainedNetwork::clear);
    }
    if (mean.examples == 0) {
      throw new IllegalArgumentException("the iterator is empty; accepted: at least one batch");
    }
    return mean.value();
  }
}
