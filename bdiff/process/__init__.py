r"""Forward processes: how data turn into noise.

A process blends an object x_0 with Gaussian noise ε over the time t in [0, T]:

    x_t = alpha(t) x_0 + sigma(t) ε,        ε ~ N(0, I)

Everything that separates two classes at time t is in the signal-to-noise ratio, so times of
different processes are compared by

    log_snr(t) = log(alpha(t)² / sigma(t)²)      (natural logarithm, strictly decreasing in t)

Times are float64 throughout, also where they are whole: near t = 0 a float32 time has no digits
left for the ratio.
"""

from bdiff.process.base import Process, expand_like
from bdiff.process.build import process_from
from bdiff.process.joint import Joint
from bdiff.process.variance_exploding import VE
from bdiff.process.variance_preserving import DDPM, VP

__all__ = ["DDPM", "VE", "VP", "Joint", "Process", "expand_like", "process_from"]
