/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The loss of a denoising autoencoder, {@code L(x, g(b + f(c + x~ W) W'))} with {@code x~ ~ q(x~ |
 * x)}. With {@code r} its derivative by the inputs of the visible units and {@code a = c + x~ W}
 *
 * <pre>{@code
 * delta = f'(a) r W,   dW = r' h + x~' delta,   db = sum r,   dc = sum delta
 * }</pre>
 */
record DenoisingObjective(Corruption corruption, ReconstructionLoss reconstruction, IActivation f)
    implements StepObjective {

  @Override
  public double[] step(
      TiedWeights tied, INDArray clean, INDArray factors, StepRows rows, RandomStream noise) {
    corruption.corrupt(clean, rows.input, noise);
    tied.hiddenFieldInto(rows.inputT, rows.code, rows.codeT);
    boolean sigmoid = f instanceof ActivationSigmoid;
    INDArray field = sigmoid ? null : rows.code.dup('c');
    activate(f, rows.code);
    tied.visibleFieldInto(rows.codeT, rows.residual, rows.residualT);
    reconstruction.apply(rows.residual, clean, rows.loss);
    double[] losses = rows.losses();
    if (factors != null) {
      rows.residual.muliColumnVector(factors);
    }
    tied.backInto(rows.residualT, rows.deltaT);
    if (sigmoid) {
      multiplyBySlope(rows.delta, rows.code);
    } else {
      INDArray back = f.backprop(field, rows.delta).getFirst();
      if (back != rows.delta) {
        rows.delta.assign(back);
      }
    }
    return losses;
  }

  /** Replaces fields of hidden units by their values. */
  static void activate(IActivation f, INDArray field) {
    if (f instanceof ActivationSigmoid) {
      Logistic.apply(field);
    } else {
      INDArray values = f.getActivation(field, true);
      if (values != field) {
        field.assign(values);
      }
    }
  }

  /** Multiplies by {@code s (1 - s)}, the derivative of the sigmoid where its value is s. */
  static void multiplyBySlope(INDArray delta, INDArray s) {
    if (HostBlocks.reach(delta) && HostBlocks.reach(s)) {
      HostBlocks.map(
          delta,
          s,
          delta,
          (block, value, n, from) -> {
            for (int i = 0; i < n; i++) {
              block[i] *= value[i] * (1 - value[i]);
            }
          });
    } else {
      delta.muli(s).muli(s.rsub(1));
    }
  }

  /**
   * The loss of reconstructions of {@code input} as reconstructions of {@code clean}, {@code [n]}.
   */
  double[] losses(TiedWeights tied, INDArray clean, INDArray input) {
    INDArray h = tied.hiddenField(input);
    activate(f, h);
    INDArray a = tied.visibleField(h);
    INDArray loss = a.ulike();
    reconstruction.apply(a, clean, loss);
    return loss.sum(1).toDoubleVector();
  }

  /** The mean of the visible units given the hidden ones. */
  INDArray decode(TiedWeights tied, INDArray h) {
    INDArray a = tied.visibleField(h);
    reconstruction.toMean(a);
    return a;
  }

  /** Draws from Bernoulli units with these means. */
  static INDArray draw(INDArray means, RandomStream stream) {
    INDArray states = Nd4j.createUninitialized(means.dataType(), means.shape(), 'c');
    stream.bernoulli(means, states);
    return states;
  }
}
