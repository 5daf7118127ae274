"""What is inside packed files."""

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pytest

from trading_pipeline.domain.model.archives import opened, unpacked
from trading_pipeline.domain.model.errors import DataError

TABLE = b"a,b\n1,2\n"
WAYS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def zipped(**members: bytes) -> bytes:
    """An archive of these files; two underscores stand for a slash and one for a point."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


def on_a_mac() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bars/", b"")
        archive.writestr("bars/bars.csv", TABLE)
        archive.writestr("bars/.DS_Store", b"x")
        archive.writestr("__MACOSX/bars/._bars.csv", b"x")
    return buffer.getvalue()


def test_an_unpacked_name_is_the_content_itself() -> None:
    assert unpacked(TABLE, "bars.csv") == TABLE


@pytest.mark.parametrize(("ending", "pack"), WAYS.items())
def test_every_way_of_packing_gives_the_table_back(ending: str, pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(TABLE), f"bars.csv{ending}") == TABLE
    assert unpacked(pack(TABLE), f"BARS.CSV{ending.upper()}") == TABLE
    assert unpacked(pack(TABLE) + pack(TABLE), f"bars.csv{ending}") == 2 * TABLE


@pytest.mark.parametrize(
    "content",
    [zipped(bars_csv=TABLE), zipped(bars_csv=TABLE, read_me=b"x"), on_a_mac()],
    ids=["alone", "beside a text", "made on a Mac"],
)
def test_a_zip_gives_its_only_table_whatever_lies_beside_it(content: bytes) -> None:
    assert unpacked(content, "bars.zip") == TABLE


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (zipped(), r"holds 0 CSV files \(nothing\)"),
        (zipped(read_me=b"x"), r"holds 0 CSV files \(read.me\)"),
        (zipped(a_csv=TABLE, b_csv=TABLE), r"holds 2 CSV files \(a.csv, b.csv\); pack one CSV alone"),
        (zipped(a_csv=b"", b_csv=b"", c_csv=b"", d_csv=b""), r"holds 4 CSV files \(a.csv, b.csv, c.csv and 1 more\)"),
        (b"<Error><Code>NoSuchKey</Code></Error>", "is no sound .zip .*; it begins with '<Error>"),
        (b"", "is no sound .zip .*; it is empty"),
        (zipped(a_csv=TABLE)[:-30], "is no sound .zip"),
    ],
    # the bytes of a zip carry the time it was made
    ids=["nothing", "no table", "two tables", "four tables", "an error page", "no byte", "cut off"],
)
def test_a_zip_without_exactly_one_table_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(DataError, match=rf"^bars\.zip:? {problem}"):
        unpacked(content, "bars.zip")


def test_a_zip_with_a_password_is_refused() -> None:
    locked = bytearray(zipped(a_csv=TABLE))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match=r"is no sound .zip .*encrypted"):
        unpacked(bytes(locked), "bars.zip")


@pytest.mark.parametrize(("ending", "pack"), WAYS.items())
@pytest.mark.parametrize("broken", [lambda whole: whole[:-5], lambda whole: b"no " + whole, lambda whole: b"text"])
def test_a_broken_file_is_refused_by_name(
    ending: str, pack: Callable[[bytes], bytes], broken: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(DataError, match=rf"^bars\.csv{ending} is no sound {ending} \(") as refused:
        unpacked(broken(pack(TABLE)), f"bars.csv{ending}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_zip_with_any_byte_turned_is_read_or_refused(place: int) -> None:
    damaged = bytearray(zipped(a_csv=TABLE * 20))
    damaged[place] ^= 0xFF
    with contextlib.suppress(DataError):
        assert unpacked(bytes(damaged), "bars.zip") == TABLE * 20


@pytest.mark.parametrize("name", ["a.csv.zst", "a.tar", "a.tar.gz", "a.tgz", "a.7z"])
def test_what_is_not_read_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(DataError, match=r"is not read; unpack it, or pack the CSV as .gz"):
        unpacked(b"\x28\xb5\x2f\xfd", name)


@pytest.mark.parametrize(("ending", "pack"), {**WAYS, ".zip": lambda whole: zipped(a_csv=whole)}.items())
def test_no_more_is_unpacked_than_is_allowed(ending: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DataError, match=rf"^bars\{ending}: unpacks to more than 1,000 bytes; cut it"):
        unpacked(pack(bytes(1_001)), f"bars{ending}", most_bytes=1_000)
    assert unpacked(pack(bytes(1_000)), f"bars{ending}", most_bytes=1_000) == bytes(1_000)


@pytest.mark.parametrize(("ending", "pack"), {**WAYS, ".zip": lambda whole: zipped(a_csv=whole)}.items())
def test_an_archive_made_to_fill_a_memory_is_refused(ending: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DataError, match="unpacks to more than 16,777,216 bytes"):
        unpacked(pack(bytes(2**24 + 1)), f"bars{ending}")
    rows = b"".join(
        b"%d,100.5,101.25,99.75,100.25,%d\n" % (1_740_787_200_000 + 60_000 * n, n % 977) for n in range(450_000)
    )
    assert len(rows) > 2**24
    assert unpacked(pack(rows), f"bars{ending}") == rows


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "b/../../a.csv", "C:\\a.csv"])
def test_a_zip_that_points_outside_itself_is_refused(name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, TABLE)
    with pytest.raises(DataError, match="names a file outside the archive"):
        unpacked(buffer.getvalue(), "bars.zip")


def test_the_file_inside_keeps_its_name() -> None:
    assert opened(zipped(BTCUSDT_parquet=TABLE), "bars.zip").name == "BTCUSDT.parquet"
    assert opened(gzip.compress(TABLE), "a.jsonl.gz").name == "a.jsonl"
