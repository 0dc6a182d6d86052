"""Which of OpenBLAS's kernels multiplies matrices fastest here: measured in processes of their own.

OpenBLAS chooses a kernel for the processor when it is loaded, and does not always choose the fastest; the choice can
only be made before NumPy is imported, so each candidate is tried in a fresh Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SETTING = "OPENBLAS_CORETYPE"
MARGIN = 1.1  # what is less than a tenth faster is not worth a line
SECONDS = 30
# What a processor has to say of itself before a kernel may be tried on it: the wrong one would end the process.
CANDIDATES = {
    "SKYLAKEX": {"avx512f", "avx512dq", "avx512bw", "avx512vl"},
    "HASWELL": {"avx2", "fma"},
    "ZEN": {"avx2", "fma"},
}
_MEASURE = """
import time, numpy as np
a = np.random.default_rng(0).normal(size=(512, 512)); b = a.T.copy(); c = np.empty_like(a)
best = 1e9
for _ in range(20):
    started = time.perf_counter(); np.dot(a, b, out=c); best = min(best, time.perf_counter() - started)
print(2 * 512**3 / best / 1e9)
"""


@dataclass(frozen=True)
class Kernel:
    """A kernel and its speed, in GFLOP/s, for products of 512 x 512 matrices of float64."""

    name: str
    speed: float


def measured(loaded: str, flags: set[str] | None = None) -> list[Kernel]:
    """The loaded kernel first, then each other that this processor can run. Empty where nothing could be measured."""
    flags = processor_flags() if flags is None else flags
    speed = _speed({})
    if speed is None:
        return []
    found = [Kernel(loaded, speed)]
    for name, needed in CANDIDATES.items():
        if needed <= flags and name.lower() != loaded.lower():
            speed = _speed({SETTING: name})
            if speed is not None:
                found.append(Kernel(name, speed))
    return found


def better(kernels: list[Kernel]) -> Kernel | None:
    """A kernel that is worth setting; None where the loaded one is as fast as any."""
    if len(kernels) < 2:
        return None
    best = max(kernels[1:], key=lambda kernel: kernel.speed)
    return best if best.speed > MARGIN * kernels[0].speed else None


def line_to_set(kernel: Kernel) -> str:
    """What to type so that NumPy takes this kernel from the next start on."""
    return f"set {SETTING}={kernel.name}" if os.name == "nt" else f"export {SETTING}={kernel.name}"


def processor_flags() -> set[str]:
    """What the processor says that it can do, where the system tells: Linux does."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.partition(":")[2].split())


def _speed(settings: dict[str, str]) -> float | None:
    environment = {k: v for k, v in os.environ.items() if k != SETTING or not settings} | settings
    try:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        return float(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
