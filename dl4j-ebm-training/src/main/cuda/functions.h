/*
 * SPDX-License-Identifier: Apache-2.0
 */
// Elementary functions in FLOAT of basic operations and explicit fused multiply-adds only. With
// contraction off, every compiler and processor gives the same bits.
#ifndef RBM_FUNCTIONS_H
#define RBM_FUNCTIONS_H

#include "gpu.h"

// exp(x): 0 below -104, infinite above 89, NaN for NaN; the result may be subnormal.
DEVICE float exponential(float x) {
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  float shifted = fused(x, 1.44269504f, 12582912.0f);
  int n = (int)(bitsOf(shifted) - 0x4B400000u);
  float whole = shifted - 12582912.0f;
  float r = fused(whole, -0.693145752f, x);
  r = fused(whole, -1.42860677e-6f, r);
  float sum = 1.98412698e-4f;
  sum = fused(sum, r, 1.38888889e-3f);
  sum = fused(sum, r, 8.33333333e-3f);
  sum = fused(sum, r, 4.16666667e-2f);
  sum = fused(sum, r, 1.66666667e-1f);
  sum = fused(sum, r, 0.5f);
  sum = fused(sum, r, 1.0f);
  sum = fused(sum, r, 1.0f);
  // In two factors, as 2^n itself may be no normal number.
  int half = n >> 1;
  return sum * ofBits((u32)(half + 127) << 23) * ofBits((u32)(n - half + 127) << 23);
}

// exp(x) - 1 for |x| <= 0.7 with a small relative error.
DEVICE float exponentialMinusOne(float x) {
  float sum = 2.75573192e-6f;
  sum = fused(sum, x, 2.48015873e-5f);
  sum = fused(sum, x, 1.98412698e-4f);
  sum = fused(sum, x, 1.38888889e-3f);
  sum = fused(sum, x, 8.33333333e-3f);
  sum = fused(sum, x, 4.16666667e-2f);
  sum = fused(sum, x, 1.66666667e-1f);
  sum = fused(sum, x, 0.5f);
  return fused(sum * x, x, x);
}

// 2 artanh(s) for |s| <= 1/3.
DEVICE float logarithmOfRatio(float s) {
  float t = s * s;
  float sum = 1.53846154e-1f;
  sum = fused(sum, t, 1.81818182e-1f);
  sum = fused(sum, t, 2.22222222e-1f);
  sum = fused(sum, t, 2.85714286e-1f);
  sum = fused(sum, t, 0.4f);
  sum = fused(sum, t, 6.66666667e-1f);
  return fused(sum * t, s, 2.0f * s);
}

// log(1 + y) for -1/2 <= y <= 1 with a small relative error.
DEVICE float logarithmOfOnePlus(float y) { return logarithmOfRatio(y / (2.0f + y)); }

// log(x) for normal, positive x.
DEVICE float logarithm(float x) {
  u32 bits = bitsOf(x);
  // The exponent for which the rest lies between sqrt(1/2) and sqrt(2).
  int n = (int)(bits - 0x3F3504F3u) >> 23;
  float rest = ofBits(bits - ((u32)n << 23));
  float log = logarithmOfRatio((rest - 1.0f) / (rest + 1.0f));
  return fused((float)n, 0.693145752f, fused((float)n, 1.42860677e-6f, log));
}

// 1 / (1 + exp(-x)), exactly 0 or 1 far out.
DEVICE float sigmoid(float x) {
  float e = exponential(-magnitude(x));
  return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

// log(1 + exp(x)) without overflow.
DEVICE float softplus(float x) {
  return (x > 0.0f ? x : 0.0f) + logarithmOfOnePlus(exponential(-magnitude(x)));
}

// softplus(to) - softplus(from), without cancellation where they are close.
DEVICE float softplusDifference(float from, float to, float rise) {
  if (magnitude(rise) <= 0.6875f) {
    return logarithmOfOnePlus(sigmoid(from) * exponentialMinusOne(rise));
  }
  return softplus(to) - softplus(from);
}

// A standard normal number by Wichura's PPND7 (algorithm AS 241, Applied Statistics 1988). The words
// of 32 bits end before its farthest region begins.
DEVICE float normal(u32 word) {
  u32 below = word & 0x7fffffffu;
  // 1/2 - q, from a whole number: exact but for one rounding, also where it is small.
  float toMiddle = (float)(0xffffffffu - 2u * below) * 0x1p-33f;
  float z;
  if (toMiddle <= 0.425f) {
    float r = fused(-toMiddle, toMiddle, 0.180625f);
    float a = fused(fused(fused(59.109374720f, r, 159.29113202f), r, 50.434271938f), r, 3.3871327179f);
    float b = fused(fused(fused(67.187563600f, r, 78.757757664f), r, 17.895169469f), r, 1.0f);
    z = toMiddle * (a / b);
  } else {
    float q = (float)(2u * below + 1u) * 0x1p-33f;
    float r = squareRoot(-logarithm(q)) - 1.6f;
    float c = fused(fused(fused(0.17023821103f, r, 1.3067284816f), r, 2.7568153900f), r, 1.4234372777f);
    float d = fused(fused(0.12021132975f, r, 0.73700164250f), r, 1.0f);
    z = c / d;
  }
  return (word >> 31) != 0 ? z : -z;
}

#endif
