"""A small shop for the self test: sound logs, made from the golden samples, that can then be spoilt."""

import copy
import json
import uuid
from pathlib import Path

from record import START, Record, aggregate, link, partition_of
from sources import Memory

EPOCH = "0198c6f2-7b1e-7c3a-9a51-3f6f0a2b9f3a"
PARTITIONS = 6
FIRST, SECOND = "0198c6f2-0000-7000-8000-000000000001", "0198c6f2-0000-7000-8000-000000000002"


def euros(minor):
    """Money."""
    return {"minor": minor, "currency": "EUR"}


def levels(on_hand, reserved):
    """Levels after an event, where there is one location."""
    level = {"onHand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    return {"atLocation": level, "inAll": level}


def lines(qty):
    """Lines of a reservation."""
    return [{"lineId": 1, "sku": "TEA-100", "qty": qty, "location": "central", "tracked": True}]


TEA = {"sku": "TEA-100", "location": "central"}
STORY = {
    # context: stream, type, what differs from the golden sample
    "inventory": [
        ("stock-TEA-100", "chorale.stock.StockItemOpened.v1", {"sku": "TEA-100"}),
        ("stock-TEA-100", "chorale.stock.StockReceived.v1", {**TEA, "qty": 10, "onHandBefore": 0, "after": levels(10, 0)}),
        ("stock-TEA-100", "chorale.stock.StockReserved.v1", {**TEA, "qty": 2, "after": levels(10, 2)}),
        (f"reservation-{FIRST}", "chorale.reservation.ReservationConfirmed.v1", {"lines": lines(2)}),
        ("stock-TEA-100", "chorale.stock.StockReserved.v1", {**TEA, "qty": 3, "after": levels(10, 5)}),
        (f"reservation-{SECOND}", "chorale.reservation.ReservationConfirmed.v1", {"lines": lines(3)}),
        ("stock-TEA-100", "chorale.stock.StockReleased.v1", {**TEA, "qty": 3, "after": levels(10, 2)}),
        (f"reservation-{SECOND}", "chorale.reservation.ReservationReleased.v1", {"lines": lines(3), "remaining": 0}),
        ("stock-TEA-100", "chorale.stock.StockAdjusted.v1", {**TEA, "delta": -1, "onHandBefore": 10, "after": levels(9, 2)}),
        ("stock-TEA-100", "chorale.stock.StockCommitted.v1", {**TEA, "qty": 2, "after": levels(7, 0)}),
        (f"reservation-{FIRST}", "chorale.reservation.ReservationConsumed.v1", {"lines": lines(2), "remaining": 0}),
    ],
    "ordering": [
        (f"order-{FIRST}", "chorale.order.OrderPlaced.v1", {}),
        (f"order-{SECOND}", "chorale.order.OrderPlaced.v1", {}),
        (f"order-{FIRST}", "chorale.order.OrderStockConfirmed.v1", {}),
        (f"order-{SECOND}", "chorale.order.OrderCancelled.v1", {}),
        (f"order-{FIRST}", "chorale.order.OrderPaymentCaptured.v1", {"amount": euros(500)}),
    ],
    "payments": [
        (f"payment-{FIRST}", "chorale.payment.PaymentAuthorized.v1", {"amount": euros(500)}),
        (f"payment-{SECOND}", "chorale.payment.PaymentAuthorized.v1", {"amount": euros(700)}),
        (f"payment-{FIRST}", "chorale.payment.PaymentCaptured.v1", {"amount": euros(500), "captured": euros(500)}),
        (f"payment-{SECOND}", "chorale.payment.PaymentVoided.v1", {"amount": euros(700)}),
    ],
}


class Event:
    """An event that is not yet a record."""

    def __init__(self, stream, kind, payload):
        self.stream, self.kind, self.payload = stream, kind, payload


class Shop:
    """Events by context, and the records that they make."""

    def __init__(self, contract):
        self.contract = contract
        golden = Path(contract.folder).parent / "golden"
        self.logs = {
            context: [
                Event(stream, kind, {**json.loads((golden / f"{kind}.json").read_text("utf-8")), **copy.deepcopy(changes)})
                for stream, kind, changes in story
            ]
            for context, story in STORY.items()
        }

    def event(self, context, name, nth=0):
        """The nth event of that name."""
        return [event for event in self.logs[context] if f".{name}." in event.kind][nth]

    def records(self):
        """Their records, by context, in the log's order, with headers and hash chain."""
        return {context: self._records(context, log) for context, log in self.logs.items()}

    def _records(self, context, log):
        records, versions, previous = [], {}, START
        for position, event in enumerate(log, 1):
            versions[event.stream] = versions.get(event.stream, 0) + 1
            headers = self._headers(context, event, versions[event.stream], position)
            value = json.dumps(event.payload, separators=(",", ":"), ensure_ascii=False).encode()
            previous = link(previous, context, headers, value)
            headers["ce_hash"] = previous.hex()
            topic = next(topic.name for topic in self.contract.topics.values() if event.kind in topic.types)
            key = event.stream.encode()
            pairs = [(name, text.encode()) for name, text in headers.items()]
            records.append(Record(topic, partition_of(key, PARTITIONS), position, key, pairs, value))
        return records

    def _headers(self, context, event, version, position):
        key = event.stream.partition("-")[2]
        return {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": str(uuid.uuid5(uuid.UUID(EPOCH), f"{context} {position}")),
            "ce_type": event.kind,
            "ce_source": f"/chorale/{aggregate(event.kind)}/{key}",
            "ce_subject": event.stream,
            "ce_time": f"2026-03-01T12:00:00.{position:03}Z",
            "ce_dataschema": f"urn:chorale:schema:{event.kind}",
            "ce_partitionkey": key,
            "ce_sequence": f"{version:010}",
            "ce_position": str(position),
            "ce_epoch": EPOCH,
            "ce_correlationid": FIRST,
            "ce_causationid": SECOND,
        }


def on_topics(records, more=()):
    """A source of these records (by context) and some more."""
    source = Memory(PARTITIONS)
    for record in [*more, *(record for log in records.values() for record in log)]:
        source.add(record)
    return source
