/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file that should hold idx data does not: its header, its length or its compression is wrong.
 */
public final class IdxFormatException extends IOException {

  private static final long serialVersionUID = 1L;

  IdxFormatException(Path file, String problem) {
    this(file, problem, null);
  }

  IdxFormatException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }
}
