/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleProgressTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private ConsoleProgress progress(boolean interactive) {
    return new ConsoleProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), interactive);
  }

  private String output() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** What a terminal shows in the end: a carriage return overwrites the line. */
  private String screen() {
    StringBuilder screen = new StringBuilder();
    for (String line : output().split("\n", -1)) {
      StringBuilder shown = new StringBuilder();
      for (String part : line.split("\r", -1)) {
        shown.replace(0, Math.min(shown.length(), part.length()), part);
      }
      screen.append(shown.toString().stripTrailing()).append('\n');
    }
    return screen.toString().stripTrailing();
  }

  @Test
  void printsOneLineForAFinishedTaskWhereThereIsNoTerminal() {
    try (ConsoleProgress progress = progress(false)) {
      progress.start("RBM 1", 1000);
      for (int i = 1; i <= 1000; i++) {
        progress.step(i, "epoch 1/1, recon. err 3.2");
      }
      progress.finish("recon. err 3.2");
      progress.start("RBM 2", 10);
      progress.step(5, null);
    }
    assertTrue(output().matches("RBM 1: recon\\. err 3\\.2 \\(\\d+\\.\\d s\\)\\R"), output());
  }

  @Test
  void drawsTaskDetailAndTimesOnATerminal() throws InterruptedException {
    try (ConsoleProgress progress = progress(true)) {
      progress.start("RBM 1", 200);
      progress.step(50, "epoch 1/4, err 3.2");
      for (int i = 0; i < 100 && !output().contains("err 3.2"); i++) {
        Thread.sleep(100);
      }
      String shown = output();
      assertTrue(shown.contains("RBM 1"), shown);
      assertTrue(shown.contains("25%"), shown);
      assertTrue(shown.contains("epoch 1/4, err 3.2"), shown);
      // time that has passed / time left
      assertTrue(shown.matches("(?s).*\\(0:00:\\d\\d / 0:00:\\d\\d left\\).*"), shown);
      progress.finish("err 3.2");
    }
    assertTrue(screen().matches("RBM 1: err 3\\.2 \\(\\d+\\.\\d s\\)"), screen());
  }

  @Test
  void drawsFiveTimesASecondHoweverOftenItIsCalled() {
    try (ConsoleProgress progress = progress(true)) {
      long start = System.nanoTime();
      progress.start("fast", 3_000_000);
      for (int i = 1; i <= 3_000_000; i++) {
        progress.step(i, "detail");
      }
      progress.finish(null);
      double seconds = (System.nanoTime() - start) / 1e9;
      long drawn = output().chars().filter(c -> c == '\r').count();
      assertTrue(drawn <= 5 * seconds + 8, drawn + " times in " + seconds + " s");
    }
  }

  @Test
  void barOfATaskThatWasBrokenOffStays() throws InterruptedException {
    try (ConsoleProgress progress = progress(true)) {
      progress.start("RBM 1", 4);
      progress.step(3, "err 7.5");
      Thread.sleep(300);
    }
    assertTrue(screen().startsWith("RBM 1  75% ["), screen());
    assertTrue(screen().contains("err 7.5"), screen());
    assertTrue(output().endsWith(System.lineSeparator()));
  }

  /** However short a task is, its line starts at the left and nothing of the bar remains. */
  @Test
  void shortTasksLeaveOneLineEach() {
    try (ConsoleProgress progress = progress(true)) {
      for (int i = 0; i < 30; i++) {
        progress.start("task " + i, 1);
        progress.finish(null);
      }
    }
    String[] lines = screen().split("\n");
    assertEquals(30, lines.length, screen());
    for (int i = 0; i < lines.length; i++) {
      assertTrue(lines[i].matches("task " + i + ": done \\(\\d\\.\\d s\\)"), lines[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callsInAnyOrderDoNoHarm(boolean interactive) {
    ConsoleProgress progress = progress(interactive);
    progress.step(3, "x");
    progress.finish("x");
    progress.close();
    progress.start("unknown length", -1);
    progress.step(70, "x");
    progress.start("empty", 0);
    progress.step(5, "beyond the end");
    progress.step(2, "back");
    progress.finish("");
    progress.finish("twice");
    progress.close();
    progress.close();
    progress.start("again", 1);
    progress.close();
    assertTrue(screen().contains("empty: done ("), screen());
    assertFalse(screen().contains("twice"), screen());
  }

  @Test
  void interruptionsAreKept() {
    ConsoleProgress progress = progress(true);
    progress.start("task", 10);
    Thread.currentThread().interrupt();
    progress.step(1, "x");
    progress.finish("stopped");
    progress.close();
    assertTrue(Thread.interrupted(), "interruption lost");
    assertTrue(screen().startsWith("task: stopped"), screen());
  }

  @Test
  void silentProgressIsOneObjectAndShowsNothing() {
    Progress silent = Progress.silent();
    assertSame(silent, Progress.silent());
    silent.start("task", 1);
    silent.step(1, "x");
    silent.finish("x");
    silent.close();
    assertEquals("", output());
  }

  /** Tests run with their output in a pipe. */
  @Test
  void pipeIsNoTerminal() {
    assertFalse(ConsoleProgress.isTerminal());
    Progress.console().close();
  }
}
