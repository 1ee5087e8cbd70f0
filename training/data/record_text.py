"""Records as text: one form for each, so that equal records have equal digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from belisha.errors import DatasetError
from training.data.records import Record

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Record)


def record_text(record: Record) -> bytes:
    """The record in JSON; equal records give equal bytes."""
    return _ENCODER.encode(record)


def parse_record(text: bytes, name: str) -> Record:
    """The record of a text; `name` stands for it in error messages.

    Raises:
        DatasetError: it is not the text of a record.
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DatasetError(f"{name}: expected a record: {error}") from error


def text_digest(text: bytes) -> str:
    """sha256 of a record's text, in hexadecimal: the record's identity."""
    return hashlib.sha256(text).hexdigest()


def fingerprint(digests: Iterable[str]) -> str:
    """sha256 over the digests of records, whatever their order: equal sets, equal fingerprints."""
    state = hashlib.sha256()
    for digest in sorted(digests):
        state.update(bytes.fromhex(digest))
    return state.hexdigest()
