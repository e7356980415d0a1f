"""ZIP archives that no honest program writes, by the names in `files.ARCHIVES`."""

from __future__ import annotations

import bz2
import io
import struct
import zipfile
import zlib

from tests.samples.ecb import FEW_DAYS, zipped

STORED, DEFLATED, BZIP2, UNKNOWN = 0, 8, 12, 99
ENCRYPTED = 1


def bomb() -> bytes:
    """A gigabyte of spaces, in a megabyte."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return _archive(block * 1_000 + packer.flush(), DEFLATED, 1_000 * 2**20)


def bzip2() -> bytes:
    """A member in bzip2, whose four kilobytes may be a gigabyte."""
    return _archive(bz2.compress(b" " * 2**20), BZIP2, 2**20)


def unknown_method() -> bytes:
    """A member in a method that does not exist."""
    return _archive(b"x", UNKNOWN, 1)


def one_line() -> bytes:
    """Millions of columns."""
    return zipped("Date" + ",USD" * 4_000_000 + "\n")


def rows() -> bytes:
    """As many rows as there may be, all of the same day."""
    return zipped("Date,USD,\n" + "2020-01-01,1,\n" * 600_000)


def longer_member() -> bytes:
    """A member that is longer than its header says."""
    return _archive(zlib.compress(b" " * 2**25, wbits=-15), DEFLATED, 10)


def encrypted() -> bytes:
    """A member with a password."""
    return _archive(b"x" * 20, STORED, 20, flags=ENCRYPTED)


def cut_off() -> bytes:
    """Half of an archive."""
    whole = zipped(FEW_DAYS)
    return whole[: len(whole) // 2]


def no_archive() -> bytes:
    """A page of a hotel's network."""
    return b"<html>Welcome</html>"


def with_members(names: list[str]) -> bytes:
    """An archive with members of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, FEW_DAYS)
    return content.getvalue()


def _archive(packed: bytes, method: int, size: int, flags: int = 0) -> bytes:
    """Return an archive of one member with a header of our own, its checksum 0."""
    name = b"eurofxref-hist.csv"
    common = struct.pack(
        "<HHHHHIIIHH",
        *(20, flags, method, 0, 0, 0, len(packed), size, len(name), 0),
    )
    local = b"PK\3\4" + common + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + common
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\5\6" + end
