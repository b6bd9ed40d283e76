import numpy as np
import pytest

from bdiff.figures.branched_process import branched_process
from bdiff.process import VP
from bdiff.tree import BranchPoint, BranchTree


@pytest.fixture
def figure(rng):
    points = [BranchPoint(frozenset("049"), 0.5), BranchPoint(frozenset("09"), 0.35)]
    objects = {name: rng.uniform(-1, 1, (2, 1, 28, 28)).astype(np.float32) for name in "049"}
    figure = branched_process(BranchTree("049", points), objects, VP(), "MNIST")
    figure.objects = objects
    return figure


def test_every_branch_is_a_ribbon_over_its_time(figure):
    spans = [ribbon.get_datalim(figure.axes[0].transData).intervalx for ribbon in ribbons(figure)]
    assert len(spans) == 5
    inner = sorted((round(float(a), 3), round(float(b), 3)) for a, b in spans)
    assert [end for start, end in inner if start < 0] == [0.35, 0.35, 0.5]
    assert [start for start, _ in inner if start > 0] == [0.35, 0.5]


def ribbons(figure):
    return figure.axes[0].collections


def test_classes_of_a_branch_are_neighbours_and_named(figure, texts):
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0", "9", "4"]
    words = texts(figure)
    assert "MNIST" in words
    assert "0 | 9   t = 0.35" in words
    assert "0, 9 | 4   t = 0.50" in words
    assert "noise time t" in words


def test_objects_start_as_they_are_and_end_as_noise(figure):
    images = figure.axes[0].images
    assert len(images) == 6 * 11
    first = [image.get_array() for image in images[::11]]
    real = np.concatenate([figure.objects[name][:, 0] for name in "094"])
    assert np.allclose(first, real, atol=1e-6)
    last = np.array([image.get_array() for image in images[10::11]])
    assert abs(last.std() - 1) < 0.05
    assert abs(np.corrcoef(last.ravel(), real.ravel())[0, 1]) < 0.05


def test_images_lie_inside_ribbons_and_are_square(figure):
    axes = figure.axes[0]
    figure.draw_without_rendering()
    for image in axes.images:
        left, right, bottom, top = image.get_extent()
        middle = ((left + right) / 2, (bottom + top) / 2)
        assert any(path.contains_point(middle) for r in ribbons(figure) for path in r.get_paths())
    width, height = np.ptp(axes.transData.transform([(left, bottom), (right, top)]), axis=0)
    assert abs(width / height - 1) < 0.01


def test_long_names_and_large_branches_stay_inside_the_figure(rng):
    names = [f"the class of thirty letters {number}" for number in range(6)]
    points = [BranchPoint(frozenset(names[:k]), 0.9 + 0.015 * k) for k in (6, 5, 4, 3, 2)]
    objects = {name: rng.uniform(-1, 1, (1, 1, 8, 8)).astype(np.float32) for name in names}
    figure = branched_process(BranchTree(names, points), objects, VP(), "MNIST")
    figure.draw_without_rendering()
    labels = [text for text in figure.axes[0].texts if text.get_text()]
    assert any("+2 more | " in text.get_text() for text in labels)
    assert not any("+1 more" in text.get_text() for text in labels)
    assert all("t = " in text.get_text() for text in labels)
    for text in (*labels, *figure.axes[0].get_yticklabels()):
        extent = text.get_window_extent()
        assert 0 <= extent.x0 < extent.x1 <= figure.bbox.x1
