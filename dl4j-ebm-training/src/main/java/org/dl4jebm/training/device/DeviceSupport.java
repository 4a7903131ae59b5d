/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/** Says by name what a device cannot do, before anything is changed. */
final class DeviceSupport {

  private DeviceSupport() {}

  /** Why a layer cannot be pretrained on a device; empty if it can. */
  static Optional<String> reasonNotTrained(RestrictedBoltzmannMachineLayer layer) {
    RestrictedBoltzmannMachine conf = layer.layerConf();
    if (layer.getClass() != RestrictedBoltzmannMachineLayer.class) {
      return Optional.of("a layer of class " + layer.getClass().getSimpleName());
    }
    Optional<String> reason = reasonNotSampled(layer.model());
    if (reason.isEmpty()) {
      reason = reasonNotObjective(conf);
    }
    if (reason.isEmpty()) {
      reason = reasonNotSteps(layer.conf(), conf);
    }
    for (String parameter : layer.paramTable(false).keySet()) {
      if (reason.isEmpty()) {
        reason = reasonNotUpdater(conf.getUpdaterByParam(parameter));
      }
      if (reason.isEmpty()) {
        reason = reasonNotPenalties(conf.getRegularizationByParam(parameter));
      }
    }
    return reason;
  }

  /** Why chains of a machine cannot run on a device; empty if they can. */
  static Optional<String> reasonNotSampled(RbmModel model) {
    if (model.weights().dataType() != DataType.FLOAT) {
      return Optional.of("parameters in " + model.weights().dataType());
    }
    if (model.coupling() != 1) {
      return Optional.of("a machine with the coupling " + model.coupling());
    }
    Optional<String> reason = DeviceUnits.reasonNotVisible(model.visibleUnits());
    return reason.isPresent() ? reason : DeviceUnits.reasonNotHidden(model.hiddenUnits());
  }

  private static Optional<String> reasonNotObjective(RestrictedBoltzmannMachine conf) {
    if (!(conf.trainingObjective() instanceof ContrastiveDivergenceOptions options)) {
      return Optional.of("the objective " + conf.trainingObjective());
    }
    if (options.centering() != null) {
      return Optional.of("centering of the gradient");
    }
    if (options.fastWeights() != null) {
      return Optional.of("fast weights");
    }
    if (options.tempering() != null) {
      return Optional.of("tempering");
    }
    return options.sparsityCost() > 0 ? Optional.of("a sparsity penalty") : Optional.empty();
  }

  private static Optional<String> reasonNotSteps(
      NeuralNetConfiguration network, RestrictedBoltzmannMachine conf) {
    if (network.getOptimizationAlgo() != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
      return Optional.of("the optimization algorithm " + network.getOptimizationAlgo());
    }
    if (network.getStepFunction() != null) {
      return Optional.of(
          "the step function " + network.getStepFunction().getClass().getSimpleName());
    }
    if (conf.getConstraints() != null && !conf.getConstraints().isEmpty()) {
      return Optional.of("constraints of parameters");
    }
    if (conf.getWeightNoise() != null) {
      return Optional.of("weight noise");
    }
    GradientNormalization normalization = conf.getGradientNormalization();
    return normalization == null || normalization == GradientNormalization.None
        ? Optional.empty()
        : Optional.of("the gradient normalization " + normalization);
  }

  private static Optional<String> reasonNotUpdater(IUpdater updater) {
    return updater.getClass() == Sgd.class || updater.getClass() == Nesterovs.class
        ? Optional.empty()
        : Optional.of("the updater " + updater.getClass().getSimpleName());
  }

  private static Optional<String> reasonNotPenalties(List<Regularization> terms) {
    if (terms == null) {
      return Optional.empty();
    }
    for (Regularization term : terms) {
      ISchedule factor;
      if (term instanceof L1Regularization l1) {
        factor = l1.getL1();
      } else if (term instanceof L2Regularization l2) {
        factor = l2.getL2();
      } else if (term instanceof WeightDecay decay) {
        factor = decay.getCoeff();
      } else {
        return Optional.of("the regularization " + term.getClass().getSimpleName());
      }
      if (!(factor instanceof FixedSchedule)) {
        return Optional.of("a schedule in " + term.getClass().getSimpleName());
      }
      if (term instanceof WeightDecay decay && !decay.isApplyLR() && !(factor.valueAt(0, 0) < 1)) {
        return Optional.of("a weight decay of 1 or more a step");
      }
    }
    return Optional.empty();
  }
}
