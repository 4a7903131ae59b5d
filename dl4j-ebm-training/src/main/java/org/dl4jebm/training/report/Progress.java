/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.util.function.Supplier;

/**
 * Follows a long piece of work. Calls are cheap, so that a trainer can make one for each batch, and
 * never fail because of the order in which they come.
 *
 * <p>Tasks follow one another: {@link #start} begins one, {@link #step} tells how far it is, {@link
 * #finish} ends it. {@link #close} ends everything, also in the middle of a task. To be used by one
 * thread at a time.
 */
public interface Progress extends AutoCloseable {

  /**
   * Begins a task. A task that is still running is ended without a summary.
   *
   * @param task its name, such as {@code RBM 1 of 3}
   * @param totalSteps the number of steps, or a negative number if unknown
   */
  void start(String task, long totalSteps);

  /**
   * Tells how far the task is.
   *
   * @param done steps done since the task began, not since the last call
   * @param detail what to show beside it, such as {@code epoch 3/10, recon. err 12.3}; may be null
   */
  void step(long done, String detail);

  /**
   * Tells how far the task is, with a detail that is made only if it is shown: making it can take
   * longer than the rest of a short step.
   *
   * @param done steps done since the task began, not since the last call
   * @param detail gives what to show beside it, as for {@link #step}
   */
  default void advance(long done, Supplier<String> detail) {
    step(done, detail.get());
  }

  /**
   * Ends the task.
   *
   * @param summary the outcome in a few words; may be null
   */
  void finish(String summary);

  /** Ends everything; does nothing the second time. */
  @Override
  void close();

  /**
   * Returns an object that shows nothing.
   *
   * @return the same object each time
   */
  static Progress silent() {
    return SilentProgress.INSTANCE;
  }

  /**
   * Returns an object that shows a bar on standard output if that is a terminal, else one line for
   * each finished task.
   *
   * @return a new object, to be closed
   */
  static Progress console() {
    return ConsoleProgress.create();
  }
}
