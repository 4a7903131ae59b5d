/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The passes of one layer of a {@link DenseChain} for a fixed number of points. Streams are blocks
 * of contiguous memory; products see them transposed, in 'f' order, with a row of the minibatch in
 * each column.
 */
final class DenseChainLayer {

  /**
   * What a layer is.
   *
   * @param weights {@code [in, out]} in 'f' order, a view of the parameters
   * @param bias {@code [1, out]}, a view of the parameters, or null
   * @param function its activation
   * @param secondsIn whether second derivatives enter
   * @param secondsOut whether they leave
   */
  record Spec(
      INDArray weights,
      INDArray bias,
      ActivationDerivatives function,
      boolean secondsIn,
      boolean secondsOut) {

    long in() {
      return weights.size(0);
    }

    long out() {
      return weights.size(1);
    }
  }

  private final ActivationStreams all;
  private final ActivationStreams points;
  private final boolean identity;
  private final boolean identityOfPoints;
  private final INDArray z;
  private final INDArray a;
  private final INDArray e;
  private final INDArray d;
  private final INDArray zStreams;
  private final INDArray aStreams;
  private final INDArray eStreams;
  private final INDArray dStreams;
  private final INDArray zPoints;
  private final INDArray aPoints;
  private final INDArray dPoints;
  private final INDArray slope;
  private final INDArray slopeStream;
  private final PreparedProduct forward;
  private final PreparedProduct forwardPoints;
  private final PreparedProduct forwardTangents;
  private final PreparedProduct addBias;
  private PreparedProduct backward;
  private PreparedProduct backwardPoints;
  private PreparedProduct slopeBackward;
  private PreparedProduct[] parameterGradients;
  private INDArray gradientMemory;

  private final Spec spec;
  private final long n;
  private final INDArray input;
  private final INDArray ones;

  /**
   * Makes arrays and products.
   *
   * @param spec the layer
   * @param layout the streams
   * @param input what enters, {@code [rows, in]} in 'c' order
   * @param n number of points
   * @param shared memory for the derivatives in what leaves the products
   * @param ones {@code [n]}
   */
  DenseChainLayer(
      Spec spec, StreamLayout layout, INDArray input, long n, INDArray shared, INDArray ones) {
    this.spec = spec;
    this.input = input;
    this.n = n;
    this.ones = ones;
    all = new ActivationStreams(spec.function(), layout, spec.secondsIn(), spec.secondsOut());
    points = new ActivationStreams(spec.function(), StreamLayout.VALUE, false, false);
    identity = all.isIdentity();
    identityOfPoints = points.isIdentity();
    long out = spec.out();
    DataType type = spec.weights().dataType();
    z = Nd4j.create(type, new long[] {all.streamsIn() * n, out}, 'c');
    a = identity ? z : Nd4j.create(type, new long[] {all.streamsOut() * n, out}, 'c');
    e = Nd4j.create(type, new long[] {all.streamsOut() * n, out}, 'c');
    d =
        identity
            ? e
            : shared
                .get(NDArrayIndex.interval(0, z.length()))
                .reshape('c', new long[] {z.size(0), out});
    zStreams = StreamBlocks.matrix(z, all.streamsIn());
    aStreams = StreamBlocks.matrix(a, all.streamsOut());
    eStreams = StreamBlocks.matrix(e, all.streamsOut());
    dStreams = StreamBlocks.matrix(d, all.streamsIn());
    zPoints = StreamBlocks.matrix(rows(z, 0, n), 1);
    aPoints = StreamBlocks.matrix(rows(a, 0, n), 1);
    dPoints = StreamBlocks.matrix(rows(d, 0, n), 1);
    long block = layout.directions() == 0 ? 0 : 1;
    slope = rows(e, block * n, (block + 1) * n);
    slopeStream = StreamBlocks.matrix(slope, 1);
    forward = product(0, z.size(0));
    forwardPoints = all.streamsIn() == 1 ? forward : product(0, n);
    forwardTangents = layout.directions() == 0 ? null : product(n, 2 * n);
    addBias = spec.bias() == null ? null : bias();
  }

  /** How many numbers the arrays of a layer have. */
  static long size(Spec spec, StreamLayout layout, long n) {
    return 3 * layout.streams() * n * spec.out();
  }

  private static INDArray rows(INDArray array, long from, long to) {
    return from == 0 && to == array.size(0)
        ? array
        : array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  private static INDArray columns(INDArray array, long from, long to) {
    return rows(array, from, to).transpose();
  }

  private static INDArray vector(INDArray array) {
    return array.reshape(array.ordering(), new long[] {array.length()});
  }

  private boolean isScalar() {
    return spec.out() == 1;
  }

  private PreparedProduct product(long from, long to) {
    INDArray x = columns(input, from, to);
    if (isScalar()) {
      return new PreparedProduct(
          x, vector(spec.weights()), vector(rows(z, from, to)), true, false, 0);
    }
    return new PreparedProduct(spec.weights(), x, columns(z, from, to), true, false, 0);
  }

  private PreparedProduct bias() {
    return new PreparedProduct(
        spec.bias().reshape('f', new long[] {spec.out(), 1}),
        ones.reshape('f', new long[] {1, n}),
        columns(z, 0, n),
        false,
        false,
        1);
  }

  /** What leaves the layer, {@code [rows, out]}. */
  INDArray activations() {
    return a;
  }

  /** Derivatives in what leaves the layer, of the shape of {@link #activations}. */
  INDArray errors() {
    return e;
  }

  /** All streams. */
  void forward() {
    forward.run();
    addBias();
    activate();
  }

  /** The points alone. */
  void forwardPoints() {
    forwardPoints.run();
    addBias();
    if (!identity) {
      points.forward(zPoints, aPoints);
    }
  }

  /** The first derivatives, with what {@link #forwardPoints} left. */
  void forwardTangents() {
    forwardTangents.run();
    activate();
  }

  private void addBias() {
    if (addBias != null) {
      addBias.run();
    }
  }

  private void activate() {
    if (!identity) {
      all.forward(zStreams, aStreams);
    }
  }

  /** Backward through the activation. */
  void backwardActivation() {
    if (!identity) {
      all.backward(zStreams, eStreams, dStreams);
    }
  }

  /** From the errors to those of the layer below, or into the data: all streams. */
  void backwardInto(INDArray below) {
    if (backward == null) {
      backward = back(d, d.size(0), below);
    }
    backward.run();
  }

  /** The same for the points alone. */
  void backwardPointsInto(INDArray below) {
    if (backwardPoints == null) {
      backwardPoints = back(d, n, below);
    }
    backwardPoints.run();
  }

  /**
   * Derivatives of the energy itself at the points, from those above to those below.
   *
   * @param below {@link #slope} of the layer below, or memory for the derivatives in the data
   */
  void slopeInto(INDArray below) {
    if (!identityOfPoints) {
      points.backward(zPoints, slopeStream, dPoints);
    }
    if (slopeBackward == null) {
      slopeBackward = back(identityOfPoints ? slope : rows(d, 0, n), n, below);
    }
    slopeBackward.run();
  }

  /**
   * Where the derivatives of the energy at the points are: at the errors of the first derivatives,
   * which are the same numbers if the loss is the sum of these.
   */
  INDArray slope() {
    return slope;
  }

  /** The first rows of the product. */
  private PreparedProduct back(INDArray from, long rows, INDArray to) {
    return new PreparedProduct(
        spec.weights(), columns(from, 0, rows), columns(to, 0, rows), false, false, 0);
  }

  /**
   * Writes or adds the gradient of the parameters.
   *
   * @param weights gets that of the weights, {@code [in, out]} in 'f' order
   * @param bias gets that of the bias, or null
   * @param add whether it is added to what is there
   */
  void parameterGradient(INDArray weights, INDArray bias, boolean add) {
    if (gradientMemory != weights) {
      gradientMemory = weights;
      parameterGradients = new PreparedProduct[4];
    }
    int at = add ? 2 : 0;
    if (parameterGradients[at] == null) {
      double beta = add ? 1 : 0;
      INDArray x = columns(input, 0, d.size(0));
      parameterGradients[at] =
          isScalar()
              ? new PreparedProduct(x, vector(d), vector(weights), false, false, beta)
              : new PreparedProduct(x, d.transpose(), weights, false, true, beta);
      if (bias != null) {
        parameterGradients[at + 1] =
            new PreparedProduct(columns(d, 0, n), ones, vector(bias), false, false, beta);
      }
    }
    parameterGradients[at].run();
    if (bias != null) {
      parameterGradients[at + 1].run();
    }
  }
}
