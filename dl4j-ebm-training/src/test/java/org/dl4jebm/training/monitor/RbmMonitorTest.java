/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.FastWeights;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.SpinUnits;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.training.likelihood.AisOptions;
import org.dl4jebm.training.likelihood.ExactLikelihood;
import org.dl4jebm.training.likelihood.FreeEnergyGap;
import org.dl4jebm.training.likelihood.PseudoLikelihood;
import org.dl4jebm.training.likelihood.ReconstructionError;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What {@link RbmMonitor} writes, and that training does not notice. */
class RbmMonitorTest {

  private static final Set<Measure> ALL = EnumSet.allOf(Measure.class);

  @TempDir Path folder;

  private MonitorOptions options() {
    return MonitorOptions.to(folder).withMeasures(ALL).withChains(16, 40);
  }

  private static UnaryOperator<RestrictedBoltzmannMachine.Builder> objective(
      ContrastiveDivergenceOptions options) {
    return rbm -> rbm.objective(options);
  }

  private static ContrastiveDivergenceOptions persistent(int chains) {
    return ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(chains);
  }

  private static void train(MultiLayerNetwork network, int epochs) {
    new GreedyPretrainer(PretrainOptions.epochs(epochs)).fit(network, Monitored.iterator());
  }

  /** Computes what must stand in the table, beside the monitor. */
  private static final class Oracle extends BaseTrainingListener {

    final List<Map<String, Double>> rows = new ArrayList<>();

    @Override
    public void onEpochEnd(Model model) {
      RbmModel machine = ((RestrictedBoltzmannMachineLayer) model).model();
      INDArray training = Monitored.training();
      INDArray validation = Monitored.validation();
      ExactLikelihood exact = new ExactLikelihood(machine);
      PseudoLikelihood pseudo = new PseudoLikelihood(machine);
      FreeEnergyGap gap = FreeEnergyGap.of(machine::freeEnergy, training, validation);
      Map<String, Double> row = new HashMap<>();
      row.put("epoch", (double) model.conf().getEpochCount());
      row.put("log_likelihood_training", exact.meanLogLikelihood(training));
      row.put("log_likelihood_validation", exact.meanLogLikelihood(validation));
      row.put("free_energy_training", gap.training());
      row.put("free_energy_validation", gap.validation());
      row.put("free_energy_gap", gap.gap());
      row.put("free_energy_gap_standard_error", gap.standardError());
      row.put("pseudo_likelihood_training", mean(pseudo.exact(training)));
      row.put("pseudo_likelihood_validation", mean(pseudo.exact(validation)));
      row.put("reconstruction_error_training", ReconstructionError.mean(machine, training));
      row.put("reconstruction_error_validation", ReconstructionError.mean(machine, validation));
      rows.add(row);
    }

    private static double mean(INDArray numbers) {
      return numbers.meanNumber().doubleValue();
    }
  }

  @Test
  void theTableHoldsWhatTheEstimatorsFind() throws IOException {
    MultiLayerNetwork network = Monitored.stack(objective(persistent(30)), 8);
    Oracle oracle = new Oracle();
    network.setListeners(
        new RbmMonitor(
            network,
            Monitored.training(),
            Monitored.validation(),
            options().withEvery(3).withAis(AisOptions.linear(200, 50))),
        oracle);
    train(network, 16);
    List<Map<String, Double>> rows = Monitored.rows(folder.resolve("monitor-0.csv"));
    assertEquals(5, rows.size());
    for (int i = 0; i < rows.size(); i++) {
      Map<String, Double> row = rows.get(i);
      oracle
          .rows
          .get(3 * i + 2)
          .forEach((name, value) -> assertEquals(value, row.get(name), 1e-12));
      assertTrue(row.get("autocorrelation_time") > 0.1);
      assertTrue(row.get("effective_sample_size") > 10 && row.get("effective_sample_size") < 2000);
      assertTrue(row.get("r_hat") > 0.9 && row.get("r_hat") < 3);
      // Standard errors are below 0.05, so that 0.2 is more than 4 of them: 6e-5 a comparison.
      for (String sample : List.of("training", "validation")) {
        double exact = row.get("log_likelihood_" + sample);
        assertEquals(exact, row.get("ais_log_likelihood_" + sample), 0.2);
        assertEquals(exact, row.get("reverse_ais_log_likelihood_" + sample), 0.2);
      }
      assertTrue(
          row.get("ais_standard_error") < 0.05 && row.get("reverse_ais_standard_error") < 0.05);
      assertFalse(row.containsKey("temperatures"));
    }
    // One unit of each of 12 rows in 5 epochs, each with a spread of about its value: the limit is
    // 4.6 standard errors, 4e-6.
    double exact = 0;
    double stochastic = 0;
    for (Map<String, Double> row : rows) {
      exact += row.get("pseudo_likelihood_training") / rows.size();
      stochastic += row.get("stochastic_pseudo_likelihood_training") / rows.size();
    }
    assertEquals(exact, stochastic, 0.6 * Math.abs(exact));
    assertPicture("filters-0-epoch-0015.png", 3 * (3 * 18 + 2) + 2, 3 * (3 * 18 + 2) + 2);
    assertPicture("chains-0-epoch-0003.png", 4 * (3 * 18 + 2) + 2, 4 * (3 * 18 + 2) + 2);
    assertPicture("monitor-0.png", 3 * 560, 3 * 400);
    assertEquals(5 + 5 + 2, Monitored.files(folder).size());
  }

  private void assertPicture(String name, int width, int height) throws IOException {
    BufferedImage image = ImageIO.read(folder.resolve(name).toFile());
    assertNotNull(image, name);
    assertEquals(width, image.getWidth(), name);
    assertEquals(height, image.getHeight(), name);
  }

  /** Parameters, updater state, chains, position of the random stream, score. */
  private static void assertSameState(MultiLayerNetwork expected, MultiLayerNetwork actual) {
    assertArrayEquals(
        expected.params().dup().data().asDouble(), actual.params().dup().data().asDouble());
    for (int i = 0; i < expected.getnLayers(); i++) {
      PretrainState one = Monitored.layer(expected, i).pretrainState();
      PretrainState other = Monitored.layer(actual, i).pretrainState();
      assertArrayEquals(one.randomState(), other.randomState());
      assertEquals(one.updaterState(), other.updaterState());
      assertEquals(one.arrays().keySet(), other.arrays().keySet());
      one.arrays().forEach((name, array) -> assertEquals(array, other.arrays().get(name), name));
      assertEquals(one.score(), other.score());
    }
  }

  @Test
  void trainingIsTheSameWithAndWithout() throws IOException {
    ContrastiveDivergenceOptions tempered =
        persistent(10).withTempering(new Tempering(3, 6, 0.5, 5, Tempering.Path.CENTERED));
    int number = 0;
    for (ContrastiveDivergenceOptions training :
        List.of(
            ContrastiveDivergenceOptions.DEFAULT,
            persistent(10),
            persistent(10).withFastWeights(FastWeights.ofRate(0.1)),
            tempered)) {
      MultiLayerNetwork without = Monitored.stack(objective(training), 8, 4);
      train(without, 3);
      MultiLayerNetwork with = Monitored.stack(objective(training), 8, 4);
      Path out = folder.resolve("" + number++);
      with.setListeners(
          new RbmMonitor(
              with,
              Monitored.training(),
              Monitored.validation(),
              MonitorOptions.to(out)
                  .withMeasures(ALL)
                  .withAis(AisOptions.linear(20, 10))
                  .withChains(16, 10)));
      train(with, 3);
      assertSameState(without, with);
      Map<String, Double> last = Monitored.rows(out.resolve("monitor-1.csv")).get(2);
      assertEquals(training == tempered, last.containsKey("swap_rate_mean"));
      if (training == tempered) {
        assertTrue(last.get("swap_rate_lowest") <= last.get("swap_rate_mean"));
        assertTrue(last.get("swap_rate_lowest") > 0 && last.get("swap_rate_mean") < 1);
        double levels = tempered.tempering().maxTemperatures();
        assertTrue(last.get("temperatures") >= 2 && last.get("temperatures") <= levels);
      }
    }
  }

  /** The layer above sees the sample through the one below. */
  @Test
  void aStackHasFilesForEachLayer() throws IOException {
    MultiLayerNetwork network = Monitored.stack(rbm -> rbm, 8, 4, 3);
    RbmMonitor monitor =
        new RbmMonitor(network, Monitored.training(), Monitored.validation(), options());
    network.setListeners(monitor);
    train(network, 2);
    RbmModel lowest = Monitored.layer(network, 0).model();
    RbmModel middle = Monitored.layer(network, 1).model();
    double exact =
        new ExactLikelihood(middle).meanLogLikelihood(lowest.propUp(Monitored.validation()));
    List<Map<String, Double>> rows = Monitored.rows(folder.resolve("monitor-1.csv"));
    assertEquals(exact, rows.get(1).get("log_likelihood_validation"), 1e-12);
    Set<String> names = Monitored.files(folder).keySet();
    assertEquals(
        Set.of(
            "monitor-0.csv",
            "monitor-0.png",
            "monitor-1.csv",
            "monitor-1.png",
            "monitor-2.csv",
            "monitor-2.png"),
        names.stream().filter(name -> name.startsWith("monitor")).collect(Collectors.toSet()));
    assertTrue(names.contains("filters-0-epoch-0002.png"));
    assertFalse(names.contains("filters-1-epoch-0002.png"), "8 units are no square");
    assertTrue(names.contains("chains-2-epoch-0002.png"), "4 units are a square");
  }

  @Test
  void aGraphNamesItsVertices() throws IOException {
    ComputationGraph graph = Monitored.graph("enc/one", "two");
    graph.setListeners(new RbmMonitor(graph, Monitored.training(), null, options().withTile(3, 3)));
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(graph, Monitored.iterator());
    RbmModel first = ((RestrictedBoltzmannMachineLayer) graph.getLayer("enc/one")).model();
    RbmModel second = ((RestrictedBoltzmannMachineLayer) graph.getLayer("two")).model();
    INDArray training = Monitored.training();
    List<Map<String, Double>> rows = Monitored.rows(folder.resolve("monitor-enc%2Fone.csv"));
    assertEquals(
        new ExactLikelihood(first).meanLogLikelihood(training),
        rows.get(1).get("log_likelihood_training"),
        1e-12);
    assertFalse(rows.get(1).containsKey("log_likelihood_validation"));
    assertFalse(rows.get(1).containsKey("free_energy_gap"));
    assertEquals(
        new ExactLikelihood(second).meanLogLikelihood(first.propUp(training)),
        Monitored.rows(folder.resolve("monitor-two.csv")).get(1).get("log_likelihood_training"),
        1e-12);
    assertTrue(Files.exists(folder.resolve("filters-enc%2Fone-epoch-0001.png")));
  }

  @Test
  void whatDoesNotApplyIsEmpty() throws IOException {
    MultiLayerNetwork network =
        Monitored.stack(rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()), 8);
    network.setListeners(
        new RbmMonitor(
            network, Monitored.training(), Monitored.validation(), options().withMaxStates(255)));
    train(network, 1);
    Map<String, Double> row = Monitored.rows(folder.resolve("monitor-0.csv")).get(0);
    assertEquals(
        Set.of(
            "epoch",
            "free_energy_training",
            "free_energy_validation",
            "free_energy_gap",
            "free_energy_gap_standard_error",
            "reconstruction_error_training",
            "reconstruction_error_validation",
            "autocorrelation_time",
            "effective_sample_size",
            "r_hat"),
        row.keySet());
  }

  @Test
  void onlyWhatWasAskedForIsWritten() throws IOException {
    MultiLayerNetwork network = Monitored.stack(objective(persistent(5)), 8);
    network.setListeners(
        new RbmMonitor(
            network,
            Monitored.training(),
            null,
            options().withMeasures(Set.of()).withFilters(0).withTile(2, 4)));
    train(network, 1);
    assertEquals(Map.of("epoch", 1.0), Monitored.rows(folder.resolve("monitor-0.csv")).get(0));
    assertEquals(
        Set.of("monitor-0.csv", "chains-0-epoch-0001.png"), Monitored.files(folder).keySet());
    // five chains of 4x2 pixels, 14 to a pixel, in three columns and two rows
    assertPicture("chains-0-epoch-0001.png", 3 * (4 * 14 + 2) + 2, 2 * (2 * 14 + 2) + 2);
  }

  /** Grey levels are probabilities, not where the smallest and the largest mean happen to be. */
  @Test
  void chainsOfPixelsAreDrawnFromBlackToWhite() {
    INDArray means = Nd4j.createFromArray(new double[][] {{0.25, 0.5, 0.75, 0.25, 40}});
    MonitorPictures pictures = new MonitorPictures(2, 2);
    MixedUnits labelled =
        MixedUnits.of(
            MixedUnits.part(4, new BernoulliUnits()), MixedUnits.part(1, new SpinUnits()));
    MixedUnits other =
        MixedUnits.of(
            MixedUnits.part(3, new BernoulliUnits()), MixedUnits.part(2, new SpinUnits()));
    assertEquals(64, grey(pictures.chains(means, new BernoulliUnits())));
    assertEquals(64, grey(pictures.chains(means, labelled)));
    assertEquals(0, grey(pictures.chains(means, other)));
    assertEquals(0, grey(pictures.chains(means, new SpinUnits())));
  }

  private static int grey(BufferedImage image) {
    return image.getRGB(3, 3) & 0xFF;
  }

  /** The trainer stops before the monitor sees this; a loop of one's own need not. */
  @Test
  void parametersThatAreNotFiniteLeaveCellsEmpty() throws IOException {
    MultiLayerNetwork network = Monitored.stack(objective(persistent(5)), 8);
    RestrictedBoltzmannMachineLayer layer = Monitored.layer(network, 0);
    RbmMonitor monitor =
        new RbmMonitor(
            network,
            Monitored.training(),
            Monitored.validation(),
            options().withAis(AisOptions.linear(20, 10)));
    train(network, 1);
    layer.getParam("W").putScalar(2, 3, Double.NaN);
    monitor.onEpochEnd(layer);
    assertEquals(List.of(Map.of("epoch", 1.0)), Monitored.rows(folder.resolve("monitor-0.csv")));
    int magenta = 0xFFFF00FF;
    BufferedImage filters = ImageIO.read(folder.resolve("filters-0-epoch-0001.png").toFile());
    // unit 3 is the first of the second row, input 2 its upper right pixel
    assertEquals(magenta, filters.getRGB(2 + 2 * 18 + 1, 56 + 2 + 1));
    layer.getParam("W").assign(1e200);
    layer.conf().setEpochCount(2);
    monitor.onEpochEnd(layer);
    assertEquals(Map.of("epoch", 2.0), Monitored.rows(folder.resolve("monitor-0.csv")).get(1));
    layer.getParam("W").assign(1e4);
    layer.conf().setEpochCount(3);
    monitor.onEpochEnd(layer);
    Map<String, Double> huge = Monitored.rows(folder.resolve("monitor-0.csv")).get(2);
    assertTrue(huge.get("log_likelihood_training") <= 0);
  }
}
