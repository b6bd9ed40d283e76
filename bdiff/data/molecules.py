"""Molecules from SMILES: the text of a molecule, and what is left out of a data set and why.

The arrays are those of `bdiff.chemistry`, the classes those of `bdiff.molecule_classes`. What x
cannot hold is left out, and a warning says how many molecules that were and for which reason; so is
a text that RDKit refuses, and a molecule that does not come back from x as the same molecule, up to
charges made by a proton, isotopes and stereochemistry.
"""

import csv
import gzip
import io
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bdiff.chemistry import (
    ELEMENTS,
    Graph,
    UnsuitedMoleculeError,
    canonical,
    encode,
    from_graph,
    plain,
    rdkit_chem,
    sanitised,
    to_graph,
)
from bdiff.data.checks import normalised
from bdiff.data.classes import MOLECULE_CLASSES
from bdiff.data.dataset import Dataset
from bdiff.data.scaling import GRAPHS
from bdiff.data.tables import draw_split
from bdiff.expect import listed
from bdiff.files import sha256_of
from bdiff.molecule_classes import predicate
from bdiff.progress import Progress
from bdiff.randomness import generator

if TYPE_CHECKING:
    from rdkit.Chem import Mol

ENDINGS = (".smi", ".csv", ".smi.gz", ".csv.gz")
COLUMN = "smiles"  # in capitals or not
LARGEST = 4e9  # bytes of x
NAMED = 3  # texts that RDKit refuses, told one by one

ClassesBy = str | Callable[["Mol"], str | None]


@dataclass
class _Kept:
    """Molecules with a class that x can hold, and how many were left out for which reason."""

    rows: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    graphs: list[Graph] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    without_class: int = 0
    refused: list[str] = field(default_factory=list)  # texts that are no molecule, and why

    def __str__(self) -> str:
        text = "; ".join(f"{count:,}: {reason}" for reason, count in self.left_out.most_common())
        if not self.refused:
            return text
        more = [f"{len(self.refused) - NAMED:,} more"] if len(self.refused) > NAMED else []
        first = ", ".join(self.refused[:NAMED] + more)
        return f"{text}; RDKit refuses {first}; rows are counted from 0"


def from_smiles(
    smiles: Sequence[str],
    classes_by: ClassesBy = "rings",
    *,
    split: Sequence[str] | np.ndarray | None = None,
    nodes: int | None = None,
    molecules: int | None = None,
    held_out: float | None = None,
    name: str = "molecules",
    title: str = "",
) -> Dataset:
    """Make a data set of molecules.

    Args:
        smiles: one text per molecule.
        classes_by: what decides the class, a key of `bdiff.data.classes.MOLECULE_CLASSES`,
            "module:function", or a function from an RDKit molecule to a class name, or None for
            molecules that are not wanted.
        split: "train" or "test" for each; by default all are training molecules.
        nodes: rows of x; larger molecules are left out. By default as many as the largest has.
        molecules: at most so many of all, drawn with a fixed seed; None for all.
        held_out: share of each class that becomes the split "test", in (0, 1), where no split is
            given, all copies of a molecule or none; None for nothing.
        name: key of the data set.
        title: name for figures; `name` by default.

    Returns:
        x of shape (N, nodes, nodes + 9), in the order of the texts.

    Warns:
        UserWarning: how many molecules are left out, for each reason.

    Raises:
        ImportError: if RDKit is missing.
        ValueError: if no molecule remains, naming the first texts that RDKit refuses; if x would
            take more than 4 GB; or if `smiles` is one text, `classes_by` none of the above, or both
            `split` and `held_out` are given.
    """
    if isinstance(smiles, str):
        raise ValueError(f"smiles is a list of texts, [{smiles!r}], found {smiles!r}")
    if not isinstance(classes_by, str) and not callable(classes_by):
        raise ValueError(
            f"classes_by is {classes_by!r}; expected one of {', '.join(MOLECULE_CLASSES)}, "
            "'module:function', or a function from an RDKit molecule to a class name"
        )
    if split is not None and held_out is not None:
        raise ValueError("split says what is held out, so held_out cannot; give one of them")
    smiles = list(smiles)
    rows = np.arange(len(smiles))
    if molecules is not None:
        rows = np.sort(generator(0, "molecules").permutation(rows)[:molecules])
    kept = _read(smiles, rows.tolist(), classes_by, nodes)
    built_in = MOLECULE_CLASSES.get(classes_by) if isinstance(classes_by, str) else None
    # A function of one's own gives no class to what is not wanted.
    if kept.without_class and (built_in or not kept.rows):
        kept.left_out[f"no class by {_named(classes_by)!r}"] = kept.without_class
    if not kept.rows:
        raise ValueError(f"none of {len(rows):,} molecules is left in the data set ({kept})")
    if kept.left_out:
        left_out = f"{kept.left_out.total():,} of {len(rows):,} molecules are left out"
        warnings.warn(f"{left_out} ({kept})", stacklevel=2)
    classes = built_in or tuple(sorted(set(kept.names)))
    splits = np.full(len(smiles), "train") if split is None else np.asarray(split)
    sizes = np.array([len(elements) for _, elements in kept.graphs])
    nodes = nodes or int(sizes.max())
    _check_size(sizes, nodes)
    dataset = Dataset(
        x=encode(kept.graphs, nodes),
        labels=np.array([classes.index(name) for name in kept.names]),
        classes=classes,
        split=splits[kept.rows],
        name=name,
        title=title,
        scaling=dict(GRAPHS),
        source={"dataset": name, "classes_by": _named(classes_by)},
    )
    if held_out is None:
        return dataset
    # Copies of a molecule, such as its stereoisomers, are all held out or none.
    keys = [(orders.tobytes(), elements.tobytes()) for orders, elements in kept.graphs]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    copies = np.array([number[key] for key in keys])
    _, first = np.unique(copies, return_index=True)
    return replace(dataset, split=draw_split(dataset.labels[first], classes, held_out)[copies])


def read_molecules(
    path: str | Path,
    *,
    classes_by: ClassesBy = "rings",
    nodes: int | None = None,
    molecules: int | None = None,
    held_out: float | None = None,
    title: str = "",
) -> Dataset:
    """Read molecules from a file of one's own.

    Args:
        path: .smi (one SMILES per line, then what you like) or .csv with a column SMILES; either
            may be packed with gzip (.gz).
        classes_by, nodes, molecules, held_out: as in `from_smiles`.
        title: name for figures; the file's name by default.

    Warns:
        UserWarning: how many molecules are left out, for each reason.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file has another ending or no such column; and as `from_smiles`.
    """
    path = Path(path)
    smiles = read_smiles(path)
    name = path.name.removesuffix(".gz").rpartition(".")[0]
    try:
        dataset = from_smiles(
            smiles,
            classes_by,
            nodes=nodes,
            molecules=molecules,
            held_out=held_out,
            name=name,
            title=title,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    file = {"dataset": "file", "file": path.name, "sha256": sha256_of(path)}
    return replace(dataset, source=dataset.source | file)


def read_smiles(path: str | Path) -> list[str]:
    """The SMILES in a file; arguments and errors as in `read_molecules`."""
    path = Path(path)
    if not path.name.lower().endswith(ENDINGS):
        raise ValueError(f"{path}: expected a file that ends with {', '.join(ENDINGS)}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    text = _text(path).rstrip()
    if path.name.lower().removesuffix(".gz").endswith(".smi"):
        return [line.split(maxsplit=1)[0] if line.strip() else "" for line in text.splitlines()]
    rows = csv.reader(io.StringIO(text, newline=""))
    names = next(rows, [])
    column = [number for number, name in enumerate(names) if name.strip().lower() == COLUMN]
    if not column:
        raise ValueError(f"{path} has no column SMILES; it has {listed(names, 20)}")
    # Texts may end with a line feed, as in the file that is known as ZINC250k.
    return [row[column[0]].strip() if len(row) > column[0] else "" for row in rows]


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        content = gzip.decompress(content) if path.suffix.lower() == ".gz" else content
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is corrupt or no text in UTF-8 ({error})") from None


def _read(
    smiles: Sequence[str],
    rows: Sequence[int],
    classes_by: ClassesBy,
    nodes: int | None,
) -> _Kept:
    kept, class_of = _Kept(), predicate(classes_by)
    with Progress("reading molecules", len(rows), "molecules") as progress:
        for row in rows:
            progress.update(1)
            try:
                mol = plain(_parsed(smiles[row], row, kept.refused))
                name = class_of(mol)
                if name is None:
                    kept.without_class += 1
                    continue
                graph = _graph(mol, nodes)
            except UnsuitedMoleculeError as reason:
                kept.left_out[str(reason)] += 1
                continue
            kept.rows.append(row)
            kept.names.append(normalised(name))
            kept.graphs.append(graph)
    return kept


def _named(classes_by: ClassesBy) -> str:
    if isinstance(classes_by, str):
        return classes_by
    name: str = getattr(classes_by, "__qualname__", type(classes_by).__name__)
    return name


def _check_size(sizes: np.ndarray, nodes: int) -> None:
    rows, width = len(sizes), nodes + len(ELEMENTS)
    if (size := 4.0 * rows * nodes * width) > LARGEST:
        fewer = int(np.quantile(sizes, 0.99))
        raise ValueError(
            f"{rows:,} molecules of up to {nodes} atoms would take {1e-9 * size:.1f} GB; set "
            f"`nodes` to a number such as {fewer}, which leaves out {(sizes > fewer).sum():,} "
            "larger ones, or take fewer `molecules`"
        )


def _parsed(text: str, row: int, refused: list[str]) -> "Mol":
    """The sanitised molecule; what is none is noted with its row and the reason."""
    Chem = rdkit_chem()
    from rdkit import rdBase

    mol: Mol | None = None
    # RDKit reads an empty text as a molecule without atoms.
    if isinstance(text, str) and text.strip():
        with rdBase.BlockLogs():
            mol = Chem.MolFromSmiles(text)
            if mol is not None:
                return mol
            mol = Chem.MolFromSmiles(text, sanitize=False)
    reason = "it is no SMILES"
    if mol is not None:
        reason = "; ".join(problem.Message() for problem in Chem.DetectChemistryProblems(mol))
    refused.append(f"{text!r} in row {row} ({reason})")
    raise UnsuitedMoleculeError("no valid SMILES")


def _graph(mol: "Mol", nodes: int | None) -> Graph:
    if nodes is not None and mol.GetNumAtoms() > nodes:
        raise UnsuitedMoleculeError(f"more than {nodes} atoms")
    graph = to_graph(mol)
    (back,) = sanitised([from_graph(graph)])
    if back is None or canonical(back) != canonical(mol):
        raise UnsuitedMoleculeError("another molecule when read back from atoms and bonds")
    return graph
