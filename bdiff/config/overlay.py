"""Overlays: mappings that name what they change of a configuration.

An overlay is merged key by key. A part that it gives another name, method or source than the part
had is replaced as a whole, since the settings of one kind mean nothing to another:

    over {name: ddim, eta: 1, steps: 50}    {steps: 20} makes {name: ddim, eta: 1, steps: 20},
                                            {name: unipc, steps: 20} makes {name: unipc, steps: 20}
"""

from collections.abc import Mapping
from typing import Any

TELL_KINDS_APART = ("name", "method", "source")


def lay_over(mapping: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """What the mapping is with the overlay laid over it; neither of the two is changed."""
    merged = dict(mapping)
    for key, value in overlay.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and _same_kind(below, value):
            merged[key] = lay_over(below, value)
        else:
            merged[key] = value
    return merged


def _same_kind(below: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Whether the value is of the kind that stands below it, or names none."""
    kinds = [(below.get(key), value.get(key)) for key in TELL_KINDS_APART]
    # A data set may be called "source": its value is no name of a kind, but a mapping.
    return all(old == new for old, new in kinds if isinstance(old, str) and isinstance(new, str))
