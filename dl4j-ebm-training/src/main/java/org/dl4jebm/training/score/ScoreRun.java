/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
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

  private final ScoreMatchingOptions options;
  private final Progress progress;
  private final TrainedNetwork<M> network;
  private final Map<TwinKey, TrainedNetwork<M>> twins = new HashMap<>();
  private final INDArray parameters;
  private Gradient named;
  private long done;

  /** What tells twins apart. */
  private record TwinKey(StreamLayout layout, ILossFunction loss) {}

  /** The state of the network when an epoch began. */
  private record LastGood(INDArray parameters, INDArray updater, int iterations) {}

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
    INDArray all = network.model().params();
    this.parameters = all.reshape(all.ordering(), new long[] {all.length()});
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
    LastGood lastGood = null;
    try (RandomStream random = new RandomStream(Seeds.derive(options.seed(), epoch))) {
      while (data.hasNext()) {
        if (Thread.currentThread().isInterrupted()) {
          return false;
        }
        INDArray x = Examples.require(data.next().getFeatures(), network.type());
        double score = gradient(x, random);
        if (lastGood == null) {
          lastGood = remember();
          tellListeners(listener -> listener.onEpochStart(model));
        }
        if (!Double.isFinite(score)) {
          throw diverged(lastGood, options.objective().scoreName(), score, index, mean);
        }
        step(score, x.size(0));
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
    double squares = Nd4j.getBlasWrapper().dot(parameters, parameters);
    if (!Double.isFinite(squares)) {
      throw diverged(lastGood, "sum of the squares of the parameters", squares, index, mean);
    }
    tellListeners(listener -> listener.onEpochEnd(model));
    network.countEpoch();
    return true;
  }

  private LastGood remember() {
    INDArray state = network.updaterState();
    return new LastGood(
        parameters.dup(),
        state == null ? null : state.dup(),
        BaseOptimizer.getIterationCount(network.model()));
  }

  private TrainingDivergedException diverged(
      LastGood lastGood, String quantity, double value, int epoch, Mean mean) {
    parameters.assign(lastGood.parameters());
    if (lastGood.updater() != null) {
      network.updaterState().assign(lastGood.updater());
    }
    network.setIterationCount(lastGood.iterations());
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

  /** Leaves the gradient of the batch, summed over examples, in the network's view. */
  private double gradient(INDArray x, RandomStream random) {
    INDArray sum = network.gradientView();
    INDArray flat = sum.reshape(sum.ordering(), new long[] {sum.length()});
    double score = 0;
    boolean first = true;
    for (Stacker part : parts(x)) {
      TrainedNetwork<M> twin = twin(part);
      twin.compute(twin.input(part.stack(x, network::energyGradient, random)));
      INDArray view = twin.gradientView();
      INDArray partial = view.reshape(view.ordering(), new long[] {view.length()});
      if (first) {
        flat.assign(partial);
        flat.divi(part.rows());
      } else {
        Nd4j.getBlasWrapper().level1().axpy(flat.length(), 1.0 / part.rows(), partial, flat);
      }
      first = false;
      score += twin.model().score() - twin.regularization();
    }
    return score;
  }

  private List<Stacker> parts(INDArray x) {
    long n = x.size(0);
    return options.objective().parts(n, x.length() / n, options.maximumRows());
  }

  private TrainedNetwork<M> twin(Stacker part) {
    return twins.computeIfAbsent(
        new TwinKey(part.layout(), part.loss()), key -> network.withLoss(key.layout(), key.loss()));
  }

  private void step(double score, long examples) {
    M model = network.model();
    int iteration = BaseOptimizer.getIterationCount(model);
    int epoch = BaseOptimizer.getEpochCount(model);
    if (named == null) {
      named = network.namedGradient();
    }
    network.setScore(score + network.regularization());
    network.applyUpdater(named, iteration, epoch, Math.toIntExact(examples));
    INDArray update = network.gradientView();
    parameters.subi(update.reshape(update.ordering(), new long[] {update.length()}));
    tellListeners(listener -> listener.iterationDone(model, iteration, epoch));
    BaseOptimizer.incrementIterationCount(model, 1);
    BaseOptimizer.applyConstraints(model);
    done++;
  }

  private void tellListeners(Consumer<TrainingListener> call) {
    M model = network.model();
    (model instanceof MultiLayerNetwork chain
            ? chain.getListeners()
            : ((ComputationGraph) model).getListeners())
        .forEach(call);
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
        INDArray x = Examples.require(data.next().getFeatures(), network.type());
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
