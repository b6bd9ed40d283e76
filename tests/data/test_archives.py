"""Archives: wanted files come out, in memory; whatever is hostile or broken is refused."""

import io
import shutil
import stat
import subprocess
import tarfile
import zipfile

import pytest

from bdiff.data.archives import ArchiveError, read_members


def write_tar(path, *members):
    """Members: (name, content) for files, TarInfo for anything else."""
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def write_zip(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(("write", "suffix"), [(write_tar, "tgz"), (write_zip, "whl")])
def test_wanted_files_are_read(tmp_path, write, suffix):
    path = write(tmp_path / f"a.{suffix}", ("./p/one", b"1"), ("p/two", b"2"), ("p/three", b"3"))
    assert read_members(path, ["p/three", "p/one"]) == {"p/one": b"1", "p/three": b"3"}
    with pytest.raises(ArchiveError, match="does not hold p/four"):
        read_members(path, ["p/one", "p/four"])


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")
def test_debian_package_is_read(tmp_path):
    (tmp_path / "p/DEBIAN").mkdir(parents=True)
    (tmp_path / "p/usr").mkdir()
    (tmp_path / "p/usr/one").write_text("1")
    control = "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: d\n"
    (tmp_path / "p/DEBIAN/control").write_text(control)
    subprocess.run(["dpkg-deb", "-b", tmp_path / "p", tmp_path / "p.deb"], check=True)
    assert read_members(tmp_path / "p.deb", ["usr/one"]) == {"usr/one": b"1"}
    (tmp_path / "broken.deb").write_bytes((tmp_path / "p.deb").read_bytes()[:100])
    with pytest.raises(ArchiveError, match="broken or cut off"):
        read_members(tmp_path / "broken.deb", ["usr/one"])


@pytest.mark.parametrize("name", ["../one", "p/../../one", "/etc/one"])
@pytest.mark.parametrize(("write", "suffix"), [(write_tar, "tgz"), (write_zip, "zip")])
@pytest.mark.fault("F9")
def test_names_that_lead_out_are_refused(tmp_path, write, suffix, name):
    path = write(tmp_path / f"a.{suffix}", (name, b"1"), ("one", b"1"))
    with pytest.raises(ArchiveError, match="unsafe name"):
        read_members(path, ["one"])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
@pytest.mark.fault("F9")
def test_links_and_devices_are_refused(tmp_path, kind):
    path = write_tar(tmp_path / "a.tar", special("one", kind, "/etc/passwd"))
    with pytest.raises(ArchiveError, match="is a link, a device or a folder"):
        read_members(path, ["one"])


@pytest.mark.fault("F9")
def test_links_in_zip_files_are_refused(tmp_path):
    info = zipfile.ZipInfo("one")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = write_zip(tmp_path / "a.zip", (info, "/etc/passwd"))
    with pytest.raises(ArchiveError, match="is a link"):
        read_members(path, ["one"])


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("write", "suffix"), [(write_tar, "tgz"), (write_zip, "zip")])
@pytest.mark.fault("F9")
def test_a_name_that_stands_twice_is_refused(tmp_path, write, suffix):
    path = write(tmp_path / f"a.{suffix}", ("one", b"1"), ("./one", b"2"))
    with pytest.raises(ArchiveError, match="holds one twice"):
        read_members(path, ["one"])


@pytest.mark.fault("F9")
def test_bomb_is_refused_before_it_unpacks(tmp_path):
    info = tarfile.TarInfo("big")
    info.size = 10**10  # announced; the archive itself holds no such bytes
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(tarfile.RECORDSIZE))
    with pytest.raises(ArchiveError, match="more than 500,000,000 bytes"):
        read_members(tmp_path / "a.tar", ["one"])
    path = write_zip(tmp_path / "a.zip", ("big", bytes(10**6)), ("one", b"1"))
    assert path.stat().st_size < 2000
    with pytest.raises(ArchiveError, match="more than 10,000 bytes"):
        read_members(path, ["one"], limit=10_000)


@pytest.mark.fault("F9")
def test_a_zip_file_that_lies_about_sizes_is_refused(tmp_path):
    """It announces 10 bytes and unpacks to a million."""
    path = write_zip(tmp_path / "a.zip", ("one", bytes(10**6)))
    content = path.read_bytes()
    assert content.count((10**6).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(ArchiveError, match="broken or cut off"):
        read_members(path, ["one"], limit=10_000)


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
@pytest.mark.parametrize(("write", "suffix"), [(write_tar, "tgz"), (write_zip, "zip")])
@pytest.mark.fault("F9")
def test_archive_cut_off_is_refused(tmp_path, write, suffix, share):
    noise = bytes((i * i * 31 + i // 7) % 251 for i in range(50_000))
    path = write(tmp_path / f"a.{suffix}", ("one", noise))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ArchiveError, match="broken or cut off"):
        read_members(path, ["one"])


def test_missing_archive_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no archive"):
        read_members(tmp_path / "a.zip", ["one"])
