/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** Sums over rows and columns, and copies of rows, on a {@link HostDevice}. */
final class HostRows {

  private HostRows() {}

  static void gather(
      HostArray data, HostArray order, DeviceArray clock, int rows, int units, HostArray out) {
    int first = HostClock.step(clock) * rows;
    for (int i = 0; i < rows; i++) {
      int row = order.ints()[order.offset() + first + i];
      System.arraycopy(
          data.floats(),
          data.offset() + row * units,
          out.floats(),
          out.offset() + i * units,
          units);
    }
  }

  static void scaleColumns(HostArray in, HostArray factors, int rows, int units, HostArray out) {
    for (int r = 0; r < rows; r++) {
      for (int u = 0; u < units; u++) {
        int at = r * units + u;
        out.floats()[out.offset() + at] =
            in.floats()[in.offset() + at] * factors.floats()[factors.offset() + u];
      }
    }
  }

  static void columnSums(
      HostArray in, int rows, int units, float alpha, float beta, HostArray out) {
    for (int u = 0; u < units; u++) {
      double sum = 0;
      for (int r = 0; r < rows; r++) {
        sum += in.floats()[in.offset() + r * units + u];
      }
      int at = out.offset() + u;
      double before = beta == 0 ? 0 : beta * out.floats()[at];
      out.floats()[at] = (float) (before + alpha * sum);
    }
  }

  static void softplusSums(
      HostArray field, HostArray bias, int rows, int units, double factor, HostArray out) {
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int u = 0; u < units; u++) {
        double x =
            (double) field.floats()[field.offset() + r * units + u]
                + bias.floats()[bias.offset() + u];
        sum += HostUnits.softplus(x);
      }
      out.doubles()[out.offset() + r] += factor * sum;
    }
  }

  static void dots(
      HostArray in, HostArray vector, int rows, int units, double factor, HostArray out) {
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int u = 0; u < units; u++) {
        sum +=
            (double) in.floats()[in.offset() + r * units + u]
                * vector.floats()[vector.offset() + u];
      }
      out.doubles()[out.offset() + r] += factor * sum;
    }
  }

  static void squaredDistances(HostArray a, HostArray b, int rows, int units, HostArray out) {
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int u = 0; u < units; u++) {
        int at = r * units + u;
        double d = (double) a.floats()[a.offset() + at] - b.floats()[b.offset() + at];
        sum += d * d;
      }
      out.doubles()[out.offset() + r] = sum;
    }
  }
}
