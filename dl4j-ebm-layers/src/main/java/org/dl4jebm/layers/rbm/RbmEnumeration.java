/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.OptionalLong;
import java.util.function.LongConsumer;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.ScratchSpace;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Exact sums over all states of a small machine: the log partition function
 *
 * <pre>{@code   log Z = log sum_x exp(-F(x))}</pre>
 *
 * and the model's expectations, by enumeration of the side with fewer states; the other side is
 * summed or integrated analytically and may be of any type and size. The time is that of {@link
 * #states()} free energies. States are taken in blocks, so that memory stays within a few tens of
 * megabytes (more only if a single state of both sides does not fit).
 *
 * <p>Free energies are computed in the data type of the parameters, sums in DOUBLE. For results to
 * the last digit give a machine with DOUBLE parameters.
 *
 * <p>Parameters that are not finite give NaN. The machine is kept and seen with later changes of
 * its parameters. Not safe for use by several threads at once.
 */
public final class RbmEnumeration {

  /**
   * States that are enumerated unless another limit is asked for: 2<sup>24</sup>, 24 binary units.
   */
  public static final long MAX_STATES = 1L << 24;

  /** Numbers of both sides together in a block of states. */
  private static final long BLOCK_NUMBERS = 1L << 18;

  /** Shared by all objects; each thread has its own memory behind it. */
  private static final ScratchSpace SCRATCH = new ScratchSpace();

  private final RbmModel model;
  private final Side side;
  private final LongConsumer progress;

  /** The side to enumerate. */
  private record Side(boolean visible, long states) {}

  /** What is done with one block of states after the other. */
  @FunctionalInterface
  public interface BlockVisitor {

    /**
     * Takes a block.
     *
     * @param states consecutive states of the enumerated side, one a row, in the order of their
     *     numbers; overwritten when the visitor has returned
     * @param freeEnergies their free energies
     */
    void visit(INDArray states, double[] freeEnergies);
  }

  /**
   * Prepares the enumeration of up to {@link #MAX_STATES} states.
   *
   * @param model the machine, kept. Not modified.
   * @throws IllegalArgumentException if neither side has a number of states within the limit
   */
  public RbmEnumeration(RbmModel model) {
    this(model, MAX_STATES);
  }

  /**
   * Prepares an enumeration.
   *
   * @param model the machine, kept. Not modified.
   * @param maxStates most states to enumerate, at least 1
   * @throws IllegalArgumentException if neither side has a number of states within the limit
   */
  public RbmEnumeration(RbmModel model, long maxStates) {
    this(model, maxStates, done -> {});
  }

  /**
   * Prepares an enumeration that tells how far it is.
   *
   * @param model the machine, kept. Not modified.
   * @param maxStates most states to enumerate, at least 1
   * @param progress called now and then with the number of states done; what it throws ends the sum
   * @throws IllegalArgumentException if neither side has a number of states within the limit
   */
  public RbmEnumeration(RbmModel model, long maxStates, LongConsumer progress) {
    this.model = model;
    this.side =
        choose(
            model.visibleUnits(),
            model.hiddenUnits(),
            model.visibleSize(),
            model.hiddenSize(),
            maxStates);
    this.progress = progress;
  }

  /**
   * Checks that machines of a kind can be enumerated.
   *
   * @param visible type of the visible units
   * @param hidden type of the hidden units
   * @param visibleSize number of visible units
   * @param hiddenSize number of hidden units
   * @param maxStates most states to enumerate, at least 1
   * @return true if it is the visible side that is enumerated
   * @throws IllegalArgumentException naming sizes and limit if neither side has a number of states
   *     within the limit
   */
  public static boolean enumeratesVisible(
      UnitType visible, UnitType hidden, long visibleSize, long hiddenSize, long maxStates) {
    return choose(visible, hidden, visibleSize, hiddenSize, maxStates).visible;
  }

  private static Side choose(
      UnitType visible, UnitType hidden, long visibleSize, long hiddenSize, long maxStates) {
    if (maxStates < 1) {
      throw new IllegalArgumentException("maxStates is " + maxStates + "; accepted: 1 or more");
    }
    OptionalLong ofVisible = visible.stateCount(visibleSize);
    OptionalLong ofHidden = hidden.stateCount(hiddenSize);
    long v = ofVisible.orElse(Long.MAX_VALUE);
    long h = ofHidden.orElse(Long.MAX_VALUE);
    if (Math.min(v, h) > maxStates || (ofVisible.isEmpty() && ofHidden.isEmpty())) {
      throw new IllegalArgumentException(
          "the machine has "
              + describe(visibleSize, "visible", visible, ofVisible)
              + " and "
              + describe(hiddenSize, "hidden", hidden, ofHidden)
              + "; accepted for enumeration: at most "
              + maxStates
              + " states on one of the sides");
    }
    return v < h ? new Side(true, v) : new Side(false, h);
  }

  private static String describe(long size, String name, UnitType units, OptionalLong states) {
    String count =
        states.isPresent()
            ? states.getAsLong() + " states"
            : "too many states to count, or states that are not discrete";
    return size + " " + name + " units with " + count + " (" + units.describe() + ")";
  }

  /**
   * Tells which side is enumerated, the one with fewer states.
   *
   * @return true for the visible side
   */
  public boolean overVisible() {
    return side.visible;
  }

  /**
   * Number of states that one call goes through.
   *
   * @return at least 1
   */
  public long states() {
    return side.states;
  }

  /**
   * Computes the log partition function of the machine as it is now.
   *
   * @return {@code log Z}
   */
  public double logZ() {
    return sum(null);
  }

  /**
   * Computes the log partition function and the model's expectations as they are now.
   *
   * @return the moments, new
   */
  public RbmMoments moments() {
    Sums sums = new Sums(model);
    double logZ = sum(sums);
    sums.scale(1 / sums.total);
    return new RbmMoments(logZ, sums.products, sums.hidden, sums.visible, sums.visibleParameters);
  }

  /** Goes through all states; expectations are summed up only where they are wanted. */
  private double sum(Sums wanted) {
    Sums sums = wanted == null ? new Sums() : wanted;
    forEachBlock((states, energies) -> addBlock(states, energies, sums));
    return sums.shift + Math.log(sums.total);
  }

  /**
   * Goes through all states with their free energies as they are now.
   *
   * @param visitor takes the blocks in the order of the states' numbers; the arrays that it creates
   *     do not live longer than its call
   */
  public void forEachBlock(BlockVisitor visitor) {
    long width = model.visibleSize() + model.hiddenSize();
    long rows = Math.max(1, Math.min(side.states, BLOCK_NUMBERS / width));
    for (long first = 0; first < side.states; first += rows) {
      long start = first;
      long count = Math.min(rows, side.states - first);
      SCRATCH.run(() -> visitBlock(start, count, visitor));
      progress.accept(first + count);
    }
  }

  private void visitBlock(long first, long rows, BlockVisitor visitor) {
    long units = side.visible ? model.visibleSize() : model.hiddenSize();
    UnitType type = side.visible ? model.visibleUnits() : model.hiddenUnits();
    INDArray states = Nd4j.createUninitialized(model.weights().dataType(), rows, units);
    type.writeStates(first, states);
    INDArray energies = side.visible ? model.freeEnergy(states) : model.freeEnergyOfHidden(states);
    visitor.visit(states, energies.castTo(DataType.DOUBLE).toDoubleVector());
  }

  private void addBlock(INDArray states, double[] energies, Sums sums) {
    double[] weights = sums.weigh(energies);
    if (sums.products == null) {
      return;
    }
    INDArray means = side.visible ? model.propUp(states) : model.propDown(states);
    INDArray v = side.visible ? states : means;
    INDArray h = side.visible ? means : states;
    INDArray factors = Nd4j.createFromArray(weights).castTo(v.dataType());
    model.hiddenUnits().toStatistic(h);
    if (sums.visibleParameters != null) {
      sums.addParameters(parameterGradient(v, h), factors);
    }
    model.visibleUnits().toStatistic(v);
    sums.add(v, h, factors);
  }

  /** {@code E[dE/dtheta]} given each state of the enumerated side. */
  private INDArray parameterGradient(INDArray v, INDArray hiddenStatistics) {
    if (side.visible) {
      return ContrastiveDivergence.energyDerivative(model, v, hiddenStatistics.transpose());
    }
    INDArray field = v.ulike();
    model.visibleFieldInto(hiddenStatistics.transpose(), field, field.transpose());
    return model.visibleUnits().meanParameterGradient(field, model.visibleBias());
  }

  /**
   * Sums of {@code exp(-F - shift)} and of statistics with these weights. The shift is the largest
   * {@code -F} so far, so that nothing overflows.
   */
  private static final class Sums {

    private double shift = Double.NEGATIVE_INFINITY;
    private double total;
    private final INDArray products;
    private final INDArray hidden;
    private final INDArray visible;

    /** Null where the visible units have no further parameters. */
    private final INDArray visibleParameters;

    Sums() {
      products = null;
      hidden = null;
      visible = null;
      visibleParameters = null;
    }

    Sums(RbmModel model) {
      products =
          Nd4j.create(DataType.DOUBLE, new long[] {model.visibleSize(), model.hiddenSize()}, 'f');
      hidden = Nd4j.create(DataType.DOUBLE, model.hiddenSize());
      visible = Nd4j.create(DataType.DOUBLE, model.visibleSize());
      long further = model.visibleUnits().parameterCount(model.visibleSize());
      visibleParameters = further == 0 ? null : Nd4j.create(DataType.DOUBLE, further);
    }

    /** Replaces free energies by weights, which are added to the total. */
    double[] weigh(double[] energies) {
      double largest = shift;
      for (double energy : energies) {
        largest = Math.max(largest, -energy);
      }
      if (largest != shift) {
        scale(Math.exp(shift - largest));
        shift = largest;
      }
      for (int i = 0; i < energies.length; i++) {
        energies[i] = Math.exp(-energies[i] - shift);
        total += energies[i];
      }
      return energies;
    }

    private void scale(double factor) {
      total *= factor;
      if (products != null) {
        products.muli(factor);
        hidden.muli(factor);
        visible.muli(factor);
      }
      if (visibleParameters != null) {
        visibleParameters.muli(factor);
      }
    }

    void addParameters(INDArray energyDerivatives, INDArray weights) {
      energyDerivatives.muliColumnVector(weights);
      visibleParameters.subi(energyDerivatives.sum(0).castTo(DataType.DOUBLE));
    }

    void add(INDArray v, INDArray h, INDArray weights) {
      v.muliColumnVector(weights);
      INDArray product =
          Nd4j.createUninitialized(v.dataType(), new long[] {v.size(1), h.size(1)}, 'f');
      HostBlas.gemm(v, h, product, true, false, 1.0, 0.0);
      products.addi(product.castTo(DataType.DOUBLE));
      visible.addi(v.sum(0).castTo(DataType.DOUBLE));
      hidden.addi(h.muliColumnVector(weights).sum(0).castTo(DataType.DOUBLE));
    }
  }
}
