"""Where the objects come from.

Every field of every section says what it is, its unit and its range; these texts make the schema
and the error messages.
"""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from bdiff.config.base import ClassName, Real, Section, Whole, WordOr
from bdiff.data.classes import MOLECULE_CLASSES

# Sources of counts, which models do not take as they are.
COUNTS = ("pbmc", "simulated_cells", "cells")
DOWNLOADED = ("mnist", "fashion_mnist", "moses")
# Shape of one image: channels, height and width; the others are tables or molecules.
SHAPES = {
    **dict.fromkeys(("mnist", "fashion_mnist", "garments"), (1, 28, 28)),
    "digits": (1, 8, 8),
}
FILES = (".csv", ".parquet", ".npz")
CELL_FOLDER = ("matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz", "labels.csv")

Fraction = Annotated[Real, Field(gt=0, lt=1)]
Name = Annotated[str, Field(strict=True, min_length=1)]


def _readable(path: str) -> str:
    if not path.endswith(FILES):
        raise ValueError(f"should end with {', '.join(FILES[:-1])} or {FILES[-1]}")
    return path


def _cells(path: str) -> str:
    if not path.endswith("/") and PurePath(path).suffix not in ("", ".h5ad"):
        raise ValueError("should end with .h5ad, or be a folder")
    return path


def _smiles(path: str) -> str:
    if not path.removesuffix(".gz").endswith((".smi", ".csv")):
        raise ValueError("should end with .smi, .csv, .smi.gz or .csv.gz")
    return path


def _decides(name: str) -> str:
    if name not in MOLECULE_CLASSES and ":" not in name:
        raise ValueError(f"should be {', '.join(MOLECULE_CLASSES)}, or module:function")
    return name


Predicate = Annotated[str, AfterValidator(_decides)]


def _is_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "number"


Genes = Annotated[
    Annotated[Whole, Field(ge=1), Tag("number")]
    | Annotated[tuple[Name, ...], Field(min_length=1), Tag("list")],
    Discriminator(_is_list),
]
SOURCES = (
    "mnist, fashion_mnist, garments (1,600 of Fashion-MNIST), letters (UCI), digits "
    "(scikit-learn's 8x8), pbmc (700 blood cells), simulated_cells, molecules (4,000 of MOSES), "
    "moses (1.8 million), or one's own: file (table), cells (counts) or smiles (molecules)"
)


class AnyData(Section):
    """What all data have."""

    source: str = Field(description=SOURCES)
    classes: WordOr[Literal["all"], tuple[ClassName, ...]] = Field(
        "all", description="all, or a list of class names in the order wanted (quote digits)"
    )


class UnsplitData(AnyData):
    """Data without a test set of their own."""

    held_out: WordOr[Literal["none"], Fraction] = Field(
        0.2, description="test objects: none, or a share of each class between 0 and 1"
    )


class SplitData(AnyData):
    """Data with a test set of their own."""

    held_out: WordOr[Literal["official", "none"], Fraction] = Field(
        "official",
        description="test objects: official (the data set's own), none (the paper's protocol: all "
        "training data), or a share of each class between 0 and 1",
    )


class KnownData(SplitData):
    """One of the paper's data sets, a part of one, or scikit-learn's digits."""

    source: Literal["mnist", "fashion_mnist", "garments", "letters", "digits"] = Field(
        description=SOURCES
    )


class PbmcData(UnsplitData):
    """700 blood cells with counts of 765 genes (PBMC 68k)."""

    source: Literal["pbmc"] = Field(description=SOURCES)


class SimulatedCells(UnsplitData):
    """Counts of simulated blood cells whose tree, markers and condition effects are known."""

    source: Literal["simulated_cells"] = Field(description=SOURCES)
    cells: Whole = Field(30_000, ge=200, description="number of cells, at least 200")
    genes: Whole = Field(280, ge=100, description="number of genes, at least 100")
    seed: Whole = Field(
        0, ge=0, description="seed of levels, effects and counts, 0 or more; the tree is the same"
    )


class FileData(UnsplitData):
    """A table of one's own."""

    source: Literal["file"] = Field(description=SOURCES)
    path: Annotated[str, AfterValidator(_readable)] = Field(
        description=".csv, .parquet or .npz file, from the working directory"
    )
    label: str = Field("label", description="name of the column of class names")
    standardise: bool = Field(
        False,
        strict=True,
        description="true to scale by the training objects: each feature of a table to mean 0 and "
        "deviation 1, or all pixels of images together to [-1, 1]",
    )
    shape: tuple[Annotated[Whole, Field(ge=1)], ...] | None = Field(
        None,
        min_length=3,
        max_length=3,
        description="[channels, height, width] of one object, such as [1, 28, 28], where columns "
        "are pixels; null for a table",
    )
    title: str = Field("", description="name for figures; the file's name when empty")

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read."""
        return (self.path,)


class CellData(UnsplitData):
    """Counts of single cells of one's own."""

    source: Literal["cells"] = Field(description=SOURCES)
    path: Annotated[str, AfterValidator(_cells)] = Field(
        description=".h5ad file, or folder with matrix.mtx.gz, barcodes.tsv.gz, features.tsv.gz "
        "(10x Genomics) and labels.csv (a column barcode, and those below), from the working "
        "directory"
    )
    label: Name = Field(description="name of the column of cell types in obs, or in labels.csv")
    covariates: tuple[Name, ...] = Field(
        (), description="names of further columns to keep, such as condition and donor"
    )
    genes: Genes | None = Field(
        1000,
        description="how many of the most variable genes to keep (variance of Pearson residuals "
        "among the training cells), a list of their names, or null for all",
    )
    layer: Name = Field(
        "X", description="where an .h5ad file holds the counts: X, raw, or the name of a layer"
    )
    min_genes: Whole = Field(
        200, ge=0, description="cells with counts of fewer genes are left out; 0 or more"
    )
    min_cells: Whole = Field(
        3, ge=0, description="genes counted in fewer cells are left out; 0 or more"
    )
    max_genes: Annotated[Whole, Field(ge=1)] | None = Field(
        2500, description="cells with counts of so many genes or more are left out; null for none"
    )
    max_mitochondrial: Annotated[Real, Field(gt=0, le=1)] | None = Field(
        0.1,
        description="cells with such a share of counts from mitochondrial genes (MT-...), or more, "
        "are left out, above 0 to 1; null for none",
    )
    title: str = Field("", description="name for figures; the file's name when empty")

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read."""
        if self.path.endswith(".h5ad"):
            return (self.path,)
        return tuple(str(PurePath(self.path, name)) for name in CELL_FOLDER)


class MoleculeClasses(AnyData):
    """What all molecules have."""

    classes_by: Predicate = Field(
        "rings",
        description=f"what decides the class: {', '.join(MOLECULE_CLASSES)}, or module:function, a "
        "function from an RDKit molecule to the name of its class, or None",
    )
    nodes: Annotated[Whole, Field(ge=2)] | None = Field(
        None, description="most heavy atoms, larger molecules are left out; null for all"
    )
    molecules: Annotated[Whole, Field(ge=4)] | None = Field(
        None, description="how many of all molecules to draw, before classes are told; null for all"
    )


class MosesData(MoleculeClasses, SplitData):
    """Molecules of MOSES, all or those embedded: the acyclic ones and some with one ring."""

    source: Literal["molecules", "moses"] = Field(description=SOURCES)


class SmilesData(MoleculeClasses, UnsplitData):
    """Molecules of one's own."""

    source: Literal["smiles"] = Field(description=SOURCES)
    path: Annotated[str, AfterValidator(_smiles)] = Field(
        description=".smi or .csv file (with a column SMILES), or either with .gz, from the "
        "working directory"
    )
    title: str = Field("", description="name for figures; the file's name when empty")

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read."""
        return (self.path,)


Data = Annotated[
    KnownData | PbmcData | SimulatedCells | FileData | CellData | MosesData | SmilesData,
    Discriminator("source"),
]
