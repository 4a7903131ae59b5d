/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNBatchNormHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNLocalResponseNormalizationHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNSubsamplingHelper;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class HelperClassLoaderTest {

  private final ClassLoader parent = HelperClassLoaderTest.class.getClassLoader();
  private final HelperClassLoader loader = new HelperClassLoader(parent);

  private Object create(Class<?> original) throws ReflectiveOperationException {
    Class<?> substitute = Class.forName(original.getName(), true, loader);
    assertEquals(original.getName(), substitute.getName());
    assertNotSame(original, substitute);
    return substitute.getDeclaredConstructor(DataType.class).newInstance(DataType.FLOAT);
  }

  @Test
  void givesGuardedHelpersUnderTheOldNames() throws Exception {
    assertInstanceOf(GuardedConvolutionHelper.class, create(MKLDNNConvHelper.class));
    // The layer asks for this type, for example to leave out the bias.
    assertInstanceOf(MKLDNNConvHelper.class, create(MKLDNNConvHelper.class));
    assertInstanceOf(GuardedBatchNormalizationHelper.class, create(MKLDNNBatchNormHelper.class));
    Object pooling = create(MKLDNNSubsamplingHelper.class);
    assertFalse(assertInstanceOf(LayerHelper.class, pooling).checkSupported());
  }

  @Test
  void leavesOtherClassesToItsParent() throws Exception {
    for (Class<?> other :
        new Class<?>[] {
          String.class,
          HelperClassLoaderTest.class,
          GuardedConvolutionHelper.class,
          MKLDNNLocalResponseNormalizationHelper.class
        }) {
      assertSame(other, Class.forName(other.getName(), false, loader));
    }
    assertThrows(ClassNotFoundException.class, () -> loader.loadClass("org.dl4jebm.Missing"));
  }

  @Test
  void needsNoClassOfThisProjectInItsParent() throws Exception {
    ClassLoader stranger =
        new ClassLoader(parent) {
          @Override
          protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.dl4jebm.")) {
              throw new ClassNotFoundException(name);
            }
            return super.loadClass(name, resolve);
          }
        };
    Class<?> helper =
        Class.forName(MKLDNNConvHelper.class.getName(), true, new HelperClassLoader(stranger));
    assertSame(GuardedConvolutionHelper.class, helper.getSuperclass());
  }

  @Test
  void definesAClassOnceWhateverTheNumberOfThreads() {
    long distinct =
        IntStream.range(0, 64)
            .parallel()
            .mapToObj(
                i -> {
                  try {
                    return loader.loadClass(MKLDNNConvHelper.class.getName());
                  } catch (ClassNotFoundException e) {
                    throw new IllegalStateException(e);
                  }
                })
            .distinct()
            .count();
    assertEquals(1, distinct);
  }
}
