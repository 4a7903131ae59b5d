/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;

/**
 * Does every operation of a {@link Device} on two devices with the same numbers and compares what
 * comes out. Random words have to agree in every bit and numbers within a relative error of 1e-5. A
 * state may differ where its probability lies so close to the random number that this error
 * decides: with probability 4e-5 at most, so that the number of differences is at most Poisson with
 * mean {@code m = 4e-5 n}; accepted are {@code m + 6 sqrt(m) + 6} (false alarm below 1e-6).
 */
final class DeviceComparison {

  /** Sizes that no number of threads or lanes divides. */
  private static final int ROWS = 131;

  private static final int UNITS = 203;
  private static final int GROUP = 7;
  private static final int WIDE = 347;
  private static final int N = ROWS * UNITS;
  private static final long SEED = 0x123456789abcdefL;
  private static final double CLOSE = 1e-5;
  private static final double DIFFERENT = 4e-5;

  private DeviceComparison() {}

  /**
   * A comparison.
   *
   * @param what was compared
   * @param found the largest relative error, or the number of differences
   * @param limit what is accepted
   */
  record Result(String what, double found, double limit) {

    /** Whether it is; not so for NaN. */
    boolean accepted() {
      return found <= limit;
    }
  }

  private enum Kind {
    BITS,
    NUMBERS,
    STATES
  }

  private record Output(String what, Kind kind, double[] values) {}

  /**
   * Compares two devices.
   *
   * @param device the one in question
   * @param twin what it is compared with
   * @return one result for each operation and output
   */
  static List<Result> run(Device device, Device twin) {
    List<Output> actual = new Pass(device).run();
    List<Output> expected = new Pass(twin).run();
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < expected.size(); i++) {
      results.add(compare(expected.get(i), actual.get(i).values()));
    }
    return results;
  }

  private static Result compare(Output expected, double[] actual) {
    double[] values = expected.values();
    if (expected.kind() == Kind.NUMBERS) {
      double square = Arrays.stream(values).map(x -> x * x).sum();
      double usual = Math.sqrt(square / values.length);
      double worst = 0;
      for (int i = 0; i < values.length; i++) {
        double scale = Math.max(Math.abs(values[i]), usual);
        double error = scale == 0 ? Math.abs(actual[i]) : Math.abs(actual[i] - values[i]) / scale;
        worst = Double.isNaN(error) ? Double.NaN : Math.max(worst, error);
        if (Double.isNaN(worst)) {
          break;
        }
      }
      return new Result(expected.what() + ", relative error", worst, CLOSE);
    }
    int differences = 0;
    for (int i = 0; i < values.length; i++) {
      if (values[i] != actual[i]) {
        differences++;
      }
    }
    double mean = DIFFERENT * values.length;
    return expected.kind() == Kind.BITS
        ? new Result(expected.what() + ", words that differ", differences, 0)
        : new Result(
            expected.what() + ", states that differ of " + values.length,
            differences,
            Math.floor(mean + 6 * Math.sqrt(mean) + 6));
  }

  /** All operations on one device. */
  private static final class Pass {

    private final Device device;
    private final List<Output> outputs = new ArrayList<>();
    private final List<DeviceArray> arrays = new ArrayList<>();
    private SplittableRandom random = new SplittableRandom(1);

    Pass(Device device) {
      this.device = device;
    }

    List<Output> run() {
      try {
        List<Runnable> parts =
            List.of(
                this::words,
                this::products,
                this::units,
                this::rows,
                this::updates,
                this::annealing,
                this::recordings,
                this::looks);
        for (Runnable part : parts) {
          random = new SplittableRandom(parts.indexOf(part));
          part.run();
          arrays.forEach(DeviceArray::close);
          arrays.clear();
        }
        return outputs;
      } finally {
        arrays.forEach(DeviceArray::close);
      }
    }

    private DeviceArray empty(Type type, long n) {
      DeviceArray array = device.allocate("check", type, n);
      arrays.add(array);
      return array;
    }

    private DeviceArray floats(double scale, int n) {
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        values[i] = (float) (scale * random.nextDouble(-1, 1));
      }
      DeviceArray array = empty(Type.FLOAT, n);
      array.upload(values);
      return array;
    }

    private DeviceArray doubles(double... values) {
      DeviceArray array = empty(Type.DOUBLE, values.length);
      array.upload(values);
      return array;
    }

    private DeviceArray ints(int... values) {
      DeviceArray array = empty(Type.INT, values.length);
      array.upload(values);
      return array;
    }

    private void output(String what, Kind kind, DeviceArray array) {
      double[] values = new double[(int) array.length()];
      switch (array.type()) {
        case DOUBLE -> array.download(values);
        case FLOAT -> {
          float[] numbers = new float[values.length];
          array.download(numbers);
          Arrays.setAll(values, i -> numbers[i]);
        }
        case INT -> {
          int[] numbers = new int[values.length];
          array.download(numbers);
          Arrays.setAll(values, i -> numbers[i]);
        }
        default -> throw new IllegalStateException("array of " + array.type());
      }
      outputs.add(new Output(what, kind, values));
    }

    private void words() {
      DeviceArray clock = ints(5, -3);
      DeviceArray out = empty(Type.INT, N);
      int channel = Draw.channel(2, 1, Draw.VISIBLE);
      device.words(ROWS, UNITS, new Draw(SEED, channel, 1_000_000, clock), out);
      output("words", Kind.BITS, out);
      device.tick(clock, 7, 11);
      output("tick", Kind.BITS, clock);
      device.words(ROWS, UNITS, new Draw(-1, channel, 0, clock), out);
      output("words after a tick", Kind.BITS, out);
      DeviceArray data = floats(1, N);
      DeviceArray rows = empty(Type.FLOAT, 5 * UNITS);
      DeviceArray order = ints(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 130, 0, 8, 9, 7);
      device.gather(data, order, ints(2, 0), 5, UNITS, rows);
      output("gather", Kind.BITS, rows);
      DeviceArray copy = empty(Type.FLOAT, N);
      device.copy(data, copy);
      output("copy", Kind.BITS, copy);
      device.scale(copy, -1.5f);
      output("scale", Kind.NUMBERS, copy);
    }

    private void products() {
      DeviceArray a = floats(1, WIDE * WIDE);
      DeviceArray b = floats(1, WIDE * WIDE);
      for (int which = 0; which < 4; which++) {
        boolean ta = (which & 1) != 0;
        boolean tb = (which & 2) != 0;
        DeviceArray c = floats(1, WIDE * ROWS);
        device.gemm(ta, tb, UNITS, ROWS, 311, 1.5f, a, WIDE, b, WIDE, 0.5f, c, WIDE);
        output("product" + (ta ? ", a transposed" : "") + (tb ? ", b transposed" : ""), c);
      }
    }

    private void output(String what, DeviceArray array) {
      output(what, Kind.NUMBERS, array);
    }

    private void units() {
      DeviceArray clock = ints(0, 5);
      Draw draw = new Draw(SEED, 9, 17, clock);
      DeviceArray field = floats(4, N);
      DeviceArray bias = floats(1, UNITS);
      DeviceArray mean = empty(Type.FLOAT, N);
      DeviceArray state = empty(Type.FLOAT, N);
      device.logistic(field, bias, ROWS, UNITS, -2, mean, state, draw);
      output("binary means", mean);
      output("binary", Kind.STATES, state);
      DeviceArray deviation = floats(1, UNITS);
      device.gaussian(field, bias, deviation, ROWS, UNITS, 2, mean, state, draw);
      output("Gaussian means", mean);
      output("Gaussian states", state);
      device.softmax(field, bias, ROWS, UNITS, GROUP, 1, mean, state, draw);
      output("softmax means", mean);
      output("softmax", Kind.STATES, state);
      device.scaleColumns(field, deviation, ROWS, UNITS, mean);
      output("scaled columns", mean);
    }

    private void rows() {
      DeviceArray field = floats(4, N);
      DeviceArray other = floats(4, N);
      DeviceArray bias = floats(1, UNITS);
      DeviceArray sums = floats(1, UNITS);
      device.columnSums(field, ROWS, UNITS, 0.3f, 0.7f, sums);
      output("sums of columns", sums);
      DeviceArray out = doubles(new double[ROWS]);
      device.softplusSums(field, bias, ROWS, UNITS, 1.5, out);
      output("sums of softplus", out);
      device.rowDots(field, bias, ROWS, UNITS, -0.5, out);
      output("products with rows", out);
      device.squaredDistances(field, other, ROWS, UNITS, out);
      output("squared distances", out);
    }

    private void updates() {
      DeviceArray rates = floats(0.1, 6);
      DeviceArray clock = ints(2, 0);
      Penalties penalties = new Penalties(0.01f, 0.02f, 0.03f);
      DeviceArray parameters = floats(1, N);
      DeviceArray gradient = floats(1, N);
      device.sgd(parameters, gradient, penalties, 0.5f, rates, clock);
      output("sgd", parameters);
      DeviceArray velocity = floats(1, N);
      device.nesterovs(parameters, gradient, velocity, penalties, 0.5f, rates, clock);
      output("nesterovs", parameters);
      output("nesterovs, velocity", velocity);
    }

    private void annealing() {
      DeviceArray clock = ints(1, 3);
      DeviceArray betas = doubles(0, 0.25, 0.5, 1);
      DeviceArray field = floats(4, N);
      DeviceArray bias = floats(1, UNITS);
      DeviceArray base = floats(1, UNITS);
      DeviceArray logWeights = doubles(new double[ROWS]);
      DeviceArray state = empty(Type.FLOAT, N);
      Draw hidden = new Draw(SEED, Draw.channel(0, 0, Draw.HIDDEN), 0, clock);
      device.annealHidden(field, bias, base, betas, clock, ROWS, UNITS, logWeights, state, hidden);
      output("annealing, log weights", logWeights);
      output("annealing, hidden", Kind.STATES, state);
      Draw visible = new Draw(SEED, Draw.channel(0, 0, Draw.VISIBLE), 0, clock);
      device.annealVisible(field, bias, base, betas, clock, ROWS, UNITS, state, visible);
      output("annealing, visible", Kind.STATES, state);
      device.annealVisibleWeights(field, bias, betas, clock, ROWS, UNITS, logWeights);
      output("annealing, log weights of visible biases", logWeights);
    }

    private void recordings() {
      DeviceArray clock = ints(0, 0);
      DeviceArray words = empty(Type.INT, N);
      DeviceArray numbers = floats(1, N);
      Runnable work =
          () -> {
            device.words(ROWS, UNITS, new Draw(SEED, 0, 0, clock), words);
            device.scale(numbers, 1.25f);
            device.tick(clock, 1, 2);
          };
      try (Recording recording = device.record(work)) {
        for (int i = 0; i < 3; i++) {
          recording.replay();
        }
        output("recording, clock", Kind.BITS, clock);
        output("recording, words", Kind.BITS, words);
        output("recording", numbers);
      }
    }

    private void looks() {
      DeviceArray numbers = floats(1, N);
      DeviceArray finite = ints(device.allFinite(numbers) ? 1 : 0);
      output("finite numbers are seen", Kind.BITS, finite);
      numbers.slice(N - 1, 1).upload(new float[] {Float.NaN});
      finite.upload(new int[] {device.allFinite(numbers) ? 1 : 0});
      output("NaN is seen", Kind.BITS, finite);
    }
  }
}
