/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.Map;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Stands in for a layer helper of Deeplearning4j that should not be used; the layer drops it and
 * runs its built-in code. Not for use by programs; see {@link HostTuning}.
 */
public class DisabledHelper implements LayerHelper {

  /**
   * The constructor Deeplearning4j calls.
   *
   * @param dataType the layer's data type, not used
   */
  public DisabledHelper(DataType dataType) {}

  @Override
  public Map<String, Long> helperMemoryUse() {
    return Map.of();
  }

  @Override
  public boolean checkSupported() {
    return false;
  }
}
