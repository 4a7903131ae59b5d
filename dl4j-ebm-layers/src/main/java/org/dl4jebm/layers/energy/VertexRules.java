/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;

/** Which of DL4J's vertices, other than layers, have a rule for streams, and which one. */
final class VertexRules {

  /** Linear in each row, whatever their options. */
  private static final Set<Class<? extends GraphVertex>> LINEAR =
      Set.of(SubsetVertex.class, ScaleVertex.class, PoolHelperVertex.class);

  private VertexRules() {}

  /** The vertex itself, if it is wrapped to hold its parameters fixed. */
  static GraphVertex unwrap(GraphVertex vertex) {
    return vertex instanceof FrozenVertex frozen ? unwrap(frozen.getUnderlying()) : vertex;
  }

  /**
   * Requires a rule for a vertex that is not a layer.
   *
   * @param vertex as {@link #unwrap} returns it
   * @throws DL4JInvalidConfigException if there is none
   */
  static void require(String name, GraphVertex vertex) {
    String place = "vertex '" + name + "' (" + vertex.getClass().getSimpleName() + ")";
    if (vertex.getClass() == PreprocessorVertex.class) {
      PreProcessorRules.require(((PreprocessorVertex) vertex).getPreProcessor(), place);
    } else if (vertex.getClass() == ReshapeVertex.class) {
      requireByRow((ReshapeVertex) vertex, place);
    } else if (!isLinear(vertex) && !DerivativeStreamsVertex.isSupported(vertex)) {
      throw new DL4JInvalidConfigException(
          place
              + " has no rule for derivatives in x; accepted: layers, merge, subset, scale, shift,"
              + " reshape, preprocessor, pool helper and element-wise vertices (add, subtract,"
              + " average, product, max); FiniteDifferenceEnergy has approximate derivatives of any"
              + " network");
    }
  }

  private static void requireByRow(ReshapeVertex vertex, String place) {
    if (vertex.getReshapeOrder() != 'c' || vertex.getNewShape()[0] != -1) {
      throw new DL4JInvalidConfigException(
          place
              + " has order '"
              + vertex.getReshapeOrder()
              + "' and shape "
              + Arrays.toString(vertex.getNewShape())
              + "; accepted for derivatives in x: order 'c' and -1 as the number of examples");
    }
  }

  private static boolean isLinear(GraphVertex vertex) {
    if (vertex.getClass() == ElementWiseVertex.class) {
      ElementWiseVertex.Op op = ((ElementWiseVertex) vertex).getOp();
      return op == ElementWiseVertex.Op.Add
          || op == ElementWiseVertex.Op.Subtract
          || op == ElementWiseVertex.Op.Average;
    }
    if (vertex.getClass() == MergeVertex.class) {
      return ((MergeVertex) vertex).getMergeAxis() != 0;
    }
    return LINEAR.contains(vertex.getClass());
  }

  /**
   * Makes the vertex of the twin.
   *
   * @param vertex one for which {@link #require} has passed. Not modified.
   * @return a copy or another
   */
  static GraphVertex twin(GraphVertex vertex, StreamLayout layout) {
    if (DerivativeStreamsVertex.isSupported(vertex)) {
      return new DerivativeStreamsVertex(vertex.clone(), layout);
    }
    if (vertex instanceof PreprocessorVertex own) {
      return new PreprocessorVertex(
          PreProcessorRules.twin(own.getPreProcessor(), layout.streams(), layout.streams()));
    }
    GraphVertex copy = vertex.clone();
    if (copy instanceof MergeVertex merge) {
      // DL4J's copy forgets it.
      merge.setMergeAxis(((MergeVertex) vertex).getMergeAxis());
    }
    return copy;
  }
}
