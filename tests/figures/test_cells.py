"""Fold changes of generated cells, and how well they agree."""

import numpy as np
import pandas as pd
import pytest

from bdiff.figures.expression_recovery import MEASURES, expression_recovery

CLASSES = ("Tem/Temra cytotoxic T", "Megakaryocytes/platelets", "Naive B cells", "pDC")
GENES = tuple(f"GENE{number}" for number in range(20))


@pytest.fixture
def figure(rng):
    real = rng.standard_normal((4, 20))
    changes = {"reference": real, "real": real, "branched": 0.5 * real, "linear": -real}
    rows = []
    for metric, space, *_ in MEASURES:
        for model in ("branched", "linear", "real", "autoencoder"):
            for number, name in enumerate(CLASSES):
                row = {"model": model, "class": name, "metric": metric, "space": space}
                rows.append(row | {"split": "train", "value": 0.9 + 0.01 * number})
                rows.append(row | {"split": "test", "value": 9.0})
    made = expression_recovery(changes, CLASSES, GENES, pd.DataFrame(rows), "My cells")
    return real, made


def test_a_panel_a_class_has_all_genes_of_both_models(figure):
    real, made = figure
    panels = [axes for axes in made.subfigs[0].axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == list(CLASSES)
    for number, axes in enumerate(panels):
        linear, branched = (drawn.get_offsets() for drawn in axes.collections)
        assert np.allclose(linear, np.c_[real[number], -real[number]])
        assert np.allclose(branched, np.c_[real[number], 0.5 * real[number]])
        named = axes.texts[0].get_text().split("\n")
        assert named == [GENES[gene] for gene in np.argsort(-real[number])[:3]]


def test_measures_have_a_row_a_class_and_only_training_cells(figure, texts):
    _, made = figure
    panels = made.subfigs[1].axes
    assert len(panels) == len(MEASURES)
    assert [text.get_text() for text in panels[0].get_yticklabels()] == list(CLASSES)
    for axes in panels:
        assert len(axes.lines) == 4
        for line in axes.lines:
            assert np.allclose(line.get_xdata(), [0.9, 0.91, 0.92, 0.93])
    assert "real cells through the autoencoder" in texts(made)


def test_names_of_classes_do_not_overlap(figure):
    made = figure[1]
    made.draw_without_rendering()
    labels = [text.get_window_extent() for text in made.subfigs[1].axes[0].get_yticklabels()]
    assert not any(a.overlaps(b) for n, a in enumerate(labels) for b in labels[:n])
    assert min(box.x0 for box in labels) >= 0
    titles = [axes.title.get_window_extent() for axes in made.subfigs[1].axes]
    assert not any(a.overlaps(b) for n, a in enumerate(titles) for b in titles[:n])
