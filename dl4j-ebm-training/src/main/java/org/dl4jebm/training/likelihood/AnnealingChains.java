/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A block of chains on their way between the base rate and the model, with their log weights.
 *
 * <p>With {@code y = c + t(v) W}, computed once a step, the hidden field of the machine at {@code
 * beta} is {@code (1 - beta) c_A + beta y}: both free energies and the hidden states of a step come
 * from one product. The visible bias enters the log weight through {@code (b - b_A) t(v)} and a
 * constant whose sum over all steps is known.
 */
final class AnnealingChains implements AutoCloseable {

  /** Numbers in the wider array of a block of chains; about five such arrays are in use. */
  private static final long BLOCK_ELEMENTS = 1 << 21;

  /** What {@link #addSmallChange} may leave out of a log weight in one step, in nats. */
  private static final double TRUNCATION = 1e-6;

  private final RbmModel model;
  private final RandomStream random;
  private final ScratchSpace scratch = new ScratchSpace();
  private final double visibleConstant;

  /** States {@code v}, and {@code t(v)}, the same array where {@code t} is the identity. */
  private final INDArray visible;

  private final INDArray visibleT;
  private final INDArray statistic;
  private final INDArray statisticT;

  /** {@code y}, the hidden field of the model itself. */
  private final INDArray target;

  private final INDArray targetT;
  private final INDArray field;
  private final INDArray hidden;
  private final INDArray hiddenT;
  private final INDArray fieldT;

  private final INDArray baseVisible;
  private final INDArray visibleRise;
  private final INDArray visibleBias;
  private final INDArray baseHidden;
  private final INDArray hiddenRise;
  private final float[] baseHiddenValues;
  private final double largestBaseHidden;
  private final boolean hiddenBaseIsZero;
  private final boolean smallChanges;
  private final INDArray ones;
  private final INDArray sums;
  private final INDArray increments;
  private final INDArray logWeights;

  AnnealingChains(RbmModel model, BaseRate base, int chains, RandomStream random) {
    this.model = model;
    this.random = random;
    visibleConstant = base.visibleConstant(model);
    visible = matrix(chains, model.visibleSize());
    visibleT = visible.transpose();
    statistic =
        model.visibleUnits().statisticIsState() ? visible : matrix(chains, model.visibleSize());
    statisticT = statistic.transpose();
    target = matrix(chains, model.hiddenSize());
    targetT = target.transpose();
    field = matrix(chains, model.hiddenSize());
    hidden = matrix(chains, model.hiddenSize());
    hiddenT = hidden.transpose();
    fieldT = field.transpose();
    baseVisible = base.visibleBias();
    visibleRise =
        model.visibleBias().sub(baseVisible).reshape('f', new long[] {1, model.visibleSize()});
    visibleBias = baseVisible.dup();
    baseHidden = base.hiddenBias();
    hiddenRise = model.hiddenBias().sub(baseHidden);
    baseHiddenValues = baseHidden.toFloatVector();
    largestBaseHidden = baseHidden.amaxNumber().doubleValue();
    hiddenBaseIsZero = largestBaseHidden == 0;
    smallChanges = model.hiddenUnits() instanceof BernoulliUnits && HostBlocks.reach(target);
    ones = matrix(1, model.hiddenSize()).assign(1);
    sums = Nd4j.create(model.weights().dataType(), new long[] {1, chains}, 'f');
    increments = Nd4j.create(DataType.DOUBLE, new long[] {1, chains}, 'f');
    logWeights = Nd4j.create(DataType.DOUBLE, new long[] {1, chains}, 'f');
  }

  /** Largest number of chains for one object. */
  static long maxChains(RbmModel model) {
    return Math.max(1, BLOCK_ELEMENTS / Math.max(model.visibleSize(), model.hiddenSize()));
  }

  private INDArray matrix(long rows, long columns) {
    return Nd4j.create(model.weights().dataType(), new long[] {rows, columns}, 'c');
  }

  /** Starts forward chains: at draws of the base rate. */
  void startAtBase() {
    visible.assign(0).addiRowVector(baseVisible);
    model.visibleUnits().fieldToSample(visible, random);
    logWeights.assign(visibleConstant);
  }

  /** Starts reverse chains. */
  void startAt(INDArray starts) {
    visible.assign(starts);
    logWeights.assign(-visibleConstant);
  }

  /**
   * Adds {@code log f_to(v) - log f_from(v)} to the log weights and, if asked, moves the chains by
   * one Gibbs sweep at {@code to}.
   *
   * @return the increments, less the constant of the visible units; overwritten by the next step
   */
  INDArray step(double from, double to, boolean move) {
    scratch.run(
        () -> {
          if (statistic != visible) {
            statistic.assign(visible);
            model.visibleUnits().toStatistic(statistic);
          }
          model.hiddenFieldInto(statisticT, target, targetT);
          HostBlas.gemm(visibleRise, statisticT, sums, false, false, to - from, 0);
          if (smallChanges && changesAreSmall(to - from)) {
            hiddenField(to, field);
            model.hiddenUnits().fieldToMeanAndSample(field, hidden, random);
            addSmallChange(to - from);
            increments.assign(sums);
          } else {
            increments.assign(sums);
            addChange(from, to);
            model.hiddenUnits().fieldToMeanAndSample(field, hidden, random);
          }
          logWeights.addi(increments);
          if (move) {
            model.hiddenUnits().toStatistic(hidden);
            moveVisibleBias(to);
            model
                .tempered(to, baseHidden, visibleBias)
                .visibleFieldInto(hiddenT, visible, visibleT);
            model.visibleUnits().fieldToSample(visible, random);
          }
        });
    return increments;
  }

  /** Leaves {@code (1 - beta) b_A + beta b} in {@link #visibleBias}. */
  private void moveVisibleBias(double beta) {
    visibleRise.reshape(visibleBias.shape()).muli(beta, visibleBias);
    visibleBias.addi(baseVisible);
  }

  /** {@code (1 - beta) c_A + beta y}. */
  private void hiddenField(double beta, INDArray out) {
    target.muli(beta, out);
    if (!hiddenBaseIsZero) {
      out.addiRowVector(baseHidden.mul(1 - beta));
    }
  }

  /** Adds {@code A(z_to) - A(z_from)}, in DOUBLE; leaves {@code z_to} in {@link #field}. */
  private void addChange(double from, double to) {
    hiddenField(from, field);
    increments.subi(partition(from));
    hiddenField(to, field);
    increments.addi(partition(to));
  }

  private INDArray partition(double beta) {
    INDArray bias = hiddenRise.mul(beta).addi(baseHidden).castTo(DataType.DOUBLE);
    return model
        .hiddenUnits()
        .logPartition(field.castTo(DataType.DOUBLE), bias)
        .reshape('f', increments.shape());
  }

  /** Whether all changes {@code d = z_to - z_from} are small enough for {@link #addSmallChange}. */
  private boolean changesAreSmall(double rise) {
    INDArray flat = target.reshape('c', new long[] {target.length()});
    int place = Nd4j.getBlasWrapper().level1().iamax(flat);
    double largest = rise * (Math.abs(flat.getDouble(place)) + largestBaseHidden);
    return model.hiddenSize() * Math.pow(largest, 4) / 192 < TRUNCATION;
  }

  /**
   * Adds the change of the log partition function of Bernoulli units, with their means {@code s} at
   * {@code to} in {@link #field}, to third order in {@code d}:
   *
   * <pre>{@code
   * softplus(z) - softplus(z - d) = d s - d^2/2 s (1 - s) + d^3/6 s (1 - s) (1 - 2 s) - ...
   * }</pre>
   *
   * The next term is at most {@code d^4 / 192}. This is several times faster than two softplus, and
   * exact in FLOAT: it has no difference of large sums (and ND4J's expm1 and log1p lose small
   * arguments).
   */
  private void addSmallChange(double rise) {
    HostBlocks.map(
        field, target, field, (s, y, n, from) -> smallChange(s, y, n, from, (float) rise));
    HostBlas.gemm(ones, fieldT, sums, false, false, 1, 1);
  }

  /** Replaces the means {@code s} by the changes. */
  private void smallChange(float[] s, float[] y, int n, long from, float rise) {
    int column = (int) (from % baseHiddenValues.length);
    for (int start = 0; start < n; ) {
      int length = Math.min(n - start, baseHiddenValues.length - column);
      for (int i = 0; i < length; i++) {
        float d = rise * (y[start + i] - baseHiddenValues[column + i]);
        float p = s[start + i];
        float variance = p - p * p;
        s[start + i] = d * (p - d * (0.5f - d * (1 - 2 * p) / 6) * variance);
      }
      start += length;
      column = 0;
    }
  }

  /** The log weights, a copy. */
  double[] logWeights() {
    return logWeights.dup().data().asDouble();
  }

  /** Frees the memory of the steps. */
  @Override
  public void close() {
    scratch.close();
  }
}
