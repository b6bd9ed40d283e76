"""The table of sources and raw folders."""

import re

import pytest

from bdiff.data import download, fetch, letters
from bdiff.data.preprocess import FAMILIES
from bdiff.data.sources import ROOT, TABLE, SourceError, read_raw, sources_of

EVERY_SOURCE = [source for dataset in FAMILIES for source in sources_of(dataset)]


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=str)
def test_every_source_can_be_used(source):
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in source.sha256.values())
    assert source.licence
    if source.kind == "embedded":
        assert all((ROOT / locator).is_file() for locator in source.locators.values())
    elif source.kind == "official-url":
        assert all(url.startswith("https://") for url in source.locators.values())
        assert len(set(source.locators.values())) == len(source.sha256)
    elif source.kind != "sklearn":
        assert source.kind in fetch.CLIENTS
        assert (source.dataset, source.kind) in download.READERS
        assert len(set(source.locators.values())) == 1


@pytest.mark.parametrize("dataset", FAMILIES)
def test_sources_of_a_version_promise_the_same_bytes(dataset):
    sources = sources_of(dataset)
    first = sources[0]
    assert all(s.sha256 == first.sha256 for s in sources if s.version == first.version)


def test_subset_is_marked():
    *full, subset = sources_of("mnist")
    assert {source.version for source in full} == {"full"}
    assert subset.version == "first-10000"
    assert not set(subset.sha256.values()) & set(full[0].sha256.values())


def test_what_is_at_hand_is_the_last_source():
    """So that `preprocess` finds it there."""
    for dataset in FAMILIES:
        *first, last = sources_of(dataset)
        assert not any(source.at_hand for source in first)
        assert last.at_hand == (dataset in ("garments", "letters", "digits", "pbmc", "molecules"))


def test_unknown_data_set_and_broken_table(tmp_path):
    with pytest.raises(SourceError, match=r"no data set 'cifar' in .*digits, fashion_mnist"):
        sources_of("cifar")
    broken = tmp_path / "sources.csv"
    broken.write_text(TABLE.read_text().replace("sha256,", "md5,"))
    with pytest.raises(SourceError, match="lacks the columns sha256"):
        sources_of("mnist", broken)


@pytest.mark.fault("S4")
@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/x", "..", "."])
def test_a_file_that_would_stand_elsewhere_is_refused(write_table, name):
    table = write_table(("letters", 1, "official-url", "https://example.org/x", name, "0" * 64))
    with pytest.raises(SourceError, match=f"letters: the file '{name}' is no plain file name"):
        sources_of("letters", table)


def test_raw_folder_that_changed_is_refused(tmp_path, raw_folder):
    folder = raw_folder("letters", {letters.FILE: b"T,2\n"})
    assert read_raw(folder)[0] == {letters.FILE: b"T,2\n"}
    (folder / letters.FILE).write_bytes(b"T,3\n")
    with pytest.raises(SourceError, match=r"wrong content: sha256 .*download.py --source letters"):
        read_raw(folder)
    (folder / letters.FILE).unlink()
    with pytest.raises(SourceError, match=f"{letters.FILE} is missing"):
        read_raw(folder)
    for text in ("{", "[]", "{}", '{"sha256": 1}'):
        (folder / "source.json").write_text(text)
        with pytest.raises(SourceError, match=r"source.json is broken"):
            read_raw(folder)
    with pytest.raises(SourceError, match=r"holds no source.json; fetch the data"):
        read_raw(tmp_path / "raw" / "mnist")
