"""What became of molecules that were turned into another class (paper; F19, T5).

The metrics are those of `bdiff.analysis.molecules` and `bdiff.analysis.functional_groups`. All
models are judged alike, by the same unrelated real molecules of the new class.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bdiff.analysis.functional_groups import groups_kept, paired_test
from bdiff.analysis.kept import before_and_after, directions, interval
from bdiff.analysis.molecules import counts, diversity, novelty, smiles_of
from bdiff.chemistry import decode, is_connected, sanitised, valid_molecules
from bdiff.data.dataset import Dataset
from bdiff.data.molecules import ClassesBy
from bdiff.molecule_classes import halogen_count, predicate, ring_count
from bdiff.progress import Progress
from bdiff.randomness import generator
from bdiff.sampling.files import Samples

if TYPE_CHECKING:
    from rdkit.Chem import Mol

WAY = ("dataset", "model", "origin", "target", "time")  # time: t that molecules were noised to
COLUMNS = (*WAY, "metric", "value", "low", "high", "n")
BY_MOLECULE = ("valid", "connected", "changed", "groups_kept", "groups_baseline")
MOLECULE_COLUMNS = (*WAY, "index", *BY_MOLECULE)


def molecule_transmutation(
    dataset: Dataset,
    transmutations: Mapping[str, Samples],
    classes_by: ClassesBy,
    *,
    seed: int = 0,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What each model made of real molecules, for every direction.

        valid, connected    shares of all
        changed             share of all that are valid and have become of the target class
        groups_kept         mean overlap of functional groups before and after
        groups_baseline     the same before and in unrelated real molecules of the target class
        t, p                of the paired one-sided test that the former is the greater
        groups_kept_valid, groups_baseline_valid, t_valid, p_valid
                            the same of those that are valid after; others have kept nothing
        with_ring_before, with_ring_after, with_halogen_before, with_halogen_after
                            how many molecules, valid or not, have a ring, or a halogen; so the
                            paper counts
        novel               share of the distinct valid ones that are no training molecules
        diversity, diversity_real
                            mean Dice distance of pairs, after and among the unrelated ones

    Args:
        dataset: real molecules.
        transmutations: by name of the model, from `bdiff.sampling.transmutation.transmute`.
        classes_by: what decided the classes, as in `bdiff.data.molecules.from_smiles`.
        seed: of the choice of unrelated molecules.

    Returns:
        Tidy rows with `COLUMNS`; low and high are the ends of the 95 % intervals of shares and
        means of all n molecules, else nan. And a row with `MOLECULE_COLUMNS` for each molecule: its
        index, whether it is valid, connected and changed (1 or 0), and both overlaps.

    Raises:
        ValueError: if a direction has fewer than two molecules.
    """
    class_of = predicate(classes_by)
    training = set(smiles_of(valid_molecules(dataset.select("train").x)))
    ways = [(model, *way) for model, made in transmutations.items() for way in directions(made)]
    rows, molecules = [], []
    with Progress("measuring transmuted molecules", len(ways), "directions") as progress:
        for model, origin, target in ways:
            made = transmutations[model]
            time = made.time[(made.origin == origin) & (made.label == target)].max()
            way = dict(zip(WAY, (dataset.name, model, origin, target, float(time)), strict=True))
            drawn = [decode(x) for x in before_and_after(made, origin, target)]
            before, after = map(sanitised, drawn)
            unrelated = _unrelated(dataset, target, len(before), seed)
            groups = groups_kept(before, after, unrelated)
            by_molecule = np.transpose([
                [mol is not None for mol in after],
                [mol is not None and is_connected(mol) for mol in after],
                [mol is not None and class_of(mol) == target for mol in after],
                groups.kept,
                groups.baseline,
            ])  # fmt: skip
            of_all = {"t": groups.t, "p": groups.p} | _of_valid(by_molecule)
            of_all |= _with(*drawn) | _of_sets(after, unrelated, training)
            n = {"n": len(after)}
            rows += [way | numbers | n for numbers in _measured(by_molecule, of_all)]
            molecules += [
                way | {"index": index} | dict(zip(BY_MOLECULE, numbers, strict=True))
                for index, numbers in enumerate(by_molecule.tolist())
            ]
            progress.update(1)
    return rows, molecules


def _unrelated(dataset: Dataset, target: str, count: int, seed: int) -> "list[Mol | None]":
    """Random real molecules of a class; each once, as long as there are any left."""
    real = dataset.of(target, "train")
    order = generator(seed, "unrelated", target).permutation(len(real))
    return valid_molecules(real[np.resize(order, count)])


def _of_valid(by_molecule: np.ndarray) -> dict[str, float]:
    """Overlaps and their test without molecules that are not valid."""
    kept, baseline = by_molecule[by_molecule[:, 0] == 1, -2:].T
    t, p = paired_test(kept, baseline)
    means = [float(values.mean()) if len(values) else np.nan for values in (kept, baseline)]
    names = ("groups_kept_valid", "groups_baseline_valid", "t_valid", "p_valid")
    return dict(zip(names, (*means, t, p), strict=True))


def _with(before: "Sequence[Mol]", after: "Sequence[Mol]") -> dict[str, float]:
    return {
        f"with_{name}_{when}": int((counts(mols, count) > 0).sum())
        for name, count in (("ring", ring_count), ("halogen", halogen_count))
        for when, mols in (("before", before), ("after", after))
    }


def _of_sets(
    after: "Sequence[Mol | None]", unrelated: "Sequence[Mol | None]", training: set[str | None]
) -> dict[str, float]:
    return {
        "novel": novelty(smiles_of(after), training),
        "diversity": diversity(after),
        "diversity_real": diversity(unrelated),
    }


def _measured(by_molecule: np.ndarray, of_all: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Metric, value and its interval; of the numbers of each molecule, (n, 5), the means."""
    n = len(by_molecule)
    ends = interval(lambda chosen: by_molecule[chosen].mean(axis=0), n)
    means = np.stack([by_molecule.mean(axis=0), *ends], axis=1).tolist()
    rows = [(metric, *numbers) for metric, numbers in zip(BY_MOLECULE, means, strict=True)]
    rows += [(metric, value, np.nan, np.nan) for metric, value in of_all.items()]
    for row in rows:
        yield dict(zip(("metric", "value", "low", "high"), row, strict=True))
