/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Objects;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Between time series and layers that take each time step as an example, in the stacked twin of a
 * network. DL4J's own preprocessors put the steps of all examples one after the other, which would
 * mix the streams; here the steps of an example stay together, so that streams remain blocks of
 * rows. {@link StreamNetworks} puts these into twins.
 */
public final class TimeStepRows implements InputPreProcessor {

  private static final long serialVersionUID = 1L;

  private boolean toRows;
  private RNNFormat format = RNNFormat.NCW;
  private int streamsAtInput = 1;
  private int streamsHere = 1;

  /** For Jackson. */
  public TimeStepRows() {}

  /**
   * Makes one.
   *
   * @param toRows true from time series to rows, false from rows to time series
   * @param format order of the dimensions of the time series
   * @param streamsAtInput how many streams enter the network
   * @param streamsHere how many there are here
   */
  TimeStepRows(boolean toRows, RNNFormat format, int streamsAtInput, int streamsHere) {
    this.toRows = toRows;
    this.format = format;
    this.streamsAtInput = streamsAtInput;
    this.streamsHere = streamsHere;
  }

  @Override
  public INDArray preProcess(INDArray input, int miniBatchSize, LayerWorkspaceMgr workspaceMgr) {
    return toRows
        ? rows(input, ArrayType.ACTIVATIONS, workspaceMgr)
        : series(input, miniBatchSize, ArrayType.ACTIVATIONS, workspaceMgr);
  }

  @Override
  public INDArray backprop(INDArray output, int miniBatchSize, LayerWorkspaceMgr workspaceMgr) {
    return toRows
        ? series(output, miniBatchSize, ArrayType.ACTIVATION_GRAD, workspaceMgr)
        : rows(output, ArrayType.ACTIVATION_GRAD, workspaceMgr);
  }

  private INDArray rows(INDArray series, ArrayType place, LayerWorkspaceMgr workspaces) {
    INDArray channelsLast = format == RNNFormat.NCW ? series.permute(0, 2, 1) : series;
    return workspaces
        .dup(place, channelsLast, 'c')
        .reshape('c', new long[] {series.size(0) * channelsLast.size(1), channelsLast.size(2)});
  }

  private INDArray series(INDArray rows, int batch, ArrayType place, LayerWorkspaceMgr workspaces) {
    long examples = (long) batch / streamsAtInput * streamsHere;
    INDArray channelsLast =
        rows.dup('c').reshape('c', new long[] {examples, rows.size(0) / examples, rows.size(1)});
    return workspaces.dup(
        place, format == RNNFormat.NCW ? channelsLast.permute(0, 2, 1) : channelsLast, 'c');
  }

  @Override
  public InputType getOutputType(InputType inputType) {
    return toRows
        ? new RnnToFeedForwardPreProcessor(format).getOutputType(inputType)
        : new FeedForwardToRnnPreProcessor(format).getOutputType(inputType);
  }

  /** Masks are refused by the layers of a twin. */
  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArray(
      INDArray maskArray, MaskState currentMaskState, int minibatchSize) {
    return new Pair<>(maskArray, currentMaskState);
  }

  /**
   * Tells the way.
   *
   * @return true from time series to rows
   */
  public boolean isToRows() {
    return toRows;
  }

  /**
   * Sets the way.
   *
   * @param toRows true from time series to rows
   */
  public void setToRows(boolean toRows) {
    this.toRows = toRows;
  }

  /**
   * Returns the order of the dimensions.
   *
   * @return that of the time series
   */
  public RNNFormat getFormat() {
    return format;
  }

  /**
   * Sets the order of the dimensions.
   *
   * @param format that of the time series
   */
  public void setFormat(RNNFormat format) {
    this.format = format;
  }

  /**
   * Returns how many streams enter the network.
   *
   * @return at least 1
   */
  public int getStreamsAtInput() {
    return streamsAtInput;
  }

  /**
   * Sets how many streams enter the network.
   *
   * @param streamsAtInput at least 1
   */
  public void setStreamsAtInput(int streamsAtInput) {
    this.streamsAtInput = streamsAtInput;
  }

  /**
   * Returns how many streams there are here.
   *
   * @return at least 1
   */
  public int getStreamsHere() {
    return streamsHere;
  }

  /**
   * Sets how many streams there are here.
   *
   * @param streamsHere at least 1
   */
  public void setStreamsHere(int streamsHere) {
    this.streamsHere = streamsHere;
  }

  @Override
  public TimeStepRows clone() {
    return new TimeStepRows(toRows, format, streamsAtInput, streamsHere);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TimeStepRows that
        && toRows == that.toRows
        && format == that.format
        && streamsAtInput == that.streamsAtInput
        && streamsHere == that.streamsHere;
  }

  @Override
  public int hashCode() {
    return Objects.hash(toRows, format, streamsAtInput, streamsHere);
  }
}
