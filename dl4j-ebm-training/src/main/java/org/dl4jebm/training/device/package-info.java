/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Restricted Boltzmann machines on a GPU by kernels of this library, with nothing but the NVIDIA
 * driver and cuBLAS, whatever backend ND4J runs on.
 */
package org.dl4jebm.training.device;
