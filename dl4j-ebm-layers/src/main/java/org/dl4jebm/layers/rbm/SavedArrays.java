/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks of saved states of estimators. */
final class SavedArrays {

  private SavedArrays() {}

  /** A saved state is empty or has exactly these names. */
  static void requireNames(Map<String, INDArray> state, String... names) {
    if (!state.isEmpty() && !state.keySet().equals(Set.of(names))) {
      throw new IllegalArgumentException(
          "the saved state holds "
              + new TreeSet<>(state.keySet())
              + "; accepted: "
              + (names.length == 0 ? "nothing" : Arrays.toString(names) + " or nothing")
              + ", as configured");
    }
  }

  /** A copy of the model's data type, outside workspaces, of an array that must have this shape. */
  static INDArray copy(RbmModel model, Map<String, INDArray> state, String name, long... shape) {
    return Workspaces.outside(
        () -> checked(state, name, shape).castTo(model.weights().dataType()).dup('c'));
  }

  /** A saved array, which must have this shape. */
  static INDArray checked(Map<String, INDArray> state, String name, long... shape) {
    INDArray array = state.get(name);
    if (!Arrays.equals(array.shape(), shape)) {
      throw new IllegalArgumentException(
          "saved "
              + name
              + " have shape "
              + Arrays.toString(array.shape())
              + "; accepted: "
              + Arrays.toString(shape)
              + ", as configured");
    }
    return array;
  }

  static INDArray detachedCopy(INDArray array) {
    return Workspaces.outside(() -> array.dup('c'));
  }
}
