/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Training steps of a {@code MultiLayerNetwork} or {@code ComputationGraph} with a gradient that is
 * computed elsewhere, such as by a twin with the same parameters. All else is DL4J's: the network's
 * own updater with its schedules, regularization and gradient normalization, its constraints,
 * listeners and counters.
 *
 * <p>Write the gradient of what is to be minimised, summed over examples, into {@link #gradient},
 * and call {@link #take}. Not safe for use by several threads at once.
 */
public final class NetworkSteps {

  private final MultiLayerNetwork chain;
  private final ComputationGraph graph;
  private Gradient named;

  /**
   * The state of a network to go back to.
   *
   * @param parameters all parameters
   * @param updater state of the updater, or null if it has none
   * @param iterations the iteration counter
   */
  public record Snapshot(INDArray parameters, INDArray updater, int iterations) {}

  private NetworkSteps(MultiLayerNetwork chain, ComputationGraph graph) {
    this.chain = chain;
    this.graph = graph;
  }

  /**
   * Steps of a network.
   *
   * @param network the network; initialised if it is not; kept
   * @return its steps
   */
  public static NetworkSteps of(MultiLayerNetwork network) {
    if (!network.isInitCalled()) {
      network.init();
    }
    return new NetworkSteps(network, null);
  }

  /**
   * Steps of a graph.
   *
   * @param network the graph; initialised if it is not; kept
   * @return its steps
   */
  public static NetworkSteps of(ComputationGraph network) {
    // Does nothing if the graph is initialised.
    network.init();
    return new NetworkSteps(null, network);
  }

  /**
   * Returns the network.
   *
   * @return the network itself
   */
  public Model model() {
    return chain == null ? graph : chain;
  }

  /**
   * Returns the type of the parameters.
   *
   * @return the network's data type
   */
  public DataType type() {
    return chain == null
        ? graph.getConfiguration().getDataType()
        : chain.getLayerWiseConfigurations().getDataType();
  }

  /**
   * Returns the vector that gradients are written into.
   *
   * @return one number for each parameter, in their order; a view
   */
  public INDArray gradient() {
    return flat(gradientView());
  }

  private INDArray gradientView() {
    if (model().getGradientsViewArray() == null) {
      if (chain == null) {
        graph.initGradientsView();
      } else {
        chain.initGradientsView();
      }
    }
    return model().getGradientsViewArray();
  }

  /**
   * Returns the parameters.
   *
   * @return all of them as a vector; a view
   */
  public INDArray parameters() {
    return flat(model().params());
  }

  private static INDArray flat(INDArray array) {
    return array.reshape(array.ordering(), new long[] {array.length()});
  }

  /**
   * Computes the sum of the squares of the parameters, which is not finite if training diverged.
   *
   * @return finite if all parameters are, and their squares do not overflow
   */
  public double squaredParameters() {
    INDArray parameters = parameters();
    return Nd4j.getBlasWrapper().dot(parameters, parameters);
  }

  /**
   * Computes what regularization adds to the score.
   *
   * @return the sum of all terms
   */
  public double regularization() {
    return chain == null
        ? graph.calcRegularizationScore(true)
        : chain.calcRegularizationScore(true);
  }

  /**
   * Takes a step with {@link #gradient}, which becomes the change of the parameters, and tells the
   * listeners.
   *
   * @param score of the batch before the step, without regularization
   * @param examples what DL4J divides the gradient by
   */
  public void take(double score, int examples) {
    if (named == null) {
      named = namedGradient();
    }
    Model model = model();
    int iteration = BaseOptimizer.getIterationCount(model);
    int epoch = BaseOptimizer.getEpochCount(model);
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    double total = score + regularization();
    if (chain == null) {
      graph.setScore(total);
      graph.getUpdater().update(named, iteration, epoch, examples, workspaces);
    } else {
      chain.setScore(total);
      chain.getUpdater().update(chain, named, iteration, epoch, examples, workspaces);
    }
    parameters().subi(gradient());
    tellListeners(listener -> listener.iterationDone(model, iteration, epoch));
    BaseOptimizer.incrementIterationCount(model, 1);
    BaseOptimizer.applyConstraints(model);
  }

  /** The gradients by parameter, over the network's own vector. */
  private Gradient namedGradient() {
    Gradient gradient = new DefaultGradient(gradientView());
    if (chain == null) {
      for (GraphVertex vertex : graph.getVertices()) {
        add(gradient, vertex.getVertexName(), vertex.getLayer());
      }
    } else {
      for (int i = 0; i < chain.getnLayers(); i++) {
        add(gradient, String.valueOf(i), chain.getLayer(i));
      }
    }
    return gradient;
  }

  private static void add(Gradient gradient, String prefix, Layer layer) {
    if (layer != null && layer.getGradientsViewArray() != null && layer.numParams() > 0) {
      layer
          .conf()
          .getLayer()
          .initializer()
          .getGradientsFromFlattened(layer.conf(), layer.getGradientsViewArray())
          .forEach((name, array) -> gradient.setGradientFor(prefix + "_" + name, array));
    }
  }

  /** Tells the listeners that an epoch begins. */
  public void startEpoch() {
    tellListeners(listener -> listener.onEpochStart(model()));
  }

  /** Tells the listeners that an epoch is over, and counts it. */
  public void endEpoch() {
    tellListeners(listener -> listener.onEpochEnd(model()));
    if (chain == null) {
      graph.incrementEpochCount();
    } else {
      chain.incrementEpochCount();
    }
  }

  private void tellListeners(Consumer<TrainingListener> call) {
    (chain == null ? graph.getListeners() : chain.getListeners()).forEach(call);
  }

  private INDArray updaterState() {
    return chain == null
        ? graph.getUpdater().getStateViewArray()
        : chain.getUpdater().getStateViewArray();
  }

  /**
   * Copies the state of the network.
   *
   * @return copies
   */
  public Snapshot remember() {
    return Workspaces.outside(
        () -> {
          INDArray updater = updaterState();
          return new Snapshot(
              parameters().dup(),
              updater == null ? null : updater.dup(),
              BaseOptimizer.getIterationCount(model()));
        });
  }

  /**
   * Goes back to a state.
   *
   * @param snapshot of this network. Not modified.
   */
  public void restore(Snapshot snapshot) {
    parameters().assign(snapshot.parameters());
    if (snapshot.updater() != null) {
      updaterState().assign(snapshot.updater());
    }
    if (chain == null) {
      graph.getConfiguration().setIterationCount(snapshot.iterations());
    } else {
      chain.getLayerWiseConfigurations().setIterationCount(snapshot.iterations());
    }
  }
}
