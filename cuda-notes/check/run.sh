#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the device operations on the first GPU of this machine and times them, beside PyTorch where
# python3 has it. Writes the table to check.md, too. Options: see DeviceCheck; with --twin, plain Java in
# place of the GPU.
#
# Exit status: 0 all right, 1 an operation is wrong, 2 bad options, 3 no GPU that can be used.
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${CHECK_OUT:-.}
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
case $driver in
  [0-9]*) driver="driver $driver" ;;
  *) driver="driver unknown" ;;
esac

peers=
case " $* " in
  *" --twin "* | *" --small "* | *" --correctness "*) ;;
  *)
    if [ "$driver" = "driver unknown" ]; then
      echo "PyTorch is not timed: nvidia-smi names no driver."
    elif python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
      if python3 "$here/torch_loops.py" >"$out/torch.tsv"; then
        peers=$out/torch.tsv
      else
        echo "PyTorch is not in the table: torch_loops.py failed."
      fi
    else
      echo "PyTorch is not timed: python3 has none that sees a GPU."
    fi
    ;;
esac

status=$out/.status
{
  "$here/jre/bin/java" -Xmx6g -cp "$here/lib/*" org.dl4jebm.training.device.DeviceCheck \
    --driver "$driver" ${peers:+--peers "$peers"} "$@"
  echo $? >"$status"
} | tee "$out/check.md"
result=$(cat "$status")
rm -f "$status"
exit "$result"
