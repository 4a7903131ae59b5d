/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.TrainTest;
import org.dl4jebm.training.energy.EnergyTrainer;
import org.dl4jebm.training.energy.EnergyTrainingOptions;
import org.dl4jebm.training.report.Curves;
import org.dl4jebm.training.report.ImageGrid;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.sampling.Box;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.LangevinChains;
import org.dl4jebm.training.sampling.Starts;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Trains a convolutional energy network on digits of all classes but one by Langevin chains from a
 * replay buffer (Du and Mordatch, NeurIPS 2019), shows its samples, and measures how well its
 * energies tell test images from noise, from shuffled patches and from the class left out.
 *
 * <p>The chains' noise is far below that of their drift, as in the paper: they sample at a low
 * temperature, not {@code exp(-E) / Z}.
 */
public final class EnergyExperiment {

  private static final int DIGITS_EPOCHS = 16;
  private static final int MNIST_EPOCHS = 1;
  private static final double RATE = 1e-3;

  /** Constants of Adam; without momentum training is steadier against chains that lag behind. */
  private static final double BETA1 = 0;

  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private static final double GRADIENT_NORM = 0.1;
  private static final double GRADIENT_CLIP = 0.06;
  private static final double DATA_NOISE = 0.005;

  private static final int FILTERS = 16;
  private static final int HIDDEN = 64;
  private static final int LARGE_IMAGE = 16;

  /** Times in a training at which energies are measured and chains are shown, and how many. */
  private static final int LOOKS = 8;

  private static final int SHOWN = 16;
  private static final int WATCHED = 500;

  /** Moves of the chains that start from noise at the end, in those of a step of training. */
  private static final int FRESH_MOVES = 10;

  private static final int MEASURED = 1000;

  private final DigitArguments arguments;
  private final EnergyArguments settings;
  private final LabelledImages train;
  private final LabelledImages inside;
  private final LabelledImages leftOut;
  private final OutputFolder folder;
  private final PrintWriter out;
  private final Progress progress;
  private final MultiLayerNetwork network;
  private final Langevin kernel;
  private final List<double[]> looks = new ArrayList<>();
  private final List<INDArray> shown = new ArrayList<>();

  /**
   * Sets the experiment up.
   *
   * @param arguments images and training
   * @param settings chains
   * @param images training and test images. Not modified.
   * @param folder where results go
   * @param out where findings are printed
   * @param progress follows the training
   * @throws IllegalArgumentException naming the option that is not accepted
   */
  public EnergyExperiment(
      DigitArguments arguments,
      EnergyArguments settings,
      TrainTest images,
      OutputFolder folder,
      PrintWriter out,
      Progress progress) {
    this.arguments = arguments;
    this.settings = settings;
    train = ofClass(images.train(), settings.leftOut(), false);
    int batch = Math.min(arguments.batch(), train.size());
    settings.check(batch, images.train().classes());
    inside = ofClass(images.test(), settings.leftOut(), false);
    leftOut = ofClass(images.test(), settings.leftOut(), true);
    this.folder = folder;
    this.out = out;
    this.progress = progress;
    network = network(arguments, train.height(), train.width());
    kernel =
        Langevin.independent(settings.drift(), settings.noise())
            .withGradientClip(GRADIENT_CLIP)
            .within(Box.UNIT);
  }

  private static LabelledImages ofClass(LabelledImages images, int label, boolean same) {
    int[] labels = images.labels();
    int[] rows =
        IntStream.range(0, labels.length).filter(i -> (labels[i] == label) == same).toArray();
    Checks.require(
        rows.length > 0,
        "--left-out",
        label,
        "a class that some of the test images are of, and not all images");
    return images.rows(rows);
  }

  private static MultiLayerNetwork network(DigitArguments arguments, int height, int width) {
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder()
            .seed(Seeds.derive(arguments.seed(), 1))
            .weightInit(WeightInit.XAVIER)
            .activation(Activation.SWISH)
            .updater(new HostAdam(arguments.rate(RATE), null, BETA1, BETA2, EPSILON))
            .gradientNormalization(GradientNormalization.ClipL2PerParamType)
            .gradientNormalizationThreshold(GRADIENT_NORM)
            .convolutionMode(ConvolutionMode.Same)
            .list();
    if (height >= LARGE_IMAGE) {
      layers
          .layer(new ConvolutionLayer.Builder(5, 5).stride(2, 2).nOut(FILTERS).build())
          .layer(new ConvolutionLayer.Builder(3, 3).stride(2, 2).nOut(2 * FILTERS).build());
    } else {
      layers.layer(new ConvolutionLayer.Builder(3, 3).nOut(FILTERS).build());
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            layers
                .layer(new ConvolutionLayer.Builder(3, 3).stride(2, 2).nOut(2 * FILTERS).build())
                .layer(new DenseLayer.Builder().nOut(HIDDEN).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutionalFlat(height, width, 1))
                .build());
    network.init();
    return network;
  }

  /**
   * Runs everything.
   *
   * @throws IOException if a file cannot be written
   * @throws org.dl4jebm.training.TrainingDivergedException if the training diverges
   */
  public void run() throws IOException {
    int moves = settings.moves(arguments.quick());
    int epochs = arguments.epochs(DIGITS_EPOCHS, MNIST_EPOCHS);
    EnergyTrainingOptions options =
        EnergyTrainingOptions.replay(kernel, moves, Starts.uniform(Box.UNIT))
            .withBuffer(settings.buffer(), settings.restart())
            .withEnergyL2(settings.energyL2())
            .withDataNoise(DATA_NOISE)
            .withSeed(Seeds.derive(arguments.seed(), 2));
    double seconds = 0;
    try (EnergyTrainer trainer = new EnergyTrainer(network, options)) {
      List<INDArray> parts = parts(epochs);
      progress.start("energy network", parts.size());
      for (int part = 0; part < parts.size(); part++) {
        seconds += trainer.fit(batches(parts.get(part), part), 1).seconds();
        look(trainer.chains(), (part + 1.0) * epochs / parts.size(), part, parts.size());
        progress.step(part + 1, "");
      }
      progress.finish(null);
    }
    ModelFiles.write(network, folder.path().resolve("model.zip"));
    pictures(moves);
    report(moves, epochs, seconds);
  }

  /** The training images of each pass; of a single pass over many images, its parts. */
  private List<INDArray> parts(int epochs) {
    List<INDArray> parts = new ArrayList<>();
    int n = train.size();
    int pieces = epochs < LOOKS ? Math.max(1, Math.min(LOOKS, n / arguments.batch())) : 1;
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (int i = 0; i < pieces; i++) {
        parts.add(
            train
                .features()
                .get(
                    NDArrayIndex.interval(i * n / pieces, (i + 1) * n / pieces),
                    NDArrayIndex.all()));
      }
    }
    return parts;
  }

  private ShuffledDataSetIterator batches(INDArray images, int part) {
    return new ShuffledDataSetIterator(
        images,
        ShuffledDataSetIterator.Options.shuffled(
                Math.min(arguments.batch(), images.rows()), Seeds.derive(arguments.seed(), 3))
            .droppingLast());
  }

  private void look(INDArray chains, double epoch, int part, int parts) {
    INDArray noise = noise(Math.min(WATCHED, inside.size()), 4);
    looks.add(
        new double[] {
          epoch,
          mean(energies(first(inside.features(), WATCHED))),
          mean(energies(first(chains, WATCHED))),
          mean(energies(noise)),
          mean(energies(first(leftOut.features(), WATCHED)))
        });
    if ((part + 1) * LOOKS / parts > part * LOOKS / parts) {
      shown.add(first(chains, SHOWN));
    }
  }

  private INDArray noise(int n, long stream) {
    INDArray noise = Nd4j.create(DataType.FLOAT, n, (long) train.height() * train.width());
    try (RandomStream random = new RandomStream(Seeds.derive(arguments.seed(), stream))) {
      Starts.uniform(Box.UNIT).draw(random, noise);
    }
    return noise;
  }

  private static INDArray first(INDArray rows, int count) {
    return rows.get(NDArrayIndex.interval(0, Math.min(count, rows.rows())), NDArrayIndex.all())
        .dup('c');
  }

  private double[] energies(INDArray images) {
    return new NetworkEnergy(network)
        .energy(images)
        .castTo(DataType.DOUBLE)
        .dup('c')
        .data()
        .asDouble();
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private void pictures(int moves) throws IOException {
    ImageGrid grid = ImageGrid.images(train.height(), train.width()).withColumns(SHOWN);
    folder.writePng("samples.png", grid.render(Nd4j.vstack(shown)));
    INDArray fresh;
    try (RandomStream random = new RandomStream(Seeds.derive(arguments.seed(), 5))) {
      fresh =
          LangevinChains.from(
                  DifferentiableEnergy.of(new NetworkEnergy(network)),
                  noise(2 * SHOWN, 6),
                  kernel,
                  random)
              .step((long) FRESH_MOVES * moves)
              .points();
    }
    folder.writePng("samples-from-noise.png", grid.render(fresh));
    Curves curves = new Curves("Mean energies", "epoch", "nats");
    String[] names = {
      "test images", "chains", "uniform noise", "class " + settings.leftOut() + " (left out)"
    };
    double[] epochs = looks.stream().mapToDouble(look -> look[0]).toArray();
    for (int i = 0; i < names.length; i++) {
      int column = i + 1;
      curves.add(names[i], epochs, looks.stream().mapToDouble(look -> look[column]).toArray());
    }
    folder.writePng("energies.png", curves.render());
  }

  private void report(int moves, int epochs, double seconds) throws IOException {
    LabelledImages measured = inside.size() > MEASURED ? inside.first(MEASURED) : inside;
    INDArray shuffled =
        OutOfDistribution.shufflePatches(
            measured.features(), train.height(), train.width(), Seeds.derive(arguments.seed(), 7));
    TextTable table =
        new TextTable("test images against", "images", "AUROC, energy", "AUROC, distance");
    row(table, "uniform noise", measured.features(), noise(measured.size(), 8));
    row(table, "their own patches, shuffled", measured.features(), shuffled);
    row(
        table,
        "class " + settings.leftOut() + ", left out",
        measured.features(),
        first(leftOut.features(), MEASURED));
    String text =
        String.format(
            Locale.ROOT,
            "%d test images of the %d classes that the network was trained on against images of"
                + " other kinds; distance: from the mean training image, for comparison. %d training"
                + " images, %d epochs, %d moves a step, %d parameters, seed %d, training %.0f"
                + " s.%n%n%s",
            measured.size(),
            train.classes() - 1,
            train.size(),
            epochs,
            moves,
            network.numParams(),
            arguments.seed(),
            seconds,
            table);
    folder.writeText("results.md", text);
    out.printf("%s%nTables, pictures and the network are in %s%n", text, folder);
    out.flush();
  }

  private void row(TextTable table, String name, INDArray images, INDArray others) {
    table.row(
        name,
        others.rows(),
        area(energies(images), energies(others)),
        area(distances(images), distances(others)));
  }

  private static String area(double[] images, double[] others) {
    return String.format(Locale.ROOT, "%.3f", OutOfDistribution.area(images, others));
  }

  private double[] distances(INDArray images) {
    INDArray difference = images.subRowVector(train.features().mean(0));
    return difference.norm2(1).castTo(DataType.DOUBLE).data().asDouble();
  }
}
