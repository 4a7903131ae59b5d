/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import org.dl4jebm.training.host.Gpu;

/**
 * Memory, matrix products and the element-wise operations of restricted Boltzmann machines on a
 * device: {@link CudaDevice} on an NVIDIA GPU, {@link HostDevice} the same operations in plain
 * Java, which is what the other is compared with.
 *
 * <p>Operations are asked for in order and done in order; {@link DeviceArray#download} waits for
 * them. Between {@link #record} and its return operations are noted down and not done; the
 * recording can then be repeated as a whole with one call. A recording is given the same arrays
 * each time, so whatever changes from step to step lies on the device: a <em>clock</em> is an INT
 * array of two, {@code clock[0]} the number of the step within tables (of batches, rates, inverse
 * temperatures) and {@code clock[1]} the time in counters of random numbers. {@link #tick} moves
 * it.
 *
 * <p>Formulas: {@code p(v, h) = exp(-E(v, h)) / Z}; a field is what acts on a unit without its
 * bias, {@code W} times the statistics of the other side. In- and output may be the same array
 * where the operation is element-wise. Results of float operations agree between devices within a
 * relative error of 1e-5; random words agree in every bit.
 *
 * <p>Not safe for use by several threads at once.
 */
interface Device extends AutoCloseable {

  /** The GPU, or a description of the stand-in. */
  Gpu gpu();

  /** Bytes that are free now. */
  long freeBytes();

  /**
   * Reserves memory, filled with zeros.
   *
   * @param name what it is for, in messages
   * @throws DeviceException if the device has not as much
   */
  DeviceArray allocate(String name, DeviceArray.Type type, long length);

  /** Waits until everything that was asked for is done. */
  void synchronize();

  /** A recorded sequence of operations. */
  interface Recording extends AutoCloseable {

    /** Does the operations once more. */
    void replay();

    @Override
    void close();
  }

  /**
   * Records operations without doing them.
   *
   * @param operations calls operations of this device; no allocation, upload, download or
   *     synchronisation
   */
  Recording record(Runnable operations);

  /**
   * {@code c = alpha op(a) op(b) + beta c} in FLOAT, with matrices in <em>column-major</em> order
   * as BLAS has them: {@code op(a)} is {@code [m, k]}, {@code op(b) [k, n]}, {@code c [m, n]}. A
   * row-major matrix {@code [rows, units]} is the column-major {@code [units, rows]}; DL4J's
   * weights, of order 'f', are the column-major {@code [nIn, nOut]}. So hidden fields are {@code
   * gemm(true, false, nOut, rows, nIn, 1, W, nIn, v, nIn, 0, field, nOut)}.
   */
  void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      DeviceArray a,
      int lda,
      DeviceArray b,
      int ldb,
      float beta,
      DeviceArray c,
      int ldc);

  /** {@code clock[0] += steps, clock[1] += times}, both modulo 2^32. */
  void tick(DeviceArray clock, int steps, int times);

  /**
   * Copies rows: {@code out[i, :] = data[order[clock[0] rows + i], :]}. An order that is too short
   * or names a row that is not there is an error of the caller, undefined on a GPU.
   */
  void gather(
      DeviceArray data, DeviceArray order, DeviceArray clock, int rows, int units, DeviceArray out);

  /** Random words, {@code out} INT {@code [rows, units]}: see {@link Draw}. */
  void words(int rows, int units, Draw draw, DeviceArray out);

  /**
   * Binary units: {@code p = 1 / (1 + exp(-(field + bias)))}; {@code mean = factor p}; {@code state
   * = 1} where {@code (word >>> 8) 2^-24 < p}, else 0.
   *
   * @param bias {@code [units]}
   * @param mean null for none
   * @param state null for none
   * @param draw null where there is no state
   */
  void logistic(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw);

  /**
   * Gaussian units: {@code m = field + bias}; {@code mean = factor m}; {@code state = m + deviation
   * z}, with a standard normal {@code z} by the inverse distribution function: with {@code q =
   * ((word mod 2^31) + 1/2) 2^-32}, {@code z} is {@code Phi^-1(q)} where the word's highest bit is
   * 0 and {@code -Phi^-1(q)} where it is 1.
   *
   * @param deviation {@code [units]}
   * @param mean null for none
   * @param state null for none
   * @param draw null where there is no state
   */
  void gaussian(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray deviation,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw);

  /**
   * Softmax groups of {@code groupSize} neighbouring units, of which one is 1: {@code p_k =
   * exp(x_k) / sum_l exp(x_l)} with {@code x = field + bias}, the largest subtracted first; {@code
   * mean = factor p}; the state of a group is the first {@code k} with {@code p_0 + ... + p_k >
   * (word >>> 8) 2^-24}, the last if there is none, with the word of the group's first unit.
   *
   * @param mean null for none
   * @param state null for none
   * @param draw null where there is no state
   */
  void softmax(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      int groupSize,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw);

  /** {@code out[r, u] = in[r, u] factors[u]}: sufficient statistics of Gaussian units. */
  void scaleColumns(DeviceArray in, DeviceArray factors, int rows, int units, DeviceArray out);

  /** {@code out[u] = beta out[u] + alpha sum_r in[r, u]}. */
  void columnSums(DeviceArray in, int rows, int units, float alpha, float beta, DeviceArray out);

  /**
   * A step of gradient descent with L1 and L2 before and weight decay after the rate, as DL4J has
   * them. With {@code rate = rates[2 clock[0]]}:
   *
   * <pre>{@code   g = scale gradient + l2 p + l1 sign(p);   p -= rate g + decay rate p}</pre>
   */
  void sgd(
      DeviceArray parameters,
      DeviceArray gradient,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock);

  /**
   * The same with DL4J's Nesterov momentum: {@code momentum = rates[2 clock[0] + 1]};
   *
   * <pre>{@code
   * g = scale gradient + l2 p + l1 sign(p);   v' = momentum v - rate g
   * p -= momentum v - (1 + momentum) v' + decay rate p;   v = v'
   * }</pre>
   */
  void nesterovs(
      DeviceArray parameters,
      DeviceArray gradient,
      DeviceArray velocity,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock);

  /**
   * What pulls parameters to 0.
   *
   * @param l1 factor of the absolute value
   * @param l2 factor of half the square
   * @param decay factor of the weight decay that is applied with the learning rate
   */
  record Penalties(float l1, float l2, float decay) {

    static final Penalties NONE = new Penalties(0, 0, 0);
  }

  /**
   * Free energies of binary units, added up in DOUBLE: {@code out[r] += factor sum_u log(1 +
   * exp(field[r, u] + bias[u]))}, without overflow.
   *
   * @param out DOUBLE {@code [rows]}
   */
  void softplusSums(
      DeviceArray field, DeviceArray bias, int rows, int units, double factor, DeviceArray out);

  /**
   * {@code out[r] += factor sum_u in[r, u] vector[u]}.
   *
   * @param out DOUBLE {@code [rows]}
   */
  void rowDots(
      DeviceArray in, DeviceArray vector, int rows, int units, double factor, DeviceArray out);

  /**
   * {@code out[r] = sum_u (a[r, u] - b[r, u])^2}.
   *
   * @param out DOUBLE {@code [rows]}
   */
  void squaredDistances(DeviceArray a, DeviceArray b, int rows, int units, DeviceArray out);

  /**
   * One step of annealed importance sampling, hidden side. With inverse temperatures {@code s =
   * betas[clock[0]]}, {@code t = betas[clock[0] + 1]} and {@code x(b) = (1 - b) base + b (field +
   * bias)}:
   *
   * <pre>
   * {@code   logWeights[r] += sum_u log(1 + exp(x(t))) - log(1 + exp(x(s)));   state ~ Bernoulli(sigmoid(x(t)))}
   * </pre>
   *
   * with states drawn as {@link #logistic} does.
   *
   * @param field {@code [rows, units]}, {@code t(v) W}
   * @param betas DOUBLE
   * @param logWeights DOUBLE {@code [rows]}
   * @param state may be {@code field}; null to leave the states out, at the last step
   */
  void annealHidden(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights,
      DeviceArray state,
      Draw draw);

  /**
   * The visible side: {@code state ~ Bernoulli(sigmoid((1 - t) base + t (field + bias)))} with
   * {@code t = betas[clock[0] + 1]}; {@code field} is {@code W h}.
   */
  void annealVisible(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray state,
      Draw draw);

  /**
   * What the visible biases add to the weights: {@code logWeights[r] += (t - s) sum_u rise[u]
   * state[r, u]} with {@code s} and {@code t} as in {@link #annealHidden}.
   */
  void annealVisibleWeights(
      DeviceArray state,
      DeviceArray rise,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights);

  /** {@code to = from}, of the same type and length. */
  void copy(DeviceArray from, DeviceArray to);

  /** {@code to = to * factor} in FLOAT. */
  void scale(DeviceArray to, float factor);

  /** Waits and tells whether all numbers are finite, FLOAT or DOUBLE. */
  boolean allFinite(DeviceArray array);

  /** Frees everything. Calling it twice does nothing. */
  @Override
  void close();
}
