/*
 * SPDX-License-Identifier: Apache-2.0
 */
// The random number generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011).
#ifndef RBM_PHILOX_H
#define RBM_PHILOX_H

#include "gpu.h"

struct Words {
  u32 w[4];
};

DEVICE Words philox(u32 c0, u32 c1, u32 c2, u32 c3, u32 k0, u32 k1) {
  for (int round = 0; round < 10; round++) {
    u64 p0 = (u64)0xD2511F53u * c0;
    u64 p1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
    c1 = (u32)p1;
    c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
    c3 = (u32)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  Words words = {{c0, c1, c2, c3}};
  return words;
}

// What of a Draw is the same for all elements.
struct Stream {
  u32 key0, key1, channel, firstRow, time;
};

DEVICE Stream streamOf(u32 key0, u32 key1, u32 channel, u32 firstRow, const int* clock) {
  Stream stream = {key0, key1, channel, firstRow, (u32)clock[1]};
  return stream;
}

// The words of units 4 quad to 4 quad + 3 of a row.
DEVICE Words wordsOf(const Stream& s, int row, u32 quad) {
  return philox(quad, s.firstRow + (u32)row, s.time, s.channel, s.key0, s.key1);
}

// A word as a number in [0, 1) of 24 bits.
DEVICE float unitOf(u32 word) { return (float)(word >> 8) * 0x1p-24f; }

#endif
