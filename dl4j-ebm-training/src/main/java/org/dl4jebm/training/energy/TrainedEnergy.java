/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import java.util.Collection;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.energy.EnergyDifferenceLoss;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.training.DifferentiableEnergy;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network of either class as an energy to be trained. The gradient of the parameters comes from a
 * twin with the same parameters, which is the same function of {@code x} as the one that chains
 * sample, and goes into the network's own vector, for its own updater.
 */
final class TrainedEnergy {

  private final MultiLayerNetwork chain;
  private final ComputationGraph graph;
  private final MultiLayerNetwork chainTwin;
  private final ComputationGraph graphTwin;
  private final NetworkEnergy networkEnergy;
  private final RecordingLoss loss;
  private Gradient named;

  /** Keeps the energies of the last forward pass. */
  private static final class RecordingLoss extends EnergyDifferenceLoss {

    private static final long serialVersionUID = 1L;
    private transient double[] energies;

    RecordingLoss(double energyL2) {
      super(energyL2);
    }

    @Override
    public INDArray computeScoreArray(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      energies = preOutput.castTo(DataType.DOUBLE).dup('c').data().asDouble();
      return super.computeScoreArray(labels, preOutput, activation, mask);
    }
  }

  TrainedEnergy(MultiLayerNetwork network, double energyL2) {
    if (!network.isInitCalled()) {
      network.init();
    }
    networkEnergy = new NetworkEnergy(network);
    loss = new RecordingLoss(energyL2);
    chain = network;
    chainTwin = StreamNetworks.twin(network, StreamLayout.VALUE, loss);
    graph = null;
    graphTwin = null;
  }

  TrainedEnergy(ComputationGraph network, double energyL2) {
    // Does nothing if the graph is initialised.
    network.init();
    networkEnergy = new NetworkEnergy(network);
    loss = new RecordingLoss(energyL2);
    graph = network;
    graphTwin = StreamNetworks.twin(network, StreamLayout.VALUE, loss);
    chain = null;
    chainTwin = null;
  }

  Model model() {
    return chain == null ? graph : chain;
  }

  DifferentiableEnergy energy() {
    return DifferentiableEnergy.of(networkEnergy);
  }

  DataType type() {
    return chain == null
        ? graph.getConfiguration().getDataType()
        : chain.getLayerWiseConfigurations().getDataType();
  }

  Collection<TrainingListener> listeners() {
    return chain == null ? graph.getListeners() : chain.getListeners();
  }

  /**
   * Leaves the gradient of the sum of the loss over rows in the network's own vector.
   *
   * @param x rows, data and samples. Not modified.
   * @param weights {@code [rows, 1]}. Not modified.
   * @return the energies of the rows
   */
  double[] gradient(INDArray x, INDArray weights) {
    INDArray partial;
    if (chain == null) {
      graphTwin.setInputs(x);
      graphTwin.setLabels(weights);
      graphTwin.computeGradientAndScore();
      partial = graphTwin.getGradientsViewArray();
    } else {
      chainTwin.setInput(x);
      chainTwin.setLabels(weights);
      chainTwin.computeGradientAndScore();
      partial = chainTwin.getGradientsViewArray();
    }
    flat(gradientView()).assign(flat(partial));
    return loss.energies;
  }

  static INDArray flat(INDArray array) {
    return array.reshape(array.ordering(), new long[] {array.length()});
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

  /** Takes a step with the gradient that {@link #gradient} left, divided by the examples. */
  void step(int iteration, int epoch, int examples) {
    if (named == null) {
      named = namedGradient();
    }
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    if (chain == null) {
      graph.getUpdater().update(named, iteration, epoch, examples, workspaces);
    } else {
      chain.getUpdater().update(chain, named, iteration, epoch, examples, workspaces);
    }
    parameters().subi(flat(gradientView()));
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

  INDArray parameters() {
    return flat(model().params());
  }

  INDArray updaterState() {
    return chain == null
        ? graph.getUpdater().getStateViewArray()
        : chain.getUpdater().getStateViewArray();
  }

  double regularization() {
    return chain == null
        ? graph.calcRegularizationScore(true)
        : chain.calcRegularizationScore(true);
  }

  void setScore(double score) {
    if (chain == null) {
      graph.setScore(score);
    } else {
      chain.setScore(score);
    }
  }

  void countEpoch() {
    if (chain == null) {
      graph.incrementEpochCount();
    } else {
      chain.incrementEpochCount();
    }
  }

  void setIterationCount(int iterations) {
    if (chain == null) {
      graph.getConfiguration().setIterationCount(iterations);
    } else {
      chain.getLayerWiseConfigurations().setIterationCount(iterations);
    }
  }

  /** Lets go of the activations. */
  void clear() {
    if (chain == null) {
      graphTwin.clear();
    } else {
      chainTwin.clear();
    }
  }
}
