/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitGroup;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The pseudo-likelihood of data (Besag, The Statistician 1975): how well each visible unit is
 * predicted from all others,
 *
 * <pre>{@code
 * log PL(v) = sum_i log p(v_i | v_rest),   p(v_i | v_rest) = exp(-F(v)) / sum_x exp(-F(v with v_i = x))
 * }</pre>
 *
 * with a group of softmax units in the place of a unit. It needs no {@code log Z} and no chain. It
 * is no bound of the log-likelihood: a model whose units are strongly bound to one another predicts
 * each from its neighbours and has a high pseudo-likelihood even where it gives whole data a low
 * probability. Use it to follow a training; to compare models take {@link ExactLikelihood} or
 * {@link AnnealedImportanceSampling}.
 *
 * <p>Differences of free energies are computed in DOUBLE whatever the type of the parameters. The
 * visible units must have discrete states. Data between the two states of Bernoulli or spin units,
 * such as grey values, are taken as scikit-learn takes them: the value mirrored at the middle
 * stands for the other state. The result is no log-probability then.
 */
public final class PseudoLikelihood {

  /** Numbers in the wider array of a block of rows. */
  private static final long BLOCK_ELEMENTS = 1 << 19;

  private final RbmModel model;
  private final List<UnitGroup> groups;

  /**
   * Prepares the computation.
   *
   * @param model the machine, kept. Not modified.
   * @throws IllegalArgumentException if the visible units are not discrete
   */
  public PseudoLikelihood(RbmModel model) {
    this.model = model;
    this.groups = model.visibleUnits().groups(model.visibleSize());
    for (UnitGroup group : groups) {
      if (group.states().length < 2) {
        throw new IllegalArgumentException(
            "visible unit "
                + group.from()
                + " is not discrete ("
                + model.visibleUnits().describe()
                + "); accepted by the pseudo-likelihood: units with a finite number of states, such"
                + " as Bernoulli, spin or softmax units");
      }
    }
  }

  /**
   * Computes the pseudo-likelihood of each row, over all units. The time is that of the hidden
   * units' log partition functions of {@code n nIn} rows; memory is bounded.
   *
   * @param data {@code [n, nIn]}. Not modified.
   * @return {@code log PL(v)} in nats, summed over units, {@code [n]} in DOUBLE, new
   * @throws IllegalArgumentException if the data are not states of the visible units or a parameter
   *     is not finite
   */
  public INDArray exact(INDArray data) {
    model.requireVisibleStates(data, "data");
    RbmModel exact = DoubleModel.of(model);
    long n = data.size(0);
    long rows = Math.max(1, BLOCK_ELEMENTS / Math.max(model.visibleSize(), model.hiddenSize()));
    double[] sum = new double[(int) n];
    try (ScratchSpace scratch = new ScratchSpace()) {
      for (long first = 0; first < n; first += rows) {
        int from = (int) first;
        GroupChanges block = new GroupChanges(exact, Rows.of(data, from, Math.min(n, from + rows)));
        for (UnitGroup group : groups) {
          double[] logs = scratch.call(() -> block.logConditional(group));
          for (int row = 0; row < logs.length; row++) {
            sum[from + row] += logs[row];
          }
        }
      }
    }
    return Nd4j.createFromArray(sum);
  }

  /**
   * Estimates the pseudo-likelihood of each row from one unit (or group) drawn at random, times
   * their number: unbiased, in the time of two free energies; the spread of a row is about as large
   * as its value. With Bernoulli units this is {@code score_samples} of scikit-learn's {@code
   * BernoulliRBM}.
   *
   * @param data {@code [n, nIn]}. Not modified.
   * @param random the stream to draw from
   * @return an estimate of {@code log PL(v)} in nats, {@code [n]} in DOUBLE, new
   * @throws IllegalArgumentException if the data are not states of the visible units or a parameter
   *     is not finite
   */
  public INDArray stochastic(INDArray data, RandomStream random) {
    model.requireVisibleStates(data, "data");
    RbmModel exact = DoubleModel.of(model);
    SplittableRandom integers = random.javaRandom();
    return Rows.map(data, rows -> ofOneGroup(exact, rows, integers));
  }

  private INDArray ofOneGroup(RbmModel exact, INDArray rows, SplittableRandom integers) {
    int n = (int) rows.size(0);
    int units = (int) model.visibleSize();
    UnitGroup[] drawn = new UnitGroup[n];
    Arrays.setAll(drawn, row -> groups.get(integers.nextInt(groups.size())));
    double[] states = rows.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    double[] energies = freeEnergies(exact, states, n);
    int alternatives =
        Arrays.stream(drawn).mapToInt(group -> group.states().length - 1).max().orElseThrow();
    // log of the sum of exp(F(v) - F(v changed)), over the states of the group
    double[] logs = new double[n];
    for (int a = 0; a < alternatives; a++) {
      double[] changed = states.clone();
      for (int row = 0; row < n; row++) {
        GroupChanges.change(changed, row * units, drawn[row], a);
      }
      double[] others = freeEnergies(exact, changed, n);
      for (int row = 0; row < n; row++) {
        if (a < drawn[row].states().length - 1) {
          logs[row] = GroupChanges.logAddExp(logs[row], energies[row] - others[row]);
        }
      }
    }
    return Nd4j.createFromArray(Arrays.stream(logs).map(x -> -groups.size() * x).toArray());
  }

  private static double[] freeEnergies(RbmModel exact, double[] states, int rows) {
    long[] shape = {rows, exact.visibleSize()};
    return exact.freeEnergy(Nd4j.create(states, shape, 'c')).toDoubleVector();
  }
}
