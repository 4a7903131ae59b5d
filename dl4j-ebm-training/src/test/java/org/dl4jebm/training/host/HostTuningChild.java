/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.config.DL4JClassLoading;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** A program as a user writes it, with questions asked before and after the call. */
final class HostTuningChild {

  private static final Path MAPPED_FILES = Path.of("/proc/self/maps");

  private HostTuningChild() {}

  public static void main(String[] args) throws IOException {
    List<String> steps = List.of(args);
    if (steps.contains("nd4j-first")) {
      Nd4j.create(1);
    }
    ClassLoader own = new URLClassLoader(new URL[0], HostTuningChild.class.getClassLoader());
    if (steps.contains("own-loader")) {
      DL4JClassLoading.setDl4jClassloader(own);
    }
    HostTuningReport report = HostTuning.apply();
    answer("threads", report.threadPolicy().outcome());
    answer("kernels", report.matrixKernels().outcome());
    answer("onednn", report.oneDnn().outcome());
    answer("report", report);
    answer("same", report == HostTuning.apply());
    answer("property", System.getProperty(OneDnn.PROPERTY));
    answer("own-loader-kept", DL4JClassLoading.getDl4jClassloader() == own);
    String mapped = Files.readString(MAPPED_FILES, java.nio.charset.StandardCharsets.ISO_8859_1);
    answer("nd4j-mapped", mapped.contains("nd4j") || mapped.contains("javacpp"));
    if (steps.contains("environment")) {
      CLibrary c = CLibrary.open();
      for (String name :
          List.of("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OPENBLAS_CORETYPE", "SD_FORBID_HELPERS")) {
        answer(name, c.get(name));
      }
    }
    if (steps.contains("products")) {
      answer("product-error", productError());
    }
    if (steps.contains("network")) {
      answer("in-use", HostTuning.oneDnnInUse());
      fitNetwork();
      answer("softmax-backward-error", softmaxBackwardError());
    }
  }

  private static void answer(String name, Object value) {
    System.out.println(name + "=" + value);
    System.out.flush();
  }

  private static void fitNetwork() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                .layer(new BatchNormalization())
                .layer(
                    new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(7, 6, 2))
                .build());
    network.init();
    INDArray labels = Nd4j.zeros(DataType.FLOAT, 5, 3);
    labels.getColumn(1).assign(1);
    network.fit(Nd4j.rand(DataType.FLOAT, 5, 2, 7, 6), labels);
  }

  /**
   * Largest error of an element of {@code alpha op(A) op(B) + beta C}, in units of the same sum of
   * absolute values and of the type's precision, over small and awkward shapes.
   */
  private static double productError() {
    java.util.Random random = new java.util.Random(1);
    double worst = 0;
    for (int i = 0; i < 300; i++) {
      DataType type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
      long m = 1 + random.nextInt(70);
      long k = 1 + random.nextInt(140);
      long n = 1 + random.nextInt(70);
      boolean transposeA = random.nextBoolean();
      boolean transposeB = random.nextBoolean();
      double beta = random.nextInt(3) - 1;
      INDArray a = Nd4j.randn(type, transposeA ? k : m, transposeA ? m : k).dup('f');
      INDArray b = Nd4j.randn(type, transposeB ? n : k, transposeB ? k : n).dup('f');
      INDArray c = Nd4j.randn(type, m, n).dup('f');
      double[][] left = doubles(transposeA ? a.transpose() : a);
      double[][] right = doubles(transposeB ? b.transpose() : b);
      double[][] before = doubles(c);
      Nd4j.gemm(a, b, c, transposeA, transposeB, 1.5, beta);
      double[][] after = doubles(c);
      double unit = type == DataType.FLOAT ? 0x1p-24 : 0x1p-53;
      for (int row = 0; row < m; row++) {
        for (int column = 0; column < n; column++) {
          double sum = beta * before[row][column];
          double size = Math.abs(sum);
          for (int inner = 0; inner < k; inner++) {
            double term = 1.5 * left[row][inner] * right[inner][column];
            sum += term;
            size += Math.abs(term);
          }
          worst = Math.max(worst, Math.abs(after[row][column] - sum) / (size * unit));
        }
      }
    }
    return worst;
  }

  private static double[][] doubles(INDArray matrix) {
    return matrix.castTo(DataType.DOUBLE).toDoubleMatrix();
  }

  /** The operation that natives with oneDNN get wrong when an array is in 'f' order. */
  private static double softmaxBackwardError() {
    INDArray z = Nd4j.linspace(DataType.DOUBLE, -1, 0.37, 30).reshape(5, 6);
    INDArray gradient = Nd4j.linspace(DataType.DOUBLE, 2, -0.21, 30).reshape(5, 6);
    INDArray expected = backward(z, gradient);
    INDArray actual = backward(z.castTo(DataType.FLOAT).dup('f'), gradient.castTo(DataType.FLOAT));
    return actual.castTo(DataType.DOUBLE).distance2(expected);
  }

  private static INDArray backward(INDArray z, INDArray gradient) {
    return Activation.SOFTMAX
        .getActivationFunction()
        .backprop(z.dup(z.ordering()), gradient)
        .getFirst();
  }
}
