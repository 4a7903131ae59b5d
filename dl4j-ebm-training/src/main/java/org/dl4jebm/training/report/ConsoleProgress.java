/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.io.Console;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DefaultProgressBarRenderer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * Shows progress as a bar with the time that has passed and the time left, redrawn five times a
 * second by a thread of its own. Where output is not a terminal, only one line is printed for each
 * task that has finished.
 *
 * <p>When a task has finished its bar gives way to that line, in both cases; the bar of a task that
 * was broken off stays.
 */
public final class ConsoleProgress implements Progress {

  private static final int UPDATE_MILLIS = 200;

  private final PrintStream out;
  private final boolean interactive;
  private ProgressBar bar;
  private Line line;
  private String task;
  private long startNanos;
  private long detailNanos;

  /**
   * Makes a display.
   *
   * @param out where to print
   * @param interactive whether to draw a bar; that needs a terminal
   */
  public ConsoleProgress(PrintStream out, boolean interactive) {
    this.out = out;
    this.interactive = interactive;
  }

  /**
   * Makes a display on standard output, with a bar if {@link #isTerminal()}.
   *
   * @return a new object, to be closed
   */
  public static ConsoleProgress create() {
    return new ConsoleProgress(System.out, isTerminal());
  }

  /**
   * Tells whether standard input and output are a terminal that can redraw a line.
   *
   * @return false if output goes to a file or another program, or the terminal is a dumb one
   */
  public static boolean isTerminal() {
    Console console = System.console();
    if (console == null || "dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    try {
      // From Java 22 on there can be a console without a terminal, and this method to tell.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return false;
    }
  }

  @Override
  public void start(String task, long totalSteps) {
    endBar(false);
    this.task = task;
    this.startNanos = System.nanoTime();
    this.detailNanos = startNanos - UPDATE_MILLIS * 1_000_000L;
    if (interactive) {
      line = new Line(out);
      bar =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(totalSteps)
              .setRenderer(new Renderer())
              .setUpdateIntervalMillis(UPDATE_MILLIS)
              .continuousUpdate()
              .setConsumer(line)
              .build();
    }
  }

  @Override
  public void step(long done, String detail) {
    if (bar != null) {
      bar.stepTo(done);
      bar.setExtraMessage(detail == null ? "" : detail);
    }
  }

  /** The detail is made anew as often as the bar is redrawn. */
  @Override
  public void advance(long done, Supplier<String> detail) {
    if (bar == null) {
      return;
    }
    long now = System.nanoTime();
    if (now - detailNanos >= UPDATE_MILLIS * 1_000_000L) {
      detailNanos = now;
      step(done, detail.get());
    } else {
      bar.stepTo(done);
    }
  }

  @Override
  public void finish(String summary) {
    if (task == null) {
      return;
    }
    endBar(true);
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    String text = summary == null || summary.isBlank() ? "done" : summary;
    out.println(String.format(Locale.ROOT, "%s: %s (%.1f s)", task, text, seconds));
    task = null;
  }

  @Override
  public void close() {
    endBar(false);
    task = null;
  }

  private void endBar(boolean erase) {
    if (bar == null) {
      return;
    }
    line.erase = erase;
    // ProgressBar.close waits, and would swallow an interruption of this thread; join does not.
    CompletableFuture.runAsync(bar::close).join();
    line.close();
    bar = null;
  }

  /**
   * The library's own picture of a bar, which does not say that its second time is the time left.
   */
  private static final class Renderer extends DefaultProgressBarRenderer {

    Renderer() {
      super(ProgressBarStyle.ASCII, "", 1, false, null, null, true, Renderer::timeLeft);
    }

    private static Optional<Duration> timeLeft(ProgressState state) {
      long done = state.getCurrent() - state.getStart();
      if (state.isIndefinite() || done <= 0) {
        return Optional.empty();
      }
      long todo = state.getMax() - state.getCurrent();
      return Optional.of(state.getElapsedAfterStart().multipliedBy(todo).dividedBy(done));
    }

    /** Left out: the percentage says as much, and the detail needs the room. */
    @Override
    protected String ratio(ProgressState state) {
      return "";
    }

    @Override
    protected String etaString(ProgressState state) {
      return super.etaString(state) + " left";
    }
  }

  /** The line of the terminal on which the bar stands. */
  private static final class Line extends ConsoleProgressBarConsumer {

    private final PrintStream terminal;
    private volatile boolean erase;
    private boolean closed;

    Line(PrintStream terminal) {
      super(terminal);
      this.terminal = terminal;
    }

    @Override
    public synchronized void accept(String text) {
      if (!closed) {
        super.accept(text);
        terminal.flush();
      }
    }

    /**
     * Called by the library too, but not if the bar ends before it was drawn for the first time.
     */
    @Override
    public synchronized void close() {
      if (closed) {
        return;
      }
      closed = true;
      if (erase) {
        terminal.print("\r" + " ".repeat(getMaxRenderedLength()) + "\r");
      } else {
        terminal.println();
      }
      terminal.flush();
    }
  }
}
