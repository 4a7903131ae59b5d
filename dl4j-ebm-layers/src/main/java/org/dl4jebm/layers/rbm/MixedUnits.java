/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A layer made of parts of different types, one after the other: {@code e}, {@code t} and {@code A}
 * are those of the parts, added or set side by side. For data whose columns are of different kinds,
 * such as pixels with a class label, or measurements with categories:
 *
 * <pre>{@code
 * MixedUnits.of(MixedUnits.part(784, new BernoulliUnits()), MixedUnits.part(10, new SoftmaxUnits(10)))
 * }</pre>
 *
 * <p>Whatever a layer of one type can do works where all parts can do it: enumeration and the
 * pseudo-likelihood need discrete parts, labels of {@link HybridObjective} the last columns, hidden
 * units parts that can be hidden; each then has its own activation function. Further parameters of
 * the layer, such as learned variances, are those of its parts, in their order. Parts are copied
 * out of the layer's arrays and back at each step: CD-1 with 784 Bernoulli and 10 softmax units
 * below 500 hidden ones takes some 15 % longer than with 794 Bernoulli units. Neighbouring parts of
 * one type should be one part.
 */
public final class MixedUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  private final List<Part> parts;

  private final transient List<PartColumns> columns;

  /**
   * A part of a layer.
   *
   * @param size number of its units, 1 or more
   * @param units their type
   */
  public record Part(@JsonProperty("size") long size, @JsonProperty("units") UnitType units)
      implements Serializable {

    /**
     * Checks the part.
     *
     * @throws IllegalArgumentException naming what is wrong and what is accepted
     */
    public Part {
      if (size < 1) {
        throw new IllegalArgumentException("size of a part is " + size + "; accepted: 1 or more");
      }
      if (units == null || units instanceof MixedUnits) {
        throw new IllegalArgumentException(
            "units of a part are "
                + units
                + "; accepted: any type but MixedUnits, whose parts can take its place");
      }
      try {
        units.checkSize(size);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "a part of " + size + " " + units.describe() + " does not fit: " + e.getMessage(), e);
      }
    }
  }

  @JsonCreator
  private MixedUnits(@JsonProperty("parts") List<Part> parts) {
    if (parts == null || parts.isEmpty()) {
      throw new IllegalArgumentException("there are no parts; accepted: 1 or more");
    }
    this.parts = List.copyOf(parts);
    this.columns = PartColumns.of(this.parts);
  }

  /**
   * Units that are made of parts.
   *
   * @param parts the parts in the order of their columns, at least one
   * @return the type
   * @throws IllegalArgumentException if there is no part
   */
  public static MixedUnits of(Part... parts) {
    return new MixedUnits(List.of(parts));
  }

  /**
   * A part of a layer.
   *
   * @param size number of its units, 1 or more
   * @param units their type, any but this one
   * @return the part
   * @throws IllegalArgumentException if the size is less than 1 or does not fit the type
   */
  public static Part part(long size, UnitType units) {
    return new Part(size, units);
  }

  /**
   * The parts.
   *
   * @return in the order of their columns
   */
  @JsonProperty("parts")
  public List<Part> parts() {
    return parts;
  }

  @Override
  public String describe() {
    return parts.stream()
        .map(part -> part.size + " " + part.units.describe())
        .collect(Collectors.joining(", ", "units of parts (", ")"));
  }

  private PartColumns last() {
    return columns.get(columns.size() - 1);
  }

  @Override
  public Optional<String> reasonNotHidden() {
    for (PartColumns part : columns) {
      Optional<String> reason = part.units().reasonNotHidden();
      if (reason.isPresent()) {
        return Optional.of("the part of " + part.units() + ": " + reason.get());
      }
    }
    return Optional.empty();
  }

  @Override
  public void checkSize(long units) {
    if (last().to() != units) {
      throw new IllegalArgumentException(
          describe()
              + " have "
              + last().to()
              + " units together in a layer of "
              + units
              + "; accepted: "
              + units);
    }
  }

  @Override
  public Optional<String> findBadStates(INDArray states) {
    for (PartColumns part : columns) {
      Optional<String> problem = part.units().findBadStates(part.copy(states));
      if (problem.isPresent()) {
        return Optional.of(
            "in columns "
                + part.from()
                + " to "
                + (part.to() - 1)
                + " (numbered from 0 within them) "
                + problem.get());
      }
    }
    return Optional.empty();
  }

  @Override
  public INDArray energyTerm(INDArray states, INDArray bias) {
    INDArray sum = Nd4j.zeros(states.dataType(), states.size(0));
    for (PartColumns part : columns) {
      sum.addi(part.units().energyTerm(part.copy(states), part.copy(bias)));
    }
    return sum;
  }

  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    INDArray sum = Nd4j.zeros(field.dataType(), field.size(0));
    for (PartColumns part : columns) {
      sum.addi(part.units().logPartition(part.copy(field), part.copy(bias)));
    }
    return sum;
  }

  @Override
  public void fieldToMean(INDArray field) {
    for (PartColumns part : columns) {
      INDArray own = part.copy(field);
      part.units().fieldToMean(own);
      part.view(field).assign(own);
    }
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    for (PartColumns part : columns) {
      INDArray own = part.copy(field);
      part.units().fieldToSample(own, random);
      part.view(field).assign(own);
    }
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    for (PartColumns part : columns) {
      INDArray own = part.copy(field);
      INDArray drawn = own.ulike();
      part.units().fieldToMeanAndSample(own, drawn, random);
      part.view(field).assign(own);
      part.view(sample).assign(drawn);
    }
  }

  @Override
  public void toStatistic(INDArray states) {
    for (PartColumns part : columns) {
      if (!part.units().statisticIsState()) {
        INDArray own = part.copy(states);
        part.units().toStatistic(own);
        part.view(states).assign(own);
      }
    }
  }

  @Override
  public boolean statisticIsState() {
    return parts.stream().allMatch(part -> part.units.statisticIsState());
  }

  @Override
  public INDArray biasForMean(INDArray mean) {
    INDArray bias = mean.dup('c');
    for (PartColumns part : columns) {
      part.view(bias).assign(part.units().biasForMean(part.copy(mean)));
    }
    return bias;
  }

  @Override
  public IActivation activation() {
    return new ActivationParts(
        parts.stream()
            .map(part -> new ActivationParts.Part(part.size, part.units.activation()))
            .toList());
  }

  @Override
  public boolean samplesExactly() {
    return parts.stream().allMatch(part -> part.units.samplesExactly());
  }

  @Override
  public boolean isBounded() {
    return parts.stream().allMatch(part -> part.units.isBounded());
  }

  @Override
  public EnergyGrowth growth(long units) {
    double[] inverseDeviation = new double[(int) units];
    boolean[] nonNegative = new boolean[(int) units];
    for (PartColumns part : columns) {
      EnergyGrowth own = part.units().growth(part.size());
      int from = (int) part.from();
      int size = (int) part.size();
      System.arraycopy(own.inverseDeviation(), 0, inverseDeviation, from, size);
      System.arraycopy(own.nonNegative(), 0, nonNegative, from, size);
    }
    return new EnergyGrowth(inverseDeviation, nonNegative);
  }

  /** Empty for any other number of units than that of the parts together. */
  @Override
  public OptionalLong stateCount(long units) {
    if (units != last().to()) {
      return OptionalLong.empty();
    }
    long count = 1;
    for (Part part : parts) {
      OptionalLong own = part.units.stateCount(part.size);
      if (own.isEmpty() || own.getAsLong() > Long.MAX_VALUE / count) {
        return OptionalLong.empty();
      }
      count *= own.getAsLong();
    }
    return OptionalLong.of(count);
  }

  /**
   * The number of a state is made of those of the parts; that of the first part changes fastest.
   */
  @Override
  public void writeStates(long first, INDArray out) {
    if (stateCount(out.size(1)).isEmpty()) {
      throw new UnsupportedOperationException(
          describe() + " have no discrete states, or more than can be counted");
    }
    long stride = 1;
    for (PartColumns part : columns) {
      long count = part.units().stateCount(part.size()).orElseThrow();
      part.writeStates(count, stride, first, out);
      stride *= count;
    }
  }

  @Override
  public List<UnitGroup> groups(long units) {
    List<UnitGroup> groups = new ArrayList<>();
    for (PartColumns part : columns) {
      int from = (int) part.from();
      for (UnitGroup own : part.units().groups(part.size())) {
        groups.add(new UnitGroup(from + own.from(), from + own.to(), own.states()));
      }
    }
    return groups;
  }

  @Override
  public long parameterCount(long units) {
    return last().parametersTo();
  }

  @Override
  public void initializeParameters(INDArray parameters) {
    for (PartColumns part : columns) {
      if (part.hasParameters()) {
        part.units().initializeParameters(part.parametersOf(parameters));
      }
    }
  }

  @Override
  public UnitType withParameters(INDArray parameters) {
    if (last().parametersTo() == 0) {
      return this;
    }
    INDArray flat = parameters.reshape(parameters.length());
    List<Part> bound = new ArrayList<>();
    for (PartColumns part : columns) {
      UnitType units = part.units();
      bound.add(
          new Part(
              part.size(),
              part.hasParameters() ? units.withParameters(part.parametersOf(flat)) : units));
    }
    return new MixedUnits(bound);
  }

  @Override
  public INDArray parameterGradient(INDArray states, INDArray coupling, INDArray bias) {
    INDArray gradient = parameterRows(states);
    if (gradient == null) {
      return UnitType.super.parameterGradient(states, coupling, bias);
    }
    for (PartColumns part : columns) {
      if (part.hasParameters()) {
        part.parametersOf(gradient)
            .assign(
                part.units()
                    .parameterGradient(part.copy(states), part.copy(coupling), part.copy(bias)));
      }
    }
    return gradient;
  }

  @Override
  public INDArray meanParameterGradient(INDArray field, INDArray bias) {
    INDArray gradient = parameterRows(field);
    if (gradient == null) {
      return UnitType.super.meanParameterGradient(field, bias);
    }
    for (PartColumns part : columns) {
      if (part.hasParameters()) {
        part.parametersOf(gradient)
            .assign(part.units().meanParameterGradient(part.copy(field), part.copy(bias)));
      }
    }
    return gradient;
  }

  /** A row of further parameters for each row of units, or null where there are none. */
  private INDArray parameterRows(INDArray units) {
    long count = last().parametersTo();
    return count == 0
        ? null
        : Nd4j.create(units.dataType(), new long[] {units.size(0), count}, 'c');
  }

  /** Java serialisation leaves the columns out; the constructor finds them anew. */
  private Object readResolve() {
    return new MixedUnits(parts);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MixedUnits units && parts.equals(units.parts);
  }

  @Override
  public int hashCode() {
    return 31 * MixedUnits.class.hashCode() + parts.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
