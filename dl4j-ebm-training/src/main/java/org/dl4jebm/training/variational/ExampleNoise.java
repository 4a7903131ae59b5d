/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.variational.LatentDraw;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Noise that is a function of the seed, the number of the example and the number of the sample, so
 * that results do not depend on how examples and samples are put into blocks.
 */
final class ExampleNoise implements LatentDraw.Noise {

  private final long[] keys;
  private final int samples;
  private final long firstSample;

  /**
   * Noise of a block.
   *
   * @param seed not 0
   * @param firstExample number of its first example
   * @param examples how many it has
   * @param firstSample number of its first sample of each example
   * @param samples how many it has of each example
   */
  ExampleNoise(long seed, long firstExample, int examples, long firstSample, int samples) {
    this.keys = new long[examples];
    for (int i = 0; i < examples; i++) {
      keys[i] = Seeds.derive(seed, firstExample + i);
    }
    this.samples = samples;
    this.firstSample = firstSample;
  }

  @Override
  public void fill(DoubleUnaryOperator quantile, INDArray out) {
    long perExample = out.length() / keys.length;
    long before = firstSample * (perExample / samples);
    if (HostBlocks.reach(out)) {
      HostBlocks.map(
          out,
          out,
          (block, n, from) -> {
            int example = (int) (from / perExample);
            long within = from % perExample;
            for (int i = 0; i < n; i++) {
              block[i] = (float) quantile.applyAsDouble(uniform(example, before + within));
              if (++within == perExample) {
                within = 0;
                example++;
              }
            }
          });
    } else {
      double[] values = new double[Math.toIntExact(out.length())];
      IntStream.range(0, keys.length)
          .parallel()
          .forEach(
              example -> {
                int start = Math.toIntExact(example * perExample);
                for (int i = 0; i < perExample; i++) {
                  values[start + i] = quantile.applyAsDouble(uniform(example, before + i));
                }
              });
      INDArray numbers = Nd4j.createFromArray(values).reshape('c', out.shape());
      out.assign(out.dataType() == DataType.DOUBLE ? numbers : numbers.castTo(out.dataType()));
    }
  }

  private double uniform(int example, long position) {
    return CounterNoise.uniform(keys[example], position);
  }
}
