import hashlib
import os

import pytest

from bdiff.files import atomic_write, read_rows, sha256_of, write_rows, write_text


def test_the_file_appears_whole_and_alone(tmp_path):
    path = tmp_path / "new" / "x.csv"
    with atomic_write(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["x.csv"]


@pytest.mark.fault("F5")
def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fill_the_disk():
        with atomic_write(path) as temporary:
            temporary.write_text("ha")
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_text_is_written_as_utf_8_and_has_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "new" / "x.txt"
    write_text(path, "Fréchet λ\n")
    assert path.read_bytes() == "Fréchet λ\n".encode()
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_class_names_stay_text(tmp_path):
    rows = [
        {"dataset": "1", "class": "NA", "value": 1.5},
        {"dataset": "1", "class": "07", "value": float("nan")},
    ]
    write_rows(tmp_path / "x.csv", rows, ["dataset", "class", "value"])
    table = read_rows(tmp_path / "x.csv")
    assert table["class"].tolist() == ["NA", "07"]
    assert table["dataset"].tolist() == ["1", "1"]
    assert table["value"].dtype == float
    assert table["value"].isna().tolist() == [False, True]
