"""A record of a topic, its place in the log, and the log's hash chain."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

START = bytes(32)
"""The hash before the first event of every log."""


@dataclass
class Record:
    """A record as it lies on its topic. `headers` are pairs of name and bytes, `key` and `value` bytes."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: list
    value: bytes | None
    position: int = 0

    def __str__(self):
        return f"{self.topic} partition {self.partition} offset {self.offset}"

    def header(self, name):
        """The first header of that name as text; None if there is none or it is no text."""
        for found, value in self.headers:
            if found == name and value is not None:
                return _text(value)
        return None


STRUCTURED = "application/cloudevents+json"
"""The media type of a record whose value is the whole event."""


def in_binary_mode(record):
    """The record as it would be with its attributes in headers. One that is not a structured event stays as it is."""
    media_type = (record.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != STRUCTURED or record.value is None:
        return record
    try:
        event, data = members(record.value.decode("utf-8"), "data")
        named = {"content-type" if name == "datacontenttype" else f"ce_{name}": text for name, text in event.items() if name != "data"}
        headers = [(name, text.encode()) for name, text in named.items()]
    except (ValueError, AttributeError, IndexError):
        return record
    if data is None:
        return record
    return Record(record.topic, record.partition, record.offset, record.key, headers, data.encode())


def members(text, exact):
    """The members of a JSON object, and the exact text of one of them: the hash chain covers every byte of a payload."""
    decoder, found, exactly = json.JSONDecoder(), {}, None
    if not text.startswith("{"):
        raise ValueError("no object")
    at = _after_space(text, 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        # After the colon.
        start = _after_space(text, _after_space(text, at) + 1)
        if name in found:
            raise ValueError(f"{name} is there twice")
        found[name], at = decoder.raw_decode(text, start)
        if name == exact:
            exactly = text[start:at]
        at = _after_space(text, at)
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return found, exactly


def _after_space(text, at):
    while text[at] in " \t\r\n":
        at += 1
    return at


def _text(value):
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def placed(record):
    """Whether the record states its position in the log; notes it in `record.position`."""
    text = record.header("ce_position")
    if not text or not text.isascii() or not text.isdigit():
        return False
    record.position = int(text)
    return True


def millis(text):
    """Milliseconds since 1970 of an instant such as 2026-03-01T12:00:01.482Z."""
    since = datetime.fromisoformat(text.removesuffix("Z")) - datetime(1970, 1, 1)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def uuid_bytes(text):
    """The 16 bytes of a UUID."""
    return bytes.fromhex(text.replace("-", ""))


def link(previous, context, headers, payload):
    """The hash chain at an event, from the chain at the event before it: SHA-256 over parts, each after its length.

    `headers` are those of the record (name to text), `payload` the exact bytes of its value.
    """
    _, _, name, version = _type(headers["ce_type"])
    traceparent = headers.get("ce_traceparent")
    parts = [
        previous,
        int(headers["ce_position"]).to_bytes(8, "big"),
        context.encode(),
        headers["ce_subject"].encode(),
        int(headers["ce_sequence"]).to_bytes(8, "big"),
        uuid_bytes(headers["ce_id"]),
        name.encode(),
        version.to_bytes(4, "big"),
        millis(headers["ce_time"]).to_bytes(8, "big", signed=True),
        uuid_bytes(headers["ce_correlationid"]),
        uuid_bytes(headers["ce_causationid"]),
        *((b"\x00",) if traceparent is None else (b"\x01", traceparent.encode())),
        payload,
    ]
    return hashlib.sha256(b"".join([len(part).to_bytes(8, "big") + part for part in parts])).digest()


@lru_cache(maxsize=None)
def _type(full_name):
    """`chorale.order.OrderPlaced.v1` in its parts."""
    root, aggregate_name, name, version = full_name.split(".")
    return root, aggregate_name, name, int(version.removeprefix("v"))


def event_name(full_name):
    """`OrderPlaced` of `chorale.order.OrderPlaced.v1`."""
    return _type(full_name)[2]


def aggregate(full_name):
    """`order` of `chorale.order.OrderPlaced.v1`."""
    return _type(full_name)[1]


def partition_of(key, count):
    """The partition that Kafka's own producers choose for a key: murmur2, without its sign, modulo."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def murmur2(data):
    """MurmurHash2 with 32 bits and Kafka's seed."""
    m, mask, size = 0x5BD1E995, 0xFFFFFFFF, len(data)
    digest = 0x9747B28C ^ size
    for at in range(0, size - size % 4, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        digest = digest * m & mask ^ k
    if size % 4:
        digest ^= int.from_bytes(data[size - size % 4 :], "little")
        digest = digest * m & mask
    digest = (digest ^ digest >> 13) * m & mask
    return digest ^ digest >> 15
