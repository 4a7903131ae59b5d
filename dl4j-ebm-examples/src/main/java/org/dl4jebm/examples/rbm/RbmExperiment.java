/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RbmParamInitializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.monitor.MonitorOptions;
import org.dl4jebm.training.monitor.RbmMonitor;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.dl4jebm.training.pretrain.PretrainResult;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Trains one machine for each seed, estimates the likelihood of training and test images, and
 * writes a table, pictures and the trained machines to a folder.
 */
public final class RbmExperiment {

  private static final int FILTERS = 100;

  /** Training and test images that are looked at while a machine is trained. */
  private static final int MONITORED = 500;

  private final Settings settings;
  private final DataSettings.Rows data;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;

  /**
   * Everything that determines the numbers, apart from the images.
   *
   * @param training how the machine is trained
   * @param evidence how its likelihood is estimated
   * @param seeds of the repetitions, not 0; at least one, none twice
   * @param monitorEvery epochs from one look at the training to the next, or 0 for none
   * @param execution what trains, and anneals chains
   * @param published the figure to compare with
   */
  public record Settings(
      TrainingSettings training,
      EvidenceSettings evidence,
      List<Long> seeds,
      int monitorEvery,
      Execution execution,
      String published) {

    /**
     * Checks and copies the settings.
     *
     * @throws IllegalArgumentException naming the option, its value and what is accepted
     */
    public Settings {
      seeds.forEach(seed -> Seeds.requireNonZero(seed, "--seeds"));
      Checks.require(
          !seeds.isEmpty() && new HashSet<>(seeds).size() == seeds.size(),
          "--seeds",
          seeds,
          "one value or more, none of them twice");
      seeds = List.copyOf(seeds);
    }
  }

  /**
   * Sets the experiment up.
   *
   * @param settings what to do
   * @param data training and test images. Not modified.
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows training and sampling
   */
  public RbmExperiment(
      Settings settings,
      DataSettings.Rows data,
      OutputFolder folder,
      PrintWriter out,
      Progress progress) {
    this.settings = settings;
    this.data = data;
    this.folder = folder;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be written
   * @throws org.dl4jebm.training.TrainingDivergedException if a training leads to values that are
   *     not finite
   */
  public void run() throws IOException {
    List<Finding> findings = new ArrayList<>();
    for (long seed : settings.seeds()) {
      long start = System.nanoTime();
      RestrictedBoltzmannMachineLayer layer = train(seed);
      double trained = (System.nanoTime() - start) / 1e9;
      print("seed %d: trained in %.1f s", seed, trained);
      pictures(layer.model(), seed);
      Finding finding =
          new Likelihood(settings.evidence(), settings.execution(), progress)
              .of(layer.model(), data, seed, trained);
      finding.lines().forEach(line -> print("seed %d: %s", seed, line));
      findings.add(finding);
    }
    report(findings);
  }

  private RestrictedBoltzmannMachineLayer train(long seed) throws IOException {
    TrainingSettings training = settings.training();
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(Seeds.derive(seed, 1))
                .updater(training.updater())
                .weightInit(new NormalDistribution(0, training.deviation()))
                .l2(training.l2())
                .list()
                .layer(
                    new RestrictedBoltzmannMachine.Builder()
                        .nIn(data.train().columns())
                        .nOut(training.hidden())
                        .objective(training.objective())
                        .build())
                .build());
    network.init();
    RestrictedBoltzmannMachineLayer rbm = (RestrictedBoltzmannMachineLayer) network.getLayer(0);
    rbm.getParam(RbmParamInitializer.VISIBLE_BIAS_KEY)
        .assign(rbm.model().visibleUnits().biasForMean(data.train().mean(0)).reshape(1, -1));
    if (settings.monitorEvery() > 0) {
      network.setListeners(monitor(network, seed));
    }
    PretrainResult result =
        new GreedyPretrainer(
                PretrainOptions.epochs(training.epochs())
                    .withSeed(seed)
                    .withExecution(settings.execution()),
                progress)
            .fit(
                network,
                new ShuffledDataSetIterator(
                    data.train(),
                    ShuffledDataSetIterator.Options.shuffled(
                            Math.min(training.batch(), data.train().rows()), seed)
                        .reusingArrays()));
    if (settings.execution() != Execution.ND4J) {
      print("seed %d: trained on %s", seed, result.layers().get(0).ranOn());
    }
    ModelFiles.write(network, folder.path().resolve("machine-seed" + seed + ".zip"));
    return (RestrictedBoltzmannMachineLayer) network.getLayer(0);
  }

  private RbmMonitor monitor(MultiLayerNetwork network, long seed) throws IOException {
    return new RbmMonitor(
        network,
        monitored(data.train()),
        monitored(data.test()),
        MonitorOptions.to(folder.path().resolve("monitor-seed" + seed))
            .withEvery(settings.monitorEvery())
            .withTile(data.height(), data.width())
            .withSeed(seed));
  }

  private static INDArray monitored(INDArray rows) {
    return rows.get(NDArrayIndex.interval(0, Math.min(MONITORED, rows.rows())), NDArrayIndex.all());
  }

  private void pictures(RbmModel model, long seed) throws IOException {
    long shown = Math.min(FILTERS, model.hiddenSize());
    folder.writePng(
        "filters-seed" + seed + ".png",
        ImageGrid.filters(data.height(), data.width())
            .renderColumns(
                model.weights().get(NDArrayIndex.all(), NDArrayIndex.interval(0, shown))));
  }

  private void report(List<Finding> findings) throws IOException {
    TextTable table = new TextTable(Finding.headings());
    findings.forEach(finding -> table.row(finding.cells()));
    String text =
        String.format(
            Locale.ROOT,
            "Mean log-likelihood in nats. %d-%d machine, %d training and %d test images. Published:"
                + " %s.%n%n%s%n%s, %s%n",
            data.train().columns(),
            settings.training().hidden(),
            data.train().rows(),
            data.test().rows(),
            settings.published(),
            table,
            settings.training(),
            settings.evidence());
    folder.writeText("results.md", text);
    print("%n%s", text);
    print("Tables, pictures and machines are in %s", folder);
  }

  private void print(String format, Object... arguments) {
    out.println(String.format(Locale.ROOT, format, arguments));
    out.flush();
  }
}
