/*
 * SPDX-License-Identifier: Apache-2.0
 */
// Four neighbouring units of a row, which share one call of the random number generator.
#ifndef RBM_UNITS_H
#define RBM_UNITS_H

#include "gpu.h"

struct Quad {
  float v[4];
};

// The same in memory, of a type that is read and written with one access of 16 bytes.
#if defined(__NVCC__)
typedef float4 Packed;
#elif defined(RBM_EMULATED)
struct __attribute__((aligned(16))) Packed {
  float x, y, z, w;
};
#else
typedef float Packed __attribute__((ext_vector_type(4)));
#endif

// Whether a row of so many units can be read and written in quads.
DEVICE bool inQuads(int units) { return (units & 3) == 0; }

// Whether an array begins where a quad can; a slice need not.
DEVICE bool alignedToQuads(const void* array) { return ((u64)array & 15u) == 0; }

DEVICE u32 quadsOf(int units) { return ((u32)units + 3u) / 4u; }

// How many units a quad has: the last of a row may have fewer than four.
DEVICE int unitsIn(u32 quad, int units) {
  int rest = units - (int)(4u * quad);
  return rest < 4 ? rest : 4;
}

// The numbers from `at` on, 0 beyond the count.
DEVICE Quad load(const float* array, i64 at, int count, bool whole) {
  if (whole) {
    Packed packed = *(const Packed*)(array + at);
    Quad quad = {{packed.x, packed.y, packed.z, packed.w}};
    return quad;
  }
  Quad quad = {{0.0f, 0.0f, 0.0f, 0.0f}};
  FOUR(i) {
    if (i < count) {
      quad.v[i] = array[at + i];
    }
  }
  return quad;
}

DEVICE void store(float* array, i64 at, int count, bool whole, const Quad& quad) {
  if (whole) {
    Packed packed = {quad.v[0], quad.v[1], quad.v[2], quad.v[3]};
    *(Packed*)(array + at) = packed;
    return;
  }
  FOUR(i) {
    if (i < count) {
      array[at + i] = quad.v[i];
    }
  }
}

// The numbers of a block, threadsX by threadsY.
static const int THREADS = 256;

// Adds up a number of each thread of a row of the block; threadsX is a power of two. Every thread of
// the block has to come here. The sum is returned in the row's first thread.
DEVICE double sumOfRow(double* shared, double mine) {
  u32 at = threadY() * threadsX() + threadX();
  barrier();
  shared[at] = mine;
  for (u32 half = threadsX() / 2; half > 0; half /= 2) {
    barrier();
    if (threadX() < half) {
      shared[at] += shared[at + half];
    }
  }
  return shared[at];
}

#endif
