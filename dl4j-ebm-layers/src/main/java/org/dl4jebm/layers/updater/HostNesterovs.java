/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.updater;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DL4J's Nesterov momentum (Sutskever et al., ICML 2013), with the same state, schedules and, but
 * for rounding, the same steps, whose step in FLOAT on the CPU is one pass in loops that the JVM
 * vectorises. Elsewhere it is DL4J's.
 *
 * <p>The state of a model saved with the one can be read with the other.
 */
public final class HostNesterovs extends Nesterovs {

  /**
   * With a constant learning rate and momentum.
   *
   * @param learningRate the learning rate
   * @param momentum the momentum
   */
  public HostNesterovs(double learningRate, double momentum) {
    super(learningRate, momentum);
  }

  /**
   * With schedules.
   *
   * @param learningRateSchedule the learning rate by iteration or epoch
   * @param momentumSchedule the momentum by iteration or epoch
   */
  public HostNesterovs(ISchedule learningRateSchedule, ISchedule momentumSchedule) {
    super(learningRateSchedule, momentumSchedule);
  }

  /**
   * All constants.
   *
   * @param learningRate the learning rate; idle where there is a schedule
   * @param learningRateSchedule the learning rate by iteration or epoch, or null
   * @param momentum the momentum; idle where there is a schedule
   * @param momentumSchedule the momentum by iteration or epoch, or null
   */
  @JsonCreator
  public HostNesterovs(
      @JsonProperty("learningRate") double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") double momentum,
      @JsonProperty("momentumISchedule") ISchedule momentumSchedule) {
    super(learningRateSchedule, momentumSchedule);
    setLrAndSchedule(learningRate, learningRateSchedule);
    setMomentum(momentum);
  }

  @Override
  public GradientUpdater<Nesterovs> instantiate(INDArray viewArray, boolean initializeViewArray) {
    HostNesterovsUpdater updater = new HostNesterovsUpdater(this);
    INDArray flat = viewArray.reshape(viewArray.length());
    updater.setStateViewArray(flat, flat.shape(), flat.ordering(), initializeViewArray);
    return updater;
  }

  @Override
  public GradientUpdater<Nesterovs> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    HostNesterovsUpdater updater = new HostNesterovsUpdater(this);
    updater.setState(updaterState, initializeStateArrays);
    return updater;
  }

  @Override
  public HostNesterovs clone() {
    return new HostNesterovs(
        getLearningRate(), getLearningRateSchedule(), getMomentum(), getMomentumISchedule());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HostNesterovs && super.equals(other);
  }

  @Override
  public int hashCode() {
    return 31 * super.hashCode();
  }
}
