/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.dl4jebm.training.device.DeviceComparison.Result;
import org.dl4jebm.training.device.DeviceTimings.Case;
import org.dl4jebm.training.device.DeviceTimings.Loop;
import org.dl4jebm.training.device.DeviceTimings.Timing;

/**
 * Checks the operations of this package on the GPU of this machine: each against plain Java, chains
 * against enumeration; then times the loops of restricted Boltzmann machines, their matrix products
 * alone, and writes a table. {@code cuda-notes/check} packs it for machines without Java.
 *
 * <p>Options: {@code --twin} takes plain Java in place of a GPU, with small sizes, to try the check
 * itself; {@code --small} takes small sizes; {@code --libraries FOLDER} is where cuBLAS lies;
 * {@code --driver TEXT} is what the table calls the driver; {@code --peers FILE} has times of the
 * same loops elsewhere, lines of case, kind and milliseconds separated by tabs; {@code
 * --correctness} leaves out the times.
 *
 * <p>Exit status: 0 if all is as it should be, 1 if an operation is wrong, 2 for options that are
 * not accepted, 3 if there is no GPU that can be used.
 */
public final class DeviceCheck {

  private static final int CHAINS = 100_000;
  private static final List<Case> SMALL =
      List.of(
          new Case(Loop.CD, 12, 7, 5, 1),
          new Case(Loop.CD, 12, 7, 5, 3),
          new Case(Loop.GIBBS, 12, 7, 20, 1),
          new Case(Loop.AIS, 12, 7, 20, 1));

  private final PrintStream out;
  private final Function<CudaOptions, Device> opener;
  private boolean twin;
  private boolean small;
  private Optional<Path> libraries = Optional.empty();
  private boolean timed = true;
  private String driver = "driver not named";
  private final Map<String, Map<String, Double>> peers = new HashMap<>();

  DeviceCheck(PrintStream out, Function<CudaOptions, Device> opener) {
    this.out = out;
    this.opener = opener;
  }

  /**
   * Runs the check and ends the process.
   *
   * @param args the options
   */
  public static void main(String[] args) {
    System.exit(new DeviceCheck(System.out, CudaDevice::open).run(args));
  }

  /** Runs the check and returns the exit status. */
  int run(String... args) {
    try {
      read(args);
    } catch (IllegalArgumentException | IOException e) {
      out.println(e.getMessage());
      return 2;
    }
    try (Device device =
            twin ? new HostDevice() : opener.apply(new CudaOptions(0, false, libraries));
        Device host = new HostDevice()) {
      out.println("Device: " + device.gpu() + "; " + driver + "; " + LocalDate.now());
      boolean correct = compare(device, host);
      if (timed) {
        time(device);
      }
      return correct ? 0 : 1;
    } catch (DeviceException e) {
      out.println("No check: " + e.getMessage());
      return 3;
    }
  }

  private void read(String... args) throws IOException {
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--twin" -> {
          twin = true;
          small = true;
        }
        case "--small" -> small = true;
        case "--libraries" -> libraries = Optional.of(Path.of(value(args, ++i)));
        case "--correctness" -> timed = false;
        case "--driver" -> driver = value(args, ++i);
        case "--peers" -> readPeers(Path.of(value(args, ++i)));
        default ->
            throw new IllegalArgumentException(
                args[i]
                    + " is no option; accepted: --twin, --small, --correctness, --driver, --libraries, --peers");
      }
    }
  }

  private static String value(String[] args, int i) {
    if (i == args.length) {
      throw new IllegalArgumentException(args[i - 1] + " needs a value");
    }
    return args[i];
  }

  private void readPeers(Path file) throws IOException {
    for (String line : Files.readAllLines(file)) {
      String[] parts = line.split("\t");
      if (parts.length != 3) {
        throw new IllegalArgumentException(
            "\"" + line + "\" in " + file + "; accepted: case, kind, milliseconds");
      }
      peers
          .computeIfAbsent(parts[0], name -> new HashMap<>())
          .put(parts[1], Double.valueOf(parts[2]));
    }
  }

  private boolean compare(Device device, Device host) {
    out.println();
    out.println("| operation | found | accepted | |");
    out.println("|---|---|---|---|");
    boolean operations = print(DeviceComparison.run(device, host));
    boolean chains = print(ChainStatistics.run(device, small ? CHAINS / 10 : CHAINS));
    boolean correct = operations && chains;
    out.println();
    out.println(correct ? "All operations are right." : "Some operations are WRONG.");
    return correct;
  }

  private boolean print(List<Result> results) {
    for (Result each : results) {
      out.printf(
          Locale.ROOT,
          "| %s | %.3g | %.3g | %s |%n",
          each.what(),
          each.found(),
          each.limit(),
          each.accepted() ? "ok" : "WRONG");
    }
    return results.stream().allMatch(Result::accepted);
  }

  private void time(Device device) {
    List<Case> cases = small ? SMALL : DeviceTimings.CASES;
    List<String> kinds =
        peers.values().stream().flatMap(x -> x.keySet().stream()).distinct().sorted().toList();
    out.println();
    out.println(
        "Milliseconds a repetition, median of 5 rounds (least to most)"
            + (small ? "; small sizes" : "")
            + (twin ? "; plain Java: these say nothing about a GPU" : ""));
    out.println();
    StringBuilder head = new StringBuilder("| loop | whole | products alone | products / whole |");
    StringBuilder line = new StringBuilder("|---|---|---|---|");
    for (String kind : kinds) {
      head.append(' ').append(kind).append(" |");
      line.append("---|");
    }
    out.println(head);
    out.println(line);
    for (Case each : cases) {
      Timing timing = DeviceTimings.measure(device, each, small ? 0.01 : 0.5);
      StringBuilder row =
          new StringBuilder(
              String.format(
                  Locale.ROOT,
                  "| %s | %.4f (%.4f to %.4f) | %.4f (%.4f to %.4f) | %.2f |",
                  each.name(),
                  timing.loop().median(),
                  timing.loop().least(),
                  timing.loop().most(),
                  timing.products().median(),
                  timing.products().least(),
                  timing.products().most(),
                  timing.products().median() / timing.loop().median()));
      Map<String, Double> others = peers.getOrDefault(each.name(), Map.of());
      for (String kind : kinds) {
        Double time = others.get(kind);
        row.append(time == null ? " |" : String.format(Locale.ROOT, " %.4f |", time));
      }
      out.println(row);
    }
  }
}
