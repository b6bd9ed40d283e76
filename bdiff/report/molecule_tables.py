"""Tables of molecules, with the paper's numbers, which are of ZINC250k, in columns of their own.

They stand beside molecules of any data set that has the same classes, so their columns say whose
they are, zinc250k_...; where the data are other molecules the two are not measured alike.
"""

from typing import TYPE_CHECKING

from bdiff.paper import paper_transmutations

if TYPE_CHECKING:
    import pandas as pd

PAPER = "zinc250k"
COUNTS = tuple(
    f"with_{name}_{when}" for name in ("ring", "halogen") for when in ("before", "after")
)
SETS = ("novel", "diversity", "diversity_real")
TESTED = ("groups_kept", "groups_baseline", "t", "p")
MEASURED = (
    *("valid", "connected", "changed", *COUNTS, *SETS, *TESTED),
    *("groups_kept_valid", "groups_baseline_valid", "t_valid", "p_valid"),
)
PRINTED = ("time", "n", "changed", *COUNTS, *SETS, "t", "p")  # in the paper


def transmutation_table(measured: "pd.DataFrame", paper: "pd.DataFrame") -> "pd.DataFrame":
    """T5: what became of transmuted molecules, and what they have kept.

    Args:
        measured: tidy rows as in `bdiff.analysis.molecule_transmutation.COLUMNS`, of all data sets.
        paper: rows of the paper's numbers.csv.

    Returns:
        A row for each data set, model and direction: time t that molecules were noised to, n of
        them, every metric, and beside the branched model the paper's numbers for the same classes.
        The paper asked of no molecule whether it is valid, and of the ring task only whether there
        is a ring, or more.
    """
    facts = ["dataset", "model", "origin", "target", "time", "n"]
    table = measured.pivot_table("value", facts, "metric", sort=False)
    table = table.reindex(columns=MEASURED).reset_index()
    ways = table["origin"] + " to " + table["target"]
    printed = paper_transmutations(paper).reindex(columns=PRINTED).add_prefix(f"{PAPER}_")
    keys = list(zip(table["model"], ways, strict=True))
    for column in printed:
        table[column] = printed[column].reindex(keys).to_numpy()
    return table.rename_axis(columns=None)


def statistics_table(counted: "pd.DataFrame", paper: "pd.DataFrame") -> "pd.DataFrame":
    """T8: how many molecules have which rings, aromatic atoms and halogens.

    Args:
        counted: rows of `bdiff.analysis.molecules.class_statistics`, of all data sets.
        paper: rows of the paper's numbers.csv.

    Returns:
        The rows, with count and share of ZINC250k; of two it has the share alone.
    """
    rows = paper[paper["experiment"] == "class_statistics"].set_index("metric")
    counts = rows.loc[rows["unit"] == "molecules", "value"]
    shares = (counts / counts["molecules"]).combine_first(
        rows.loc[rows["unit"] == "share", "value"]
    )
    return counted.assign(**{
        f"{PAPER}_count": counted["statistic"].map(counts),
        f"{PAPER}_share": counted["statistic"].map(shares),
    })  # fmt: skip
