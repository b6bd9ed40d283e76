"""Simulated blood cells: counts whose tree of cell types, markers and condition effects are known.

The log-expression of gene g in a cell of type c under condition k is

    l_ckg = b_g + sum over edges e on the way from the root to c of p_eg + d_kg,

and the counts of cell n are negative binomial given its total L_n,

    y_ckg = exp(l_ckg) / sum over genes of exp(l_ck.),                (`Truth.shares`)
    x_ng ~ NB(mean m = L_n y_ckg, variance m + m² / r_g),    log L_n ~ N(log 1000, 0.5²).

Tree. It has the shape and the branch times t of the paper's nine blood cell types (branch
definitions of the scRNA experiment, under VP(0.1, 20)). Gaussians at the distance D are told apart
up to a noise level sigma²/alpha² in proportion to D², so the height of a branch point is taken as

    h(t) = sigma²/alpha² = exp(0.1 t + 9.95 t²) - 1    (0 at the leaves),

and the length w_e of an edge is the difference of heights between its ends. Each edge has a
programme p_e of genes of its own, with sum over g of p_eg² = SPREAD w_e, so the squared distance
between the log-expressions of two types is exactly SPREAD times the way between them in the tree,
2 h(t) for the t at which they part. Longer edges have more genes, as sqrt(w_e), and stronger ones.

Markers. All p_eg are above 0 and b_g = a_g - p_eg: a gene of a programme has its level a_g where
the programme is on, and less elsewhere. The genes of a leaf's edge are the markers of that type: on
in no other. Levels are a_g ~ N(0, 0.5²) for the genes of programmes and conditions, b_g ~ N(0, 1)
for all others; within a programme effects are as U(0.5, 1.5); log r_g ~ N(log 5, 0.5²).

Conditions. Healthy, Influenza and COVID-19 are drawn independently of the type. Condition genes
belong to no programme, and d_kg is the same in all types (0 when healthy): a third of them respond
to both diseases, a third to influenza and a third to COVID-19, half of them downwards, with |d_kg|
from U(0.7, 1.5).

Names are those of the paper's blood cells: cell types as its tree, cluster sizes and markers
suggest them, genes from its lists of markers and of genes of interest where they fit, and
"Gene 001", ... for the rest. The values are simulated and say nothing about these genes in blood.
"""

from dataclasses import dataclass

import numpy as np

from bdiff.data.classes import SIMULATED_CELLS
from bdiff.data.dataset import Dataset
from bdiff.data.scaling import COUNTS
from bdiff.randomness import generator

CONDITIONS = ("Healthy", "Influenza", "COVID-19")
# Shares of the cells, in the order of the classes: the paper's types by number of cells.
SIZES = (0.24, 0.20, 0.15, 0.11, 0.10, 0.095, 0.06, 0.03, 0.015)
MONOCYTES = ("Classical monocytes", "Non-classical monocytes")
HELPERS = ("Tcm/Naive helper T", "Tem/Effector helper T")
KILLERS = ("CD16+ NK cells", "Tem/Temra cytotoxic T")
T_CELLS = (*HELPERS, "Tem/Trm cytotoxic T")
LYMPHOCYTES = (*KILLERS, *T_CELLS, "Naive B cells")
# The paper's branch points: the types that part, and the time.
BRANCH_POINTS = (
    (SIMULATED_CELLS, 0.643644),
    ((*MONOCYTES, *LYMPHOCYTES), 0.540541),
    (LYMPHOCYTES, 0.508509),
    (MONOCYTES, 0.450450),
    ((*KILLERS, *T_CELLS), 0.372372),
    (T_CELLS, 0.364364),
    (KILLERS, 0.229229),
    (HELPERS, 0.184184),
)
# The paper's markers: those of several types stand at the edge above these types.
MARKERS = {
    MONOCYTES: (
        *("MS4A6A", "SPI1", "FCER1G", "TYMP", "COTL1", "CYBB", "S100A11", "GRN", "CSTA"),
        *("SERPINA1", "FCN1", "AIF1", "TYROBP", "CST3", "CTSS"),
    ),
    KILLERS: ("GZMA", "KLRD1", "CTSW", "CST7", "NKG7", "FGFBP2", "CCL5"),
    T_CELLS: ("CD3D", "IL32"),
    HELPERS: ("IL7R",),
    ("Classical monocytes",): ("VCAN", "LYZ", "S100A6"),
    ("Non-classical monocytes",): ("LST1",),
    ("CD16+ NK cells",): ("FCGR3A", "GNLY", "GZMB", "PRF1", "SPON2"),
    ("Tem/Temra cytotoxic T",): ("GZMH",),
    ("Naive B cells",): (
        *("MS4A1", "LINC00926", "CD79A", "IGHD", "IGHM", "CD74", "HLA-DRA", "HLA-DRB1"),
    ),
    ("Megakaryocytes/platelets",): ("PPBP", "PF4"),
}
CONDITION_NAMES = (
    *("STAT1", "IRF1", "CXCL10", "IL1B", "IL1R2", "TNFSF4"),
    *("NFKB1", "NFKB2", "TLR4", "TGFB1", "IFNG", "CXCR3"),
)
SPREAD = 8.0  # squared log-expression per unit of height
PROGRAMMES, RESPONDING = 0.6, 0.1  # shares of the genes: of all programmes, of conditions
LEAST_GENES = 100  # for less, the programmes of short edges would have no genes
LEVEL_SPREAD, OTHER_SPREAD = 0.5, 1.0  # deviations of a_g, and of b_g of the other genes
WITHIN = (0.5, 1.5)  # range of effects within a programme, before they are scaled to its length
EFFECTS = (0.7, 1.5)  # range of |d_kg|
TOTAL, TOTAL_SPREAD = 1000.0, 0.5  # median of the totals L, deviation of their logarithm
DISPERSION, DISPERSION_SPREAD = 5.0, 0.5  # the same of r


@dataclass(frozen=True, eq=False)
class Truth:
    """What the simulated counts were drawn from.

    Args:
        classes, conditions, genes: names.
        log_expression: l, shape (classes, conditions, genes), up to a constant in each cell.
        dispersion: r, inverse dispersion of the negative binomial, shape (genes,), above 0.
        programmes: types below an edge of the tree -> names of the genes that are on in them alone.
        condition_genes: names of the genes that respond to a condition; in no programme.
        branch_points: (types that part, time under VP(0.1, 20)), the root first.
    """

    classes: tuple[str, ...]
    conditions: tuple[str, ...]
    genes: tuple[str, ...]
    log_expression: np.ndarray
    dispersion: np.ndarray
    programmes: dict[tuple[str, ...], tuple[str, ...]]
    condition_genes: tuple[str, ...]
    branch_points: tuple[tuple[tuple[str, ...], float], ...]

    @property
    def shares(self) -> np.ndarray:
        """y, expected share of each gene in a cell's counts, shape (classes, conditions, genes)."""
        expression = np.exp(self.log_expression)
        shares: np.ndarray = expression / expression.sum(axis=-1, keepdims=True)
        return shares

    @property
    def markers(self) -> dict[str, tuple[str, ...]]:
        """Genes that are on in one type alone, by type."""
        return {name: self.programmes[(name,)] for name in self.classes}


def truth(genes: int = 280, seed: int = 0) -> Truth:
    """The distribution of the simulated cells.

    Args:
        genes: how many, 100 or more.
        seed: another one gives other levels, effects and dispersions, but the same tree.

    Raises:
        ValueError: if there are too few genes.
    """
    if genes < LEAST_GENES:
        raise ValueError(f"genes is {genes}; at least {LEAST_GENES} are needed for 16 programmes")
    rng, lengths = generator(seed, "truth of simulated cells"), edge_lengths()
    numbers = _numbers_of_genes(list(lengths.values()), round(PROGRAMMES * genes))
    responding = round(RESPONDING * genes)
    names = _gene_names(dict(zip(lengths, numbers, strict=True)), responding, genes)

    others = np.arange(genes) >= sum(numbers) + responding
    level = rng.normal(0, np.where(others, OTHER_SPREAD, LEVEL_SPREAD))
    expression = np.tile(level, (len(SIMULATED_CELLS), len(CONDITIONS), 1))
    programmes, start = {}, 0
    for (below, length), number in zip(lengths.items(), numbers, strict=True):
        on = slice(start, start := start + number)
        effect = rng.uniform(*WITHIN, number)
        effect *= np.sqrt(SPREAD * length / (effect**2).sum())
        off = [code for code, name in enumerate(SIMULATED_CELLS) if name not in below]
        expression[off, :, on] -= effect
        programmes[below] = names[on]
    responds = slice(start, start + responding)
    expression[:, :, responds] += _condition_effects(responding, rng)
    return Truth(
        classes=SIMULATED_CELLS,
        conditions=CONDITIONS,
        genes=names,
        log_expression=expression,
        dispersion=DISPERSION * np.exp(rng.normal(0, DISPERSION_SPREAD, genes)),
        programmes=programmes,
        condition_genes=names[responds],
        branch_points=BRANCH_POINTS,
    )


def simulate_cells(cells: int = 30_000, genes: int = 280, seed: int = 0) -> Dataset:
    """Draw cells whose tree, markers and conditions are known, from `truth(genes, seed)`.

    Args:
        cells: how many, at least 200; types have the shares `SIZES`, to within one cell.
        genes, seed: as in `truth`.

    Returns:
        The counts as x, float32, shape (cells, genes); all cells are of the split "train", and
        their covariate is "condition".

    Raises:
        ValueError: if there are too few cells or genes.
    """
    if cells < 200:
        raise ValueError(f"cells is {cells}; at least 200 are needed for two cells of every type")
    known, rng = truth(genes, seed), generator(seed, "simulated cells")
    ends = np.rint(cells * np.cumsum(SIZES)).astype(int)
    labels = rng.permutation(np.searchsorted(ends, np.arange(cells), side="right"))
    condition = rng.integers(len(CONDITIONS), size=cells)
    totals = TOTAL * np.exp(rng.normal(0, TOTAL_SPREAD, cells))
    mean = totals[:, None] * known.shares[labels, condition]
    r = known.dispersion
    return Dataset(
        x=rng.negative_binomial(r, r / (r + mean)),
        labels=labels,
        classes=known.classes,
        split=np.full(cells, "train"),
        name="simulated_cells",
        title="Simulated blood cells",
        feature_names=known.genes,
        scaling=dict(COUNTS),
        source={"dataset": "simulated_cells", "cells": cells, "genes": genes, "seed": seed},
        covariates={"condition": np.array(CONDITIONS)[condition]},
    )


def height(time: float) -> float:
    """sigma²/alpha² at a time of VP(0.1, 20)."""
    return float(np.expm1(0.1 * time + 9.95 * time**2))


def edge_lengths() -> dict[tuple[str, ...], float]:
    """Types below each edge of the tree -> its length, in units of height."""
    heights: dict[tuple[str, ...], float] = {below: height(time) for below, time in BRANCH_POINTS}
    heights |= {(name,): 0.0 for name in SIMULATED_CELLS}
    return {
        below: min(top for above, top in heights.items() if set(below) < set(above)) - bottom
        for below, bottom in heights.items()
        if below != SIMULATED_CELLS
    }


def _numbers_of_genes(lengths: list[float], total: int) -> list[int]:
    """How many genes each programme has: 3, and of the rest shares as the root of its length."""
    ends = np.cumsum(np.sqrt(lengths))
    ends = np.rint((total - 3 * len(lengths)) * ends / ends[-1])
    numbers: list[int] = (3 + np.diff(ends, prepend=0)).astype(int).tolist()
    return numbers


def _gene_names(
    numbers: dict[tuple[str, ...], int], responding: int, genes: int
) -> tuple[str, ...]:
    """Names in the order of programmes, condition genes and all others."""
    wanted = [(number, MARKERS.get(below, ())) for below, number in numbers.items()]
    wanted += [(responding, CONDITION_NAMES)]
    wanted += [(genes - sum(number for number, _ in wanted), ())]
    places = [name for n, known in wanted for name in [*known[:n], *[None] * (n - len(known))]]
    return tuple(name or f"Gene {place:03d}" for place, name in enumerate(places, start=1))


def _condition_effects(number: int, rng: np.random.Generator) -> np.ndarray:
    """d, shape (conditions, number): the first gene responds to both, the second to one, ..."""
    gene = np.arange(number)
    effect = rng.uniform(*EFFECTS, (2, number)) * np.where(gene // 3 % 2, -1, 1)
    effect[0] *= gene % 3 != 2
    effect[1] *= gene % 3 != 1
    return np.concatenate([np.zeros((1, number)), effect])
