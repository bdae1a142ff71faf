"""Stock and money, added up again from the events alone."""

from collections import defaultdict
from dataclasses import dataclass, field

from record import event_name

GIVEN_UP = {"OrderCancelled", "OrderExpired", "OrderStockRejected"}
"""Events after which an order comes to nothing."""


@dataclass
class Level:
    """What is at a location, in units."""

    on_hand: int = 0
    reserved: int = 0


class Stock:
    """Every SKU in all its locations, and what reservations hold of it by their own story."""

    MOVES = {
        # event: where, its sign on hand, its sign in reserved
        "StockReceived": ("location", 1, 0),
        "StockReserved": ("location", 0, 1),
        "StockReleased": ("location", 0, -1),
        "StockCommitted": ("location", -1, -1),
        "StockTransferredOut": ("from", -1, 0),
        "StockTransferredIn": ("to", 1, 0),
    }
    PROMISES = {"ReservationConfirmed": 1, "ReservationReleased": -1, "ReservationConsumed": -1}

    def __init__(self, findings):
        self.findings = findings
        self.places = defaultdict(lambda: defaultdict(Level))
        self.promised = defaultdict(int)

    def hear(self, kind, subject, payload):
        """Any event."""
        name = event_name(kind)
        if name in self.PROMISES:
            for line in payload["lines"]:
                if line["tracked"]:
                    self.promised[line["sku"]] += self.PROMISES[name] * line["qty"]
        elif name == "StockAdjusted":
            self._move(name, payload, payload["location"], payload["delta"], 0)
        elif name in self.MOVES:
            place, on_hand, reserved = self.MOVES[name]
            qty = payload["qty"]
            self._move(name, payload, payload[place], on_hand * qty, reserved * qty)

    def _move(self, name, payload, location, on_hand, reserved):
        check, sku = self.findings.stock, payload["sku"]
        check.checked += 1
        places = self.places[sku]
        here = places[location]
        before = here.on_hand
        here.on_hand += on_hand
        here.reserved += reserved
        if not 0 <= here.reserved <= here.on_hand:
            check.found(f"after {name} {sku} has {here.on_hand} on hand and {here.reserved} reserved at {location}")
        all_places = Level(sum(p.on_hand for p in places.values()), sum(p.reserved for p in places.values()))
        for where, said, counted in [
            (f"at {location}", payload["after"]["atLocation"], here),
            ("in all", payload["after"]["inAll"], all_places),
        ]:
            if (said["onHand"], said["reserved"]) != (counted.on_hand, counted.reserved):
                check.found(
                    f"{name} says that {sku} has {said['onHand']} on hand and {said['reserved']} reserved {where}; counted are "
                    f"{counted.on_hand} and {counted.reserved}"
                )
        if payload.get("onHandBefore", before) != before:
            check.found(f"{name} says that {sku} had {payload['onHandBefore']} on hand at {location}; counted were {before}")

    def end(self, running):
        """After the last event of inventory's log."""
        check = self.findings.reserved
        for sku in sorted({*self.places, *self.promised}):
            check.checked += 1
            reserved = sum(place.reserved for place in self.places[sku].values())
            if reserved != self.promised[sku]:
                tell = check.note if running else check.found
                tell(f"{sku} has {reserved} reserved, and reservations hold {self.promised[sku]}")


@dataclass
class Account:
    """A payment, in minor units."""

    currency: str | None = None
    authorised: int = 0
    let_go: int = 0
    captured: int = 0
    refunded: int = 0


@dataclass
class Order:
    """What an order heard."""

    ended: str | None = None
    holds: set = field(default_factory=set)
    captured: int = 0
    refunded: int = 0


class Money:
    """Payments by their own events, and what the orders heard of them. Amounts in minor units."""

    BOOKS = {
        "PaymentAuthorized": "authorised",
        "PaymentVoided": "let_go",
        "PaymentRemainderReleased": "let_go",
        "PaymentAuthorizationExpired": "let_go",
        "PaymentCaptured": "captured",
        "RefundSucceeded": "refunded",
    }
    HEARD = {"OrderPaymentCaptured": "captured", "OrderRefunded": "refunded"}

    def __init__(self, findings):
        self.findings = findings
        self.accounts = defaultdict(Account)
        self.orders = defaultdict(Order)

    def hear(self, kind, subject, payload):
        """Any event."""
        name, key = event_name(kind), subject.partition("-")[2]
        if name in self.BOOKS:
            self._book(name, key, payload)
        elif kind.startswith("chorale.order."):
            self._order(name, self.orders[key], payload)

    def _book(self, name, key, payload):
        check, account, amount = self.findings.money, self.accounts[key], payload["amount"]
        check.checked += 1
        field_name = self.BOOKS[name]
        setattr(account, field_name, getattr(account, field_name) + amount["minor"])
        account.currency = account.currency or amount["currency"]
        if amount["currency"] != account.currency:
            check.found(f"payment-{key}: {name} is in {amount['currency']}, and the payment in {account.currency}")
        if account.captured > account.authorised or account.refunded > account.captured:
            check.found(f"payment-{key}: after {name} {_amounts(account)}")
        # The event says what it comes to in all.
        said = payload.get({"PaymentCaptured": "captured", "RefundSucceeded": "refunded"}.get(name))
        if said and said["minor"] != getattr(account, field_name):
            check.found(f"payment-{key}: {name} says {said['minor']} in all; counted are {getattr(account, field_name)}")

    def _order(self, name, order, payload):
        if name in GIVEN_UP:
            order.ended = name
        elif name == "OrderPutOnHold":
            order.holds.add((payload["reason"], payload.get("shipmentId")))
        elif name == "OrderHoldReleased":
            order.holds.discard((payload["reason"], payload.get("shipmentId")))
        elif name in self.HEARD:
            field_name = self.HEARD[name]
            setattr(order, field_name, getattr(order, field_name) + payload["amount"]["minor"])

    def end(self, running):
        """After the last event of all logs. `running`: what is still under way is not wrong."""
        self._given_up(running)
        check = self.findings.agreed
        for key in sorted({*self.accounts, *self.orders}):
            check.checked += 1
            account, order = self.accounts.get(key, Account()), self.orders.get(key, Order())
            if (account.captured, account.refunded) != (order.captured, order.refunded):
                tell = check.note if running else check.found
                tell(
                    f"order-{key} heard of {order.captured} taken and {order.refunded} given back; its payment says "
                    f"{account.captured} and {account.refunded}"
                )

    def _given_up(self, running):
        check = self.findings.given_up
        for key, order in sorted(self.orders.items()):
            if not order.ended:
                continue
            check.checked += 1
            account = self.accounts.get(key, Account())
            set_aside = account.authorised - account.let_go - account.captured
            # An order on hold waits for staff to release the payment.
            if (set_aside > 0 or account.captured != account.refunded) and not order.holds:
                tell = check.note if running else check.found
                tell(f"order-{key} ended with {order.ended}, and {_amounts(account)}")

    def totals(self):
        """Per currency, what was authorised, let go, captured and refunded."""
        totals = defaultdict(Account)
        for account in self.accounts.values():
            total = totals[account.currency]
            total.authorised += account.authorised
            total.let_go += account.let_go
            total.captured += account.captured
            total.refunded += account.refunded
        return {currency: _amounts(total) for currency, total in sorted(totals.items())}


def _amounts(account):
    return (
        f"{account.authorised} authorised, {account.let_go} let go, {account.captured} captured, {account.refunded} refunded "
        "(minor units)"
    )
