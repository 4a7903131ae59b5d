/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.MemoryPlan.Memory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;

/**
 * The steps that DL4J's updaters take, on a device. Rates and momenta of coming steps lie in tables
 * there; neighbouring parameters with the same updater and penalties are one range.
 *
 * <p>Weight decay without the learning rate is taken first, as a step of its own with the rate 1;
 * the L2 factor that comes after it is enlarged by as much as the parameters have shrunk.
 */
final class DeviceUpdates {

  /** Steps that the tables hold. */
  static final int STEPS = 1024;

  private static final String RATES = "learning rates and momenta";
  private static final String ONES = "rates of plain weight decay";
  private static final String VELOCITY = "momentum";
  private static final int ROW = 2;

  /** What happens to neighbouring parameters. */
  private record Rule(IUpdater updater, Penalties penalties, float plainDecay) {

    static Rule of(IUpdater updater, List<Regularization> terms) {
      double l1 = 0;
      double l2 = 0;
      double decay = 0;
      double plain = 0;
      for (Regularization term : terms == null ? List.<Regularization>of() : terms) {
        if (term instanceof L1Regularization l) {
          l1 += l.getL1().valueAt(0, 0);
        } else if (term instanceof L2Regularization l) {
          l2 += l.getL2().valueAt(0, 0);
        } else if (term instanceof WeightDecay d && d.isApplyLR()) {
          decay += d.getCoeff().valueAt(0, 0);
        } else if (term instanceof WeightDecay d) {
          plain += d.getCoeff().valueAt(0, 0);
        }
      }
      double left = 1 - plain;
      return new Rule(
          updater,
          new Penalties((float) l1, (float) (l2 / left), (float) (decay / left)),
          (float) plain);
    }

    boolean hasVelocity() {
      return updater instanceof Nesterovs;
    }
  }

  /** A range of the flat parameters. */
  private record Range(Rule rule, long from, long length) {}

  private final Device device;
  private final List<Range> ranges;
  private final DeviceArray velocity;
  private final DeviceArray rates;
  private final DeviceArray ones;

  DeviceUpdates(Device device, Memory memory, RestrictedBoltzmannMachineLayer layer) {
    this.device = device;
    this.ranges = ranges(layer);
    this.velocity = memory.get(VELOCITY);
    this.rates = memory.get(RATES);
    this.ones = memory.get(ONES);
    if (ones != null) {
      float[] all = new float[ROW * STEPS];
      Arrays.fill(all, 1);
      ones.upload(all);
    }
  }

  private static List<Range> ranges(RestrictedBoltzmannMachineLayer layer) {
    RestrictedBoltzmannMachine conf = layer.layerConf();
    List<Range> ranges = new ArrayList<>();
    long from = 0;
    for (Map.Entry<String, INDArray> parameter : layer.paramTable(false).entrySet()) {
      long length = parameter.getValue().length();
      Rule rule =
          Rule.of(
              conf.getUpdaterByParam(parameter.getKey()),
              conf.getRegularizationByParam(parameter.getKey()));
      int last = ranges.size() - 1;
      if (last >= 0 && ranges.get(last).rule().equals(rule)) {
        Range before = ranges.get(last);
        ranges.set(last, new Range(rule, before.from(), before.length() + length));
      } else {
        ranges.add(new Range(rule, from, length));
      }
      from += length;
    }
    return ranges;
  }

  static void plan(MemoryPlan plan, RestrictedBoltzmannMachineLayer layer) {
    List<Range> ranges = ranges(layer);
    boolean momentum = ranges.stream().anyMatch(range -> range.rule().hasVelocity());
    boolean plain = ranges.stream().anyMatch(range -> range.rule().plainDecay() != 0);
    plan.add(VELOCITY, Type.FLOAT, momentum ? layer.numParams() : 0);
    plan.add(RATES, Type.FLOAT, (long) ranges.size() * ROW * STEPS);
    plan.add(ONES, Type.FLOAT, plain ? (long) ROW * STEPS : 0);
  }

  /** Fills the tables for {@link #STEPS} steps. */
  void fillTables(int iteration, int epoch) {
    float[] table = new float[ranges.size() * ROW * STEPS];
    int at = 0;
    for (Range range : ranges) {
      IUpdater updater = range.rule().updater();
      for (int step = 0; step < STEPS; step++) {
        table[at++] = (float) updater.getLearningRate(iteration + step, epoch);
        table[at++] =
            updater instanceof Nesterovs nesterovs
                ? (float) nesterovs.currentMomentum(iteration + step, epoch)
                : 0;
      }
    }
    rates.upload(table);
  }

  /**
   * Asks for one step.
   *
   * @param scale factor of the gradient
   */
  void apply(DeviceArray parameters, DeviceArray gradient, float scale, DeviceArray clock) {
    for (int i = 0; i < ranges.size(); i++) {
      Range range = ranges.get(i);
      Rule rule = range.rule();
      DeviceArray p = parameters.slice(range.from(), range.length());
      DeviceArray g = gradient.slice(range.from(), range.length());
      DeviceArray table = rates.slice((long) i * ROW * STEPS, (long) ROW * STEPS);
      if (rule.plainDecay() != 0) {
        device.sgd(p, g, new Penalties(0, 0, rule.plainDecay()), 0, ones, clock);
      }
      if (rule.hasVelocity()) {
        DeviceArray v = velocity.slice(range.from(), range.length());
        device.nesterovs(p, g, v, rule.penalties(), scale, table, clock);
      } else {
        device.sgd(p, g, rule.penalties(), scale, table, clock);
      }
    }
  }

  /** Takes over DL4J's updater state, or begins without momentum if it is null. */
  void load(INDArray updaterState) {
    if (velocity == null) {
      return;
    }
    float[] state = updaterState == null ? null : Transfers.floats(updaterState);
    float[] all = new float[(int) velocity.length()];
    int at = 0;
    for (Range range : ranges) {
      if (state != null && range.rule().hasVelocity()) {
        System.arraycopy(state, at, all, (int) range.from(), (int) range.length());
        at += (int) range.length();
      }
    }
    velocity.upload(all);
  }

  /** DL4J's updater state: the velocities of the parameters that have one; null if none has. */
  float[] state() {
    if (velocity == null) {
      return null;
    }
    float[] all = Transfers.floats(velocity);
    int length = 0;
    for (Range range : ranges) {
      if (range.rule().hasVelocity()) {
        System.arraycopy(all, (int) range.from(), all, length, (int) range.length());
        length += (int) range.length();
      }
    }
    return Arrays.copyOf(all, length);
  }
}
