/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Confines oneDNN to the operations that are run through this class. ND4J's natives have one switch
 * for all operations; here it is off, and on while {@link #run} runs.
 *
 * <p>The reason: in the M2.1 natives built with oneDNN several other operations give wrong results
 * or fail in FLOAT when oneDNN computes them, {@code softmax}, {@code softmax_bp} and {@code
 * batchnorm} for some memory layouts and every dilated convolution among them, and none of those
 * tried is faster than without it. Operations that other threads start during a {@link #run} may
 * use oneDNN.
 */
final class OneDnnScope {

  private static final String CPU_NATIVES = "jnind4jcpu";
  private static final String MARK = "-onednn";
  private static final Object LOCK = new Object();

  private static int running;

  private OneDnnScope() {}

  /**
   * Whether the natives in this process were built with oneDNN. Loads ND4J. The natives' own answer
   * is of no use: those built without oneDNN say yes as well.
   */
  static boolean isPresent() {
    confine();
    String library = Loader.getLoadedLibraries().get(CPU_NATIVES);
    return library != null && library.contains(MARK);
  }

  static <T> T run(Supplier<T> operation) {
    enter();
    try {
      return operation.get();
    } finally {
      leave();
    }
  }

  /** Switches oneDNN off for everything outside {@link #run}. Loads ND4J. */
  static void confine() {
    synchronized (LOCK) {
      Nd4j.getEnvironment().allowHelpers(running > 0);
    }
  }

  /** The array itself, or a copy, as one gapless block of memory in 'c' order. */
  static INDArray block(INDArray a, ArrayType type, LayerWorkspaceMgr workspaceMgr) {
    boolean already = a.ordering() == 'c' && Shape.hasDefaultStridesForShape(a);
    return already ? a : workspaceMgr.dup(type, a, 'c');
  }

  private static void enter() {
    synchronized (LOCK) {
      running++;
      Nd4j.getEnvironment().allowHelpers(true);
    }
  }

  private static void leave() {
    synchronized (LOCK) {
      running--;
      Nd4j.getEnvironment().allowHelpers(running > 0);
    }
  }
}
