/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.NotNormalisableException;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A sign that training has diverged, thrown from where it is seen to where it is dealt with. */
final class Divergence extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String quantity;
  private final double value;

  private Divergence(String quantity, double value, String problem) {
    super(problem, null, false, false);
    this.quantity = quantity;
    this.value = value;
  }

  String quantity() {
    return quantity;
  }

  double value() {
    return value;
  }

  static Divergence of(NotNormalisableException e) {
    return new Divergence("coupling norm", e.norm(), e.getMessage());
  }

  private static Divergence of(String quantity, double value) {
    return new Divergence(quantity, value, quantity + " is " + value);
  }

  /** What can be looked at after every batch. */
  static void checkScore(Stage stage, DivergencePolicy policy) {
    double score = stage.layer().score();
    if (!Double.isFinite(score)) {
      throw of(stage.scoreName(), score);
    }
    if (stage.resumable() != null && policy.gapLimit() < Double.POSITIVE_INFINITY) {
      checkGap(stage, policy);
    }
  }

  private static void checkGap(Stage stage, DivergencePolicy policy) {
    Double gap = stage.resumable().pretrainDiagnostics().get(ResumablePretraining.FREE_ENERGY_GAP);
    if (gap == null || !(stage.layer().conf().getLayer() instanceof FeedForwardLayer conf)) {
      return;
    }
    double limit = policy.gapLimit() * conf.getNIn();
    if (!(Math.abs(gap) <= limit)) {
      throw new Divergence(
          ResumablePretraining.FREE_ENERGY_GAP,
          gap,
          ResumablePretraining.FREE_ENERGY_GAP
              + " is "
              + gap
              + " nats; accepted: "
              + limit
              + " either way, "
              + policy.gapLimit()
              + " for each visible unit (see DivergencePolicy)");
    }
  }

  /**
   * The score may be an old one; this is certain, and cheap enough for once in a while. Squares,
   * because energies and the checks of a machine overflow before the parameters themselves do.
   */
  static void checkParameters(Stage stage) {
    INDArray parameters = stage.layer().params();
    INDArray flat = parameters.reshape(parameters.length());
    double squares = Nd4j.getBlasWrapper().dot(flat, flat);
    if (!Double.isFinite(squares)) {
      throw of("sum of the squares of the parameters", squares);
    }
  }
}
