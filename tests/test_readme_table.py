"""The README's table: only what stands between its two lines is replaced."""

import re
from pathlib import Path

import pandas as pd
import pytest

from bdiff.quality_table import COLUMNS, SHOWN
from bdiff.readme import main, merge, replace_section

ROOT = Path(__file__).parents[1]
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


def test_the_record_and_the_readme_are_written(tmp_path):
    readme, record, new = (tmp_path / name for name in ("README.md", "docs.csv", "new.csv"))
    readme.write_text(f"# Title\n{BEGIN}{END}The rest.\n")
    rows("a", "branched", accuracy="0.98765", n_train="10", n_test="5").to_csv(new, index=False)
    for _ in range(2):
        main([str(new), "--record", str(record), "--readme", str(readme)])
    assert record.read_text() == new.read_text()
    text = readme.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith(f"{END}The rest.\n")
    assert text.count("| a | branched | 10 / 5 |") == 1
    assert "0.988" in text


def test_the_repositorys_readme_shows_its_record(tmp_path):
    copy = tmp_path / "README.md"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    (tmp_path / "record.csv").write_bytes((ROOT / "docs/quality.csv").read_bytes())
    main(["--record", str(tmp_path / "record.csv"), "--readme", str(copy)])
    assert copy.read_text(encoding="utf-8") == text, "run: make readme"
    assert re.search(re.escape("| " + " | ".join(SHOWN) + " |"), text)
