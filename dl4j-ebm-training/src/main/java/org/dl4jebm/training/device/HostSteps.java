/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import org.dl4jebm.training.device.Device.Penalties;

/** Steps of gradient descent on a {@link HostDevice}. */
final class HostSteps {

  private HostSteps() {}

  static void sgd(
      HostArray parameters,
      HostArray gradient,
      Penalties penalties,
      float scale,
      HostArray rates,
      DeviceArray clock) {
    float rate = rates.floats()[rates.offset() + 2 * HostClock.step(clock)];
    float[] all = parameters.floats();
    for (int i = 0; i < parameters.length(); i++) {
      int at = parameters.offset() + i;
      float p = all[at];
      float g = penalised(p, scale * gradient.floats()[gradient.offset() + i], penalties);
      all[at] = p - (rate * g + penalties.decay() * rate * p);
    }
  }

  static void nesterovs(
      HostArray parameters,
      HostArray gradient,
      HostArray velocity,
      Penalties penalties,
      float scale,
      HostArray rates,
      DeviceArray clock) {
    int row = rates.offset() + 2 * HostClock.step(clock);
    float rate = rates.floats()[row];
    float momentum = rates.floats()[row + 1];
    float[] all = parameters.floats();
    float[] velocities = velocity.floats();
    for (int i = 0; i < parameters.length(); i++) {
      int at = parameters.offset() + i;
      float p = all[at];
      float g = penalised(p, scale * gradient.floats()[gradient.offset() + i], penalties);
      float before = velocities[velocity.offset() + i];
      float after = momentum * before - rate * g;
      float step = momentum * before - (1 + momentum) * after;
      all[at] = p - (step + penalties.decay() * rate * p);
      velocities[velocity.offset() + i] = after;
    }
  }

  private static float penalised(float p, float g, Penalties penalties) {
    return g + penalties.l2() * p + penalties.l1() * Math.signum(p);
  }
}
