/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import org.dl4jebm.training.device.HostUnits.RowWords;

/** Annealed importance sampling on a {@link HostDevice}. */
final class HostAnnealing {

  private HostAnnealing() {}

  static void hidden(
      HostArray field,
      HostArray bias,
      HostArray base,
      HostArray betas,
      DeviceArray clock,
      int rows,
      int units,
      HostArray logWeights,
      HostArray state,
      Draw draw) {
    double from = HostClock.beta(betas, clock, 0);
    double to = HostClock.beta(betas, clock, 1);
    RowWords words = new RowWords(state == null ? null : draw, units);
    for (int r = 0; r < rows; r++) {
      int[] w = words.of(r);
      double sum = 0;
      for (int u = 0; u < units; u++) {
        int at = r * units + u;
        double target = field.floats()[field.offset() + at] + bias.floats()[bias.offset() + u];
        double start = base.floats()[base.offset() + u];
        double x = start + to * (target - start);
        sum += HostUnits.softplus(x) - HostUnits.softplus(start + from * (target - start));
        if (state != null) {
          state.floats()[state.offset() + at] = HostUnits.below(w[u], HostUnits.sigmoid(x)) ? 1 : 0;
        }
      }
      logWeights.doubles()[logWeights.offset() + r] += sum;
    }
  }

  static void visible(
      HostArray field,
      HostArray bias,
      HostArray base,
      HostArray betas,
      DeviceArray clock,
      int rows,
      int units,
      HostArray state,
      Draw draw) {
    double to = HostClock.beta(betas, clock, 1);
    RowWords words = new RowWords(draw, units);
    for (int r = 0; r < rows; r++) {
      int[] w = words.of(r);
      for (int u = 0; u < units; u++) {
        int at = r * units + u;
        double target = field.floats()[field.offset() + at] + bias.floats()[bias.offset() + u];
        double start = base.floats()[base.offset() + u];
        float p = HostUnits.sigmoid(start + to * (target - start));
        state.floats()[state.offset() + at] = HostUnits.below(w[u], p) ? 1 : 0;
      }
    }
  }

  static void visibleWeights(
      HostArray state,
      HostArray rise,
      HostArray betas,
      DeviceArray clock,
      int rows,
      int units,
      HostArray logWeights) {
    double step = HostClock.beta(betas, clock, 1) - HostClock.beta(betas, clock, 0);
    HostRows.dots(state, rise, rows, units, step, logWeights);
  }
}
