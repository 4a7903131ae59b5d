/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sends the first batch up through the whole stack, so that a layer which does not fit what is
 * below it is found before the ones below it have been trained.
 */
final class FirstBatchCheck {

  private FirstBatchCheck() {}

  static void check(
      NetworkStack stack,
      List<Stage> stages,
      INDArray[] features,
      INDArray weights,
      LayerWorkspaceMgr workspaceMgr) {
    for (Stage stage : stages) {
      INDArray input = stack.inputOf(stage, features, null, workspaceMgr);
      if (weights != null && input.size(0) != weights.size(0)) {
        throw new DL4JInvalidInputException(
            "layer \""
                + stage.name()
                + "\" gets "
                + input.size(0)
                + " rows for the "
                + weights.size(0)
                + " weights of examples of a batch; accepted: as many");
      }
      if (!(stage.layer().conf().getLayer() instanceof FeedForwardLayer conf)
          || input.rank() != 2
          || input.size(1) == conf.getNIn()) {
        continue;
      }
      if (!stack.hasLayersBelow(stage)) {
        throw new DL4JInvalidInputException(
            "the first batch gives layer \""
                + stage.name()
                + "\" an input of shape "
                + Arrays.toString(input.shape())
                + "; accepted: [n, "
                + conf.getNIn()
                + "]");
      }
      throw new DL4JInvalidConfigException(
          "layer \""
              + stage.name()
              + "\" has nIn = "
              + conf.getNIn()
              + ", but gets "
              + input.size(1)
              + " columns from below; accepted: the same number");
    }
  }
}
