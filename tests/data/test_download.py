"""Downloading: the next source is tried, reasons are listed, nothing wrong is left behind."""

import hashlib
import multiprocessing
import os

import pytest

from bdiff.data import download as module
from bdiff.data.download import download
from bdiff.data.letters import FILE
from bdiff.data.sources import SourceError, read_raw

GOOD = b"T,2,8\n" * 1000
SHA256 = hashlib.sha256(GOOD).hexdigest()
BAD = {
    "empty": b"",
    "half": GOOD[:3000],
    "nearly whole": GOOD[: int(0.99 * len(GOOD))],
    "other": GOOD.replace(b"8", b"9"),
    "HTML page": b"<!DOCTYPE html><title>Moved</title>",
}


@pytest.fixture
def urls(tmp_path, write_table):
    """A table of sources for the letters, one file:// URL per content (None: no such file)."""

    def write(*contents):
        rows = []
        for order, content in enumerate(contents, start=1):
            path = tmp_path / f"served{order}"
            if content is not None:
                path.write_bytes(content)
            rows.append(("letters", order, "official-url", path.as_uri(), FILE, SHA256))
        return write_table(*rows)

    return write


def test_first_source_that_answers_is_used(tmp_path, urls):
    source = download("letters", tmp_path / "raw", urls(GOOD, b"not reached"))
    assert source.locators[FILE].endswith("served1")
    files, provenance = read_raw(tmp_path / "raw")
    assert files == {FILE: GOOD}
    assert provenance["dataset"] == "letters"


@pytest.mark.parametrize("content", [*BAD.values(), None], ids=[*BAD, "missing"])
@pytest.mark.fault("F10")
def test_wrong_answers_fall_through(tmp_path, urls, content):
    source = download("letters", tmp_path / "raw", urls(content, GOOD))
    assert source.locators[FILE].endswith("served2")
    assert (tmp_path / "raw" / FILE).read_bytes() == GOOD


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
@pytest.mark.fault("F10")
def test_nothing_is_left_at_the_final_name(tmp_path, urls, content):
    with pytest.raises(SourceError):
        download("letters", tmp_path / "raw", urls(content))
    assert not (tmp_path / "raw").exists()


def test_all_that_was_tried_is_listed_with_reasons(tmp_path, urls):
    table = urls(None, BAD["HTML page"], BAD["other"])
    with pytest.raises(SourceError) as caught:
        download("letters", tmp_path / "raw", table)
    first, second, third = str(caught.value).splitlines()[1:4]
    assert "served1: [Errno 2] No such file" in first
    assert "served2: letter-recognition.data has the wrong content" in second
    assert second.endswith("an HTML page)")
    assert f"expected {SHA256} (6,000 bytes)" in third
    assert f"put the files {FILE} into {tmp_path / 'raw'}" in str(caught.value)


def test_any_failure_of_a_source_falls_through(tmp_path, write_table, monkeypatch):
    served = tmp_path / "served"
    served.write_bytes(GOOD)
    table = write_table(
        ("letters", 1, "carrier-pigeon", "coo", FILE, SHA256),
        ("letters", 2, "debian", "r-cran-mlbench", FILE, SHA256),
        ("letters", 3, "official-url", served.as_uri(), FILE, SHA256),
    )

    def fail(kind, locator, folder):
        raise KeyError("something nobody thought of")

    monkeypatch.setattr(module, "get_package", fail)
    assert download("letters", tmp_path / "raw", table).kind == "official-url"


def test_package_is_read_by_its_reader(tmp_path, write_table, monkeypatch):
    table = write_table(("letters", 1, "debian", "r-cran-mlbench", FILE, SHA256))
    monkeypatch.setattr(module, "get_package", lambda kind, locator, folder: folder / locator)
    monkeypatch.setitem(
        module.READERS, ("letters", "debian"), lambda package: {FILE: GOOD, "extra": b""}
    )
    download("letters", tmp_path / "raw", table)
    assert sorted(p.name for p in (tmp_path / "raw").iterdir()) == [FILE, "source.json"]


def test_second_call_fetches_nothing(tmp_path, urls, monkeypatch):
    table = urls(None, GOOD)
    download("letters", tmp_path / "raw", table)
    monkeypatch.setattr(module, "fetch", lambda source: pytest.fail("fetched again"))
    download("letters", tmp_path / "raw", table)


def test_files_put_there_by_hand_are_used(tmp_path, urls):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / FILE).write_bytes(GOOD)
    download("letters", tmp_path / "raw", urls(None))
    assert read_raw(tmp_path / "raw")[0] == {FILE: GOOD}


@pytest.mark.fault("F10")
def test_corrupt_file_is_fetched_again(tmp_path, urls):
    table = urls(GOOD)
    download("letters", tmp_path / "raw", table)
    (tmp_path / "raw" / FILE).write_bytes(GOOD[:-1])
    download("letters", tmp_path / "raw", table)
    assert (tmp_path / "raw" / FILE).read_bytes() == GOOD


@pytest.mark.fault("F10")
def test_several_processes_at_once(tmp_path, urls):
    table = urls(GOOD)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=download, args=("letters", tmp_path / "raw", table))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sorted(p.name for p in (tmp_path / "raw").iterdir()) == [FILE, "source.json"]
    assert read_raw(tmp_path / "raw")[0] == {FILE: GOOD}


@pytest.mark.skipif(
    not os.environ.get("BDIFF_TEST_NETWORK"), reason="set BDIFF_TEST_NETWORK=1 to download"
)
@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist", "letters", "digits"])
def test_real_sources(tmp_path, dataset):
    source = download(dataset, tmp_path / dataset)
    assert source.version != "first-10000"
    read_raw(tmp_path / dataset)
