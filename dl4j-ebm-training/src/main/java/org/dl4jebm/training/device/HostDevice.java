/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.HostProducts.Matrix;
import org.dl4jebm.training.host.Gpu;

/**
 * The operations of a {@link Device} in plain Java, one after the other as the specification has
 * them: what other devices are compared with. It has as much memory as it is told, and refuses
 * arguments that do not fit.
 */
final class HostDevice implements Device {

  private static final Gpu DESCRIPTION = new Gpu(0, "plain Java", 0, 0);

  private final long memory;
  private final Set<HostArray> allocated = new HashSet<>();
  private long used;
  private boolean closed;

  /** Operations that are being recorded, or null. */
  private List<Runnable> recorded;

  /** A device with memory without end. */
  HostDevice() {
    this(Long.MAX_VALUE);
  }

  /**
   * A device.
   *
   * @param memory its size in bytes
   */
  HostDevice(long memory) {
    this.memory = memory;
  }

  @Override
  public Gpu gpu() {
    return DESCRIPTION;
  }

  @Override
  public long freeBytes() {
    return memory - used;
  }

  @Override
  public DeviceArray allocate(String name, Type type, long length) {
    requireNotRecording("allocation of \"" + name + "\"");
    if (closed || length < 0 || length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "\""
              + name
              + "\" should have "
              + length
              + " numbers"
              + (closed ? " on a device that is closed" : "")
              + "; accepted: 0 to 2147483647");
    }
    long bytes = length * type.bytes();
    if (bytes > freeBytes()) {
      throw new DeviceException(
          "\"" + name + "\" needs " + bytes + " bytes and " + freeBytes() + " are free");
    }
    HostArray array = new HostArray(this, name, type, (int) length);
    used += bytes;
    allocated.add(array);
    return array;
  }

  void freed(HostArray array) {
    if (allocated.remove(array)) {
      used -= array.length() * array.type().bytes();
    }
  }

  void requireNotRecording(String what) {
    if (recorded != null) {
      throw new IllegalStateException(what + " while recording; accepted: operations");
    }
  }

  @Override
  public void synchronize() {
    requireNotRecording("synchronisation");
  }

  @Override
  public Recording record(Runnable operations) {
    requireNotRecording("a recording");
    List<Runnable> list = new ArrayList<>();
    recorded = list;
    try {
      operations.run();
    } finally {
      recorded = null;
    }
    return new Recording() {
      @Override
      public void replay() {
        list.forEach(Runnable::run);
      }

      @Override
      public void close() {
        list.clear();
      }
    };
  }

  private void submit(Runnable operation) {
    if (recorded != null) {
      recorded.add(operation);
    } else {
      operation.run();
    }
  }

  /** An array of this device with at least so many numbers of a type. */
  private HostArray array(DeviceArray array, Type type, long length) {
    if (!(array instanceof HostArray own)
        || own.device() != this
        || own.isClosed()
        || own.type() != type
        || own.length() < length) {
      throw new IllegalArgumentException(
          (array == null ? "no array" : array.name() + " of " + array.length() + " " + array.type())
              + "; accepted: an open array of this device of at least "
              + length
              + " numbers of type "
              + type);
    }
    return own;
  }

  private HostArray floats(DeviceArray array, long length) {
    return array(array, Type.FLOAT, length);
  }

  private HostArray floatsOrNull(DeviceArray array, long length) {
    return array == null ? null : floats(array, length);
  }

  private HostArray doubles(DeviceArray array, long length) {
    return array(array, Type.DOUBLE, length);
  }

  private void requireClock(DeviceArray clock) {
    array(clock, Type.INT, 2);
  }

  private void requireDraw(Draw draw, DeviceArray state) {
    if (state != null) {
      requireClock(draw.clock());
    }
  }

  @Override
  public void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      DeviceArray a,
      int lda,
      DeviceArray b,
      int ldb,
      float beta,
      DeviceArray c,
      int ldc) {
    HostArray first = floats(a, size(transposeA ? k : m, transposeA ? m : k, lda));
    HostArray second = floats(b, size(transposeB ? n : k, transposeB ? k : n, ldb));
    HostArray out = floats(c, size(m, n, ldc));
    Matrix left = new Matrix(first.floats(), first.offset(), lda, transposeA);
    Matrix right = new Matrix(second.floats(), second.offset(), ldb, transposeB);
    Matrix result = new Matrix(out.floats(), out.offset(), ldc, false);
    submit(() -> HostProducts.multiply(m, n, k, alpha, left, right, beta, result));
  }

  private static long size(int rows, int columns, int lead) {
    if (rows < 1 || columns < 1 || lead < rows) {
      throw new IllegalArgumentException(
          "a matrix has "
              + rows
              + " rows, "
              + columns
              + " columns and the leading dimension "
              + lead
              + "; accepted: 1 or more, and not less than the rows");
    }
    return (long) lead * (columns - 1) + rows;
  }

  @Override
  public void tick(DeviceArray clock, int steps, int times) {
    HostArray array = array(clock, Type.INT, 2);
    submit(
        () -> {
          array.ints()[array.offset()] += steps;
          array.ints()[array.offset() + 1] += times;
        });
  }

  @Override
  public void gather(
      DeviceArray data,
      DeviceArray order,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray out) {
    HostArray from = floats(data, units);
    HostArray numbers = array(order, Type.INT, rows);
    HostArray to = floats(out, (long) rows * units);
    requireClock(clock);
    submit(() -> HostRows.gather(from, numbers, clock, rows, units, to));
  }

  @Override
  public void words(int rows, int units, Draw draw, DeviceArray out) {
    HostArray to = array(out, Type.INT, (long) rows * units);
    requireClock(draw.clock());
    submit(
        () -> {
          HostUnits.RowWords words = new HostUnits.RowWords(draw, units);
          for (int r = 0; r < rows; r++) {
            System.arraycopy(words.of(r), 0, to.ints(), to.offset() + r * units, units);
          }
        });
  }

  @Override
  public void logistic(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    long n = (long) rows * units;
    HostArray x = floats(field, n);
    HostArray b = floats(bias, units);
    HostArray m = floatsOrNull(mean, n);
    HostArray s = floatsOrNull(state, n);
    requireDraw(draw, state);
    submit(() -> HostUnits.logistic(x, b, rows, units, factor, m, s, draw));
  }

  @Override
  public void gaussian(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray deviation,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    long n = (long) rows * units;
    HostArray x = floats(field, n);
    HostArray b = floats(bias, units);
    HostArray d = floats(deviation, units);
    HostArray m = floatsOrNull(mean, n);
    HostArray s = floatsOrNull(state, n);
    requireDraw(draw, state);
    submit(() -> HostUnits.gaussian(x, b, d, rows, units, factor, m, s, draw));
  }

  @Override
  public void softmax(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      int groupSize,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    if (groupSize < 1 || units % groupSize != 0) {
      throw new IllegalArgumentException(
          "groupSize is " + groupSize + "; accepted: a divisor of the " + units + " units");
    }
    long n = (long) rows * units;
    HostArray x = floats(field, n);
    HostArray b = floats(bias, units);
    HostArray m = floatsOrNull(mean, n);
    HostArray s = floatsOrNull(state, n);
    requireDraw(draw, state);
    submit(() -> HostUnits.softmax(x, b, rows, units, groupSize, factor, m, s, draw));
  }

  @Override
  public void scaleColumns(
      DeviceArray in, DeviceArray factors, int rows, int units, DeviceArray out) {
    HostArray from = floats(in, (long) rows * units);
    HostArray by = floats(factors, units);
    HostArray to = floats(out, (long) rows * units);
    submit(() -> HostRows.scaleColumns(from, by, rows, units, to));
  }

  @Override
  public void columnSums(
      DeviceArray in, int rows, int units, float alpha, float beta, DeviceArray out) {
    HostArray from = floats(in, (long) rows * units);
    HostArray to = floats(out, units);
    submit(() -> HostRows.columnSums(from, rows, units, alpha, beta, to));
  }

  @Override
  public void sgd(
      DeviceArray parameters,
      DeviceArray gradient,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock) {
    HostArray p = floats(parameters, 0);
    HostArray g = floats(gradient, p.length());
    HostArray table = floats(rates, 2);
    requireClock(clock);
    submit(() -> HostSteps.sgd(p, g, penalties, scale, table, clock));
  }

  @Override
  public void nesterovs(
      DeviceArray parameters,
      DeviceArray gradient,
      DeviceArray velocity,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock) {
    HostArray p = floats(parameters, 0);
    HostArray g = floats(gradient, p.length());
    HostArray v = floats(velocity, p.length());
    HostArray table = floats(rates, 2);
    requireClock(clock);
    submit(() -> HostSteps.nesterovs(p, g, v, penalties, scale, table, clock));
  }

  @Override
  public void softplusSums(
      DeviceArray field, DeviceArray bias, int rows, int units, double factor, DeviceArray out) {
    HostArray x = floats(field, (long) rows * units);
    HostArray b = floats(bias, units);
    HostArray to = doubles(out, rows);
    submit(() -> HostRows.softplusSums(x, b, rows, units, factor, to));
  }

  @Override
  public void rowDots(
      DeviceArray in, DeviceArray vector, int rows, int units, double factor, DeviceArray out) {
    HostArray x = floats(in, (long) rows * units);
    HostArray v = floats(vector, units);
    HostArray to = doubles(out, rows);
    submit(() -> HostRows.dots(x, v, rows, units, factor, to));
  }

  @Override
  public void squaredDistances(DeviceArray a, DeviceArray b, int rows, int units, DeviceArray out) {
    HostArray x = floats(a, (long) rows * units);
    HostArray y = floats(b, (long) rows * units);
    HostArray to = doubles(out, rows);
    submit(() -> HostRows.squaredDistances(x, y, rows, units, to));
  }

  @Override
  public void annealHidden(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights,
      DeviceArray state,
      Draw draw) {
    HostArray x = floats(field, (long) rows * units);
    HostArray b = floats(bias, units);
    HostArray start = floats(base, units);
    HostArray table = doubles(betas, 2);
    HostArray weights = doubles(logWeights, rows);
    HostArray s = floatsOrNull(state, (long) rows * units);
    requireClock(clock);
    requireDraw(draw, state);
    submit(() -> HostAnnealing.hidden(x, b, start, table, clock, rows, units, weights, s, draw));
  }

  @Override
  public void annealVisible(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray state,
      Draw draw) {
    HostArray x = floats(field, (long) rows * units);
    HostArray b = floats(bias, units);
    HostArray start = floats(base, units);
    HostArray table = doubles(betas, 2);
    HostArray s = floats(state, (long) rows * units);
    requireClock(clock);
    requireDraw(draw, state);
    submit(() -> HostAnnealing.visible(x, b, start, table, clock, rows, units, s, draw));
  }

  @Override
  public void annealVisibleWeights(
      DeviceArray state,
      DeviceArray rise,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights) {
    HostArray s = floats(state, (long) rows * units);
    HostArray r = floats(rise, units);
    HostArray table = doubles(betas, 2);
    HostArray weights = doubles(logWeights, rows);
    requireClock(clock);
    submit(() -> HostAnnealing.visibleWeights(s, r, table, clock, rows, units, weights));
  }

  @Override
  public void copy(DeviceArray from, DeviceArray to) {
    HostArray source = array(from, from.type(), 0);
    HostArray target = array(to, from.type(), 0);
    if (source.length() != target.length()) {
      throw new IllegalArgumentException(
          "a copy of "
              + source.length()
              + " numbers to "
              + target.length()
              + "; accepted: as many");
    }
    int n = (int) source.length();
    submit(
        () ->
            System.arraycopy(
                source.storage(), source.offset(), target.storage(), target.offset(), n));
  }

  @Override
  public void scale(DeviceArray to, float factor) {
    HostArray array = floats(to, 0);
    submit(
        () -> {
          for (int i = array.offset(); i < array.offset() + array.length(); i++) {
            array.floats()[i] *= factor;
          }
        });
  }

  @Override
  public boolean allFinite(DeviceArray array) {
    requireNotRecording("a look at numbers");
    if (array.type() == Type.FLOAT) {
      float[] numbers = new float[(int) array.length()];
      array.download(numbers);
      for (float number : numbers) {
        if (!Float.isFinite(number)) {
          return false;
        }
      }
      return true;
    }
    double[] numbers = new double[(int) array.length()];
    array.download(numbers);
    return Arrays.stream(numbers).allMatch(Double::isFinite);
  }

  @Override
  public void close() {
    closed = true;
    List.copyOf(allocated).forEach(HostArray::close);
  }
}
