/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.util.List;
import java.util.stream.Stream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** {@link LayerChecks} on layers of each type of hidden and of visible units. */
@Tag("gpu")
class RbmUnitsLayerChecksTest {

  private static final UnitType MIXED =
      MixedUnits.of(
          MixedUnits.part(1, new SpinUnits()),
          MixedUnits.part(2, new SoftmaxUnits(2)),
          MixedUnits.part(2, new TruncatedGaussianUnits()));

  private static RestrictedBoltzmannMachine.Builder rbm(int nOut) {
    return new RestrictedBoltzmannMachine.Builder().nOut(nOut);
  }

  /** Below a machine whose visible units are of the same type. */
  private static DynamicNode hidden(UnitType type, int units) {
    return dynamicContainer(
        "hidden " + type,
        new LayerChecks(
                () ->
                    List.of(
                        rbm(units).hiddenUnits(type).build(),
                        rbm(3).visibleUnits(type).l2(0.05).build()),
                UnitCases.batch(new BernoulliUnits(), 5, 4, 1))
            .all());
  }

  private static DynamicNode visible(UnitType type, int units) {
    return dynamicContainer(
        "visible " + type,
        new LayerChecks(
                () -> List.of(rbm(3).visibleUnits(type).k(2).persistentChains(3).build()),
                UnitCases.batch(type, 5, units, 2))
            .notFineTuned("0_vp")
            .all());
  }

  @TestFactory
  Stream<DynamicNode> hiddenUnits() {
    return Stream.of(
        hidden(new SpinUnits(), 3),
        hidden(new SoftmaxUnits(2), 4),
        hidden(GaussianUnits.unitVariance(), 3),
        hidden(GaussianUnits.withVariance(0.5, 1, 2), 3),
        hidden(new TruncatedGaussianUnits(), 3),
        hidden(new NoisyRectifiedUnits(), 3),
        hidden(MIXED, 5));
  }

  @TestFactory
  Stream<DynamicNode> visibleUnits() {
    return Stream.of(
        visible(new SpinUnits(), 4),
        visible(new SoftmaxUnits(3), 6),
        visible(GaussianUnits.learnedVariance(0.5, 1, 2), 3),
        visible(new TruncatedGaussianUnits(), 3),
        visible(new NoisyRectifiedUnits(), 3),
        visible(MIXED, 5),
        visible(
            MixedUnits.of(
                MixedUnits.part(2, new BernoulliUnits()),
                MixedUnits.part(2, GaussianUnits.learnedVariance(0.5, 2))),
            4));
  }
}
