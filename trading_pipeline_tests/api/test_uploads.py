"""Files of bars over HTTP: shown, taken once, and refused with the reason where they mean harm."""

import gzip
import io
import json
import zipfile

import pytest
from httpx import Response
from sqlalchemy import text

from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.testkit.api_lab import ApiLab

PATH = "/api/v1/market/uploads"
FIRST, HOUR = 1_740_787_200_000, 3_600_000
ROWS = [f"{FIRST + n * HOUR},{100 + n}.5,{103 + n},{99 + n},{101 + n},5.25" for n in range(30)]
BARS = gzip.compress("\n".join(["open_time_ms,open,high,low,close,volume", *ROWS]).encode(), mtime=0)


def bring(api: ApiLab, filename: str, content: bytes, role: Role = Role.ADMIN) -> Response:
    headers = {**api.as_(role), "Content-Type": "application/octet-stream"}
    return api.client.post(PATH, params={"filename": filename}, content=content, headers=headers)


def zipped(content: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_file_is_shown_taken_once_and_leads_to_its_bars_and_to_who_brought_it(api: ApiLab) -> None:
    kept = bring(api, "SOLUSDT-1h-2025-03.csv.gz", BARS)
    upload = kept.json()
    assert kept.status_code == 201, kept.text
    assert (upload["symbol"], upload["timeframe"], upload["bars"]) == ("SOLUSDT", "1h", 30)
    assert "times: milliseconds" in upload["recognised"]
    assert bring(api, "SOLUSDT-1h-2025-03.csv.gz", BARS).json()["upload_id"] == upload["upload_id"]
    (listed,) = api.get(PATH, Role.ADMIN).json()["items"]
    assert (listed["upload_id"], listed["actor"], "content" in listed) == (upload["upload_id"], "a-admin", False)
    path = f"{PATH}/{upload['upload_id']}/ingestion"
    other = api.post(path, Role.ADMIN, {"reason": "a hole", "instrument_id": "BTCUSDT"})
    assert (other.status_code, "holds bars of SOLUSDT, not of BTCUSDT" in other.json()["detail"]) == (422, True)
    taken = api.post(path, Role.ADMIN, {"reason": "hole of March"}).json()
    assert (taken["instrument_id"], taken["bars"], taken["new"]) == ("SOLUSDT.BYBIT", 30, 30)
    query = text("SELECT actor, status, upserts, params ->> 'reason' FROM trading.backfill_runs WHERE run_id = :run")
    with api.context.engine.connect() as connection:
        assert tuple(connection.execute(query, {"run": taken["run_id"]}).one()) == (
            ("a-admin", "SUCCEEDED", 30, "hole of March")
        )
    assert api.post(path, Role.ADMIN, {"reason": "again"}).status_code == 404
    (recorded,) = api.get("/api/v1/admin/audit", Role.ADMIN, action="upload.ingest").json()["items"]
    assert (recorded["after"]["run_id"], recorded["after"]["new"]) == (taken["run_id"], 30)


def test_a_file_that_does_not_say_whose_bars_it_holds_is_asked_about(api: ApiLab) -> None:
    upload_id = bring(api, "march.csv.gz", BARS).json()["upload_id"]
    path = f"{PATH}/{upload_id}/ingestion"
    silent = api.post(path, Role.ADMIN, {"reason": "a hole"})
    assert (silent.status_code, "give instrument_id" in silent.json()["detail"]) == (422, True)
    near = api.post(path, Role.ADMIN, {"reason": "a hole", "instrument_id": "ADAUSD"})
    assert (near.status_code, "did you mean ADAUSDT.BYBIT?" in near.json()["detail"]) == (404, True)
    dropped = api.client.delete(f"{PATH}/{upload_id}", headers=api.as_(Role.ADMIN))
    gone = api.client.delete(f"{PATH}/{upload_id}", headers=api.as_(Role.ADMIN))
    assert (dropped.status_code, gone.status_code) == (204, 404)


@pytest.mark.parametrize(
    ("filename", "content", "said"),
    [
        ("../../etc/passwd", BARS, "no name of a file"),
        ("..\\SOLUSDT-1h.csv", BARS, "no name of a file"),
        (".csv", BARS, "no name of a file"),
        ("bars.csv", b"," * 900_000, "columns; a table of bars has a dozen"),
        ("bars.csv", b'"' + b"1" * 900_000, "bars.csv is no CSV"),
        ("bars.csv", b"time,open,high,low,close,volume\n=cmd|' /C calc'!A0,1,2,1,1,1\n", "is no time"),
        ("bars.json", b"[" * 400_000, "is no JSON"),
        ("bars.csv.gz", gzip.compress(b"0" * 50_000_000), "unpacks to more than 8,000,000 bytes"),
        ("bars.zip", zipped(b"0" * 50_000_000, "a.csv"), "unpacks to more than 8,000,000 bytes"),
        ("bars.zip", zipped(zipped(b"0" * 1_000, "a.csv"), "b.zip"), "b.zip"),
        ("bars.zip", zipped(b"1,2\n", "a.csv", "b.csv"), "a.csv"),
        ("bars.parquet", b"PAR1", "bring a CSV"),
        ("bars.zip", zipped(b"PAR1", "bars.parquet"), "bring a CSV"),
        ("bars.csv", b"", "body: Field required"),
        ("bars.csv.gz", bytes(range(256)) * 100, "bars.csv.gz"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",
)
def test_what_means_harm_or_nothing_is_refused_with_the_reason(
    api: ApiLab, filename: str, content: bytes, said: str
) -> None:
    answer = bring(api, filename, content)
    assert (answer.status_code, answer.json()["code"]) in {(422, "refused"), (422, "invalid_request")}, answer.text
    assert said in answer.json()["detail"]
    assert [one for one in api.get(PATH, Role.ADMIN).json()["items"] if one["filename"] == filename] == []


def test_a_body_of_more_than_a_megabyte_is_refused_whatever_it_is(api: ApiLab) -> None:
    answer = bring(api, "bars.csv", b"1" * 1_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_an_administrator_alone_brings_files(api: ApiLab) -> None:
    assert bring(api, "SOLUSDT-1h.csv.gz", BARS, Role.TRADER).status_code == 403
    assert api.get(PATH, Role.TRADER).status_code == 403
    headers = {**api.as_(Role.ADMIN), "Content-Type": "application/json"}
    answer = api.client.post(PATH, params={"filename": "a.csv"}, content=json.dumps({}), headers=headers)
    assert answer.status_code == 422
