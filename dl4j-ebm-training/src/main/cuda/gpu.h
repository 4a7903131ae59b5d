/*
 * SPDX-License-Identifier: Apache-2.0
 */
// What the kernels need of a compiler, so that no header of a CUDA toolkit is needed: clang alone
// makes the PTX, nvcc can check it, and a C++ compiler makes the same kernels run on the CPU, where
// RBM_EMULATED is defined and the threads are those of src/test/cuda/emulation.cpp.
#ifndef RBM_GPU_H
#define RBM_GPU_H

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#if defined(RBM_EMULATED)

#define KERNEL extern "C" void
#define DEVICE static inline
#define SHARED static

namespace emulation {
struct Place {
  u32 x, y;
};
extern Place thread, block, threads, blocks;
void barrier();
}  // namespace emulation

DEVICE u32 threadX() { return emulation::thread.x; }
DEVICE u32 threadY() { return emulation::thread.y; }
DEVICE u32 blockX() { return emulation::block.x; }
DEVICE u32 blockY() { return emulation::block.y; }
DEVICE u32 threadsX() { return emulation::threads.x; }
DEVICE u32 threadsY() { return emulation::threads.y; }
DEVICE u32 blocksX() { return emulation::blocks.x; }
DEVICE u32 blocksY() { return emulation::blocks.y; }
DEVICE void barrier() { emulation::barrier(); }
DEVICE float squareRoot(float x) { return __builtin_sqrtf(x); }
DEVICE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

#elif defined(__NVCC__)

#define KERNEL extern "C" __global__ void __launch_bounds__(512)
#define DEVICE static __device__ __forceinline__
#define SHARED __shared__

DEVICE u32 threadX() { return threadIdx.x; }
DEVICE u32 threadY() { return threadIdx.y; }
DEVICE u32 blockX() { return blockIdx.x; }
DEVICE u32 blockY() { return blockIdx.y; }
DEVICE u32 threadsX() { return blockDim.x; }
DEVICE u32 threadsY() { return blockDim.y; }
DEVICE u32 blocksX() { return gridDim.x; }
DEVICE u32 blocksY() { return gridDim.y; }
DEVICE void barrier() { __syncthreads(); }
DEVICE float squareRoot(float x) { return __fsqrt_rn(x); }
DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }

#else

#define KERNEL \
  extern "C" __attribute__((global)) __attribute__((launch_bounds(512))) void
#define DEVICE static inline __attribute__((device)) __attribute__((always_inline))
#define SHARED static __attribute__((shared))

DEVICE u32 threadX() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE u32 threadY() { return __nvvm_read_ptx_sreg_tid_y(); }
DEVICE u32 blockX() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE u32 blockY() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE u32 threadsX() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE u32 threadsY() { return __nvvm_read_ptx_sreg_ntid_y(); }
DEVICE u32 blocksX() { return __nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE u32 blocksY() { return __nvvm_read_ptx_sreg_nctaid_y(); }
DEVICE void barrier() { __syncthreads(); }
DEVICE float squareRoot(float x) { return __nvvm_sqrt_rn_f(x); }
DEVICE float fused(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }

#endif

// Loops over the four of a quad have to be unrolled: arrays that are indexed do not fit registers.
#if defined(RBM_EMULATED)
#define FOUR(i) for (int i = 0; i < 4; i++)
#else
#define FOUR(i) _Pragma("unroll") for (int i = 0; i < 4; i++)
#endif

DEVICE u32 bitsOf(float x) {
  union {
    float f;
    u32 u;
  } same;
  same.f = x;
  return same.u;
}

DEVICE float ofBits(u32 x) {
  union {
    u32 u;
    float f;
  } same;
  same.u = x;
  return same.f;
}

DEVICE float magnitude(float x) { return ofBits(bitsOf(x) & 0x7fffffffu); }

#endif
