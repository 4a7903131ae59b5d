/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.util.function.Supplier;

/** Shows nothing. */
enum SilentProgress implements Progress {
  INSTANCE;

  @Override
  public void start(String task, long totalSteps) {}

  @Override
  public void step(long done, String detail) {}

  @Override
  public void advance(long done, Supplier<String> detail) {}

  @Override
  public void finish(String summary) {}

  @Override
  public void close() {}
}
