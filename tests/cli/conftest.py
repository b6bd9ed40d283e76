"""A fit that many tests look at, and a folder of their own beside it."""

import pytest

from .zoo import FIT, bdiff, write_csv


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with data and what bdiff fit made of them."""
    place = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write_csv(place / "zoo.csv", ("ape", "bee", "cow"))
        bdiff(FIT)
    return place


@pytest.fixture
def here(done, monkeypatch, tmp_path):
    """A working directory of the test's own, with the data and the fit."""
    (tmp_path / "zoo").symlink_to(done / "zoo")
    (tmp_path / "zoo.csv").symlink_to(done / "zoo.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path
