"""Figures of transmuted cells show what was measured; and the scripts, from files to files."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bdiff.analysis.cell_transmutation import cell_transmutation, expression, gene_effects
from bdiff.analysis.kept import before_and_after
from bdiff.autoencoder_files import save_autoencoder
from bdiff.data.dataset import write_dataset
from bdiff.figures.covariate_kept import covariate_kept
from bdiff.figures.gene_correlations import gene_correlations
from bdiff.figures.gene_scatters import gene_scatters, most_variable
from bdiff.figures.marker_genes import marker_genes, strongest_markers
from bdiff.sampling.files import write_samples
from tests.typed_cells import (
    GENES,
    TYPES,
    autoencoder,
    flipped,
    generated,
    shuffled,
    transmuted,
    typed_cells,
)

ROOT = Path(__file__).parents[2]
WAYS = (TYPES, TYPES[::-1])


@pytest.fixture(scope="module")
def cells():
    counts, latent = typed_cells(200)
    made = {"branched": transmuted(latent, flipped), "linear": transmuted(latent, shuffled)}
    rows = cell_transmutation(counts, latent, autoencoder(), made, covariate="condition")
    return latent, made, pd.DataFrame(rows)


def expressed(latent, made, way):
    return tuple(expression(autoencoder(), latent, x) for x in before_and_after(made, *way))


def test_markers_are_the_genes_of_the_types(cells):
    markers = strongest_markers(cells[2], TYPES)
    assert {gene for gene, name in markers.items() if name == TYPES[0]} == {"T1", "T2"}
    assert {gene for gene, name in markers.items() if name == TYPES[1]} == {"B1", "B2"}
    none = cells[2].assign(group="neither")
    with pytest.raises(ValueError, match="no gene marks Tcm/Naive helper T or Memory B"):
        strongest_markers(none, TYPES)


def test_histograms_of_markers_lay_cells_on_those_they_became(cells, texts):
    latent, made, rows = cells
    real = {name: expression(autoencoder(), latent, latent.of(name, "train")) for name in TYPES}
    after = {way[1]: expressed(latent, made["branched"], way)[1] for way in WAYS}
    figure = marker_genes(real, after, GENES, rows, "My cells")
    drawn = [axes for axes in figure.axes if axes.axison]
    assert sorted(axes.get_title(loc="left") for axes in drawn) == ["B1", "B2", "T1", "T2"]
    assert all(len(axes.patches) == 4 for axes in drawn)
    words = texts(figure)
    assert "real Tcm/Naive helper T" in words
    assert "turned into Memory B" in words
    moved = rows[(rows["metric"] == "moved") & (rows["gene"] == "") & (rows["model"] == "branched")]
    assert f"branched {moved['value'].mean():.3f}" in words


def test_curves_of_r_hold_every_gene_of_their_group(cells):
    _, _, rows = cells
    figure = gene_correlations(rows, "My cells")
    for axes, way in zip(figure.axes, WAYS, strict=True):
        assert axes.get_title(loc="left").splitlines() == [
            way[0], f"to {way[1]}", "4 genes mark neither, 4 one"
        ]  # fmt: skip
        # last is the line at 0; before it markers of the branched model, and before these the rest
        neither = axes.lines[-3].get_xdata()
        assert np.allclose(neither[np.isfinite(neither)], 1)


def test_scatters_show_before_and_after(cells):
    latent, made, rows = cells
    both = {way: expressed(latent, made["branched"], way) for way in WAYS}
    neither = set(rows["gene"][rows["group"] == "neither"])
    chosen = most_variable(both, GENES, neither, count=2)
    assert set(chosen) <= {"OWN1", "OWN2", "FLU1", "WELL1"}
    figure = gene_scatters(both, GENES, chosen, "My cells")
    for axes, gene in zip(figure.axes, chosen, strict=False):
        assert axes.get_title(loc="left") == f"{gene}: r = 1.00, 1.00"
        column = GENES.index(gene)
        for drawn, cells_of in zip(axes.collections, both.values(), strict=True):
            assert np.allclose(drawn.get_offsets(), np.c_[tuple(x[:, column] for x in cells_of)])


def test_what_is_read_of_the_condition_stands_beside_chance(cells):
    latent, made, rows = cells
    effects = {way: gene_effects(latent, autoencoder(), made, way, "condition") for way in WAYS}
    figure = covariate_kept(rows, effects, GENES, "condition", "My cells")
    left = figure.axes[0]
    names = [text.get_text() for text in left.get_yticklabels()]
    assert names == ["as they were", "branched", "label-guided", "unrelated\nreal cells"]
    found = rows[(rows["metric"] == "accuracy") & (rows["origin"] == TYPES[0])]
    values = found.set_index("model")["value"]
    points = [line.get_xdata()[0] for line in left.lines[:4]]
    assert points == [values[model] for model in ("before", "branched", "linear", "real")]
    assert left.lines[4].get_xdata()[0] == 0.5
    labels = figure.axes[1].get_legend_handles_labels()[1]
    assert [label.split(",")[0] for label in labels] == ["label-guided", "branched"]


def test_scripts_go_from_files_to_tables_and_figures(tmp_path):
    counts, latent = typed_cells(100)
    write_dataset(counts, tmp_path / "counts.parquet")
    write_dataset(latent, tmp_path / "latent.parquet")
    save_autoencoder(autoencoder(), tmp_path / "autoencoder")
    for number, (model, change) in enumerate({"branched": flipped, "linear": shuffled}.items()):
        write_samples(generated(20, seed=number), tmp_path / f"{model}.parquet")
        write_samples(transmuted(latent, change, 20), tmp_path / f"control_{model}.parquet")

    def run(script, output, **inputs):
        arguments = ["--output", str(tmp_path / output)]
        for name, stem in {"data": "counts.parquet", "latent": "latent.parquet"}.items():
            arguments += [f"--{name}", str(tmp_path / stem)]
        arguments += ["--autoencoder", str(tmp_path / "autoencoder")]
        for name, paths in inputs.items():
            arguments += [f"--{name}", *paths]
        runpy.run_path(str(ROOT / f"scripts/{script}.py"))["main"](arguments)

    samples = [f"{model}={tmp_path / model}.parquet" for model in ("branched", "linear")]
    made = [f"{model}={tmp_path}/control_{model}.parquet" for model in ("branched", "linear")]
    settings = [json.dumps({"seed": 0, "count": 20})]
    run("evaluate_expression", "quality.csv", samples=samples, settings=settings)
    run("evaluate_cell_transmutation", "genes.csv", transmutation=made)
    tables = {"quality": [str(tmp_path / "quality.csv")], "genes": [str(tmp_path / "genes.csv")]}
    run("plot_expression", "F5b.svg", samples=samples, quality=tables["quality"])
    run("plot_cell_transmutation", "figures", transmutation=made, genes=tables["genes"])
    stems = ["F17a_markers", "F17b_correlations", "F17c_genes", "F17d_covariate"]
    paths = [tmp_path / "F5b.svg", *(tmp_path / f"figures/{stem}.svg" for stem in stems)]
    for path in paths:
        assert path.stat().st_size > 1000
        assert path.with_suffix(".png").stat().st_size > 1000
