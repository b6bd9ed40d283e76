"""Finished objects, as sampling would make them."""

from typing import Any

import numpy as np

from bdiff.sampling.files import Part, Samples, collected


def finished(x: dict[str, np.ndarray], meta: dict[str, Any]) -> Samples:
    """Objects by class name as `Samples`, numbered within each class."""
    return collected([Part(values, name) for name, values in x.items()], meta)
