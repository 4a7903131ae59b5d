/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.ArrayList;
import java.util.List;
import org.dl4jebm.layers.random.RandomStream;

/** What a checkpoint stores as JSON; public fields for the mapper. */
final class CheckpointContents {

  /** What has no roll backs in it can be read by what reads version 1. */
  private static final int PLAIN_VERSION = 1;

  static final int VERSION = 2;

  public int version = PLAIN_VERSION;
  public int stage;
  public int epoch;
  public long batch;
  public int pass;
  public long[] transferRandomState;
  public int rollBacks;
  public double rateFactor = 1;
  public LastGoodContents lastGood;
  public List<StageContents> stages = new ArrayList<>();

  /** What is stored of the state to go back to as JSON; its stage is that of the position. */
  static final class LastGoodContents {
    public int epoch;
    public long batch;
    public int pass;
    public long[] transferRandomState;
    public StageContents layer;
  }

  /** What is stored of one layer as JSON. */
  static final class StageContents {
    public String name;
    public int iterationCount;
    public int epochCount;
    public boolean hasUpdaterState;
    public List<String> arrays;
    public long[] randomState;
    public double score;
  }

  void check() {
    if (version < 1 || version > VERSION) {
      throw new IllegalArgumentException(
          "its version is " + version + "; accepted: 1 to " + VERSION);
    }
    if (stages == null
        || stage < 0
        || stage > stages.size()
        || epoch < 0
        || batch < 0
        || pass < 0) {
      throw new IllegalArgumentException("its position is out of range");
    }
    if (rollBacks < 0 || !(rateFactor > 0 && rateFactor <= 1)) {
      throw new IllegalArgumentException(
          "it has "
              + rollBacks
              + " roll backs and a factor "
              + rateFactor
              + " on learning rates; accepted: 0 or more, and above 0 to 1");
    }
    if (lastGood != null) {
      checkLastGood();
    }
    checkRandomState(transferRandomState, "between layers");
    for (StageContents stage : stages) {
      if (stage == null || stage.name == null) {
        throw new IllegalArgumentException("one of its layers has no name");
      }
      if (stage.randomState != null) {
        checkRandomState(stage.randomState, "of layer \"" + stage.name + "\"");
      }
    }
  }

  private void checkLastGood() {
    LastGoodContents good = lastGood;
    if (good.layer == null
        || stage >= stages.size()
        || good.epoch != epoch
        || good.pass != pass
        || good.batch < 0
        || good.batch > batch) {
      throw new IllegalArgumentException("its last good state is not one of its position");
    }
    checkRandomState(good.transferRandomState, "between layers, of the last good state,");
  }

  private static void checkRandomState(long[] state, String whose) {
    if (state == null || state.length != RandomStream.STATE_LENGTH) {
      throw new IllegalArgumentException(
          "its random state "
              + whose
              + " has "
              + (state == null ? 0 : state.length)
              + " numbers; accepted: "
              + RandomStream.STATE_LENGTH);
    }
  }
}
