/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.DiscreteGradient;
import org.dl4jebm.layers.variational.GumbelSoftmax;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.training.host.HostTuning;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Layers of latent variables alone, forward and back with their divergence, for 1,000 examples of
 * 200 latent variables, against element-wise passes of ND4J over as many numbers.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 7, time = 1)
public class LatentSamplingBenchmark {

  private static final int ROWS = 1000;
  private static final int LATENTS = 200;
  private static final int GROUP = 10;
  private static final long SEED = 42;
  private static final WorkspaceConfiguration WORKSPACE =
      WorkspaceConfiguration.builder()
          .policyLearning(LearningPolicy.FIRST_LOOP)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .overallocationLimit(1)
          .build();

  /** Family of the latent variables. */
  @Param({"gaussian", "gumbel"})
  public String family;

  private Layer layer;
  private INDArray parameters;
  private INDArray epsilon;
  private INDArray values;

  /** Creates the state; JMH fills in the parameters. */
  public LatentSamplingBenchmark() {}

  /** Builds the layer and its arrays. */
  @Setup(Level.Trial)
  public void setUp() {
    HostTuning.apply();
    LatentDistribution distribution =
        family.equals("gaussian")
            ? new DiagonalGaussian()
            : new GumbelSoftmax(GROUP, DiscreteGradient.RELAXED, 0.5);
    NeuralNetConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .seed(SEED)
            .layer(new LatentVariables.Builder(distribution).nOut(LATENTS).build())
            .build();
    layer = conf.getLayer().instantiate(conf, null, 0, null, true, DataType.FLOAT);
    parameters = Nd4j.rand(DataType.FLOAT, ROWS, distribution.parameters(LATENTS)).subi(0.5);
    epsilon = Nd4j.rand(DataType.FLOAT, ROWS, LATENTS).subi(0.5);
    values = Nd4j.rand(DataType.FLOAT, ROWS, LATENTS).subi(0.5);
  }

  /** In a workspace, as within a network: fresh memory would cost more than the arithmetic. */
  @SuppressWarnings("try") // the scope is entered and left, never used by name
  private INDArray inWorkspace(Supplier<INDArray> work) {
    try (MemoryWorkspace scope =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(WORKSPACE, "benchmark")) {
      return work.get();
    }
  }

  /**
   * Forward: noise, samples, divergence.
   *
   * @return the samples
   */
  @Benchmark
  public INDArray forward() {
    return inWorkspace(() -> layer.activate(parameters, true, LayerWorkspaceMgr.noWorkspaces()));
  }

  /**
   * Forward and back.
   *
   * @return derivative in the parameters
   */
  @Benchmark
  public INDArray forwardAndBack() {
    return inWorkspace(
        () -> {
          layer.activate(parameters, true, LayerWorkspaceMgr.noWorkspaces());
          return layer.backpropGradient(epsilon, LayerWorkspaceMgr.noWorkspaces()).getSecond();
        });
  }

  /**
   * One element-wise function over as many numbers as there are latent variables.
   *
   * @return its values
   */
  @Benchmark
  public INDArray elementwisePass() {
    return inWorkspace(() -> Transforms.exp(values, true));
  }

  /**
   * As many numbers of ND4J's own normal generator.
   *
   * @return the numbers
   */
  @Benchmark
  public INDArray normalNumbers() {
    return inWorkspace(() -> Nd4j.randn(DataType.FLOAT, ROWS, LATENTS));
  }
}
