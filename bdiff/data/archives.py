"""Reading named files out of packages (zip, tar, .deb), in memory: nothing is extracted to disk.

An archive is refused as a whole if any name in it is absolute or climbs out with "..", if a wanted
file is missing, stands twice or is not a plain file (a link, a device), or if the unpacked files
together are larger than a limit.
"""

import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

LIMIT = 500_000_000  # bytes; the largest file needed, MNIST's training images, has 47 million


class ArchiveError(ValueError):
    """An archive that is broken, or that is not what it should be."""


class Member(NamedTuple):
    """One entry of an archive; `plain` is False for links, devices and folders."""

    name: str
    plain: bool
    size: int
    read: Callable[[], bytes]


def read_members(path: str | Path, names: Iterable[str], limit: int = LIMIT) -> dict[str, bytes]:
    """The contents of these files of an archive.

    Args:
        path: a .zip or .whl, a tar archive (compressed or not), or a .deb (needs dpkg-deb).
        names: full names within the archive, without a leading "./".
        limit: largest allowed sum of the unpacked sizes of all files, in bytes.

    Raises:
        FileNotFoundError: if there is no such archive, or no dpkg-deb to read a .deb.
        ArchiveError: see the head of this module; the message names archive, file and reason.
    """
    try:
        return _read(Path(path), list(names), limit)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as error:
        raise ArchiveError(f"{path} is broken or cut off: {error}") from None


def _read(path: Path, names: list[str], limit: int) -> dict[str, bytes]:
    found, total = {}, 0
    for member in _members(path):
        name = _safe_name(path, member.name)
        total += member.size
        if total > limit:
            raise ArchiveError(f"{path} unpacks to more than {limit:,} bytes; it is refused")
        if name in found:
            raise ArchiveError(f"{path} holds {name} twice; which one is meant is not clear")
        if name in names:
            if not member.plain:
                raise ArchiveError(f"{path}: {name} is a link, a device or a folder, not a file")
            found[name] = member.read()
    missing = [name for name in names if name not in found]
    if missing:
        raise ArchiveError(f"{path} does not hold {', '.join(missing)}")
    return found


def _safe_name(archive: str | Path, name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveError(f"{archive} holds the unsafe name {name!r}; it is refused")
    return str(path)  # without a leading "./"


def _members(path: Path) -> Iterator[Member]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no archive {path}")
    reader = {".zip": _zip_members, ".whl": _zip_members, ".deb": _deb_members}
    return reader.get(path.suffix, _tar_members)(path)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = not info.is_dir() and kind in (0, stat.S_IFREG)
            yield Member(info.filename, plain, info.file_size, partial(archive.read, info))


def _tar_members(path: Path) -> Iterator[Member]:
    with path.open("rb") as stream:
        yield from _stream_members(stream)


def _deb_members(path: Path) -> Iterator[Member]:
    with _output_of("dpkg-deb", "--fsys-tarfile", str(path)) as stream:
        yield from _stream_members(stream)


def _stream_members(stream: IO[bytes]) -> Iterator[Member]:
    # "r|*" reads once, from front to back: an archive that unpacks to a flood of bytes is noticed
    # member by member, before the flood.
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        for info in archive:
            yield Member(info.name, info.isreg(), info.size, partial(_content, archive, info))


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    assert file is not None  # there is one of every plain file
    return file.read()


@contextmanager
def _output_of(*command: str) -> Iterator[IO[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None  # it is a pipe
        try:
            yield process.stdout
        finally:
            process.stdout.close()
