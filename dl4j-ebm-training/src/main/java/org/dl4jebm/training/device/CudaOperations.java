/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import org.dl4jebm.training.device.CudaKernels.Kernel;
import org.dl4jebm.training.device.DeviceArray.Type;

/**
 * The operations of a {@link CudaDevice} that are kernels: checks of the arguments, the arguments
 * in the order of the kernel's parameters, the grid.
 */
abstract class CudaOperations implements Device {

  abstract CudaKernels kernels();

  /** Space for sums of slices of columns. */
  abstract CudaArray sums();

  CudaArray floats(DeviceArray array, long length) {
    return CudaArray.require(this, array, Type.FLOAT, length);
  }

  private CudaArray floatsOrNull(DeviceArray array, long length) {
    return array == null ? null : floats(array, length);
  }

  CudaArray doubles(DeviceArray array, long length) {
    return CudaArray.require(this, array, Type.DOUBLE, length);
  }

  private CudaArray ints(DeviceArray array, long length) {
    return CudaArray.require(this, array, Type.INT, length);
  }

  private CudaArray clock(DeviceArray clock) {
    return ints(clock, 2);
  }

  /** The clock of a draw, null where there is no state. */
  private CudaArray clock(Draw draw, DeviceArray state) {
    return state == null ? null : clock(draw.clock());
  }

  /** Numbers of a matrix. */
  static long size(int rows, int units) {
    if (rows < 1 || units < 1) {
      throw new IllegalArgumentException(
          "a matrix has " + rows + " rows of " + units + " units; accepted: 1 or more of both");
    }
    return (long) rows * units;
  }

  @Override
  public void tick(DeviceArray clock, int steps, int times) {
    kernels().start(Kernel.TICK).add(clock(clock)).add(steps).add(times).launch(CudaGrid.ONE);
  }

  @Override
  public void gather(
      DeviceArray data,
      DeviceArray order,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray out) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.GATHER)
        .add(floats(data, units))
        .add(ints(order, rows))
        .add(clock(clock))
        .add(rows)
        .add(units)
        .add(floats(out, n))
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void words(int rows, int units, Draw draw, DeviceArray out) {
    CudaArray to = ints(out, size(rows, units));
    kernels()
        .start(Kernel.WORDS)
        .add(rows)
        .add(units)
        .add(draw, clock(draw, out))
        .add(to)
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void logistic(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.LOGISTIC)
        .add(floats(field, n))
        .add(floats(bias, units))
        .add(rows)
        .add(units)
        .add(factor)
        .add(floatsOrNull(mean, n))
        .add(floatsOrNull(state, n))
        .add(draw, clock(draw, state))
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void gaussian(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray deviation,
      int rows,
      int units,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.GAUSSIAN)
        .add(floats(field, n))
        .add(floats(bias, units))
        .add(floats(deviation, units))
        .add(rows)
        .add(units)
        .add(factor)
        .add(floatsOrNull(mean, n))
        .add(floatsOrNull(state, n))
        .add(draw, clock(draw, state))
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void softmax(
      DeviceArray field,
      DeviceArray bias,
      int rows,
      int units,
      int groupSize,
      float factor,
      DeviceArray mean,
      DeviceArray state,
      Draw draw) {
    if (groupSize < 1 || units % groupSize != 0) {
      throw new IllegalArgumentException(
          "groupSize is " + groupSize + "; accepted: a divisor of the " + units + " units");
    }
    long n = size(rows, units);
    kernels()
        .start(Kernel.SOFTMAX)
        .add(floats(field, n))
        .add(floats(bias, units))
        .add(rows)
        .add(units)
        .add(groupSize)
        .add(factor)
        .add(floatsOrNull(mean, n))
        .add(floatsOrNull(state, n))
        .add(draw, clock(draw, state))
        .launch(CudaGrid.groups(n / groupSize, groupSize));
  }

  @Override
  public void scaleColumns(
      DeviceArray in, DeviceArray factors, int rows, int units, DeviceArray out) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.SCALE_COLUMNS)
        .add(floats(in, n))
        .add(floats(factors, units))
        .add(rows)
        .add(units)
        .add(floats(out, n))
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void columnSums(
      DeviceArray in, int rows, int units, float alpha, float beta, DeviceArray out) {
    CudaArray to = floats(out, units);
    CudaGrid grid = CudaGrid.columns(rows, units, sums().length() / units);
    long rowsInSlice = ((long) rows + grid.blocksY() - 1) / grid.blocksY();
    kernels()
        .start(Kernel.COLUMN_SUMS)
        .add(floats(in, size(rows, units)))
        .add(rows)
        .add(units)
        .add(rowsInSlice)
        .add(alpha)
        .add(beta)
        .add(to)
        .add(sums())
        .launch(grid);
    if (grid.blocksY() > 1) {
      kernels()
          .start(Kernel.COLUMN_SUMS_END)
          .add(sums())
          .add(grid.blocksY())
          .add(units)
          .add(alpha)
          .add(beta)
          .add(to)
          .launch(CudaGrid.each(units));
    }
  }

  @Override
  public void sgd(
      DeviceArray parameters,
      DeviceArray gradient,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock) {
    CudaArray p = floats(parameters, 1);
    kernels()
        .start(Kernel.SGD)
        .add(p)
        .add(floats(gradient, p.length()))
        .add(p.length())
        .add(penalties.l1())
        .add(penalties.l2())
        .add(penalties.decay())
        .add(scale)
        .add(floats(rates, 2))
        .add(clock(clock))
        .launch(CudaGrid.line(p.length()));
  }

  @Override
  public void nesterovs(
      DeviceArray parameters,
      DeviceArray gradient,
      DeviceArray velocity,
      Penalties penalties,
      float scale,
      DeviceArray rates,
      DeviceArray clock) {
    CudaArray p = floats(parameters, 1);
    kernels()
        .start(Kernel.NESTEROVS)
        .add(p)
        .add(floats(gradient, p.length()))
        .add(floats(velocity, p.length()))
        .add(p.length())
        .add(penalties.l1())
        .add(penalties.l2())
        .add(penalties.decay())
        .add(scale)
        .add(floats(rates, 2))
        .add(clock(clock))
        .launch(CudaGrid.line(p.length()));
  }

  @Override
  public void softplusSums(
      DeviceArray field, DeviceArray bias, int rows, int units, double factor, DeviceArray out) {
    kernels()
        .start(Kernel.SOFTPLUS_SUMS)
        .add(floats(field, size(rows, units)))
        .add(floats(bias, units))
        .add(rows)
        .add(units)
        .add(factor)
        .add(doubles(out, rows))
        .launch(CudaGrid.rows(rows, units));
  }

  @Override
  public void rowDots(
      DeviceArray in, DeviceArray vector, int rows, int units, double factor, DeviceArray out) {
    kernels()
        .start(Kernel.ROW_DOTS)
        .add(floats(in, size(rows, units)))
        .add(floats(vector, units))
        .add(rows)
        .add(units)
        .add(factor)
        .add(doubles(out, rows))
        .launch(CudaGrid.rows(rows, units));
  }

  @Override
  public void squaredDistances(DeviceArray a, DeviceArray b, int rows, int units, DeviceArray out) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.SQUARED_DISTANCES)
        .add(floats(a, n))
        .add(floats(b, n))
        .add(rows)
        .add(units)
        .add(doubles(out, rows))
        .launch(CudaGrid.rows(rows, units));
  }

  @Override
  public void annealHidden(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights,
      DeviceArray state,
      Draw draw) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.ANNEAL_HIDDEN)
        .add(floats(field, n))
        .add(floats(bias, units))
        .add(floats(base, units))
        .add(doubles(betas, 2))
        .add(clock(clock))
        .add(rows)
        .add(units)
        .add(doubles(logWeights, rows))
        .add(floatsOrNull(state, n))
        .add(draw, clock(draw, state))
        .launch(CudaGrid.rows(rows, units));
  }

  @Override
  public void annealVisible(
      DeviceArray field,
      DeviceArray bias,
      DeviceArray base,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray state,
      Draw draw) {
    long n = size(rows, units);
    kernels()
        .start(Kernel.ANNEAL_VISIBLE)
        .add(floats(field, n))
        .add(floats(bias, units))
        .add(floats(base, units))
        .add(doubles(betas, 2))
        .add(clock(clock))
        .add(rows)
        .add(units)
        .add(floats(state, n))
        .add(draw, clock(draw, state))
        .launch(CudaGrid.quads(rows, units));
  }

  @Override
  public void annealVisibleWeights(
      DeviceArray state,
      DeviceArray rise,
      DeviceArray betas,
      DeviceArray clock,
      int rows,
      int units,
      DeviceArray logWeights) {
    kernels()
        .start(Kernel.ANNEAL_VISIBLE_WEIGHTS)
        .add(floats(state, size(rows, units)))
        .add(floats(rise, units))
        .add(doubles(betas, 2))
        .add(clock(clock))
        .add(rows)
        .add(units)
        .add(doubles(logWeights, rows))
        .launch(CudaGrid.rows(rows, units));
  }

  @Override
  public void scale(DeviceArray to, float factor) {
    CudaArray array = floats(to, 1);
    kernels()
        .start(Kernel.SCALE)
        .add(array)
        .add(array.length())
        .add(factor)
        .launch(CudaGrid.line(array.length()));
  }
}
