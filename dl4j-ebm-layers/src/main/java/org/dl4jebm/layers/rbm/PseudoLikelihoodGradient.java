/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import java.util.SplittableRandom;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.shape.Gather;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The gradient of {@link PseudoLikelihoodObjective}. Flipping unit {@code i} of a row changes the
 * field of the hidden units by {@code d_i W_i}, where {@code d_i} is the change of its statistic,
 * so that no product with the weights is needed for a flip. With {@code s_i = sigmoid(F(v) -
 * F(flip_i v))} the gradient is
 *
 * <pre>{@code   sum_i s_i (grad F(v) - grad F(flip_i v))}</pre>
 *
 * <p>Keeps nothing between steps.
 */
final class PseudoLikelihoodGradient implements RbmEstimator {

  /** Hidden fields in a block of flips. */
  private static final long BLOCK_NUMBERS = 1L << 18;

  private static final int SEED_BITS = 23;

  private static final ScratchSpace SCRATCH = new ScratchSpace();

  private final PseudoLikelihoodObjective options;
  private final RandomStream random;

  PseudoLikelihoodGradient(PseudoLikelihoodObjective options, RandomStream random) {
    this.options = options;
    this.random = random;
  }

  /**
   * {@inheritDoc}
   *
   * @return the negative log-pseudo-likelihood in nats, summed over units, weighted mean over the
   *     batch; if units are sampled, an unbiased estimate of it
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    Step step = new Step(model, batch, true);
    run(step, batch);
    step.write(gradient);
    return batch.withScore()
        ? step.losses.sumNumber().doubleValue() / batch.totalWeight()
        : Double.NaN;
  }

  /** The loss of each row, {@code [n]} in DOUBLE. */
  INDArray losses(RbmModel model, INDArray data) {
    RbmBatch batch = RbmBatch.of(data);
    Step step = new Step(model, batch, false);
    run(step, batch);
    return step.losses;
  }

  private void run(Step step, RbmBatch batch) {
    int n = (int) batch.data().size(0);
    int units = (int) batch.data().size(1);
    if (options.sampledUnits() == 0 || options.sampledUnits() == units) {
      step.run(n, units, (row, flip) -> flip);
    } else {
      int[][] drawn = draw(n, units, options.sampledUnits());
      step.run(n, options.sampledUnits(), (row, flip) -> drawn[row][flip]);
    }
  }

  /** For each row some units without replacement. */
  private int[][] draw(int rows, int units, int count) {
    SplittableRandom integers = new SplittableRandom(seed());
    int[] permutation = new int[units];
    for (int i = 0; i < units; i++) {
      permutation[i] = i;
    }
    int[][] drawn = new int[rows][count];
    for (int[] row : drawn) {
      for (int k = 0; k < count; k++) {
        int other = k + integers.nextInt(units - k);
        row[k] = permutation[other];
        permutation[other] = permutation[k];
        permutation[k] = row[k];
      }
    }
    return drawn;
  }

  /** The stream has no integers; two of its numbers hold 46 random bits. */
  private long seed() {
    INDArray u = Nd4j.create(DataType.DOUBLE, 2);
    random.uniform(u);
    long high = (long) Math.scalb(u.getDouble(0), SEED_BITS);
    long low = (long) Math.scalb(u.getDouble(1), SEED_BITS);
    return high << SEED_BITS | low;
  }

  @Override
  public String scoreName() {
    return "-log pseudo-likelihood";
  }

  @Override
  public Map<String, INDArray> state() {
    return Map.of();
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    SavedArrays.requireNames(state);
  }

  /** Which unit is flipped in a row. */
  private interface Flips {
    int unit(int row, int flip);
  }

  /** The sums of one step. */
  private static final class Step {

    private final RbmModel model;
    private final boolean withScore;
    private final boolean withGradient;

    /** {@code W} with its rows together in memory. */
    private final INDArray weights;

    /** Statistics of the data. */
    private final INDArray visible;

    /** Change of a statistic if its unit is flipped, as one row of {@code n nIn} numbers. */
    private final INDArray change;

    /** Field of the hidden units. */
    private final INDArray field;

    private final INDArray logPartition;

    /** Weights of the rows. */
    private final INDArray factors;

    /** For each row {@code sum_i s_i}. */
    private final INDArray total;

    /** For each row {@code sum_i s_i E[t(h) | flip_i v]}. */
    private final INDArray flippedHidden;

    /** For each unit the sum over rows of {@code s_i d_i E[t(h) | flip_i v]}. */
    private final INDArray perUnit;

    /** For each unit the sum over rows of {@code s_i d_i}. */
    private final INDArray perUnitBias;

    /** For each row its weight times its loss. */
    private final INDArray losses;

    Step(RbmModel model, RbmBatch batch, boolean withGradient) {
      this.model = model;
      this.withScore = batch.withScore();
      this.withGradient = withGradient;
      DataType type = model.weights().dataType();
      long n = batch.data().size(0);
      weights = model.weights().dup('c');
      INDArray[] states =
          PseudoLikelihoodObjective.states(model.visibleUnits(), model.visibleSize(), type);
      visible = batch.data().castTo(type).dup('c');
      INDArray flipped = visible.neg().addiRowVector(states[0].add(states[1]));
      model.visibleUnits().toStatistic(visible);
      model.visibleUnits().toStatistic(flipped);
      change = flipped.subi(visible).reshape('c', new long[] {visible.length()});
      field = Nd4j.createUninitialized(type, new long[] {n, model.hiddenSize()}, 'c');
      model.hiddenFieldInto(visible.transpose(), field, field.transpose());
      logPartition = model.hiddenUnits().logPartition(field, model.hiddenBias());
      factors = batch.factors(type);
      total = Nd4j.create(type, n);
      flippedHidden = Nd4j.create(type, n, model.hiddenSize());
      perUnit = Nd4j.create(type, model.visibleSize(), model.hiddenSize());
      perUnitBias = Nd4j.create(type, model.visibleSize());
      losses = Nd4j.create(DataType.DOUBLE, n);
    }

    /** Goes through all flips, in blocks of rows and within them of flips. */
    void run(int rows, int flips, Flips units) {
      int pairs = (int) Math.max(1, BLOCK_NUMBERS / model.hiddenSize());
      int blockFlips = Math.min(flips, pairs);
      int blockRows = Math.min(rows, Math.max(1, pairs / blockFlips));
      double scale = (double) model.visibleSize() / flips;
      for (int row = 0; row < rows; row += blockRows) {
        int rowEnd = Math.min(rows, row + blockRows);
        for (int flip = 0; flip < flips; flip += blockFlips) {
          int flipEnd = Math.min(flips, flip + blockFlips);
          int[] from = {row, flip};
          SCRATCH.run(() -> addBlock(from[0], rowEnd, from[1], flipEnd, units, scale));
        }
      }
    }

    private void addBlock(int row, int rowEnd, int flip, int flipEnd, Flips units, double scale) {
      int rows = rowEnd - row;
      int flips = flipEnd - flip;
      int[] rowOf = new int[rows * flips];
      int[] unitOf = new int[rowOf.length];
      long[] changeOf = new long[rowOf.length];
      for (int pair = 0; pair < rowOf.length; pair++) {
        rowOf[pair] = row + pair / flips;
        unitOf[pair] = units.unit(rowOf[pair], flip + pair % flips);
        changeOf[pair] = rowOf[pair] * model.visibleSize() + unitOf[pair];
      }
      INDArray rowIndex = Nd4j.createFromArray(rowOf);
      INDArray unitIndex = Nd4j.createFromArray(unitOf);
      INDArray d = gather(change, Nd4j.createFromArray(changeOf));

      INDArray hidden = gather(weights, unitIndex);
      if (model.coupling() != 1) {
        hidden.muli(model.coupling());
      }
      hidden.muliColumnVector(d).addi(gather(field, rowIndex));
      INDArray difference = model.hiddenUnits().logPartition(hidden, model.hiddenBias());
      difference.subi(gather(logPartition, rowIndex));
      difference.addi(gather(model.visibleBias(), unitIndex).muli(d));
      INDArray factor = gather(factors, rowIndex).muli(scale);
      if (withScore) {
        INDArray loss = Softplus.of(difference).muli(factor);
        long[] shape = {rows, flips};
        add(losses, row, rowEnd, loss.castTo(DataType.DOUBLE).reshape('c', shape));
      }
      if (!withGradient) {
        return;
      }
      INDArray s = Transforms.sigmoid(difference, false).muli(factor);
      add(total, row, rowEnd, s.reshape('c', new long[] {rows, flips}));

      model.hiddenUnits().fieldToMean(hidden);
      model.hiddenUnits().toStatistic(hidden);
      hidden.muliColumnVector(s);
      add(
          flippedHidden,
          row,
          rowEnd,
          hidden.reshape('c', new long[] {rows, flips, model.hiddenSize()}));
      scatterAdd(perUnit, unitIndex, hidden.muliColumnVector(d));
      scatterAdd(perUnitBias, unitIndex, s.muli(d));
    }

    /** Adds sums over the flips to the rows. */
    private static void add(INDArray target, int row, int rowEnd, INDArray values) {
      target.get(NDArrayIndex.interval(row, rowEnd)).addi(values.sum(1));
    }

    private static INDArray gather(INDArray array, INDArray index) {
      return Nd4j.exec(new Gather(array, index, 0))[0];
    }

    /** With the lock, without which threads overwrite each other's sums. */
    private static void scatterAdd(INDArray target, INDArray index, INDArray updates) {
      Nd4j.exec(
          DynamicCustomOp.builder("scatter_add")
              .addInputs(target, index, updates)
              .addOutputs(target)
              .addBooleanArguments(true, false)
              .build());
    }

    void write(RbmGradient out) {
      INDArray hidden = field;
      model.hiddenUnits().fieldToMean(hidden);
      model.hiddenUnits().toStatistic(hidden);
      INDArray ones = Nd4j.ones(field.dataType(), field.size(0));
      INDArray difference = flippedHidden.subi(hidden.muliColumnVector(total));
      out.weights().assign(perUnit);
      HostBlas.gemm(visible, difference, out.weights(), true, false, 1, 1);
      FreeEnergyGradient.columnSums(difference, ones, 1, out.hiddenBias());
      out.visibleBias().assign(perUnitBias);
    }
  }
}
