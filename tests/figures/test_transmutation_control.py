"""Transmutation by the branched and by the label-guided model."""

import runpy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bdiff.analysis.slant import slant
from bdiff.data.dataset import Dataset, write_dataset
from bdiff.figures.style import COLOURS
from bdiff.figures.transmutation_control import transmutation_control, transmutation_curve
from bdiff.files import write_rows
from bdiff.sampling.files import write_samples

SIDE = 14
TIMES = (0.1, 0.35, 0.8)


@pytest.fixture
def both(rng, hybrids_and_transmutation):
    """Transmuted images of both models: the branched one halves, the label-guided one negates."""
    objects = {name: rng.uniform(-1, 1, (30, 1, SIDE, SIDE)) for name in "49"}
    _, branched = hybrids_and_transmutation(objects, [("4", "9")], after=lambda x: x / 2)
    _, linear = hybrids_and_transmutation(objects, [("4", "9")], after=lambda x: -x)
    return branched, linear


@pytest.fixture
def curve():
    rows = []
    for model, worse in (("branched", 0.0), ("linear", 0.1)):
        for origin, target in (("4", "9"), ("9", "4")):
            for time in TIMES:
                row = {"model": model, "origin": origin, "target": target, "time": time}
                row |= {"branch_time": 0.35, "n": 30}
                values = {"changed": time - worse, "kept": 0.9 - time, "kept_slant": 1 - time}
                for metric, value in values.items():
                    interval = {"low": value - 0.02, "high": value + 0.04}
                    rows.append({**row, "metric": metric, "value": value, **interval})
    return pd.DataFrame(rows)


def panels(figure):
    return [axes for axes in figure.axes if not axes.images and axes.axison]


def test_rows_are_the_original_and_what_both_models_make_of_it(both, curve, texts):
    figure = transmutation_control(*both, curve, "MNIST")
    axes = next(a for a in figure.axes if a.get_title(loc="left").startswith("4 turned into 9"))
    canvas = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    assert canvas.shape == (3 * SIDE + 2, 10 * SIDE + 9)
    real, branched, linear = (
        np.array([canvas[top : top + SIDE, k * 15 : k * 15 + SIDE] for k in range(10)])
        for top in (0, SIDE + 1, 2 * SIDE + 2)
    )
    assert (np.diff(slant(real)) >= 0).all()
    assert np.allclose(branched, real / 2)
    assert np.allclose(linear, -real)
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["real 4", "branched", "label-guided"]
    assert "9 turned into 4 at t\xa0=\xa00.25" in texts(figure)


def test_other_objects_or_noise_are_refused(both, curve):
    branched, linear = both
    with pytest.raises(ValueError, match=r"same noise level .* found t = \[0.25\] and \[0.5\]"):
        transmutation_control(branched, replace(linear, time=linear.time * 2), curve, "MNIST")
    other = replace(linear, x=np.roll(linear.x, 1, axis=0))
    with pytest.raises(ValueError, match="and other objects"):
        transmutation_control(branched, other, curve, "MNIST")


def test_curves_are_changed_over_kept_in_the_order_of_time(curve, texts):
    figure = transmutation_curve(curve.sample(frac=1, random_state=0), "Digits")
    assert len(panels(figure)) == 2
    for axes in panels(figure):
        for model, worse in (("branched", 0.0), ("linear", 0.1)):
            container = next(c for c in axes.containers if c.lines[0].get_color() == COLOURS[model])
            line, _, bars = container.lines
            assert np.allclose(line.get_xdata(), 1 - np.array(TIMES))
            assert np.allclose(line.get_ydata(), np.array(TIMES) - worse)
            wide, high = (np.array(b.get_segments())[0] for b in bars)
            assert np.allclose(wide[:, 0], [0.88, 0.94])
            assert np.allclose(high[:, 1], np.array([0.08, 0.14]) - worse)
        assert axes.get_xlabel() == "correlation of the slant, before and after"
        assert {"0.1", "0.35", "0.8"} <= {text.get_text() for text in axes.texts}
    words = texts(figure)
    for word in ("Digits", "4 to 9", "9 to 4", "branch point", "label-guided"):
        assert word in words


def test_the_branch_point_alone_is_emphasised(curve):
    axes = panels(transmutation_curve(curve, "Digits"))[0]
    large = [line for line in axes.lines if line.get_markersize() > 8]
    assert [line.get_xdata().tolist() for line in large] == [[pytest.approx(0.65)]] * 2
    moved = panels(transmutation_curve(curve.assign(branch_time=0.4), "Digits"))[0]
    assert not any(len(line.get_xdata()) for line in moved.lines if line.get_markersize() > 8)


def test_tables_keep_values(curve):
    curve = curve[curve["metric"] != "kept_slant"]
    axes = panels(transmutation_curve(curve, "UCI letters"))[0]
    assert axes.get_xlabel() == "correlation of the values, before and after"
    with pytest.raises(ValueError, match="expected 'changed' and kept_slant or kept"):
        transmutation_curve(curve[curve["metric"] == "changed"], "UCI letters")


def test_an_undefined_correlation_leaves_its_point_out(curve):
    flat = (curve["metric"] == "kept_slant") & (curve["time"] == 0.8)
    curve.loc[flat, ["value", "low", "high"]] = np.nan
    axes = panels(transmutation_curve(curve, "Digits"))[0]
    assert len(axes.containers[0].lines[0].get_xdata()) == 2


@pytest.mark.parametrize("strips", [True, False])
def test_a_script_makes_the_figure(strips, request, tmp_path, both, curve):
    x = np.zeros((4, 1, SIDE, SIDE), np.float32)
    dataset = Dataset(x, np.arange(4) % 2, ("4", "9"), np.repeat("train", 4), "mine", "My data")
    write_dataset(dataset, tmp_path / "data.parquet")
    write_rows(tmp_path / "curve.csv", curve.to_dict("records"), list(curve))
    arguments = ["--output", str(tmp_path / "F14.svg")]
    for name in ("data.parquet", "curve.csv"):
        arguments += [f"--{name.partition('.')[0]}", str(tmp_path / name)]
    for name, made in zip(("branched", "linear"), both, strict=True):
        write_samples(made, tmp_path / f"{name}.parquet")
        arguments += [f"--{name}", str(tmp_path / f"{name}.parquet")] if strips else []
    main = runpy.run_path(str(request.config.rootpath / "scripts/plot_transmutation_control.py"))
    main["main"](arguments)
    assert (tmp_path / "F14.png").stat().st_size > 1000
    if strips:
        with pytest.raises(SystemExit):
            main["main"](arguments[:-2])
