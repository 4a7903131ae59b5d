/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.device.Execution;

/**
 * Options of {@link GreedyPretrainer}. Start from {@link #epochs(int)} and change what differs:
 *
 * <pre>{@code
 * PretrainOptions.epochs(10).withLayerEpochs("2", 20).withCheckpoint(Path.of("dbn.zip"), 500)
 * }</pre>
 *
 * <p>Layers are named by their layer name in a {@code MultiLayerNetwork}, or by their index ("0",
 * "1", ...) where they have none, and by vertex name in a {@code ComputationGraph}.
 *
 * @param epochs passes over the data for each layer that {@code layerEpochs} does not name, at
 *     least 1
 * @param layerEpochs passes for single layers, by name; 0 leaves a layer as it is
 * @param transfer what layers that {@code layerTransfer} does not name get from below
 * @param layerTransfer what single layers get from below, by name
 * @param seed of the samples between layers, not 0; layers draw their own samples from the
 *     network's seed
 * @param checkpoint file to save progress in, or null
 * @param checkpointEvery batches from one checkpoint to the next, at least 1; one is also written
 *     when a layer is finished and when training is interrupted
 * @param divergence what is taken for divergence, and what is done then
 * @param exampleWeights whether the labels masks of the data are weights of examples
 * @param visibleBiasFromData whether visible biases of restricted Boltzmann machines start at those
 *     of the mean of their data
 * @param execution what layers are trained on
 */
public record PretrainOptions(
    int epochs,
    Map<String, Integer> layerEpochs,
    LayerTransfer transfer,
    Map<String, LayerTransfer> layerTransfer,
    long seed,
    Path checkpoint,
    int checkpointEvery,
    DivergencePolicy divergence,
    boolean exampleWeights,
    boolean visibleBiasFromData,
    Execution execution) {

  private static final long DEFAULT_SEED = 12345;
  private static final int DEFAULT_CHECKPOINT_EVERY = 1000;

  /**
   * Checks and copies the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public PretrainOptions {
    require(epochs >= 1, "epochs", epochs, "1 or more");
    require(layerEpochs != null, "layerEpochs", null, "a map, which may be empty");
    layerEpochs.forEach(
        (name, n) ->
            require(n != null && n >= 0, "epochs of layer \"" + name + "\"", n, "0 or more"));
    require(transfer != null, "transfer", null, "MEANS or SAMPLES");
    require(layerTransfer != null, "layerTransfer", null, "a map, which may be empty");
    layerTransfer.forEach(
        (name, t) ->
            require(t != null, "transfer of layer \"" + name + "\"", null, "MEANS or SAMPLES"));
    Seeds.requireNonZero(seed, "seed");
    require(checkpointEvery >= 1, "checkpointEvery", checkpointEvery, "1 or more batches");
    require(divergence != null, "divergence", null, "a policy");
    require(execution != null, "execution", null, "ND4J or DEVICE");
    layerEpochs = Collections.unmodifiableMap(new TreeMap<>(layerEpochs));
    layerTransfer = Collections.unmodifiableMap(new TreeMap<>(layerTransfer));
  }

  /**
   * The same number of epochs for all layers, means between layers, no checkpoint.
   *
   * @param epochs at least 1
   * @return the options
   */
  public static PretrainOptions epochs(int epochs) {
    return new PretrainOptions(
        epochs,
        Map.of(),
        LayerTransfer.MEANS,
        Map.of(),
        DEFAULT_SEED,
        null,
        DEFAULT_CHECKPOINT_EVERY,
        DivergencePolicy.stop(),
        false,
        false,
        Execution.ND4J);
  }

  /**
   * Sets the epochs of one layer.
   *
   * @param layer name of the layer
   * @param layerEpochs passes over the data; 0 leaves the layer as it is
   * @return changed options
   */
  public PretrainOptions withLayerEpochs(String layer, int layerEpochs) {
    return new PretrainOptions(
        epochs,
        with(this.layerEpochs, layer, layerEpochs),
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Sets what all layers get from below.
   *
   * @param transfer means or samples
   * @return changed options
   */
  public PretrainOptions withTransfer(LayerTransfer transfer) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Sets what one layer gets from below.
   *
   * @param layer name of the layer
   * @param transfer means or samples
   * @return changed options
   */
  public PretrainOptions withLayerTransfer(String layer, LayerTransfer transfer) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        this.transfer,
        with(layerTransfer, layer, transfer),
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Sets the seed of the samples between layers.
   *
   * @param seed any value but 0
   * @return changed options
   */
  public PretrainOptions withSeed(long seed) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Saves progress in a file.
   *
   * @param checkpoint the file; replaced as a whole each time
   * @param every batches from one checkpoint to the next, at least 1
   * @return changed options
   */
  public PretrainOptions withCheckpoint(Path checkpoint, int every) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        every,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Sets what is taken for divergence, and what is done then.
   *
   * @param divergence the policy
   * @return changed options
   */
  public PretrainOptions withDivergence(DivergencePolicy divergence) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  /**
   * Takes the labels masks of the data as weights of examples; a whole-numbered weight counts as
   * that many copies, in all layers. The labels mask of a {@code DataSet}, or the only one of a
   * {@code MultiDataSet}, must be {@code [n]} or {@code [n, 1]} with finite numbers that are not
   * negative and not all 0. As everywhere in DL4J the gradient is divided by the number of rows:
   * weights of mean 1 leave the size of the steps alone. Asks for layers that are {@link
   * org.dl4jebm.layers.pretrain.WeightedPretraining}, and that no preprocessor changes the number
   * of rows. DL4J's own {@code fit} uses the same mask as weights of the loss.
   *
   * @return changed options
   */
  public PretrainOptions withExampleWeights() {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        true,
        visibleBiasFromData,
        execution);
  }

  /**
   * Starts the visible biases of restricted Boltzmann machines at those at which independent units
   * have the mean of the data (see {@link VisibleBiasFromData}), which costs one pass over the data
   * for each. Only machines that have made no iteration yet; biases that the user set are replaced.
   * Layers above the first take the mean of what they get from below, as means, whatever the
   * transfer; weights of examples count if they are used.
   *
   * @return changed options
   */
  public PretrainOptions withVisibleBiasFromData() {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        true,
        execution);
  }

  /**
   * Sets what layers are trained on. With {@link Execution#DEVICE} restricted Boltzmann machines of
   * FLOAT networks are trained on the GPU by contrastive divergence, also with persistent chains:
   * Bernoulli hidden and Bernoulli, Gaussian or softmax visible units, the updaters Sgd and
   * Nesterovs, L1, L2 and weight decay. Other layers, and all where there is no such GPU, are
   * trained on ND4J; the log and {@link PretrainResult.LayerResult#ranOn} say why.
   *
   * <p>The results are the same but for the random numbers and rounding. Listeners find the layer's
   * parameters as they were at the last iteration that computed a score ({@code scoreEvery}), and
   * at the ends of epochs those of then; they are not told of gradients. Data of a {@link
   * org.dl4jebm.training.data.ShuffledDataSetIterator} without a preprocessor stay on the GPU if
   * they fit, which asks for layers below and input preprocessors that treat each row by itself;
   * other batches are copied one by one.
   *
   * @param execution ND4J or DEVICE
   * @return changed options
   */
  public PretrainOptions withExecution(Execution execution) {
    return new PretrainOptions(
        epochs,
        layerEpochs,
        transfer,
        layerTransfer,
        seed,
        checkpoint,
        checkpointEvery,
        divergence,
        exampleWeights,
        visibleBiasFromData,
        execution);
  }

  int epochsOf(String layer) {
    return layerEpochs.getOrDefault(layer, epochs);
  }

  LayerTransfer transferTo(String layer) {
    return layerTransfer.getOrDefault(layer, transfer);
  }

  private static <T> Map<String, T> with(Map<String, T> map, String key, T value) {
    Map<String, T> changed = new TreeMap<>(map);
    changed.put(key, value);
    return changed;
  }

  private static void require(boolean holds, String option, Object value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
