"""MOSES: drug-like molecules of ZINC's "clean leads", as SMILES; all, and a draw for the demo.

The normalised raw file has the line "SMILES,SPLIT" and one line per molecule, "CCO,train"; first
all training molecules of MOSES, then its test molecules, in MOSES's order. There are no charges and
no stereochemistry in it. Sources: Polykovskiy et al., "Molecular Sets (MOSES)", 2020, arXiv
1811.12823; Sterling, Irwin, "ZINC 15 - ligand discovery for everyone", 2015.

It is not ZINC250k, the paper's file, but has the same origin and similar molecules: 0.04 % have no
ring and 7.3 % have one, against 0.4 % and 8.2 % there.
"""

import gzip
from pathlib import Path

import numpy as np

from bdiff.data.archives import read_members
from bdiff.data.dataset import SPLITS, Dataset
from bdiff.data.fetch import unpack
from bdiff.data.molecules import ClassesBy, from_smiles
from bdiff.molecule_classes import predicate
from bdiff.randomness import generator

FILE = "molecules.csv"
HEAD = "SMILES,SPLIT"
DRAWN = 4_000


def to_text(smiles: np.ndarray, split: np.ndarray) -> bytes:
    """The raw file of SMILES (N,) and splits (N,), both arrays of str."""
    rows = (f"{text},{part}" for text, part in zip(smiles.tolist(), split.tolist(), strict=True))
    return ("\n".join([HEAD, *rows]) + "\n").encode("ascii")


def parse(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `to_text`.

    Raises:
        ValueError: if a line is not a SMILES and a split; the line is named.
    """
    head, *lines = text.decode("ascii").splitlines()
    rows = [line.split(",") for line in lines]
    bad = [n for n, row in enumerate(rows, start=2) if len(row) != 2 or row[1] not in SPLITS]
    if head != HEAD or bad:
        number = 1 if head != HEAD else bad[0]
        raise ValueError(
            f"{FILE}, line {number}: expected {HEAD} in line 1, then a SMILES and train or test, "
            f"found {[head, *lines][number - 1][:80]!r}; download it again"
        )
    smiles, split = zip(*rows, strict=True)
    return np.array(smiles), np.array(split)


def from_molsets(wheel: Path) -> dict[str, bytes]:
    """The raw file, from the wheel molsets, used as a zip and never installed."""
    names = {part: f"moses/dataset/data/{part}.csv.gz" for part in SPLITS}
    packed = read_members(wheel, names.values())
    parts = {part: unpack(packed[name]).decode("ascii").split()[1:] for part, name in names.items()}
    smiles = [text for texts in parts.values() for text in texts]
    split = np.repeat(list(parts), [len(texts) for texts in parts.values()])
    return {FILE: to_text(np.array(smiles), split)}


def draw(text: bytes, count: int = DRAWN) -> bytes:
    """The embedded molecules: all of MOSES's without a ring, and `count` in all with one ring.

    Training and test molecules are drawn in the ratio of 7 to 1, which is about that of those
    without a ring, and stay in their order.
    """
    from rdkit.Chem import MolFromSmiles

    smiles, split = parse(text)
    class_of = predicate("rings")
    names = np.array([class_of(MolFromSmiles(text)) or "" for text in smiles.tolist()])
    chosen = names == "acyclic"
    for part, share in zip(SPLITS, (7 / 8, 1 / 8), strict=True):
        rows = np.flatnonzero((names == "one ring") & (split == part))
        wanted = round(share * count) - np.count_nonzero(chosen & (split == part))
        chosen[generator(0, "embedded molecules", part).permutation(rows)[:wanted]] = True
    return to_text(smiles[chosen], split[chosen])


def pack(text: bytes) -> bytes:
    """The embedded file, data/embedded/molecules.csv.gz; the same bytes whenever it is made."""
    packed = gzip.compress(text, 9, mtime=0)
    return packed[:9] + b"\x03" + packed[10:]  # the system; versions of Python say it differently


def from_embedded(path: str | Path) -> dict[str, bytes]:
    """The raw file of the molecules that are embedded in the repository."""
    return {FILE: gzip.decompress(Path(path).read_bytes())}


def make_dataset(
    files: dict[str, bytes],
    classes_by: ClassesBy = "rings",
    nodes: int | None = None,
    molecules: int | None = None,
) -> Dataset:
    """Molecules with the classes of a predicate; MOSES's test molecules are the held-out split.

    The other arguments are those of `bdiff.data.molecules.from_smiles`.
    """
    smiles, split = parse(files[FILE])
    return from_smiles(
        smiles.tolist(),
        classes_by,
        split=split,
        nodes=nodes,
        molecules=molecules,
        name="moses",
        title="MOSES molecules",
    )
