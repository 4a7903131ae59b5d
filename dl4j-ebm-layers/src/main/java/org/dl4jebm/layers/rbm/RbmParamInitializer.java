/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.dl4jebm.layers.pretrain.TiedParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Lays out the parameters of a {@link RestrictedBoltzmannMachine} in DL4J's flat vector: weights
 * {@code W [nIn, nOut]} in 'f' order, hidden bias {@code b [nOut]}, visible bias {@code vb [nIn]},
 * and where the visible units have further parameters, those ({@code vp}). Names and order are
 * those of DL4J's own pretrainable layers and of its former RBM.
 */
public final class RbmParamInitializer extends TiedParamInitializer {

  /**
   * Key of the further parameters of visible units that have some, such as learned variances; they
   * take part in pretraining only. See {@link UnitType#parameterCount}.
   */
  public static final String VISIBLE_PARAMETERS_KEY = "vp";

  private static final RbmParamInitializer INSTANCE = new RbmParamInitializer();

  private RbmParamInitializer() {
    super(VISIBLE_PARAMETERS_KEY);
  }

  /**
   * Returns the initializer, which has no state.
   *
   * @return the only instance
   */
  public static RbmParamInitializer getInstance() {
    return INSTANCE;
  }

  @Override
  protected long furtherParameters(BasePretrainNetwork layer) {
    UnitType visible = ((RestrictedBoltzmannMachine) layer).getVisibleUnits();
    return visible == null ? 0 : visible.parameterCount(layer.getNIn());
  }

  @Override
  protected void initializeFurther(BasePretrainNetwork layer, INDArray parameters) {
    ((RestrictedBoltzmannMachine) layer).getVisibleUnits().initializeParameters(parameters);
  }
}
