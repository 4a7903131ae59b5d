/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** The code in README.md compiles, and the program does what the text beside it says. */
class ReadmeTest {

  private static final Pattern JAVA_BLOCK =
      Pattern.compile("```java\\n(.*?public class (\\w+) .*?)```", Pattern.DOTALL);
  private static final Pattern JAVA_FRAGMENT =
      Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  /** What the fragments take for granted. */
  private static final String FRAGMENT_PROGRAM =
      """
      import java.nio.file.Path;
      import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
      import org.deeplearning4j.nn.conf.inputs.InputType;
      import org.deeplearning4j.nn.conf.layers.DenseLayer;
      import org.deeplearning4j.nn.conf.layers.OutputLayer;
      import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
      import org.dl4jebm.layers.energy.*;
      import org.dl4jebm.layers.variational.*;
      import org.dl4jebm.training.data.*;
      import org.dl4jebm.training.monitor.*;
      import org.dl4jebm.training.pretrain.*;
      import org.dl4jebm.training.score.*;
      import org.dl4jebm.training.variational.*;
      import org.nd4j.linalg.activations.Activation;
      import org.nd4j.linalg.api.ndarray.INDArray;
      import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
      import org.nd4j.linalg.factory.Nd4j;
      import org.nd4j.linalg.learning.config.Adam;
      import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

      public class %s {
        public static void run(
            MultiLayerNetwork network,
            DataSetIterator train,
            INDArray trainingSample,
            INDArray validationSample)
            throws Exception {
          %s
        }
      }
      """;

  /** Of the method run of fragments that need none of them. */
  private static final Class<?>[] FRAGMENT_ARGUMENTS = {
    MultiLayerNetwork.class, DataSetIterator.class, INDArray.class, INDArray.class
  };

  private static final Pattern LAPLACIAN = Pattern.compile("mean Laplacian (-?[0-9.]+)");

  private static final Pattern ACCURACY = Pattern.compile("accuracy (0\\.\\d+|1\\.0)");

  /** README says "about 0.92"; the seed is fixed, and only rounding differs between machines. */
  private static final double STATED_ACCURACY = 0.92;

  private static final double ROUNDING_MARGIN = 0.015;

  @TempDir Path folder;

  @Test
  void programOfTheReadmeRuns() throws Exception {
    Matcher block = JAVA_BLOCK.matcher(Files.readString(Path.of("..", "README.md")));
    assertTrue(block.find(), "README.md has no java block with a public class");
    String className = block.group(2);
    compile(className, block.group(1));

    Matcher accuracy = ACCURACY.matcher(outputOf(className));
    assertTrue(accuracy.find(), "the program printed no accuracy");
    assertEquals(STATED_ACCURACY, Double.parseDouble(accuracy.group(1)), ROUNDING_MARGIN);
  }

  /** Statements that are shown without a program around them. */
  @Test
  void fragmentsOfTheReadmeCompile() throws Exception {
    Matcher block = JAVA_FRAGMENT.matcher(Files.readString(Path.of("..", "README.md")));
    int fragments = 0;
    while (block.find()) {
      if (!block.group(1).contains("public class")) {
        String className = "Fragment" + ++fragments;
        compile(className, FRAGMENT_PROGRAM.formatted(className, block.group(1)));
      }
    }
    assertTrue(fragments > 0, "README.md has no java block without a class");
  }

  /** README says 8, for the distribution; the network is trained on a sample, for a short time. */
  @Test
  void energyNetworkOfTheReadmeRuns() throws Exception {
    Matcher block = JAVA_FRAGMENT.matcher(Files.readString(Path.of("..", "README.md")));
    String fragment = "";
    while (block.find()) {
      if (block.group(1).contains("new NetworkEnergy(")) {
        fragment = block.group(1);
      }
    }
    compile("EnergyFragment", FRAGMENT_PROGRAM.formatted("EnergyFragment", fragment));
    Matcher laplacian = LAPLACIAN.matcher(outputOf("EnergyFragment", FRAGMENT_ARGUMENTS));
    assertTrue(laplacian.find(), "the fragment printed no Laplacian");
    assertEquals(8, Double.parseDouble(laplacian.group(1)), 1);
  }

  private void compile(String className, String text) throws Exception {
    Path source = folder.resolve(className + ".java");
    Files.writeString(source, text);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    int status =
        compiler.run(
            null,
            messages,
            messages,
            "-proc:none",
            "-cp",
            classPath(),
            "-d",
            folder.toString(),
            source.toString());
    assertEquals(0, status, () -> messages.toString(StandardCharsets.UTF_8));
  }

  /** Of the method main, or of the method run of a fragment. */
  private String outputOf(String className, Class<?>... fragmentArguments) throws Exception {
    boolean isFragment = fragmentArguments.length > 0;
    PrintStream standard = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      Class<?> loaded = loader.loadClass(className);
      if (isFragment) {
        loaded
            .getMethod("run", fragmentArguments)
            .invoke(null, new Object[fragmentArguments.length]);
      } else {
        loaded.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
      }
    } finally {
      System.setOut(standard);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }

  /** Surefire hides the class path in a jar's manifest and tells it in a property. */
  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
