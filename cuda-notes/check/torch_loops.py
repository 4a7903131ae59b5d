# SPDX-License-Identifier: Apache-2.0
"""The loops of DeviceCheck in PyTorch: eager, as a CUDA graph, and with torch.compile where there is one.

Writes lines of case, kind and milliseconds a repetition (median of 5 rounds) separated by tabs. FLOAT
throughout, no TF32, as in the check. With --tiny ROWS the loops run once, eager, on whatever device there
is, to try this program itself.
"""
import sys
import time

import torch

CASES = [
    ("CD", 784, 500, 100, 1),
    ("CD", 784, 500, 100, 10),
    ("CD", 784, 4096, 1000, 1),
    ("CD", 4096, 4096, 4096, 1),
    ("GIBBS", 784, 500, 100_000, 1),
    ("AIS", 784, 500, 1000, 1),
]


def name(loop, visible, hidden, rows, sweeps):
    if loop == "CD":
        return f"CD-{sweeps} {visible}x{hidden} batch {rows}"
    return f"{loop} {visible}x{hidden} chains {rows}"


def make(loop, visible, hidden, rows, sweeps, device):
    """The loop as a function of its state, and the state."""
    w = torch.randn(visible, hidden, device=device) * 0.01
    b = torch.zeros(visible, device=device)
    c = torch.zeros(hidden, device=device)
    v = torch.zeros(rows, visible, device=device)
    mw, mb, mc = torch.zeros_like(w), torch.zeros_like(b), torch.zeros_like(c)
    data = torch.zeros(rows, visible, device=device)
    order = torch.arange(rows - 1, -1, -1, device=device)
    log_weights = torch.zeros(rows, dtype=torch.float64, device=device)
    rate, momentum, s, t = 0.01, 0.9, 0.5, 0.5001

    def draw(p):
        return (torch.rand_like(p) < p).to(p.dtype)

    def update(p, m, gradient):
        """Nesterov momentum as DL4J has it, in place."""
        before = m * momentum
        m.mul_(momentum).add_(gradient, alpha=-rate)
        p.add_(m, alpha=1 + momentum).sub_(before)

    def cd():
        v0 = data.index_select(0, order)
        p0 = torch.sigmoid(torch.addmm(c, v0, w))
        h = draw(p0)
        for sweep in range(sweeps):
            v1 = draw(torch.sigmoid(torch.addmm(b, h, w.t())))
            p1 = torch.sigmoid(torch.addmm(c, v1, w))
            if sweep < sweeps - 1:
                h = draw(p1)
        gradient = torch.mm(v1.t(), p1)
        gradient.addmm_(v0.t(), p0, alpha=-1)
        update(w, mw, gradient.div_(rows))
        update(b, mb, (v1 - v0).mean(0))
        update(c, mc, (p1 - p0).mean(0))

    def gibbs():
        h = draw(torch.sigmoid(torch.addmm(c, v, w)))
        v.copy_(draw(torch.sigmoid(torch.addmm(b, h, w.t()))))

    def ais():
        log_weights.add_(torch.mv(v, b).double(), alpha=t - s)
        x = torch.addmm(c, v, w)
        softplus = torch.nn.functional.softplus
        log_weights.add_((softplus(t * x) - softplus(s * x)).sum(1, dtype=torch.float64))
        h = draw(torch.sigmoid(t * x))
        v.copy_(draw(torch.sigmoid(t * torch.addmm(b, h, w.t()))))

    return {"CD": cd, "GIBBS": gibbs, "AIS": ais}[loop]


def milliseconds(step, seconds=0.5, rounds=5):
    def measure(n):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(n):
            step()
        torch.cuda.synchronize()
        return time.perf_counter() - start

    n = 1
    while measure(n) < seconds:
        n *= 2
    return 1000 * sorted(measure(n) / n for _ in range(rounds))[rounds // 2]


def graph(step):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        step()
    return captured.replay


def compiled(step):
    result = torch.compile(step)
    for _ in range(3):
        result()
    return result


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    kinds = {"PyTorch eager": lambda step: step, "PyTorch CUDA graph": graph}
    if hasattr(torch, "compile"):
        kinds["PyTorch compile"] = compiled
    for case in CASES:
        for kind, prepare in kinds.items():
            try:
                with torch.no_grad():
                    step = make(*case, "cuda")
                    print(name(*case), kind, milliseconds(prepare(step)), sep="\t", flush=True)
            except Exception as e:  # One kind that fails must not hide the others.
                print(f"{name(*case)}, {kind}: {e}", file=sys.stderr)
            torch.cuda.empty_cache()


def tiny(rows):
    for loop, _, _, _, sweeps in CASES:
        case = (loop, 12, 7, rows, sweeps)
        make(*case, "cuda" if torch.cuda.is_available() else "cpu")()
        print(name(*case))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tiny"]:
        tiny(int(sys.argv[2]))
    else:
        main()
