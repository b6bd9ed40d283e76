"""Getting bytes and packages: URLs by urllib, packages by the registries' own clients.

Nothing here installs anything: packages are downloaded and then read as archives.
"""

import gzip
import http.client
import io
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.request import Request

from bdiff.data.archives import LIMIT
from bdiff.data.sources import looks_like_html
from bdiff.files import sha256_of

# What comes over http can be read and replaced on the way.
SCHEMES = ("https://", "file://")
TIMEOUT = 10  # seconds to connect, and to wait for the next bytes
CLIENT_TIMEOUT = 600  # seconds for a package client
ATTEMPTS = 3


class FetchError(OSError):
    """A source that does not answer, or answers with something else than asked for."""


def get(url: str, limit: int = LIMIT, attempts: int = ATTEMPTS, pause: float = 1.0) -> bytes:
    """The content of a URL; unpacked, if the URL ends with .gz.

    A cut connection and a server's own failure (HTTP 5xx) are tried again, since they pass; a host
    that is not reached is not, since the next source may be.

    Args:
        url: https:// or file://.
        limit: largest size in bytes, packed or unpacked.
        attempts: how often to try.
        pause: seconds before the second try; doubles with each.

    Raises:
        FetchError: if the URL, or one that it leads on to, is of another kind, or if no attempt
            gives a whole answer within the limit.
    """
    _check_scheme(url)
    for attempt in range(attempts):
        try:
            content = _get_once(url, limit)
            return unpack(content, limit) if url.endswith(".gz") else content
        except (http.client.IncompleteRead, ConnectionResetError) as error:
            reason = f"the connection was cut ({error})"
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code < 500:
                break
        except (urllib.error.URLError, TimeoutError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error))
            break
        if attempt + 1 < attempts:
            time.sleep(pause * 2**attempt)
    raise FetchError(reason)


def _check_scheme(url: str) -> None:
    if not url.startswith(SCHEMES):
        raise FetchError(f"{url} is refused; expected {' or '.join(SCHEMES)}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Goes where an answer leads on to, but not from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get_once(url: str, limit: int) -> bytes:
    with urllib.request.build_opener(_Redirects).open(url, timeout=TIMEOUT) as answer:
        content: bytes = answer.read(limit + 1)
        announced = int(answer.headers.get("Content-Length") or len(content))
    if len(content) > limit:
        raise FetchError(f"more than {limit:,} bytes; refused")
    if len(content) < announced:
        raise http.client.IncompleteRead(content, announced - len(content))
    return content


def unpack(content: bytes, limit: int = LIMIT) -> bytes:
    """Content of a gzip file. Raises FetchError if it is none, is cut off or exceeds the limit."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, OSError) as error:
        found = "an HTML page" if looks_like_html(content) else f"{len(content):,} bytes"
        raise FetchError(f"expected a gzip file, got {found} ({error})") from None
    if len(unpacked) > limit:
        raise FetchError(f"unpacks to more than {limit:,} bytes; refused")
    return unpacked


def pip_download(package: str, folder: Path) -> Path:
    """Download a wheel, "name==version", without its dependencies; returns its path."""
    # Wheels only: building a source distribution would run its code.
    options = ("--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet")
    _run(folder, sys.executable, "-m", "pip", "download", *options, "--dest", ".", package)
    return _only_file(folder, "*.whl")


def npm_pack(package: str, folder: Path) -> Path:
    """Download an npm package, "name@version"; returns the path of its .tgz."""
    _run(folder, "npm", "pack", "--silent", package)
    return _only_file(folder, "*.tgz")


def apt_download(package: str, folder: Path) -> Path:
    """Download a Debian package; returns the path of its .deb."""
    try:
        _run(folder, "apt-get", "download", package)
    except FetchError:
        # Without a list of packages apt-get knows none; a fresh machine has no list yet.
        _run(folder, "apt-get", "update")
        _run(folder, "apt-get", "download", package)
    return _only_file(folder, "*.deb")


CLIENTS = {"pypi": pip_download, "npm": npm_pack, "debian": apt_download}


def get_package(kind: str, locator: str, folder: Path) -> Path:
    """Download a package and check it, where the locator ends with "#sha256=...".

    Raises:
        FetchError: if the client is missing or fails, or the package has another hash.
    """
    package, _, expected = locator.partition("#sha256=")
    path = CLIENTS[kind](package, folder)
    found = sha256_of(path)
    if expected and found != expected:
        raise FetchError(f"{path.name} has sha256 {found}, expected {expected}")
    return path


def _run(folder: Path, *command: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=CLIENT_TIMEOUT
        )
    except FileNotFoundError:
        raise FetchError(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise FetchError(f"{command[0]} gave no answer in {CLIENT_TIMEOUT} s") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise FetchError(f"{' '.join(command[:3])} failed: {lines[-1][:200]}")


def _only_file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FetchError(f"the client left {len(found)} files {pattern}; one is expected")
    return found[0]
