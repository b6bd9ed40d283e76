"""The quality of generated molecules, class by class, each number beside what real ones have.

The metrics are those of `bdiff.analysis.molecules`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bdiff.analysis.metrics import disjoint_halves, frechet_distance
from bdiff.analysis.molecules import (
    chemnet_features,
    class_share,
    connected_share,
    counts,
    diversity,
    novelty,
    smiles_of,
    uniqueness,
    valid_share,
)
from bdiff.analysis.quality import COLUMNS, check_count, check_samples
from bdiff.chemistry import valid_molecules
from bdiff.data.dataset import Dataset
from bdiff.data.molecules import ClassesBy
from bdiff.molecule_classes import halogen_count, predicate, ring_count
from bdiff.progress import Progress
from bdiff.sampling.files import Samples

if TYPE_CHECKING:
    from rdkit.Chem import Mol


def molecule_quality(
    dataset: Dataset,
    samples: dict[str, Samples],
    classes_by: ClassesBy,
    *,
    count: int = 1000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Every metric of generated molecules, for each class.

        valid, connected, in_class   shares of all
        unique, novel                shares of the valid and of the distinct ones
        rings, halogens              mean number in valid ones; nan if none is valid
        diversity                    mean Dice distance of pairs
        fcd                          of valid ones to training molecules of the class, as many of
                                     each and the same for all models; where there are two or more

    Args:
        dataset: real molecules.
        samples: by name of the model, any number of models.
        classes_by: what decided the classes, as in `bdiff.data.molecules.from_smiles`.
        count: molecules of a class on each side of the FCD, where the class has twice as many
            (two disjoint sets of real molecules give the floor), else half of what it has.
        seed: of the choice of real molecules.

    Returns:
        Tidy rows with `bdiff.analysis.quality.COLUMNS`. Model "real" are other training molecules
        of the class: what a perfect model would score, but that they are not novel.

    Raises:
        ValueError: if the samples are of another data set, or a class has fewer than four training
            molecules, or count is below 2.
    """
    check_count(count)
    check_samples(dataset, samples)
    class_of = predicate(classes_by)
    facts = {"dataset": dataset.name, "seed": seed, "split": "train"}
    rows = []
    with Progress("measuring molecules", len(dataset.classes) + 1, "classes") as progress:
        training = set(smiles_of(valid_molecules(dataset.select("train").x)))
        progress.update(1)
        for name in dataset.classes:
            trained = dataset.of(name, "train")
            reference, real = disjoint_halves(trained, count, seed, "train", name)
            objects = {"real": real} | {
                model: made.where(label=name, role="sample") for model, made in samples.items()
            }
            sets = {model: valid_molecules(x) for model, x in objects.items() if len(x)}
            for model, mols in sets.items():
                row = {"model": model, "class": name, "n": len(mols), "space": "molecules"}
                values = {"in_class": class_share(mols, class_of, name)} | _values(mols, training)
                rows += [row | {"metric": key, "value": value} for key, value in values.items()]
            for model, n, distance in _distances(valid_molecules(reference), sets):
                row = {"model": model, "class": name, "n": n, "space": "chemnet"}
                rows.append(row | {"metric": "fcd", "value": distance})
            progress.update(1)
    return [{key: (facts | row)[key] for key in COLUMNS} for row in rows]


def _distances(
    reference: "Sequence[Mol | None]", sets: "Mapping[str, Sequence[Mol | None]]"
) -> Iterator[tuple[str, int, float]]:
    """Model, size of both sets and FCD to the reference, of all that have two valid molecules."""
    valid = {model: _valid(mols) for model, mols in sets.items()}
    valid = {model: smiles for model, smiles in valid.items() if len(smiles) > 1}
    n = min([len(reference), *map(len, valid.values())])
    real = chemnet_features(_valid(reference)[:n])
    for model, smiles in valid.items():
        yield model, n, frechet_distance(chemnet_features(smiles[:n]), real)


def _valid(mols: "Sequence[Mol | None]") -> list[str]:
    """Canonical SMILES of the valid molecules."""
    return [text for text in smiles_of(mols) if text is not None]


def _values(mols: "Sequence[Mol | None]", training: set[str | None]) -> dict[str, float]:
    smiles = smiles_of(mols)
    rings, halogens = counts(mols, ring_count), counts(mols, halogen_count)
    return {
        "valid": valid_share(mols),
        "connected": connected_share(mols),
        "unique": uniqueness(smiles),
        "novel": novelty(smiles, training),
        "rings": float(rings.mean()) if len(rings) else float("nan"),
        "halogens": float(halogens.mean()) if len(halogens) else float("nan"),
        "diversity": diversity(mols),
    }
