/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.ListResourceBundle;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The defaults of {@link StackOptions} as texts for the help: {@code default.pretrain.epochs} and
 * so on, named after the components of the records.
 */
public final class DefaultTexts extends ListResourceBundle {

  private final StackOptions digits;
  private final StackOptions mnist;
  private final String folder;

  /**
   * Creates the bundle.
   *
   * @param digits defaults for the 8x8 digits
   * @param mnist defaults for MNIST
   * @param folder default of the folder for results
   */
  public DefaultTexts(StackOptions digits, StackOptions mnist, String folder) {
    this.digits = digits;
    this.mnist = mnist;
    this.folder = folder;
  }

  @Override
  protected Object[][] getContents() {
    Map<String, String> small = texts("default.", digits);
    Map<String, String> large = texts("default.", mnist);
    small.replaceAll((name, text) -> both(text, large.get(name)));
    small.put("default.out", folder);
    return small.entrySet().stream()
        .map(e -> new Object[] {e.getKey(), e.getValue()})
        .toArray(Object[][]::new);
  }

  private static String both(String digits, String mnist) {
    return digits.equals(mnist) ? digits : digits + " (MNIST: " + mnist + ")";
  }

  private static Map<String, String> texts(String prefix, Record options) {
    Map<String, String> texts = new TreeMap<>();
    for (RecordComponent component : options.getClass().getRecordComponents()) {
      Object value;
      try {
        value = component.getAccessor().invoke(options);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new IllegalStateException("default of " + component + " cannot be read", e);
      }
      String name = prefix + component.getName();
      if (value instanceof PretrainSettings || value instanceof FineTuneSettings) {
        texts.putAll(texts(name + ".", (Record) value));
      } else {
        texts.put(name, text(value));
      }
    }
    return texts;
  }

  private static String text(Object value) {
    return value instanceof Collection<?> many
        ? many.stream().map(DefaultTexts::text).collect(Collectors.joining(","))
        : value instanceof Enum<?> constant ? constant.name() : String.valueOf(value);
  }
}
