r"""What a transmutation keeps of a molecule: its functional groups (paper, F19).

Of a molecule before, F, and after, G, as sets of functional groups, |F ∩ G| / |F ∪ G| is kept. What
chance keeps is the same number for F and a real molecule of the new class that has nothing to do
with it; a paired t-test over molecules asks whether the former is the greater.

The groups are the 85 that RDKit counts as fragment descriptors (rdkit.Chem.Fragments); the paper
takes Global-Chem's list.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from rdkit.Chem import Mol


class GroupsKept(NamedTuple):
    """How much of the functional groups is kept, beside what chance keeps.

    Args:
        kept, baseline: (n,) overlaps in [0, 1], molecule by molecule.
        t, p: of the paired t-test that `kept` is greater; nan if all differences are equal.
    """

    kept: np.ndarray
    baseline: np.ndarray
    t: float
    p: float


def functional_groups(mol: "Mol") -> frozenset[str]:
    """Names of the functional groups that a sanitised molecule has, such as "fr_ester"."""
    from rdkit.Chem import Fragments

    return frozenset(name for name, count in Fragments.fns if count(mol))


def overlap(a: "Mol | None", b: "Mol | None") -> float:
    """|F ∩ G| / |F ∪ G| of two molecules' functional groups.

    It is 1 if neither has any, and 0 if either is None (not valid): an invalid molecule keeps
    nothing.
    """
    if a is None or b is None:
        return 0.0
    groups_a, groups_b = functional_groups(a), functional_groups(b)
    either = groups_a | groups_b
    return len(groups_a & groups_b) / len(either) if either else 1.0


def groups_kept(
    before: "Sequence[Mol | None]",
    after: "Sequence[Mol | None]",
    unrelated: "Sequence[Mol | None]",
) -> GroupsKept:
    """Overlap of functional groups before and after, against that with unrelated molecules.

    Args:
        before: real molecules.
        after: what each became, None where not valid.
        unrelated: as many real molecules of the new class.

    Raises:
        ValueError: if there are fewer than two molecules, or not as many of each.
    """
    if not 2 <= len(before) == len(after) == len(unrelated):
        raise ValueError(
            "two molecules or more and as many of each are needed for pairs, found "
            f"{len(before)} before, {len(after)} after and {len(unrelated)} unrelated"
        )
    kept, baseline = (
        np.array([overlap(a, b) for a, b in zip(before, others, strict=True)])
        for others in (after, unrelated)
    )
    return GroupsKept(kept, baseline, *paired_test(kept, baseline))


def paired_test(kept: np.ndarray, baseline: np.ndarray) -> tuple[float, float]:
    """t and p of the paired t-test that `kept` (n,) is greater; nan if all differences are equal,
    as they are of fewer than two."""
    from scipy.stats import ttest_rel

    if len(np.unique(kept - baseline)) < 2:
        return float("nan"), float("nan")
    t, p = ttest_rel(kept, baseline, alternative="greater")
    return float(t), float(p)
