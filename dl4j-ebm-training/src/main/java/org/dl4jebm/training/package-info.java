/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What works on a network or model: trainers, data, reports. To pretrain a stack of restricted
 * Boltzmann machines see {@link org.dl4jebm.training.pretrain.GreedyPretrainer}; to train a network
 * as an energy or score see {@link org.dl4jebm.training.score.ScoreMatching} and {@link
 * org.dl4jebm.training.energy.EnergyTrainer}, to sample it {@link
 * org.dl4jebm.training.sampling.EnergyChains}; to make a program fast on a CPU see {@link
 * org.dl4jebm.training.host.HostTuning}; to read model files with clear errors see {@link
 * org.dl4jebm.training.ModelFiles}.
 */
package org.dl4jebm.training;
