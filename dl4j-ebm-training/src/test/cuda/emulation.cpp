/*
 * SPDX-License-Identifier: Apache-2.0
 */
// Runs the kernels on the CPU: g++ -x c++ -std=c++17 -O2 -ffp-contract=off -shared -fPIC. Blocks come
// one after the other. The threads of a block come one after the other, too, where there is no
// barrier; where there is one, each has a stack of its own and they take turns between barriers.
#ifndef RBM_EMULATED
#define RBM_EMULATED
#endif
#undef _FORTIFY_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <utility>

#include "../../main/cuda/rbm.cu"

namespace emulation {

Place thread, block, threads, blocks;

namespace {

const u32 MOST_THREADS = 512;
const size_t STACK = 64 * 1024;

// What the driver answers.
const int OK = 0;
const int INVALID_VALUE = 1;
const int NOT_FOUND = 500;
const int LAUNCH_FAILED = 719;

struct Fiber {
  jmp_buf at;
  ucontext_t start;
  bool begun, done;
};

Fiber fibers[MOST_THREADS];
jmp_buf scheduler;
Fiber* running = nullptr;
bool backwards = false;

void (*kernelCall)(void**) = nullptr;
void** kernelParameters = nullptr;

// A fiber lives for ever and does one kernel after the other.
void live() {
  for (;;) {
    kernelCall(kernelParameters);
    running->done = true;
    if (_setjmp(running->at) == 0) {
      _longjmp(scheduler, 1);
    }
  }
}

void turn(Fiber* fiber) {
  running = fiber;
  if (_setjmp(scheduler) == 0) {
    if (fiber->begun) {
      _longjmp(fiber->at, 1);
    }
    fiber->begun = true;
    getcontext(&fiber->start);
    fiber->start.uc_stack.ss_sp = malloc(STACK);
    fiber->start.uc_stack.ss_size = STACK;
    fiber->start.uc_link = nullptr;
    makecontext(&fiber->start, live, 0);
    setcontext(&fiber->start);
  }
  running = nullptr;
}

void placeThread(u32 number) {
  thread.x = number % threads.x;
  thread.y = number / threads.x;
}

// Whether all threads came to the same barriers.
bool runWithBarriers(u32 count) {
  for (u32 i = 0; i < count; i++) {
    fibers[i].done = false;
  }
  for (u32 done = 0; done < count;) {
    done = 0;
    for (u32 i = 0; i < count; i++) {
      u32 number = backwards ? count - 1 - i : i;
      placeThread(number);
      if (!fibers[number].done) {
        turn(&fibers[number]);
      }
      done += fibers[number].done ? 1 : 0;
    }
    if (done != 0 && done != count) {
      return false;
    }
  }
  return true;
}

void runWithoutBarriers(u32 count) {
  for (u32 i = 0; i < count; i++) {
    placeThread(backwards ? count - 1 - i : i);
    kernelCall(kernelParameters);
  }
}

template <typename... A, size_t... I>
void unpack(void (*kernel)(A...), void** parameters, std::index_sequence<I...>) {
  kernel(*(A*)parameters[I]...);
}

template <typename... A>
void unpack(void (*kernel)(A...), void** parameters) {
  unpack(kernel, parameters, std::index_sequence_for<A...>());
}

template <typename F, F kernel>
void call(void** parameters) {
  unpack(kernel, parameters);
}

struct Entry {
  const char* name;
  void (*call)(void**);
  bool barriers;
};

#define ENTRY(name, barriers) {#name, call<decltype(&name), &name>, barriers}

const Entry ENTRIES[] = {
    ENTRY(rbm_tick, false),
    ENTRY(rbm_gather, false),
    ENTRY(rbm_words, false),
    ENTRY(rbm_logistic, false),
    ENTRY(rbm_gaussian, false),
    ENTRY(rbm_softmax, true),
    ENTRY(rbm_scale_columns, false),
    ENTRY(rbm_column_sums, true),
    ENTRY(rbm_column_sums_end, false),
    ENTRY(rbm_sgd, false),
    ENTRY(rbm_nesterovs, false),
    ENTRY(rbm_scale, false),
    ENTRY(rbm_softplus_sums, true),
    ENTRY(rbm_row_dots, true),
    ENTRY(rbm_squared_distances, true),
    ENTRY(rbm_anneal_hidden, true),
    ENTRY(rbm_anneal_visible, false),
    ENTRY(rbm_anneal_visible_weights, true),
    ENTRY(rbm_not_finite, false),
};

}  // namespace

void barrier() {
  if (!running) {
    abort();
  }
  if (_setjmp(running->at) == 0) {
    _longjmp(scheduler, 1);
  }
}

}  // namespace emulation

// The order of the threads of a block; it must make no difference.
extern "C" void emulation_backwards(int yes) { emulation::backwards = yes != 0; }

// The number of a kernel, or -1.
extern "C" int emulation_kernel(const char* name) {
  int n = sizeof(emulation::ENTRIES) / sizeof(emulation::ENTRIES[0]);
  for (int i = 0; i < n; i++) {
    if (strcmp(name, emulation::ENTRIES[i].name) == 0) {
      return i;
    }
  }
  return -1;
}

// As cuLaunchKernel, with its codes. Not for several threads at once.
extern "C" int emulation_launch(int kernel, u32 gridX, u32 gridY, u32 blockX, u32 blockY,
                                void** parameters) {
  using namespace emulation;
  u32 count = blockX * blockY;
  if (kernel < 0 || gridX == 0 || gridY == 0 || count == 0 || count > MOST_THREADS ||
      gridX > 0x7fffffffu || gridY > 0xffffu) {
    return kernel < 0 ? NOT_FOUND : INVALID_VALUE;
  }
  kernelCall = ENTRIES[kernel].call;
  kernelParameters = parameters;
  threads = {blockX, blockY};
  blocks = {gridX, gridY};
  for (u32 y = 0; y < gridY; y++) {
    for (u32 x = 0; x < gridX; x++) {
      block = {x, y};
      if (!ENTRIES[kernel].barriers) {
        runWithoutBarriers(count);
      } else if (!runWithBarriers(count)) {
        return LAUNCH_FAILED;
      }
    }
  }
  return OK;
}

// As cublasSgemm with pointers to alpha and beta on the host.
extern "C" int emulation_gemm(int transposeA, int transposeB, int m, int n, int k, float alpha,
                              const float* a, int lda, const float* b, int ldb, float beta, float* c,
                              int ldc) {
  for (i64 j = 0; j < n; j++) {
    for (i64 i = 0; i < m; i++) {
      double sum = 0.0;
      for (i64 l = 0; l < k; l++) {
        double left = transposeA ? a[i * lda + l] : a[l * lda + i];
        sum += left * (transposeB ? b[l * ldb + j] : b[j * ldb + l]);
      }
      float* out = c + j * ldc + i;
      *out = (float)(alpha * sum + (beta == 0.0f ? 0.0 : (double)beta * *out));
    }
  }
  return 0;
}

// The raw generator and functions, for tests of their own.
extern "C" void emulation_philox(const u32* counter, const u32* key, u32* out) {
  Words words = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  memcpy(out, words.w, sizeof(words.w));
}

extern "C" void emulation_functions(const float* x, float* out) {
  out[0] = exponential(x[0]);
  out[1] = sigmoid(x[0]);
  out[2] = softplus(x[0]);
  out[3] = softplusDifference(x[0], x[0] + x[1], x[1]);
}

extern "C" void emulation_normal(const u32* word, float* out) { *out = normal(*word); }
