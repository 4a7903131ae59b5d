/*
 * SPDX-License-Identifier: Apache-2.0
 */
// The operations of org.dl4jebm.training.device.Device, whose documentation has their formulas; one
// kernel each, products of matrices excepted. CudaDevice chooses the blocks:
//
//   quads    threadsX quads of units by threadsY rows; blocks (quads, rows). Blocks walk over further
//            rows, as there may be more than blocks.
//   rows     each row of threads of a block takes one row and goes along it; blocks (rows, 1)
//   line     threadsX quads of a line of numbers; blocks walk over further ones
//
// Arrays that are written may be the same as those that are read where the operation is element by
// element; they are therefore not declared `restrict`, so that no read goes through a cache that does
// not see writes.
#include "functions.h"
#include "philox.h"
#include "units.h"

#define READ_ONLY const float* __restrict__

// Place of a thread of the kind `quads`.
DEVICE u32 myQuad() { return blockX() * threadsX() + threadX(); }
DEVICE i64 firstRow() { return (i64)blockY() * threadsY() + threadY(); }
DEVICE i64 rowStep() { return (i64)blocksY() * threadsY(); }

// Place of a thread of the kind `rows`.
DEVICE i64 myRow() { return (i64)blockX() * threadsY() + threadY(); }

// Place of a thread of the kind `line`.
DEVICE i64 firstOnLine() { return 4 * ((i64)blockX() * threadsX() + threadX()); }
DEVICE i64 lineStep() { return 4 * ((i64)blocksX() * threadsX()); }

DEVICE int countOnLine(i64 at, i64 length) { return length - at < 4 ? (int)(length - at) : 4; }

DEVICE float isBelow(u32 word, float p) { return unitOf(word) < p ? 1.0f : 0.0f; }

KERNEL rbm_tick(int* clock, u32 steps, u32 times) {
  clock[0] = (int)((u32)clock[0] + steps);
  clock[1] = (int)((u32)clock[1] + times);
}

// quads
KERNEL rbm_gather(READ_ONLY data, const int* __restrict__ order, const int* __restrict__ clock,
                  int rows, int units, float* out) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  bool whole = inQuads(units) && alignedToQuads(data) && alignedToQuads(out);
  const int* batch = order + (i64)clock[0] * rows;
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    Quad numbers = load(data, (i64)batch[row] * units + 4 * (i64)quad, count, whole);
    store(out, row * units + 4 * (i64)quad, count, whole, numbers);
  }
}

// quads
KERNEL rbm_words(int rows, int units, u32 key0, u32 key1, u32 channel, u32 drawRow,
                 const int* clock, int* out) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  Stream stream = streamOf(key0, key1, channel, drawRow, clock);
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    Words words = wordsOf(stream, (int)row, quad);
    FOUR(i) {
      if (i < count) {
        out[row * units + 4 * (i64)quad + i] = (int)words.w[i];
      }
    }
  }
}

// quads
KERNEL rbm_logistic(const float* field, READ_ONLY bias, int rows, int units, float factor,
                    float* mean, float* state, u32 key0, u32 key1, u32 channel, u32 drawRow,
                    const int* clock) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  bool whole =
      inQuads(units) && alignedToQuads(field) && alignedToQuads(mean) && alignedToQuads(state);
  Quad b = load(bias, 4 * (i64)quad, count, whole && alignedToQuads(bias));
  Stream stream = {0, 0, 0, 0, 0};
  if (state) {
    stream = streamOf(key0, key1, channel, drawRow, clock);
  }
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    i64 at = row * units + 4 * (i64)quad;
    Quad p = load(field, at, count, whole);
    FOUR(i) {
      p.v[i] = sigmoid(p.v[i] + b.v[i]);
    }
    if (state) {
      Words words = wordsOf(stream, (int)row, quad);
      Quad s;
      FOUR(i) {
        s.v[i] = isBelow(words.w[i], p.v[i]);
      }
      store(state, at, count, whole, s);
    }
    if (mean) {
      FOUR(i) {
        p.v[i] *= factor;
      }
      store(mean, at, count, whole, p);
    }
  }
}

// quads
KERNEL rbm_gaussian(const float* field, READ_ONLY bias, READ_ONLY deviation, int rows, int units,
                    float factor, float* mean, float* state, u32 key0, u32 key1, u32 channel,
                    u32 drawRow, const int* clock) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  bool whole =
      inQuads(units) && alignedToQuads(field) && alignedToQuads(mean) && alignedToQuads(state);
  Quad b = load(bias, 4 * (i64)quad, count, whole && alignedToQuads(bias));
  Quad d = load(deviation, 4 * (i64)quad, count, whole && alignedToQuads(deviation));
  Stream stream = {0, 0, 0, 0, 0};
  if (state) {
    stream = streamOf(key0, key1, channel, drawRow, clock);
  }
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    i64 at = row * units + 4 * (i64)quad;
    Quad m = load(field, at, count, whole);
    FOUR(i) {
      m.v[i] += b.v[i];
    }
    if (state) {
      Words words = wordsOf(stream, (int)row, quad);
      Quad s;
      FOUR(i) {
        s.v[i] = m.v[i] + d.v[i] * normal(words.w[i]);
      }
      store(state, at, count, whole, s);
    }
    if (mean) {
      FOUR(i) {
        m.v[i] *= factor;
      }
      store(mean, at, count, whole, m);
    }
  }
}

// The exponential of a unit of a softmax group, 1 for the largest even if that is infinite.
DEVICE float relative(float x, float largest) {
  return x == largest ? 1.0f : exponential(x - largest);
}

// Each row of threads of a block takes one group, and each thread a part of it that is not split, at
// most 32 to a group; blocks (groups, 1).
KERNEL rbm_softmax(const float* field, READ_ONLY bias, int rows, int units, int groupSize,
                   float factor, float* mean, float* state, u32 key0, u32 key1, u32 channel,
                   u32 drawRow, const int* clock) {
  SHARED float shared[THREADS];
  SHARED int winners[THREADS];
  u32 groupsInRow = (u32)units / (u32)groupSize;
  i64 group = (i64)blockX() * threadsY() + threadY();
  bool mine = group < (i64)rows * groupsInRow;
  int row = mine ? (int)(group / groupsInRow) : 0;
  int first = mine ? (int)(group - (i64)row * groupsInRow) * groupSize : 0;
  int lanes = (int)threadsX();
  int lane = (int)threadX();
  int part = (groupSize + lanes - 1) / lanes;
  i64 from = (i64)lane * part;
  int begin = !mine || from > groupSize ? groupSize : (int)from;
  int end = !mine || from + part > groupSize ? groupSize : (int)(from + part);
  const float* x = field + (i64)row * units + first;
  const float* b = bias + first;
  float* line = shared + threadY() * threadsX();
  int* winner = winners + threadY() * threadsX();

  float largest = -__builtin_inff();
  for (int k = begin; k < end; k++) {
    float value = x[k] + b[k];
    largest = value > largest ? value : largest;
  }
  line[lane] = largest;
  barrier();
  largest = line[0];
  for (int l = 1; l < lanes; l++) {
    largest = line[l] > largest ? line[l] : largest;
  }
  barrier();
  float sum = 0.0f;
  for (int k = begin; k < end; k++) {
    sum += relative(x[k] + b[k], largest);
  }
  line[lane] = sum;
  winner[lane] = groupSize - 1;
  barrier();
  float total = 0.0f;
  for (int l = 0; l < lanes; l++) {
    total += line[l];
  }

  int chosen = -1;
  if (state) {
    // One part alone contains the point: all threads add the same sums in the same order.
    Stream stream = streamOf(key0, key1, channel, drawRow, clock);
    Words words = wordsOf(stream, row, (u32)first / 4u);
    u32 place = (u32)first & 3u;
    u32 word = place == 0 ? words.w[0] : place == 1 ? words.w[1] : place == 2 ? words.w[2] : words.w[3];
    float point = unitOf(word) * total;
    float before = 0.0f;
    int owner = -1;
    float start = 0.0f;
    for (int l = 0; l < lanes; l++) {
      float after = before + line[l];
      if (owner < 0 && after > point) {
        owner = l;
        start = before;
      }
      before = after;
    }
    if (owner == lane) {
      // If rounding keeps the sum below the point, it is the last that has any weight.
      int found = end - 1;
      float inside = 0.0f;
      bool reached = false;
      for (int k = begin; k < end && !reached; k++) {
        float weight = relative(x[k] + b[k], largest);
        inside += weight;
        if (weight > 0.0f) {
          found = k;
        }
        reached = start + inside > point;
      }
      winner[0] = found;
    }
    barrier();
    chosen = winner[0];
  }
  i64 at = (i64)row * units + first;
  for (int k = begin; k < end; k++) {
    float p = relative(x[k] + b[k], largest) / total;
    if (mean) {
      mean[at + k] = factor * p;
    }
    if (state) {
      state[at + k] = k == chosen ? 1.0f : 0.0f;
    }
  }
}

// quads
KERNEL rbm_scale_columns(const float* in, READ_ONLY factors, int rows, int units, float* out) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  bool whole = inQuads(units) && alignedToQuads(in) && alignedToQuads(out);
  Quad f = load(factors, 4 * (i64)quad, count, whole && alignedToQuads(factors));
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    i64 at = row * units + 4 * (i64)quad;
    Quad x = load(in, at, count, whole);
    FOUR(i) {
      x.v[i] *= f.v[i];
    }
    store(out, at, count, whole, x);
  }
}

// Threads (32 columns, rows); blocks (columns, slices of rows). With one slice the result goes to
// `out`, with several their sums go to `sums` [slices, units].
KERNEL rbm_column_sums(const float* in, int rows, int units, i64 rowsInSlice, float alpha, float beta,
                       float* out, double* sums) {
  SHARED double shared[2 * THREADS];
  i64 column = (i64)blockX() * threadsX() + threadX();
  i64 begin = blockY() * rowsInSlice;
  i64 end = begin + rowsInSlice < rows ? begin + rowsInSlice : rows;
  double sum = 0.0;
  if (column < units) {
    i64 step = threadsY();
    i64 row = begin + threadY();
    for (; row + 3 * step < end; row += 4 * step) {
      float a = in[row * units + column];
      float b = in[(row + step) * units + column];
      float c = in[(row + 2 * step) * units + column];
      float d = in[(row + 3 * step) * units + column];
      sum += a;
      sum += b;
      sum += c;
      sum += d;
    }
    for (; row < end; row += step) {
      sum += in[row * units + column];
    }
  }
  u32 at = threadY() * threadsX() + threadX();
  shared[at] = sum;
  for (u32 half = threadsY() / 2; half > 0; half /= 2) {
    barrier();
    if (threadY() < half) {
      shared[at] += shared[at + half * threadsX()];
    }
  }
  if (threadY() == 0 && column < units) {
    sum = shared[at];
    if (blocksY() == 1) {
      float added = (float)(alpha * sum);
      out[column] = beta == 0.0f ? added : fused(beta, out[column], added);
    } else {
      sums[blockY() * (i64)units + column] = sum;
    }
  }
}

// A thread to a column.
KERNEL rbm_column_sums_end(const double* sums, int slices, int units, float alpha, float beta,
                           float* out) {
  i64 column = (i64)blockX() * threadsX() + threadX();
  if (column < units) {
    double sum = 0.0;
    for (int slice = 0; slice < slices; slice++) {
      sum += sums[slice * (i64)units + column];
    }
    float added = (float)(alpha * sum);
    out[column] = beta == 0.0f ? added : fused(beta, out[column], added);
  }
}

DEVICE float slope(float p, float gradient, float l1, float l2, float scale) {
  float sign = p > 0.0f ? 1.0f : p < 0.0f ? -1.0f : 0.0f;
  return fused(scale, gradient, fused(l2, p, l1 * sign));
}

// line
KERNEL rbm_sgd(float* parameters, const float* gradient, i64 length, float l1, float l2, float decay,
               float scale, READ_ONLY rates, const int* __restrict__ clock) {
  float rate = rates[2 * (i64)clock[0]];
  bool aligned = alignedToQuads(parameters) && alignedToQuads(gradient);
  for (i64 at = firstOnLine(); at < length; at += lineStep()) {
    int count = countOnLine(at, length);
    bool whole = aligned && count == 4;
    Quad p = load(parameters, at, count, whole);
    Quad g = load(gradient, at, count, whole);
    FOUR(i) {
      float d = slope(p.v[i], g.v[i], l1, l2, scale);
      p.v[i] -= fused(rate, d, decay * rate * p.v[i]);
    }
    store(parameters, at, count, whole, p);
  }
}

// line
KERNEL rbm_nesterovs(float* parameters, const float* gradient, float* velocity, i64 length, float l1,
                     float l2, float decay, float scale, READ_ONLY rates,
                     const int* __restrict__ clock) {
  float rate = rates[2 * (i64)clock[0]];
  float momentum = rates[2 * (i64)clock[0] + 1];
  bool aligned =
      alignedToQuads(parameters) && alignedToQuads(gradient) && alignedToQuads(velocity);
  for (i64 at = firstOnLine(); at < length; at += lineStep()) {
    int count = countOnLine(at, length);
    bool whole = aligned && count == 4;
    Quad p = load(parameters, at, count, whole);
    Quad g = load(gradient, at, count, whole);
    Quad v = load(velocity, at, count, whole);
    FOUR(i) {
      float d = slope(p.v[i], g.v[i], l1, l2, scale);
      float kept = momentum * v.v[i];
      float next = fused(-rate, d, kept);
      float step = fused(-(1.0f + momentum), next, kept);
      p.v[i] -= fused(decay * rate, p.v[i], step);
      v.v[i] = next;
    }
    store(parameters, at, count, whole, p);
    store(velocity, at, count, whole, v);
  }
}

// line
KERNEL rbm_scale(float* to, i64 length, float factor) {
  bool aligned = alignedToQuads(to);
  for (i64 at = firstOnLine(); at < length; at += lineStep()) {
    int count = countOnLine(at, length);
    bool whole = aligned && count == 4;
    Quad x = load(to, at, count, whole);
    FOUR(i) {
      x.v[i] *= factor;
    }
    store(to, at, count, whole, x);
  }
}

// rows
KERNEL rbm_softplus_sums(const float* field, READ_ONLY bias, int rows, int units, double factor,
                         double* out) {
  SHARED double shared[THREADS];
  i64 row = myRow();
  bool whole = inQuads(units) && alignedToQuads(field) && alignedToQuads(bias);
  double sum = 0.0;
  if (row < rows) {
    for (u32 quad = threadX(); quad < quadsOf(units); quad += threadsX()) {
      int count = unitsIn(quad, units);
      Quad x = load(field, row * units + 4 * (i64)quad, count, whole);
      Quad b = load(bias, 4 * (i64)quad, count, whole);
      FOUR(i) {
        if (i < count) {
          sum += softplus(x.v[i] + b.v[i]);
        }
      }
    }
  }
  sum = sumOfRow(shared, sum);
  if (threadX() == 0 && row < rows) {
    out[row] += factor * sum;
  }
}

// The sum of products of row and vector, in the row's first thread.
DEVICE double rowDot(double* shared, const float* in, const float* vector, i64 row, int rows,
                     int units) {
  bool whole = inQuads(units) && alignedToQuads(in) && alignedToQuads(vector);
  double sum = 0.0;
  if (row < rows) {
    for (u32 quad = threadX(); quad < quadsOf(units); quad += threadsX()) {
      int count = unitsIn(quad, units);
      Quad x = load(in, row * units + 4 * (i64)quad, count, whole);
      Quad v = load(vector, 4 * (i64)quad, count, whole);
      FOUR(i) {
        sum += (double)x.v[i] * (double)v.v[i];
      }
    }
  }
  return sumOfRow(shared, sum);
}

// rows
KERNEL rbm_row_dots(const float* in, READ_ONLY vector, int rows, int units, double factor,
                    double* out) {
  SHARED double shared[THREADS];
  i64 row = myRow();
  double sum = rowDot(shared, in, vector, row, rows, units);
  if (threadX() == 0 && row < rows) {
    out[row] += factor * sum;
  }
}

// rows
KERNEL rbm_squared_distances(const float* a, const float* b, int rows, int units, double* out) {
  SHARED double shared[THREADS];
  i64 row = myRow();
  bool whole = inQuads(units) && alignedToQuads(a) && alignedToQuads(b);
  double sum = 0.0;
  if (row < rows) {
    for (u32 quad = threadX(); quad < quadsOf(units); quad += threadsX()) {
      int count = unitsIn(quad, units);
      i64 at = row * units + 4 * (i64)quad;
      Quad x = load(a, at, count, whole);
      Quad y = load(b, at, count, whole);
      FOUR(i) {
        double difference = (double)x.v[i] - (double)y.v[i];
        sum += difference * difference;
      }
    }
  }
  sum = sumOfRow(shared, sum);
  if (threadX() == 0 && row < rows) {
    out[row] = sum;
  }
}

// rows
KERNEL rbm_anneal_hidden(const float* field, READ_ONLY bias, READ_ONLY base,
                         const double* __restrict__ betas, const int* __restrict__ clock, int rows,
                         int units, double* logWeights, float* state, u32 key0, u32 key1,
                         u32 channel, u32 drawRow, const int* drawClock) {
  SHARED double shared[THREADS];
  i64 row = myRow();
  float from = (float)betas[clock[0]];
  float to = (float)betas[clock[0] + (i64)1];
  float step = (float)(betas[clock[0] + (i64)1] - betas[clock[0]]);
  bool whole = inQuads(units) && alignedToQuads(field) && alignedToQuads(state) &&
               alignedToQuads(bias) && alignedToQuads(base);
  Stream stream = {0, 0, 0, 0, 0};
  if (state) {
    stream = streamOf(key0, key1, channel, drawRow, drawClock);
  }
  double sum = 0.0;
  if (row < rows) {
    for (u32 quad = threadX(); quad < quadsOf(units); quad += threadsX()) {
      int count = unitsIn(quad, units);
      i64 at = row * units + 4 * (i64)quad;
      Quad x = load(field, at, count, whole);
      Quad b = load(bias, 4 * (i64)quad, count, whole);
      Quad a = load(base, 4 * (i64)quad, count, whole);
      FOUR(i) {
        float rise = x.v[i] + b.v[i] - a.v[i];
        x.v[i] = fused(to, rise, a.v[i]);
        if (i < count) {
          sum += softplusDifference(fused(from, rise, a.v[i]), x.v[i], step * rise);
        }
      }
      if (state) {
        Words words = wordsOf(stream, (int)row, quad);
        FOUR(i) {
          x.v[i] = isBelow(words.w[i], sigmoid(x.v[i]));
        }
        store(state, at, count, whole, x);
      }
    }
  }
  sum = sumOfRow(shared, sum);
  if (threadX() == 0 && row < rows) {
    logWeights[row] += sum;
  }
}

// quads
KERNEL rbm_anneal_visible(const float* field, READ_ONLY bias, READ_ONLY base,
                          const double* __restrict__ betas, const int* __restrict__ clock, int rows,
                          int units, float* state, u32 key0, u32 key1, u32 channel, u32 drawRow,
                          const int* drawClock) {
  u32 quad = myQuad();
  if (quad >= quadsOf(units)) {
    return;
  }
  int count = unitsIn(quad, units);
  float to = (float)betas[clock[0] + (i64)1];
  bool whole = inQuads(units) && alignedToQuads(field) && alignedToQuads(state);
  bool vectors = whole && alignedToQuads(bias) && alignedToQuads(base);
  Quad b = load(bias, 4 * (i64)quad, count, vectors);
  Quad a = load(base, 4 * (i64)quad, count, vectors);
  Stream stream = streamOf(key0, key1, channel, drawRow, drawClock);
  for (i64 row = firstRow(); row < rows; row += rowStep()) {
    i64 at = row * units + 4 * (i64)quad;
    Quad x = load(field, at, count, whole);
    Words words = wordsOf(stream, (int)row, quad);
    FOUR(i) {
      float rise = x.v[i] + b.v[i] - a.v[i];
      x.v[i] = isBelow(words.w[i], sigmoid(fused(to, rise, a.v[i])));
    }
    store(state, at, count, whole, x);
  }
}

// rows
KERNEL rbm_anneal_visible_weights(const float* state, READ_ONLY rise,
                                  const double* __restrict__ betas, const int* __restrict__ clock,
                                  int rows, int units, double* logWeights) {
  SHARED double shared[THREADS];
  i64 row = myRow();
  double sum = rowDot(shared, state, rise, row, rows, units);
  if (threadX() == 0 && row < rows) {
    logWeights[row] += (betas[clock[0] + (i64)1] - betas[clock[0]]) * sum;
  }
}

// Words of numbers, two to a DOUBLE, of which the second has the exponent. A thread to a number;
// several may write the same 1.
KERNEL rbm_not_finite(const u32* numbers, i64 length, int wordsOfNumber, u32 exponent, int* found) {
  for (i64 i = (i64)blockX() * threadsX() + threadX(); i < length;
       i += (i64)blocksX() * threadsX()) {
    if ((numbers[(i + 1) * wordsOfNumber - 1] & exponent) == exponent) {
      *found = 1;
    }
  }
}
