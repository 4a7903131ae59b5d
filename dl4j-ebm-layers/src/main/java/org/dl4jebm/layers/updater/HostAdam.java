/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.updater;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DL4J's Adam (Kingma and Ba, ICLR 2015), with the same state, schedules and, but for rounding, the
 * same steps, whose step in FLOAT on the CPU is one pass in loops that the JVM vectorises. ND4J's
 * own operation takes more than 5 ns a parameter there, which is most of a training step of a dense
 * network on small batches. Elsewhere it is DL4J's Adam.
 *
 * <p>The state of a model saved with the one can be read with the other.
 */
public final class HostAdam extends Adam {

  /**
   * With DL4J's default decay rates and epsilon.
   *
   * @param learningRate the learning rate
   */
  public HostAdam(double learningRate) {
    super(learningRate);
  }

  /**
   * With DL4J's default decay rates and epsilon.
   *
   * @param learningRateSchedule the learning rate by iteration or epoch
   */
  public HostAdam(ISchedule learningRateSchedule) {
    super(learningRateSchedule);
  }

  /**
   * All constants.
   *
   * @param learningRate the learning rate; idle where there is a schedule
   * @param learningRateSchedule the learning rate by iteration or epoch, or null
   * @param beta1 decay rate of the mean gradient
   * @param beta2 decay rate of the mean square
   * @param epsilon added to the root of the mean square
   */
  @JsonCreator
  public HostAdam(
      @JsonProperty("learningRate") double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") double beta1,
      @JsonProperty("beta2") double beta2,
      @JsonProperty("epsilon") double epsilon) {
    super(learningRate, beta1, beta2, epsilon);
    setLrAndSchedule(learningRate, learningRateSchedule);
  }

  @Override
  public GradientUpdater<Adam> instantiate(INDArray viewArray, boolean initializeViewArray) {
    HostAdamUpdater updater = new HostAdamUpdater(this);
    INDArray flat = viewArray.reshape(viewArray.length());
    updater.setStateViewArray(
        flat, new long[] {flat.length() / 2}, flat.ordering(), initializeViewArray);
    return updater;
  }

  @Override
  public GradientUpdater<Adam> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    HostAdamUpdater updater = new HostAdamUpdater(this);
    updater.setState(updaterState, initializeStateArrays);
    return updater;
  }

  @Override
  public HostAdam clone() {
    return new HostAdam(
        getLearningRate(), getLearningRateSchedule(), getBeta1(), getBeta2(), getEpsilon());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HostAdam && super.equals(other);
  }

  @Override
  public int hashCode() {
    return 31 * super.hashCode();
  }
}
