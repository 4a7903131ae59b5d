/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Configuration of a layer of the stacked twin of a network: the same parameters in the same
 * places, on rows as {@link StreamLayout} has them. {@link StreamNetworks} makes these.
 *
 * <p>Biases act on the points alone, weights on all streams, and the activation by the rule of the
 * chain, so that the layer's output for {@code x(t) = x + t v} holds the first and second
 * derivatives with respect to {@code t}. Dropout and weight noise are off. Batch normalisation uses
 * the means and variances it has collected.
 */
public class DerivativeStreams extends BaseWrapperLayer {

  private static final long serialVersionUID = 1L;

  private int directions;
  private int sums;
  private boolean secondsIn;
  private boolean secondsOut;
  private boolean frozen;
  private boolean inputGradient = true;

  /** For Jackson. */
  protected DerivativeStreams() {}

  /**
   * Wraps a layer.
   *
   * @param underlying the layer whose parameters are shared. It becomes part of this configuration.
   *     If it is a {@code FrozenLayer} or {@code FrozenLayerWithBackprop}, its parameters stay
   *     fixed.
   * @param layout the streams
   * @param secondsIn whether the second derivatives are among the rows that enter; they are 0
   *     otherwise. Only with a layout that has some.
   * @param secondsOut whether they are among the rows that leave; they can be left out where they
   *     are 0, that is with {@code secondsIn} false and the identity as activation
   * @throws IllegalArgumentException if there is no rule for the layer, or the two flags contradict
   *     the layout or each other
   */
  public DerivativeStreams(
      Layer underlying, StreamLayout layout, boolean secondsIn, boolean secondsOut) {
    super(StreamRules.unwrap(underlying));
    this.layerName = this.underlying.getLayerName();
    this.frozen = this.underlying != underlying;
    this.directions = layout.directions();
    this.sums = layout.sums();
    this.secondsIn = secondsIn;
    this.secondsOut = secondsOut;
    boolean curved = StreamRules.isCurved(this.underlying, layout);
    boolean needed = secondsIn || (curved && sums > 0);
    if ((sums == 0 && (secondsIn || secondsOut)) || (needed && !secondsOut)) {
      throw new IllegalArgumentException(
          StreamRules.describe(underlying)
              + ": secondsIn is "
              + secondsIn
              + " and secondsOut is "
              + secondsOut
              + " with "
              + layout
              + "; accepted: both false without sums, otherwise secondsOut true unless second"
              + " derivatives are 0");
    }
  }

  @Override
  public org.deeplearning4j.nn.api.Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    NeuralNetConfiguration inner = conf.clone();
    inner.setLayer(underlying);
    org.deeplearning4j.nn.api.Layer layer =
        underlying.instantiate(
            inner,
            trainingListeners,
            layerIndex,
            layerParamsView,
            initializeParams,
            networkDataType);
    List<String> variables = layer.conf().variables(true);
    layer.conf().clearVariables();
    conf.clearVariables();
    for (String variable : variables) {
      conf.variables(false).add(variable);
      layer.conf().variables(false).add(variable);
    }
    StreamLayout layout = layout();
    boolean secondsBefore = secondsIn || (StreamRules.isNormalized(underlying) && sums > 0);
    return new DerivativeStreamsLayer(
        layer,
        PreActivations.of(layer, layout, layerParamsView, networkDataType),
        new ActivationStreams(
            StreamRules.activation(underlying, layout), layout, secondsBefore, secondsOut),
        secondsIn ? layout.streams() : layout.inputStreams(),
        frozen,
        inputGradient);
  }

  @Override
  public IUpdater getUpdaterByParam(String paramName) {
    return frozen ? new NoOp() : underlying.getUpdaterByParam(paramName);
  }

  @Override
  public List<Regularization> getRegularizationByParam(String paramName) {
    return frozen ? null : underlying.getRegularizationByParam(paramName);
  }

  @Override
  public Layer clone() {
    DerivativeStreams copy = (DerivativeStreams) super.clone();
    copy.underlying = underlying.clone();
    return copy;
  }

  /**
   * Returns the streams.
   *
   * @return the layout of a full stack
   */
  public StreamLayout layout() {
    return new StreamLayout(directions, sums);
  }

  /**
   * Returns the number of directions.
   *
   * @return at least 0
   */
  public int getDirections() {
    return directions;
  }

  /**
   * Sets the number of directions.
   *
   * @param directions at least 0
   */
  public void setDirections(int directions) {
    this.directions = directions;
  }

  /**
   * Returns the number of sums of second derivatives.
   *
   * @return 0 or a divisor of the number of directions
   */
  public int getSums() {
    return sums;
  }

  /**
   * Sets the number of sums of second derivatives.
   *
   * @param sums 0 or a divisor of the number of directions
   */
  public void setSums(int sums) {
    this.sums = sums;
  }

  /**
   * Tells whether second derivatives are among the rows that enter.
   *
   * @return false if they are 0 and left out
   */
  public boolean isSecondsIn() {
    return secondsIn;
  }

  /**
   * Sets whether second derivatives are among the rows that enter.
   *
   * @param secondsIn false if they are 0 and left out
   */
  public void setSecondsIn(boolean secondsIn) {
    this.secondsIn = secondsIn;
  }

  /**
   * Tells whether second derivatives are among the rows that leave.
   *
   * @return false if they are 0 and left out
   */
  public boolean isSecondsOut() {
    return secondsOut;
  }

  /**
   * Sets whether second derivatives are among the rows that leave.
   *
   * @param secondsOut false if they are 0 and left out
   */
  public void setSecondsOut(boolean secondsOut) {
    this.secondsOut = secondsOut;
  }

  /**
   * Tells whether the parameters stay fixed.
   *
   * @return true for a layer that is frozen in the user's network
   */
  public boolean isFrozen() {
    return frozen;
  }

  /**
   * Sets whether the parameters stay fixed.
   *
   * @param frozen true for a layer that is frozen in the user's network
   */
  public void setFrozen(boolean frozen) {
    this.frozen = frozen;
  }

  /**
   * Tells whether the backward pass computes the derivatives in the streams that enter.
   *
   * @return false if it leaves them out, where the layer can, and gives null
   */
  public boolean isInputGradient() {
    return inputGradient;
  }

  /**
   * Sets whether the backward pass computes the derivatives in the streams that enter. A network's
   * first layer can do without.
   *
   * @param inputGradient false to leave them out
   */
  public void setInputGradient(boolean inputGradient) {
    this.inputGradient = inputGradient;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DerivativeStreams that
        && Objects.equals(underlying, that.underlying)
        && directions == that.directions
        && sums == that.sums
        && secondsIn == that.secondsIn
        && secondsOut == that.secondsOut
        && inputGradient == that.inputGradient
        && frozen == that.frozen;
  }

  @Override
  public int hashCode() {
    return Objects.hash(underlying, directions, sums, secondsIn, secondsOut, frozen, inputGradient);
  }

  @Override
  public String toString() {
    return "DerivativeStreams"
        + Map.of("underlying", String.valueOf(underlying), "layout", String.valueOf(layout()));
  }
}
