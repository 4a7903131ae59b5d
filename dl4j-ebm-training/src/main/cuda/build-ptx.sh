#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes src/main/resources/org/dl4jebm/training/device/rbm.ptx of the kernels in this folder.
# Needs clang 14 or newer with the NVPTX target, as distributions package it; no CUDA toolkit.
#
#   ./build-ptx.sh [FILE]     CLANG=clang++-15 ./build-ptx.sh
set -eu
cd "$(dirname "$0")"
out=${1:-../resources/org/dl4jebm/training/device/rbm.ptx}
sources="build-ptx.sh functions.h gpu.h philox.h rbm.cu units.h"
clang=${CLANG:-}
if [ -z "$clang" ]; then
  for candidate in clang++-14 clang++; do
    if command -v "$candidate" >/dev/null; then clang=$candidate; break; fi
  done
fi
if [ -z "$clang" ]; then
  echo "no clang++-14 or clang++ on the PATH; set CLANG" >&2
  exit 1
fi
made=$(mktemp)
trap 'rm -f "$made"' EXIT
# sm_80 and ISA 7.0: every driver since CUDA 11.0 translates it for Ampere and all that came later.
# -ffp-contract=off: multiplications and additions are fused where the source says so and nowhere
# else, so that the kernels give the bits of their emulation on the CPU.
"$clang" -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 -Xclang -target-feature -Xclang +ptx70 \
  -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++14 -O3 -ffp-contract=off \
  -Wall -Wextra -Werror -S rbm.cu -o "$made"
mkdir -p "$(dirname "$out")"
{
  echo "// SPDX-License-Identifier: Apache-2.0"
  echo "// Made by src/main/cuda/build-ptx.sh; not to be edited."
  # shellcheck disable=SC2086
  echo "// sources sha256 $(cat $sources | tr -d '\r' | sha256sum | cut -d ' ' -f 1)"
  cat "$made"
} >"$out"
