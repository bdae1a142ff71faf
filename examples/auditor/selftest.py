"""Checks this program itself: it must compute what others computed, find nothing in a sound shop, and everything in a spoilt one."""

import base64
import json
import uuid
from pathlib import Path

from audit import audit
from findings import shown
from heads import HEAD, key_id, public_key, signed_text, verify
from record import START, STRUCTURED, Record, in_binary_mode, link, murmur2
from shop import EPOCH, Shop, euros, levels, lines, on_topics

# RFC 8032, 7.1, test 1.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = public_key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def run(contract):
    """Runs all of it; returns the exit status."""
    failed = []
    known = [chain_vectors, murmur_vectors, golden_samples, golden_head, hostile_texts]
    for test in known:
        _tell(test.__doc__.strip(), test(contract), failed)
    _tell("a sound shop is sound", _wrong(_look(contract, *_sound(contract)), None), failed)
    for spoil in SPOILT:
        _tell(spoil.__doc__.strip(), _wrong(_look(contract, *spoil(contract)), spoil.check), failed)
    for move in AT_WORK:
        findings = _look(contract, *move(contract), running=True)
        _tell(move.__doc__.strip(), _wrong(findings, move.check), failed)
    print(f"{len(failed)} of {len(known) + 1 + len(SPOILT) + len(AT_WORK)} failed" if failed else "all is as it should be")
    return 1 if failed else 0


def _tell(title, problem, failed):
    print(f"  {'FAILED' if problem else 'ok':6}  {title}{': ' + problem if problem else ''}")
    if problem:
        failed.append(title)


# ── What others computed ─────────────────────────────────────────────────────────────────────────────────────────


def hostile_texts(_):
    """texts of others do not move the cursor of a terminal or turn its direction"""
    text = shown("Größe \u2713 a\x1b[2Jb\r\n\u202ec\u2066d\u2028e\x85\x9b")
    expected = "Größe \u2713 a\\x1b[2Jb\\r\\n\\u202ec\\u2066d\\u2028e\\x85\\x9b"
    return None if text == expected else f"shown as {text!r}"


def chain_vectors(_):
    """the hash chain comes out as in event-log/src/chain/tests.rs"""
    headers = {
        "ce_type": "chorale.order.OrderPlaced.v1",
        "ce_position": "1",
        "ce_subject": "order-1",
        "ce_sequence": "0000000001",
        "ce_id": "01980000-0000-7000-8000-000000000001",
        "ce_time": "2026-03-01T12:00:01.482Z",
        "ce_correlationid": str(uuid.UUID(int=8)),
        "ce_causationid": str(uuid.UUID(int=9)),
    }
    first = link(START, "ordering", headers, '{"summary":"Bestellung Ä"}'.encode())
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    later = {**headers, "ce_position": "2", "ce_sequence": "0000000002", "ce_traceparent": traceparent}
    found = (first.hex(), link(first, "ordering", later, b"{}").hex())
    expected = (
        "fda314e4700e9de7d9a7c3596510d5e20ad229cd54076e142e181a76018a817d",
        "f2d701a2eb62238432c285cae5bf26f1be5d13d9742190f71e4542c77d3c65ad",
    )
    return None if found == expected else f"{found}"


def murmur_vectors(_):
    """keys are hashed as in Kafka's own UtilsTest"""
    vectors = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    wrong = [key for key, value in vectors.items() if murmur2(key) != value & 0xFFFFFFFF]
    return f"{wrong}" if wrong else None


def golden_samples(contract):
    """every golden sample validates, and not without its summary"""
    for topic in contract.topics.values():
        for kind in topic.types:
            file = Path(contract.folder).parent / "golden" / f"{kind}.json"
            if not file.is_file():
                continue
            sample = json.loads(file.read_text("utf-8"))
            problem = contract.payload_problem(kind, sample)
            if problem:
                return f"{kind}: {problem}"
            del sample["summary"]
            if not contract.payload_problem(kind, sample):
                return f"{kind} validates without a summary"
    return None


def golden_head(contract):
    """the golden sample of a signed head verifies, and a changed one does not"""
    file = Path(contract.folder).parent / "golden" / f"{HEAD}.json"
    head = json.loads(file.read_text("utf-8"))
    if head["keyId"] != key_id(PUBLIC) or not verify(head, PUBLIC):
        return "it does not verify"
    return "a changed one verifies" if verify({**head, "position": 3}, PUBLIC) else None


# ── A shop, sound and spoilt ─────────────────────────────────────────────────────────────────────────────────────


def _head(context, position, hash_text, epoch=EPOCH):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    head = {"context": context, "epoch": epoch, "position": position, "hash": hash_text, "time": "2026-03-01T13:00:00.000Z"}
    signature = Ed25519PrivateKey.from_private_bytes(SECRET).sign(signed_text(head))
    head |= {"summary": "the end", "keyId": key_id(PUBLIC), "signature": base64.b64encode(signature).decode()}
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid5(uuid.UUID(EPOCH), f"head {context} {position}")),
        "ce_type": HEAD,
        "ce_source": f"/chorale/audit/{context}",
        "ce_subject": context,
        "ce_time": head["time"],
        "ce_dataschema": f"urn:chorale:schema:{HEAD}",
        "ce_partitionkey": context,
        "ce_epoch": epoch,
    }
    pairs = [(name, text.encode()) for name, text in headers.items()]
    return Record("chorale.audit.v1", 0, position, context.encode(), pairs, json.dumps(head).encode())


def _heads(records):
    """A signed head of every log, as it is now."""
    return [_head(context, log[-1].position or len(log), log[-1].header("ce_hash")) for context, log in records.items()]


def _mark(context, position, hash_text):
    mark = {"context": context, "epoch": EPOCH, "position": position, "hash": hash_text, "asOf": "2026-03-01T13:00:00.000Z"}
    return Record("chorale.relay.v1", 0, 0, context.encode(), [], json.dumps(mark).encode())


def _sound(contract):
    records = Shop(contract).records()
    return records, _heads(records)


def _look(contract, records, more, running=False):
    findings, _ = audit(contract, on_topics(records, more), keys=[PUBLIC], running=running)
    return findings


def _wrong(findings, expected):
    """What is the matter if not just the `expected` check found something; None if all is well."""
    found = {name: check.examples for name, check in vars(findings).items() if check.wrong}
    if expected is None:
        return f"{found}" if found else None
    return None if expected in found else f"not found; found were {found}"


SPOILT = []
AT_WORK = []


def spoilt(check, among=SPOILT):
    """Registers a way to spoil the shop that `check` must find; with None it must not matter."""

    def register(spoil):
        spoil.check = check
        among.append(spoil)
        return spoil

    return register


def _event(check, title, context, name, changes, nth=0, remove=()):
    """Spoils an event before it is recorded: chain and heads are sound, what it says is not."""

    def spoil(contract):
        shop = Shop(contract)
        payload = shop.event(context, name, nth).payload
        payload.update(changes)
        for key in remove:
            del payload[key]
        records = shop.records()
        return records, _heads(records)

    spoil.__doc__ = title
    spoilt(check)(spoil)


def _record(check, title, context, change):
    """Spoils records after they were recorded; heads tell of the log before."""

    def spoil(contract):
        records, heads = _sound(contract)
        change(records[context])
        return records, heads

    spoil.__doc__ = title
    spoilt(check)(spoil)


def _set(log, at, name, value):
    """Gives a record another header, or none."""
    pairs = [(found, text) for found, text in log[at].headers if found != name]
    log[at].headers = pairs if value is None else [*pairs, (name, value.encode())]


def _change(log):
    log[2].value = log[2].value.replace(b'"lineId":3', b'"lineId":4')
    log[2].value = log[2].value.replace(b"some summary", b"Some summary")


def _again(log):
    again = Record(**vars(log[1]))
    again.offset += 1
    log.insert(2, again)


def _swap(log):
    # Both are of the stock item, so of one partition.
    log[1], log[2] = log[2], log[1]


_record("chain", "a changed value is found", "ordering", _change)
_record("chain", "another instant is found", "ordering", lambda log: _set(log, 1, "ce_time", "2026-03-01T12:00:00.999Z"))
_record("positions", "a missing record is found", "ordering", lambda log: log.pop(2))
_record("heads", "a missing end is found", "ordering", lambda log: log.pop())
_record("positions", "a missing beginning is found", "ordering", lambda log: log.pop(0))
_record("positions", "a record that stands there twice is found", "ordering", _again)
_record("partitions", "records out of order are found", "inventory", _swap)
_record("partitions", "a key in a foreign partition is found", "ordering", lambda log: setattr(log[0], "partition", 6))
_record("ids", "an id that is there twice is found", "ordering", lambda log: _set(log, 1, "ce_id", log[0].header("ce_id")))
_record("sequences", "a wrong version is found", "ordering", lambda log: _set(log, 2, "ce_sequence", "0000000003"))
_record("headers", "a missing header is found", "ordering", lambda log: _set(log, 2, "ce_causationid", None))
_record("headers", "a missing position is found", "ordering", lambda log: _set(log, 2, "ce_position", None))
_record("headers", "another key than the stream is found", "ordering", lambda log: setattr(log[0], "key", b"order-1"))
_record("headers", "another type than the topic's is found", "ordering",
        lambda log: _set(log, 0, "ce_type", "chorale.payment.PaymentVoided.v1"))  # fmt: skip
_record("headers", "another life of the log is found", "ordering", lambda log: _set(log, 3, "ce_epoch", str(uuid.UUID(int=7))))
_record("payloads", "a value that is no JSON is found", "ordering", lambda log: setattr(log[0], "value", b"{"))
_record("payloads", "a tombstone is found", "ordering", lambda log: setattr(log[0], "value", None))
_event("payloads", "a missing field is found", "ordering", "OrderPlaced", {}, remove=["orderNumber"])
_event("payloads", "a field of another type is found", "inventory", "StockReceived", {"qty": "ten"})
_event("stock", "wrong levels are found", "inventory", "StockReserved", {"after": levels(10, 3)})
_event("stock", "more reserved than there is, is found", "inventory", "StockReserved", {"qty": 11, "after": levels(10, 11)})
_event("reserved", "a reservation of something else is found", "inventory", "ReservationConfirmed", {"lines": lines(1)})
_event("money", "more taken than authorised is found", "payments", "PaymentAuthorized", {"amount": euros(400)})
_event("money", "a wrong sum is found", "payments", "PaymentCaptured", {"captured": euros(400)})
_event("money", "another currency is found", "payments", "PaymentCaptured", {"amount": {"minor": 500, "currency": "CHF"}})
_event("given_up", "money that a cancelled order still holds is found", "payments", "PaymentVoided", {"amount": euros(1)})
_event("agreed", "an order that heard of another amount is found", "ordering", "OrderPaymentCaptured", {"amount": euros(5)})


def _structured(record):
    """The record with its attributes in its value."""
    event = {
        "datacontenttype" if name == "content-type" else name.removeprefix("ce_"): text.decode() for name, text in record.headers
    }
    # Exactly the bytes of the payload.
    value = json.dumps(event)[:-1].encode() + b', "data": ' + record.value + b"}"
    pairs = [("content-type", f"{STRUCTURED}; charset=UTF-8".encode())]
    return Record(record.topic, record.partition, record.offset, record.key, pairs, value)


def _read_structured(records, change=lambda record: record):
    return [in_binary_mode(change(_structured(record))) for record in records]


@spoilt(None)
def structured(contract):
    """a sound shop with structured records is sound"""
    records, heads = _sound(contract)
    return {context: _read_structured(log) for context, log in records.items()}, _read_structured(heads)


@spoilt("chain")
def structured_changed(contract):
    """a changed payload of a structured record is found"""
    records, heads = _sound(contract)

    def change(record):
        record.value = record.value.replace(b"some summary", b"Some summary")
        return record

    return {context: _read_structured(log, change) for context, log in records.items()}, heads


@spoilt("headers")
def structured_broken(contract):
    """a structured record that is no event is found"""
    records, heads = _sound(contract)
    broken = _structured(records["ordering"][1])
    broken.value = broken.value[:-1]
    records["ordering"][1] = in_binary_mode(broken)
    return records, heads


@spoilt("heads")
def rewritten(contract):
    """a log that was written anew, with a sound chain, is found"""
    _, heads = _sound(contract)
    shop = Shop(contract)
    shop.event("ordering", "OrderPlaced").payload["orderNumber"] = "10-000001"
    return shop.records(), heads


@spoilt("heads")
def forged(contract):
    """a head that was changed is found"""
    records, heads = _sound(contract)
    heads[0].value = heads[0].value.replace(b'"the end"', b'"The end"').replace(b"13:00:00", b"13:00:01")
    return records, heads


@spoilt("heads")
def unsigned(contract):
    """a log without a signed head is found"""
    records, heads = _sound(contract)
    return records, heads[1:]


@spoilt("heads")
def other_life(contract):
    """a head of another life of the log is found"""
    records, heads = _sound(contract)
    head = _head("ordering", 1, records["ordering"][0].header("ce_hash"), epoch=str(uuid.UUID(int=7)))
    return records, [*heads, head]


@spoilt("marks")
def behind(contract):
    """topics that end before the relay's mark are found"""
    records, heads = _sound(contract)
    return records, [*heads, _mark("ordering", 99, "00" * 32)]


@spoilt("marks")
def elsewhere(contract):
    """a relay's mark with another hash is found"""
    records, heads = _sound(contract)
    return records, [*heads, _mark("ordering", 2, "00" * 32)]


@spoilt(None)
def grown(contract):
    """a field that nobody knows yet is fine"""
    shop = Shop(contract)
    shop.event("ordering", "OrderPlaced").payload["giftWrap"] = True
    records = shop.records()
    return records, _heads(records)


@spoilt(None, among=AT_WORK)
def under_way(contract):
    """beside a shop at work, what is still under way is no finding"""
    records, heads = _sound(contract)
    mark = _mark("ordering", 2, records["ordering"][1].header("ce_hash"))
    # The relay was between two topics, and the order has not heard of the money yet.
    del records["ordering"][2:4]
    del records["inventory"][-1:]
    return records, [*heads, mark]


@spoilt("positions", among=AT_WORK)
def lost_for_good(contract):
    """beside a shop at work, a record that must be there and is not is found"""
    records, heads = _sound(contract)
    mark = _mark("ordering", 4, records["ordering"][3].header("ce_hash"))
    del records["ordering"][2]
    return records, [*heads, mark]
