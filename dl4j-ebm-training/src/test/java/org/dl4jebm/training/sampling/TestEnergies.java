/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Energies of known distributions, in plain Java and independent of the code under test. */
public final class TestEnergies {

  private TestEnergies() {}

  /** An energy of one point with its gradient. */
  @FunctionalInterface
  public interface PointEnergy {

    /** Returns the energy and writes the gradient. */
    double at(double[] x, double[] gradient);
  }

  /** Counts calls. */
  public static final class Counting implements DifferentiableEnergy {

    private final PointEnergy function;
    public int calls;
    public UnaryOperator<double[]> spoilEnergy = UnaryOperator.identity();
    public UnaryOperator<double[]> spoilGradient = UnaryOperator.identity();

    Counting(PointEnergy function) {
      this.function = function;
    }

    @Override
    public INDArray energy(INDArray x) {
      return energyAndGradient(x).energy();
    }

    @Override
    public INDArray gradient(INDArray x) {
      return energyAndGradient(x).gradient();
    }

    @Override
    public EnergyGradient energyAndGradient(INDArray x) {
      calls++;
      int n = (int) x.size(0);
      int d = (int) (x.length() / n);
      double[] flat = x.castTo(DataType.DOUBLE).dup('c').data().asDouble();
      double[] energy = new double[n];
      double[] gradient = new double[flat.length];
      double[] g = new double[d];
      for (int i = 0; i < n; i++) {
        energy[i] = function.at(Arrays.copyOfRange(flat, i * d, (i + 1) * d), g);
        System.arraycopy(g, 0, gradient, i * d, d);
      }
      return new EnergyGradient(
          Nd4j.createFromArray(spoilEnergy.apply(energy)).castTo(x.dataType()),
          Nd4j.createFromArray(spoilGradient.apply(gradient))
              .castTo(x.dataType())
              .reshape('c', x.shape()));
    }
  }

  public static Counting of(PointEnergy function) {
    return new Counting(function);
  }

  /** No force. */
  public static Counting flat() {
    return of(
        (x, g) -> {
          Arrays.fill(g, 0);
          return 0;
        });
  }

  /** {@code sum_i (x_i / deviation_i)^2 / 2}; the last deviation counts for the rest as well. */
  public static Counting gaussian(double... deviation) {
    return of(
        (x, g) -> {
          double sum = 0;
          for (int i = 0; i < x.length; i++) {
            double s = deviation[Math.min(i, deviation.length - 1)];
            g[i] = x[i] / (s * s);
            sum += x[i] * g[i] / 2;
          }
          return sum;
        });
  }

  /** A mixture of normal distributions on the line, {@code Z = 1}. */
  public record Mixture(double[] weight, double[] mean, double[] deviation) {

    /** .3 N(-2, .5^2) + .7 N(1, 1). */
    public static final Mixture TWO =
        new Mixture(new double[] {0.3, 0.7}, new double[] {-2, 1}, new double[] {0.5, 1});

    /** The energy, summed over coordinates that are independent. */
    public Counting energy() {
      return of(
          (x, g) -> {
            double energy = 0;
            for (int i = 0; i < x.length; i++) {
              double largest = Double.NEGATIVE_INFINITY;
              for (int k = 0; k < weight.length; k++) {
                largest = Math.max(largest, logTerm(x[i], k));
              }
              double p = 0;
              double slope = 0;
              for (int k = 0; k < weight.length; k++) {
                double term = Math.exp(logTerm(x[i], k) - largest);
                p += term;
                slope += term * (x[i] - mean[k]) / (deviation[k] * deviation[k]);
              }
              energy -= largest + Math.log(p);
              g[i] = slope / p;
            }
            return energy;
          });
    }

    private double logTerm(double x, int k) {
      double z = (x - mean[k]) / deviation[k];
      return Math.log(weight[k] / (deviation[k] * Math.sqrt(2 * Math.PI))) - z * z / 2;
    }

    public double probabilityBelow(double x) {
      double sum = 0;
      for (int k = 0; k < weight.length; k++) {
        sum +=
            weight[k]
                * new NormalDistribution(null, mean[k], deviation[k]).cumulativeProbability(x);
      }
      return sum;
    }

    /** Exact draws. */
    public INDArray draw(long seed, DataType type, long... shape) {
      SplittableRandom random = new SplittableRandom(seed);
      INDArray z = normal(seed + 1, DataType.DOUBLE, shape);
      double[] values = z.dup('c').data().asDouble();
      for (int i = 0; i < values.length; i++) {
        double u = random.nextDouble();
        int k = 0;
        while (k < weight.length - 1 && u >= weight[k]) {
          u -= weight[k++];
        }
        values[i] = mean[k] + deviation[k] * values[i];
      }
      return Nd4j.createFromArray(values).reshape('c', shape).castTo(type);
    }

    /** Probabilities of the intervals between edges, with both ends. */
    public double[] probabilities(double... edges) {
      double[] p = new double[edges.length + 1];
      double below = 0;
      for (int i = 0; i < edges.length; i++) {
        double next = probabilityBelow(edges[i]);
        p[i] = next - below;
        below = next;
      }
      p[edges.length] = 1 - below;
      return p;
    }
  }

  /** Frequencies of the intervals between edges, with both ends. */
  public static double[] frequencies(INDArray values, double... edges) {
    double[] x = values.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    double[] f = new double[edges.length + 1];
    for (double each : x) {
      int bin = 0;
      while (bin < edges.length && each >= edges[bin]) {
        bin++;
      }
      f[bin] += 1.0 / x.length;
    }
    return f;
  }

  public static INDArray normal(long seed, DataType type, long... shape) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray out = Nd4j.create(type, shape, 'c');
      random.gaussian(1, out);
      return out;
    }
  }

  public static INDArray uniform(long seed, DataType type, long... shape) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray out = Nd4j.create(type, shape, 'c');
      random.uniform(out);
      return out;
    }
  }

  /** The mean of the squares. */
  public static double meanSquare(INDArray values) {
    INDArray x = values.castTo(DataType.DOUBLE);
    return x.mul(x).meanNumber().doubleValue();
  }
}
