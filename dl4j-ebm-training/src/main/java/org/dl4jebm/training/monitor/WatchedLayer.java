/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.report.OutputFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One machine of a network: its table, its pictures, and the files they go to. */
final class WatchedLayer {

  private static final Logger LOG = LoggerFactory.getLogger(RbmMonitor.class);

  private final String name;
  private final RestrictedBoltzmannMachineLayer layer;
  private final OutputFolder folder;
  private final MonitorTable table;

  /** Null where visible units are no picture. */
  private final MonitorPictures pictures;

  private final Set<String> told = new HashSet<>();

  /**
   * @param lowest whether the tile size of the options is meant for this layer
   * @throws IllegalArgumentException if the tile has more pixels than there are visible units, or
   *     there is a file with this table's name that is none
   */
  WatchedLayer(
      String name,
      RestrictedBoltzmannMachineLayer layer,
      boolean lowest,
      MonitorOptions options,
      OutputFolder folder)
      throws IOException {
    this.name = name;
    this.layer = layer;
    this.folder = folder;
    this.table = MonitorTable.read(folder.path().resolve(tableFile()));
    this.pictures = pictures(lowest, options);
  }

  private MonitorPictures pictures(boolean lowest, MonitorOptions options) {
    long units = layer.model().visibleSize();
    if (lowest && options.tileHeight() > 0) {
      if ((long) options.tileHeight() * options.tileWidth() > units) {
        throw new IllegalArgumentException(
            "tile is "
                + options.tileHeight()
                + "x"
                + options.tileWidth()
                + "; accepted: at most as many pixels as the "
                + units
                + " visible units of layer \""
                + name
                + "\"");
      }
      return new MonitorPictures(options.tileHeight(), options.tileWidth());
    }
    int side = (int) Math.round(Math.sqrt(units));
    if ((long) side * side == units) {
      return new MonitorPictures(side, side);
    }
    tellOnce(
        "pictures",
        "the "
            + units
            + " visible units are no square"
            + (lowest ? "; MonitorOptions.withTile says how they form a picture" : ""));
    return null;
  }

  RestrictedBoltzmannMachineLayer layer() {
    return layer;
  }

  MonitorTable table() {
    return table;
  }

  /** Says in the log that something is left out; once for each thing. */
  void tellOnce(String what, String reason) {
    if (told.add(what)) {
      LOG.info("Monitor of layer \"{}\": no {}: {}", name, what, reason);
    }
  }

  void write(int epoch, Measurement found, MonitorOptions options) throws IOException {
    table.put(epoch, found.values());
    folder.writeText(tableFile(), table.toString());
    Optional<BufferedImage> chart = MonitorChart.of(table);
    if (chart.isPresent()) {
      folder.writePng("monitor-" + fileName() + ".png", chart.get());
    }
    if (pictures == null) {
      return;
    }
    RbmModel model = layer.model();
    if (options.filters() > 0) {
      folder.writePng(pictureFile("filters", epoch), pictures.filters(model, options.filters()));
    }
    Optional<INDArray> chains = found.chainMeans();
    if (chains.isPresent()) {
      folder.writePng(
          pictureFile("chains", epoch), pictures.chains(chains.get(), model.visibleUnits()));
    }
  }

  private String tableFile() {
    return "monitor-" + fileName() + ".csv";
  }

  /** Numbers have leading zeros, so that files sorted by name are sorted by epoch. */
  private String pictureFile(String kind, int epoch) {
    return String.format(Locale.ROOT, "%s-%s-epoch-%04d.png", kind, fileName(), epoch);
  }

  /** Vertices may have any name; what no file system minds stays as it is. */
  private String fileName() {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("*", "%2A");
  }
}
