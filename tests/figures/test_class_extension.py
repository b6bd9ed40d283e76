"""Classes added to a trained model, one and several."""

import runpy
from dataclasses import replace

import numpy as np
import pytest

from bdiff.analysis.class_extension import Series, compare_old_classes, of_paper, stages_of
from bdiff.data.dataset import Dataset, write_dataset
from bdiff.figures.class_extension import class_extension
from bdiff.paper import FOLDER, paper_numbers
from tests.stages import IMAGE, TABLE, generated, make_stages, write_stages


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def panels(figure):
    return [axes for axes in figure.axes if not axes.images]


def points(axes):
    """(class's place, value) of single points of ours."""
    lines = [line for line in axes.lines if line.get_marker() in ("o", "D")]
    big = [line for line in lines if line.get_markersize() > 5]
    return [(round(line.get_xdata()[0]), line.get_ydata()[0]) for line in big]


def test_what_a_stage_adds_is_seen_from_its_classes():
    assert [stage.added for stage in make_stages("712")] == [None, "7", "1", "2"]
    first, second, third = make_stages("71")
    with pytest.raises(ValueError, match="give the stages in their order"):
        stages_of([first.quality, third.quality], [{}, {}])
    with pytest.raises(ValueError, match="one more, found"):
        stages_of([second.quality, first.quality], [{}, {}])


def test_old_classes_are_compared_bit_by_bit():
    stages = make_stages("71")
    said = "samples of old classes (0, 4, 9, 7; 12 each) are bit-identical before and after"
    assert said in compare_old_classes(stages)
    made = stages[2].samples["branched"]
    x = made.x.copy()
    row = np.flatnonzero(made.label == "4")[3]
    x[row, 0, 5, 5] = np.nextafter(x[row, 0, 5, 5], np.float32(2))  # the least change there is
    changed = replace(stages[2], samples={**stages[2].samples, "branched": replace(made, x=x)})
    words = compare_old_classes([*stages[:2], changed])
    assert "NOT the same as before: 4 after 1." in words
    assert "identical" not in words
    fewer = replace(stages[1], samples={"branched": generated("047", IMAGE)})
    assert "NOT the same as before: 9 after 7" in compare_old_classes([stages[0], fewer])


@pytest.mark.parametrize("samples", [{}, {"branched": None}, {"branched": generated("04", IMAGE)}])
def test_nothing_is_said_of_samples_that_are_not_there(samples, texts):
    start, end = make_stages()
    stages = [replace(start, samples=samples), end]
    assert "have not been compared" in compare_old_classes(stages)
    assert "bit-identical" not in texts(class_extension(stages, "My data"))


def test_points_are_the_distances_of_known_classes(texts):
    figure = class_extension(make_stages(), "My data")
    left, right = panels(figure)
    # classes in the order in which they came: 0, 4, 9, 7; the table's order gives the values
    assert points(left) == [
        (0, 20.0), (0, 20.0), (1, 20.1), (1, 20.1), (2, 20.2), (2, 20.3), (3, 20.2)
    ]  # fmt: skip
    assert points(right)[:3] == [(0, 40.0), (0, 300.0), (0, 50.0)]
    assert points(right)[-2:] == [(3, 300.2), (3, 50.2)]
    assert [label.get_text() for label in left.get_xticklabels()] == ["0", "4", "9", "7"]
    floor = [c.get_segments()[0][0, 1] for c in left.collections]
    assert floor == [5.0, 5.1, 5.3, 5.2]
    assert left.get_yscale() == right.get_yscale() == "log"
    words = texts(figure)
    for word in ("My data: adding 7", "start", "7 added", "trained on all 4", "bit-identical"):
        assert word in words
    assert "paper" not in words


def test_the_axis_is_linear_where_values_are_of_one_size():
    stages = make_stages()
    near = [
        replace(s, quality=s.quality.assign(value=s.quality["value"] / 100 + 1)) for s in stages
    ]
    assert panels(class_extension(near, "My data"))[0].get_yscale() == "linear"


def test_images_stand_under_their_model_and_beside_their_class():
    stages = make_stages()
    axes = next(axes for axes in class_extension(stages, "My data").axes if axes.images)
    canvas = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "start", "+ 7", "start", "7 alone", "all 4"
    ]  # fmt: skip
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "4", "9", "7"]
    block = 5 * 15 - 1  # five images of 14 pixels and a pixel between them
    starts = [round(place - (block - 1) / 2) for place in axes.get_xticks()]
    keys = [("branched", 0), ("branched", 1), ("linear", 0), ("linear_new", 1), ("linear_all", 1)]
    for start, (model, stage) in zip(starts, keys, strict=True):
        for row, name in enumerate("0497"):
            strip = canvas[row * 30 : row * 30 + 29, start : start + block]
            x = stages[stage].samples[model].where(label=name)
            if len(x):
                assert np.allclose(strip[:14, :14], x[0, 0])
                assert np.allclose(strip[15:, -14:], x[9, 0])
            else:
                assert np.isnan(strip).all()
    assert starts[0] == 0
    assert starts[-1] + block == canvas.shape[1]


def test_several_steps_and_tables(texts):
    images = class_extension(make_stages("712"), "My data")
    words = texts(images)
    assert "all 6" in words
    assert "adding 7, then 1, then 2" in words
    strips = next(axes for axes in images.axes if axes.images)
    assert len(strips.get_xticks()) == 9
    table_figure = class_extension(make_stages("712", TABLE), "UCI letters")
    assert not any(axes.images for axes in table_figure.axes)
    assert "bit-identical" in texts(table_figure)
    assert table_figure.get_figheight() < images.get_figheight()


def test_the_papers_numbers_stand_beside_the_same_data_and_classes(texts):
    paper = paper_numbers(FOLDER / "numbers.csv")
    beside = of_paper(paper, make_stages(dataset="mnist"))
    assert beside[Series("branched", 1)] == {"0": 22.77, "4": 15.89, "9": 18.01, "7": 24.17}
    assert beside[Series("linear_new", 1)]["0"] == 218.33
    assert beside[Series("linear_all", 1)]["7"] == 20.95
    steps = of_paper(paper, make_stages("712", dataset="mnist"))
    assert len(steps) == 9
    assert steps[Series("branched", 3)]["2"] == 40.85
    assert steps[Series("linear_all", 3)]["2"] == 60.14
    other_order = of_paper(paper, make_stages("172", dataset="mnist"))
    assert set(other_order) == {
        Series("branched", 0), Series("linear", 0), Series("branched", 2), Series("linear_new", 2),
        Series("branched", 3), Series("linear_new", 3), Series("linear_all", 3),
    }  # fmt: skip
    assert not of_paper(paper, make_stages(dataset="digits"))
    assert not of_paper(paper, make_stages("5", start="12", dataset="mnist"))
    assert "paper" in texts(class_extension(make_stages(dataset="mnist"), "MNIST", paper))
    assert "paper" not in texts(class_extension(make_stages(dataset="digits"), "Digits", paper))


def test_a_model_without_numbers_is_named():
    start, end = make_stages()
    end = replace(end, quality=end.quality[end.quality["model"] != "linear_new"])
    with pytest.raises(ValueError, match="'linear_new' after '7' was added, only of"):
        class_extension([start, end], "My data")
    with pytest.raises(ValueError, match="found 1 stages"):
        class_extension([start], "My data")


def test_the_script_says_whether_old_samples_are_identical(request, tmp_path, capsys):
    x = np.zeros((4, *IMAGE), np.float32)
    dataset = Dataset(x, np.arange(4) % 2, ("0", "4"), np.repeat("train", 4), "mine", "My data")
    write_dataset(dataset, tmp_path / "data.parquet")
    folders = write_stages(make_stages("71"), tmp_path)
    arguments = ["--data", tmp_path / "data.parquet", "--stages", *folders]
    arguments += ["--paper", FOLDER / "numbers.csv", "--output", tmp_path / "F8.svg"]
    script = runpy.run_path(str(request.config.rootpath / "scripts/plot_class_extension.py"))
    script["main"](list(map(str, arguments)))
    assert (tmp_path / "F8.png").stat().st_size > 1000
    assert "bit-identical before and after" in capsys.readouterr().out
