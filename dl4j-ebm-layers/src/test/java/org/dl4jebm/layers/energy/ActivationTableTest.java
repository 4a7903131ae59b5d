/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.activations.impl.ActivationRationalTanh;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationRectifiedTanh;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftSign;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("gpu")
class ActivationTableTest {

  /** Away from the kinks of the piecewise functions. */
  private static final INDArray Z =
      Nd4j.createFromArray(
          -9.3, -4.1, -2.7, -1.3, -0.8, -0.45, -0.06, -1e-3, 1e-3, 0.07, 0.3, 0.77, 1.2, 2.9, 4.4,
          7.7);

  /** DL4J's activations with the number of continuous derivatives. */
  static Map<IActivation, Integer> activations() {
    Map<IActivation, Integer> all = new LinkedHashMap<>();
    for (IActivation smooth :
        List.of(
            new ActivationIdentity(),
            new ActivationSigmoid(),
            new ActivationTanH(),
            new ActivationSoftPlus(),
            new ActivationSwish(),
            new ActivationMish(),
            new ActivationGELU(false),
            new ActivationGELU(true),
            new ActivationExactGelu(),
            new ActivationCube(),
            new ActivationRationalTanh())) {
      all.put(smooth, 3);
    }
    all.put(new ActivationSoftSign(), 1);
    all.put(new ActivationELU(), 1);
    all.put(new ActivationELU(1.7), 0);
    all.put(new ActivationSELU(), 0);
    all.put(new ActivationReLU(), 0);
    all.put(new ActivationLReLU(0.2), 0);
    all.put(new ActivationReLU6(), 0);
    all.put(new ActivationHardTanH(), 0);
    all.put(new ActivationHardSigmoid(), 0);
    all.put(new ActivationThresholdedReLU(1), -1);
    return all;
  }

  private static Stream<ActivationDerivatives> entries() {
    return Stream.concat(
        activations().keySet().stream().map(a -> ActivationTable.find(a).orElseThrow()),
        Stream.of(ActivationTable.GELU, ActivationTable.TANH_GELU));
  }

  @TestFactory
  Stream<DynamicTest> valueIsThatOfDl4j() {
    return activations().keySet().stream()
        .map(
            activation ->
                DynamicTest.dynamicTest(
                    activation.toString(),
                    () ->
                        NdAssert.assertClose(
                            activation.getActivation(Z.dup(), false),
                            ActivationTable.find(activation).orElseThrow().of(Z, 0)[0],
                            1e-12)));
  }

  @Test
  void derivativesAgreeWithCentralDifferences() {
    double h = 1e-5;
    entries()
        .forEach(
            function -> {
              INDArray[] f = function.of(Z, 3);
              INDArray[] above = function.of(Z.add(h), 3);
              INDArray[] below = function.of(Z.sub(h), 3);
              for (int k = 1; k <= 3; k++) {
                int order = k;
                NdAssert.assertClose(
                    above[k - 1].sub(below[k - 1]).divi(2 * h),
                    f[k],
                    3e-9,
                    () -> function + " derivative " + order);
              }
            });
  }

  @Test
  void fewerDerivativesAreTheFirstOfMore() {
    entries()
        .forEach(
            function -> {
              INDArray[] all = function.of(Z, 3);
              for (int highest = 0; highest < 3; highest++) {
                INDArray[] some = function.of(Z, highest);
                assertEquals(highest + 1, some.length);
                for (int k = 0; k <= highest; k++) {
                  NdAssert.assertSame(all[k], some[k]);
                }
              }
            });
  }

  @Test
  void closedFormsOfGelu() {
    // Phi(1) and phi(1)
    double distribution = 0.841344746068542949;
    double density = 0.241970724519143349;
    INDArray[] f = ActivationTable.GELU.of(Nd4j.createFromArray(1.0), 3);
    assertEquals(distribution, f[0].getDouble(0), 1e-14);
    assertEquals(distribution + density, f[1].getDouble(0), 1e-14);
    assertEquals(density, f[2].getDouble(0), 1e-14);
    assertEquals(-3 * density, f[3].getDouble(0), 1e-14);
    double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * 1.044715);
    INDArray[] g = ActivationTable.TANH_GELU.of(Nd4j.createFromArray(1.0), 0);
    assertEquals((1 + tanh) / 2, g[0].getDouble(0), 1e-14);
  }

  @Test
  void argumentIsNotModified() {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      INDArray z = Z.castTo(type).reshape('c', new long[] {4, 4});
      INDArray before = z.dup();
      entries()
          .forEach(
              function -> {
                for (INDArray f : function.of(z, 3)) {
                  assertEquals(type, f.dataType());
                  assertEquals(List.of(4L, 4L), List.of(f.size(0), f.size(1)));
                }
              });
      NdAssert.assertSame(before, z);
    }
  }

  @Test
  void floatIsCloseToDouble() {
    entries()
        .forEach(
            function -> {
              INDArray[] exact = function.of(Z, 3);
              INDArray[] single = function.of(Z.castTo(DataType.FLOAT), 3);
              IntStream.rangeClosed(0, 3)
                  .forEach(
                      k ->
                          NdAssert.assertClose(
                              exact[k], single[k], 1e-5, () -> function + " derivative " + k));
            });
  }

  @Test
  void hugeArgumentsGiveTheLimits() {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      double end = type == DataType.FLOAT ? 1e30 : 1e200;
      for (double size : new double[] {90, 750, 1e5, end}) {
        INDArray z = Nd4j.createFromArray(-size, size).castTo(type);
        entries()
            .filter(function -> function != ActivationTable.CUBE)
            .forEach(
                function -> {
                  INDArray[] f = function.of(z, 3);
                  for (int k = 0; k <= 3; k++) {
                    for (int i = 0; i < 2; i++) {
                      double value = f[k].getDouble(i);
                      assertTrue(
                          Double.isFinite(value) && Math.abs(value) <= 1.06 * (k == 0 ? size : 1),
                          () -> function + " at " + z + " gives " + value);
                      if (k > 1) {
                        assertEquals(0, value, 1e-4, () -> function + " at " + z);
                      }
                    }
                  }
                });
      }
    }
  }

  @Test
  void continuityIsAsStated() {
    double h = 1e-9;
    INDArray z = Nd4j.createFromArray(-h, h);
    activations()
        .forEach(
            (activation, continuous) -> {
              ActivationDerivatives function = ActivationTable.find(activation).orElseThrow();
              assertEquals(continuous, function.continuous(), activation.toString());
              INDArray[] f = function.of(z, 3);
              for (int k = 0; k <= continuous; k++) {
                assertEquals(
                    f[k].getDouble(0), f[k].getDouble(1), 1e-6, activation + " derivative " + k);
              }
              if (Math.abs(continuous) == 1 && continuous > 0) {
                assertTrue(Math.abs(f[2].getDouble(0) - f[2].getDouble(1)) > 0.9);
              }
            });
  }

  @Test
  void othersAreNotInTheTable() {
    for (IActivation other :
        List.of(new ActivationSoftmax(), new ActivationRReLU(), new ActivationRectifiedTanh())) {
      assertFalse(ActivationTable.find(other).isPresent());
    }
  }
}
