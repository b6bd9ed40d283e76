"""The README's table: only what stands between its two lines is replaced."""

from pathlib import Path

import pandas as pd
import pytest

from bdiff.report.quality_table import COLUMNS
from bdiff.report.readme import PAGES, main, merge, replace_section

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- begin quality -->\n", "<!-- end quality -->\n"


def rows(dataset, *models, **more):
    text = dict.fromkeys(COLUMNS, "") | {"dataset": dataset} | more
    return pd.DataFrame([text | {"model": model} for model in models], columns=COLUMNS)


def test_nothing_else_is_touched():
    text = f"above\n{BEGIN}old\n\nolder\n{END}below\n"
    assert replace_section(text, "quality", "new\n") == f"above\n{BEGIN}\nnew\n\n{END}below\n"
    once = replace_section(text, "quality", "new")
    assert replace_section(once, "quality", "new") == once


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, BEGIN + END + BEGIN])
def test_a_lost_line_is_named(text):
    with pytest.raises(ValueError, match=r"begin quality.*end quality.*restore them"):
        replace_section(text, "quality", "new")


def test_data_sets_are_replaced_whole_and_in_place():
    record = pd.concat([rows("a", "branched", "linear"), rows("b", "branched", steps="1")])
    table = merge(record, pd.concat([rows("c", "branched"), rows("a", "guided", steps="2")]))
    assert table["dataset"].tolist() == ["a", "b", "c"]
    assert table["model"].tolist() == ["guided", "branched", "branched"]
    assert table["steps"].tolist() == ["2", "1", ""]


def test_the_record_and_the_pages_are_written(tmp_path):
    (tmp_path / "docs").mkdir()
    pages, new = [tmp_path / name for name in PAGES], tmp_path / "new.csv"
    for page, (section, _) in zip(pages, PAGES.values(), strict=True):
        page.write_text(f"# Title\n<!-- begin {section} -->\n<!-- end {section} -->\nThe rest.\n")
    rows("a", "branched", accuracy="0.98765", n_train="10", n_test="5").to_csv(new, index=False)
    for _ in range(2):
        main([str(new), "--root", str(tmp_path)])
    assert (tmp_path / "docs/quality.csv").read_text() == new.read_text()
    for page in pages:
        text = page.read_text()
        assert text.startswith("# Title\n")
        assert text.endswith("The rest.\n")
        assert text.count("| a | branched |") == 1
        assert "0.988" in text
    assert "| a | branched | 10 / 5 |" in pages[1].read_text()


def test_the_repositorys_pages_show_its_record(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in (*PAGES, "docs/quality.csv"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    main(["--root", str(tmp_path)])
    for name, (_, shown) in PAGES.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text == (ROOT / name).read_text(encoding="utf-8"), (
            "run: python -m bdiff.report.readme"
        )
        assert f"| {' | '.join(shown)} |" in text
