import io
import zipfile

from build.packaging.deterministic_zip import digest_of, zip_of

MEMBERS = {"b/second.py": b"2" * 500, "a.py": b"1"}


def entries(packed: bytes) -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(packed)).infolist()


def test_the_order_of_members_changes_nothing() -> None:
    reordered = dict(reversed(MEMBERS.items()))
    assert zip_of(MEMBERS) == zip_of(reordered)
    assert digest_of(MEMBERS) == digest_of(reordered)


def test_members_are_sorted_and_their_attributes_fixed() -> None:
    attributes = [
        (entry.filename, entry.date_time, entry.external_attr, entry.create_system, entry.compress_type)
        for entry in entries(zip_of(MEMBERS))
    ]
    fixed = ((1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3, zipfile.ZIP_DEFLATED)
    assert attributes == [("a.py", *fixed), ("b/second.py", *fixed)]


def test_members_keep_their_content() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zip_of(MEMBERS)))
    assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS


def test_the_digest_tells_names_and_contents_apart() -> None:
    digests = {digest_of(MEMBERS), digest_of({"a.py": b"1"}), digest_of({"a.py": b"2"}), digest_of({"b.py": b"1"})}
    assert len(digests) == 4


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert digest_of({"a.py": b"1"}) == "94d60851eac50134ad63a9841d670374b167bc45ed7b2bd989f9c7de4f9f83bd"
