"""What an audit found, check by check."""

from dataclasses import dataclass, field

SHOWN = 10
"""How many findings of a check are kept word for word; the others are counted."""


def shown(text):
    """The text as a terminal may show it: what moves the cursor, breaks the line or turns the direction is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass
class Check:
    """One check: how much it looked at, and what was wrong."""

    title: str
    checked: int = 0
    wrong: int = 0
    examples: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def found(self, text):
        """Something is wrong."""
        self.wrong += 1
        if self.wrong <= SHOWN:
            self.examples.append(text)

    def note(self, text):
        """Something to know that is not wrong."""
        if len(self.notes) < SHOWN:
            self.notes.append(text)


class Findings:
    """All checks of an audit, in the order in which they are shown."""

    def __init__(self):
        self.topics = Check("every topic is there")
        self.headers = Check("headers are complete and agree with key and topic")
        self.payloads = Check("values validate against the published schemas")
        self.partitions = Check("a key lies in its partition, and positions rise within partitions")
        self.ids = Check("every ce_id is there once")
        self.sequences = Check("ce_sequence is 1, 2, 3 … per key")
        self.positions = Check("ce_position is 1, 2, 3 … over all topics of a log")
        self.chain = Check("the hash chain, computed again")
        self.stock = Check("0 ≤ reserved ≤ on hand, and levels are what was counted")
        self.reserved = Check("reserved = Σ reserved − released − committed, per SKU")
        self.money = Check("captured ≤ authorised, refunded ≤ captured, at every event")
        self.given_up = Check("money of orders that came to nothing is let go or given back")
        self.agreed = Check("orders heard of every amount that was taken or given back")
        self.heads = Check("signed heads of the logs")
        self.marks = Check("marks of the relays")

    def all(self):
        """The checks."""
        return list(vars(self).values())

    def count(self):
        """How much is wrong in all."""
        return sum(check.wrong for check in self.all())
