/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.random.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;

/**
 * Training allocates no arrays from step to step beyond what DL4J's solver does. Every buffer of
 * ND4J, views of others included, and every call of a matrix product takes a number from its
 * deallocation service; these are counted.
 */
class RbmAllocationTest {

  private static final int WARM_UP = 5;
  private static final int STEPS = 20;

  /** Computes no gradient, so that only the layer, the solver and the updater do something. */
  private record NoGradient() implements RbmObjective, RbmEstimator {

    @Override
    public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {}

    @Override
    public RbmEstimator estimator(RandomStream random) {
      return this;
    }

    @Override
    public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
      return 0;
    }

    @Override
    public String scoreName() {
      return "none";
    }

    @Override
    public Map<String, INDArray> state() {
      return Map.of();
    }

    @Override
    public void setState(RbmModel model, Map<String, INDArray> state) {}
  }

  /** Objectives with the number of products in a step, those with a vector included. */
  static List<Arguments> objectives() {
    ContrastiveDivergenceOptions cd = ContrastiveDivergenceOptions.DEFAULT;
    int positivePhaseAndSums = 4;
    return List.of(
        Arguments.of(cd, positivePhaseAndSums + 2),
        Arguments.of(cd.withK(3), positivePhaseAndSums + 2 * 3),
        Arguments.of(cd.withPersistentChains(10), positivePhaseAndSums + 2));
  }

  private static RestrictedBoltzmannMachineLayer machine(RbmObjective objective) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Nesterovs(0.05, 0.5))
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .nIn(30)
                        .nOut(20)
                        .objective(objective)
                        .scoreEvery(Integer.MAX_VALUE)
                        .build())
                .build());
    network.init();
    network.initGradientsView();
    return (RestrictedBoltzmannMachineLayer) network.getLayer(0);
  }

  private static double numbersTaken(Runnable step) {
    for (int i = 0; i < WARM_UP; i++) {
      step.run();
    }
    long before = Nd4j.getDeallocatorService().nextValue();
    for (int i = 0; i < STEPS; i++) {
      step.run();
    }
    return (Nd4j.getDeallocatorService().nextValue() - before - 1) / (double) STEPS;
  }

  private static double numbersTakenByTraining(RbmObjective objective) {
    RestrictedBoltzmannMachineLayer layer = machine(objective);
    INDArray batch = Nd4j.rand(DataType.FLOAT, 10, 30);
    return numbersTaken(() -> layer.fit(batch, LayerWorkspaceMgr.noWorkspaces()));
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void noMoreThanTheSolverAndTheProducts(RbmObjective objective, int products) {
    INDArray in = Nd4j.rand(DataType.FLOAT, 3, 3);
    INDArray out = Nd4j.create(DataType.FLOAT, new long[] {3, 3}, 'f');
    double product = numbersTaken(() -> HostBlas.gemm(in, in, out, false, false, 1, 0));
    double solver = numbersTakenByTraining(new NoGradient());
    assertTrue(solver > 0, "the counter counts");
    assertEquals(solver + products * product, numbersTakenByTraining(objective));
  }
}
