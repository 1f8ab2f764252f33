"""Zips that depend on nothing but the names and contents of their members."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

Members = Mapping[str, bytes]

MODIFIED = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE = 0o100644
UNIX = 3
COMPRESSION_LEVEL = 9


def digest_of(members: Members) -> str:
    """Identify what an archive holds.

    Builds of zlib (zlib-ng among them) compress the same content to different bytes, so this covers names, contents and
    the fixed attributes, and not the compressed zip: two machines agree on it.

    Returns:
        A SHA-256 digest as 64 hexadecimal digits.
    """
    contents = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    description = json.dumps([MODIFIED, REGULAR_FILE, UNIX, contents], sort_keys=True)
    return hashlib.sha256(description.encode()).hexdigest()


def zip_of(members: Members) -> bytes:
    """Pack members, sorted by name and with fixed dates, modes and compression.

    The date is the earliest that a zip can carry
    (https://docs.python.org/3/library/zipfile.html#zipfile.ZipInfo.date_time).
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(members):
            archive.writestr(_entry(name), members[name], zipfile.ZIP_DEFLATED, COMPRESSION_LEVEL)
    return packed.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MODIFIED)
    entry.create_system = UNIX
    entry.external_attr = REGULAR_FILE << 16
    return entry
