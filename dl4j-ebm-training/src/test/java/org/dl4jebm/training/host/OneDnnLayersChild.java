/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.training.host.OneDnnLayerCases.Case;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * Builds each network twice, with its built-in code and with oneDNN, and compares all it computes.
 */
final class OneDnnLayersChild {

  /** Relative distance; rounding in FLOAT gives some 1e-6 after the few layers used here. */
  private static final double FLOAT_LIMIT = 2e-5;

  private static final int[] ROWS = {6, 3, 6};
  private static final int CLASSES = 3;

  private static WorkspaceMode workspaces = WorkspaceMode.ENABLED;
  private static CacheMode cache = CacheMode.NONE;

  private OneDnnLayersChild() {}

  public static void main(String[] args) {
    HostTuning.apply();
    System.out.println("in-use=" + HostTuning.oneDnnInUse());
    if (args[0].equals("gradient-check")) {
      System.out.println("gradient-check=" + gradientCheck());
      return;
    }
    workspaces = args[0].equals("no-workspaces") ? WorkspaceMode.NONE : WorkspaceMode.ENABLED;
    cache = args[0].equals("cached") ? CacheMode.DEVICE : CacheMode.NONE;
    int agreed = 0;
    Map<String, Case> cases = OneDnnLayerCases.all(workspaces != WorkspaceMode.NONE);
    for (Map.Entry<String, Case> entry : cases.entrySet()) {
      String fault = "";
      try {
        fault = faultOf(entry.getValue());
      } catch (RuntimeException e) {
        fault = e.toString();
      }
      if (fault.isEmpty()) {
        agreed++;
      } else {
        System.out.println("WRONG " + entry.getKey() + ": " + fault);
      }
    }
    System.out.println("agreed=" + agreed + " of " + cases.size());
  }

  private static String faultOf(Case test) {
    List<String> faults = new ArrayList<>();
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      MultiLayerNetwork plain = network(test, type, false, new Sgd(0.05));
      MultiLayerNetwork tuned = network(test, type, true, new Sgd(0.05));
      tuned.setParams(plain.params());
      for (int i = 0; i < test.layers().size(); i++) {
        checkHelpers(test, plain, tuned, i, faults);
      }
      // FLOAT may differ by rounding; DOUBLE runs the same code.
      double limit = type == DataType.FLOAT ? FLOAT_LIMIT : 0;
      for (int step = 0; step < ROWS.length; step++) {
        INDArray x = input(test.input(), type, ROWS[step], step);
        INDArray y = labels(type, ROWS[step]);
        for (INDArray layout : step == 0 ? layouts(x) : List.of(x)) {
          compare(faults, type + " inference", plain.output(layout), tuned.output(layout), limit);
          compareTraining(faults, type.toString(), plain, tuned, layout, y, limit);
        }
        Nd4j.getRandom().setSeed(5);
        plain.fit(x, y);
        Nd4j.getRandom().setSeed(5);
        tuned.fit(x, y);
        compare(faults, type + " parameters", plain.params(), tuned.params(), limit);
      }
      if (type == DataType.FLOAT && !test.random()) {
        compareWithDouble(test, tuned, faults);
      }
    }
    return String.join("; ", faults);
  }

  private static void checkHelpers(
      Case test, MultiLayerNetwork plain, MultiLayerNetwork tuned, int i, List<String> faults) {
    LayerHelper helper = tuned.getLayer(i).getHelper();
    Class<?> actual = helper == null ? null : helper.getClass().getSuperclass();
    if (plain.getLayer(i).getHelper() != null || actual != test.helpers().get(i)) {
      faults.add("layer " + i + " has the helper " + helper);
    }
  }

  private static void compareTraining(
      List<String> faults,
      String name,
      MultiLayerNetwork plain,
      MultiLayerNetwork tuned,
      INDArray x,
      INDArray y,
      double limit) {
    Nd4j.getRandom().setSeed(7);
    Pair<Gradient, INDArray> expected = plain.calculateGradients(x, y, null, null);
    INDArray gradient = expected.getFirst().gradient().dup();
    Nd4j.getRandom().setSeed(7);
    Pair<Gradient, INDArray> actual = tuned.calculateGradients(x, y, null, null);
    compare(faults, name + " gradient", gradient, actual.getFirst().gradient(), limit);
    compare(faults, name + " input gradient", expected.getSecond(), actual.getSecond(), limit);
  }

  /** The built-in code in DOUBLE is the truth that both share. */
  private static void compareWithDouble(Case test, MultiLayerNetwork tuned, List<String> faults) {
    MultiLayerNetwork exact = network(test, DataType.DOUBLE, false, new NoOp());
    exact.setParams(tuned.params().castTo(DataType.DOUBLE));
    INDArray x = input(test.input(), DataType.FLOAT, ROWS[0], 9);
    INDArray y = labels(DataType.FLOAT, ROWS[0]);
    INDArray gradient = tuned.calculateGradients(x, y, null, null).getFirst().gradient();
    INDArray truth =
        exact
            .calculateGradients(x.castTo(DataType.DOUBLE), y.castTo(DataType.DOUBLE), null, null)
            .getFirst()
            .gradient();
    compare(faults, "gradient against DOUBLE", truth, gradient, FLOAT_LIMIT);
  }

  private static void compare(
      List<String> faults, String what, INDArray expected, INDArray actual, double limit) {
    if (!Arrays.equals(expected.shape(), actual.shape())) {
      faults.add(what + " has the shape " + Arrays.toString(actual.shape()));
      return;
    }
    INDArray a = expected.castTo(DataType.DOUBLE);
    double distance = a.sub(actual.castTo(DataType.DOUBLE)).norm2Number().doubleValue();
    double relative = distance / Math.max(a.norm2Number().doubleValue(), 1e-12);
    if (!(relative <= limit)) {
      faults.add(what + " differs by " + relative);
    }
  }

  private static MultiLayerNetwork network(
      Case test, DataType type, boolean helpers, IUpdater updater) {
    System.setProperty(OneDnn.PROPERTY, helpers ? "false" : "true");
    NeuralNetConfiguration.ListBuilder builder =
        new NeuralNetConfiguration.Builder()
            .seed(11)
            .dataType(type)
            .updater(updater)
            .activation(Activation.TANH)
            .trainingWorkspaceMode(workspaces)
            .inferenceWorkspaceMode(workspaces)
            .cacheMode(cache)
            .list();
    test.layers().forEach(layer -> builder.layer(layer.get()));
    // With this loss the softmax is differentiated by its own operation.
    builder.layer(
        new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
            .nOut(CLASSES)
            .activation(Activation.SOFTMAX)
            .build());
    MultiLayerNetwork network = new MultiLayerNetwork(builder.setInputType(test.input()).build());
    network.init();
    return network;
  }

  private static INDArray input(InputType input, DataType type, int rows, int seed) {
    long[] shape = new long[input.getShape().length + 1];
    shape[0] = rows;
    System.arraycopy(input.getShape(), 0, shape, 1, input.getShape().length);
    Nd4j.getRandom().setSeed(100 + seed);
    return Nd4j.randn(DataType.DOUBLE, shape).castTo(type);
  }

  /** The same numbers in other memory orders. */
  private static List<INDArray> layouts(INDArray x) {
    List<INDArray> layouts = new ArrayList<>(List.of(x, x.dup('f')));
    if (x.rank() == 4) {
      layouts.add(x.permute(0, 2, 3, 1).dup('c').permute(0, 3, 1, 2));
      layouts.add(x.permute(1, 0, 2, 3).dup('c').permute(1, 0, 2, 3));
    }
    return layouts;
  }

  private static INDArray labels(DataType type, int rows) {
    INDArray y = Nd4j.zeros(type, rows, CLASSES);
    for (int i = 0; i < rows; i++) {
      y.putScalar(i, i % CLASSES, 1);
    }
    return y;
  }

  private static boolean gradientCheck() {
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    Case test = OneDnnLayerCases.smooth();
    return GradientCheckUtil.checkGradients(
        new GradientCheckUtil.MLNConfig()
            .net(network(test, DataType.DOUBLE, true, new NoOp()))
            .input(input(test.input(), DataType.DOUBLE, 4, 0))
            .labels(labels(DataType.DOUBLE, 4))
            // Running averages, not trained by the gradient.
            .excludeParams(Set.of("1_mean", "1_var", "1_log10stdev"))
            .subset(true)
            .maxPerParam(20));
  }
}
