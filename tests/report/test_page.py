"""The report: every figure once with its caption, in order, and nothing from outside."""

import base64
import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bdiff.config import read_config
from bdiff.config.figures import Figures
from bdiff.data.dataset import Dataset, write_dataset
from bdiff.report.facts import DataFacts, facts_of, kept_words, scale_and_commands
from bdiff.report.page import LARGEST_SVG, assemble, embedded, read_chapters, read_table

ROOT = Path(__file__).parents[2]
CAPTIONS, PAGE = (ROOT / "workflow/report" / name for name in ("captions.yaml", "page.html"))
CHAPTERS = read_chapters(CAPTIONS)
ENTRIES = {name: entry for chapter in CHAPTERS for name, entry in chapter.entries.items()}
PAPER = "https://arxiv.org/abs/2212.10777"
VOID = {"meta", "br", "img"}
NASTY = '<b title="x">&amp;'  # a class name that would break a careless page
TRAINING = {"steps": 3000, "batch_size": 64}
SETTINGS = {
    "figures": {
        "F1_branched_process": {"dataset": "mine", "classes": [NASTY, "0"]},
        "F3_sample_quality": {"dataset": "mine"},
        "F16_hybrids": {"dataset": "mine"},
    },
    "datasets": {
        "mine": {
            "tree": {"method": "sharing_cost", "objects": None, "tolerance": 0.02},
            "training": {"branched": TRAINING, "linear": TRAINING},
            "samples": {"count": 500, "solver": None},
            "metrics": {"count": 400},
            "hybrids": {
                "count": 9, "pairs": [[NASTY, "0"]],
                "solver": {"name": "ddim", "eta": 1, "steps": 50},
            },
        }
    },
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would find; it refuses tags that are not closed in their order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += " ".join(data.split()) + " "

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Figures, tables and a data set."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("F3_sample_quality", "F16b_hybrids", "F16a_hybrids", "F1_branched_process"):
        (folder / f"{name}.svg").write_text(f"<svg><!-- {name} --></svg>")
        (folder / f"{name}.png").write_bytes(b"\x89PNG")
    columns = {"dataset": "mine", "source": "bdiff", "classes": [NASTY, "0"], "start": [0.25, 0]}
    pd.DataFrame(columns).to_csv(folder / "T1_branches.csv", index=False)
    write_dataset(
        Dataset(
            x=np.zeros((6, 3), np.float32), labels=np.array([0, 1] * 3), classes=(NASTY, "0"),
            split=np.array(["train"] * 4 + ["test"] * 2), name="mine", title=f"Mine {NASTY}",
        ),
        folder / "mine.parquet",
    )  # fmt: skip
    (folder / "kept.csv").write_text("classes,before,after\n7,abcdef,abcdef\n")
    return folder


def make(folder, output, template=PAGE):
    options = {
        "captions": [CAPTIONS], "page": [template], "settings": [json.dumps(SETTINGS)],
        "figures": folder.glob("*.svg"), "tables": folder.glob("T*.csv"),
        "data": [f"mine={folder / 'mine.parquet'}"], "kept": [folder / "kept.csv"],
        "command": ["snakemake --cores all --configfile workflow/config/demo.yaml"],
        "output": [output],
    }  # fmt: skip
    words = [word for key, values in options.items() for word in (f"--{key}", *values)]
    runpy.run_path(str(ROOT / "scripts/make_report.py"))["main"](list(map(str, words)))


@pytest.fixture(scope="module")
def page(folder):
    make(folder, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_every_figure_stands_once_in_the_papers_order(page, folder):
    order = ["F1_branched_process", "F3_sample_quality", "F16a_hybrids", "F16b_hybrids"]
    pictures = [base64.b64decode(image["src"].split(",")[1]) for image in page.all("img")]
    assert pictures == [(folder / f"{name}.svg").read_bytes() for name in order]
    assert [article["id"] for article in page.all("article")] == ["F1", "T1", "F3", "F16"]
    for name in ("F1_branched_process", "T1_branches", "F3_sample_quality", "F16_hybrids"):
        for text in (ENTRIES[name].caption, ENTRIES[name].paper):
            assert page.text.count(" ".join(text.split())) == 1


def test_pictures_have_a_text_in_their_place(page):
    texts = [image["alt"] for image in page.all("img")]
    assert [text.split(":")[0] for text in texts] == [
        f"Figure {number}" for number in ("F1", "F3", "F16a", "F16b")
    ]
    assert all(f"Mine {NASTY}" in text for text in texts)


def test_what_was_not_made_is_left_out(page):
    for chapter in CHAPTERS:
        made = {"F1_branched_process", "T1_branches", "F3_sample_quality", "F16_hybrids"}
        assert (chapter.text in page.text) == bool(made & chapter.entries.keys())
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in page.all("a") if link["href"] != PAPER]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert "#F2" not in links


def test_nothing_is_loaded_from_elsewhere(page, folder):
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert {link["href"][0] for link in page.all("a") if link["href"] != PAPER} == {"#"}
    allowed = {"src": {"img"}, "href": {"a"}}
    for tag, attrs in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base")
        assert all(tag in tags for key, tags in allowed.items() if key in attrs)
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text
    assert text.count("http") == text.count("http-equiv") + 1  # the paper's address


def test_names_are_escaped(page):
    assert not [attrs for attrs in page.all("b") if attrs]
    assert f"classes {NASTY}, 0" in page.text
    assert page.text.count(NASTY) > 3


def test_it_says_what_the_figures_are_made_of(page):
    assert "4 training and 2 held-out rows, 2 classes" in page.text
    assert "branched and label-guided model trained for 3,000 steps of 64 objects" in page.text
    # the default for tables
    assert "500 samples of each class by SDE-DPM-Solver++, 18 steps" in page.text
    assert f"9 hybrids of each pair ({NASTY} and 0) by DDIM, η = 1, 50 steps." in page.text
    assert "make reproduce SCALE=demo" in page.text


def test_half_a_page_is_never_written(folder, tmp_path, monkeypatch):
    output = tmp_path / "report.html"
    output.write_text("old")
    write = Path.write_text

    def fail(path, text, **options):
        write(path, text[: len(text) // 2], **options)
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="disk full"):
        make(folder, output)
    assert output.read_text() == "old"
    assert list(tmp_path.iterdir()) == [output]


def test_a_figure_without_a_caption_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no caption for F99_new: write it into .*captions.yaml"):
        assemble(CHAPTERS, [tmp_path / "F99_new.svg"], [], {})


def test_an_unknown_key_of_a_caption_is_refused(tmp_path):
    text = CAPTIONS.read_text(encoding="utf-8").replace("folded: true", "foldet: true", 1)
    (tmp_path / "captions.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"T1_branches\.foldet"):
        read_chapters(tmp_path / "captions.yaml")


def test_pixels_take_the_place_of_a_large_drawing(tmp_path):
    drawing = tmp_path / "F1_x.svg"
    drawing.with_suffix(".png").write_bytes(b"pixels")
    for size, kind in ((LARGEST_SVG, "svg+xml"), (LARGEST_SVG + 1, "png")):
        drawing.write_bytes(b"x" * size)
        assert embedded(drawing).startswith(f"data:image/{kind};base64,")


def test_tables_are_rounded_and_have_the_columns_with_values(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("class,a,b,same,none\n007,0.123456,12345.6,True,\n1000,1000,,False,\n")
    columns = {"name": "class", "both": ("a", "b"), "same": "same", "none": "none", "no": "other"}
    table = read_table(path, columns)
    assert table.headings == (("name", False), ("both", True), ("same", False))
    assert table.rows == (
        (("007", False), ("0.123 / 12,346", True), ("yes", False)),
        (("1000", False), ("1,000 / –", True), ("no", False)),
    )


def test_all_that_the_workflow_can_make_has_a_caption():
    assert {entry.section or name for name, entry in ENTRIES.items()} >= set(Figures.model_fields)
    common = (ROOT / "workflow/rules/common.smk").read_text()
    made = set(re.findall(r'"([FT]\d+[a-z]?_\w+)"', common)) - {"F4_letters", *Figures.model_fields}
    assert made
    assert made <= set(ENTRIES)


@pytest.mark.parametrize("scale", [None, "demo", "short", "test"])
def test_every_figure_of_every_scale_tells_its_data(scale):
    overlays = [ROOT / f"workflow/config/{scale}.yaml"] if scale else []
    config = read_config(ROOT / "config.yaml", *overlays)
    settings = config.model_dump(mode="json", include={"figures", "datasets"})
    data = {
        name: DataFacts(f"Title of {name}", dataset.shape or (16,), dataset.classes, 90, 10)
        for name, dataset in config.datasets.items()
    }
    found = facts_of(CHAPTERS, settings, data, {})
    for name, entry in ENTRIES.items():
        figure = settings["figures"].get(entry.section or name)
        if name.startswith("F") and figure:
            (line,) = found[name].made_of
            assert line.startswith(f"Title of {figure['dataset']} (90 training")
            assert line.count(";") >= 1
            assert "None" not in line
            other = entry.data not in ("", figure["dataset"])
            assert found[name].other_data is other
    assert len(found["T1_branches"].made_of) == len(data)


@pytest.mark.parametrize(
    ("shape", "kind"), [((16,), "rows"), ((26, 35), "molecules"), ((1, 28, 28), "images")]
)
def test_objects_are_called_what_they_are(shape, kind):
    facts = DataFacts("Mine", shape, ("a", "b"), 3500, 500)
    assert facts.text == f"Mine (3,500 training and 500 held-out {kind}, 2 classes)"


def test_hashes_that_differ_are_called_so():
    rows = pd.DataFrame({"classes": ["7", "1"], "before": ["ab", "ab"], "after": ["ab", "cd"]})
    same, other = kept_words(rows).split(". ")
    assert "7 added" in same
    assert same.endswith("ab… before and ab… after, the same")
    assert other.endswith("ab… before and cd… after, NOT the same.")


@pytest.mark.parametrize(
    ("overlays", "scale", "commands"),
    [
        ("", "config.yaml as it is", ["make reproduce SCALE=paper"]),
        (
            " --configfile workflow/config/short.yaml",
            "config.yaml with workflow/config/short.yaml laid over it",
            ["make reproduce SCALE=short"],
        ),
        (" --configfile my.yaml", "config.yaml with my.yaml laid over it", []),
    ],
)
def test_the_commands_make_it_again(overlays, scale, commands):
    command = f"snakemake --cores all{overlays}"
    assert scale_and_commands(command) == {"scale": scale, "commands": [*commands, command]}
