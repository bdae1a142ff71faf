"""The checks that a context's log must pass, record by record in the log's order."""

import json

from record import START, aggregate, link, partition_of, uuid_bytes


class LogCheck:
    """The records of one context's topics, as one log.

    `complete` is a position up to which the topics are known to be complete; a gap behind it only means, where the shop is
    `running`, that the rest was still under way. `partitions` tells how many partitions a topic has (None: not known).
    """

    def __init__(self, context, contract, findings, ids, *, complete=0, running=False, partitions=None, watched=None):
        self.context = context
        self.contract = contract
        self.findings = findings
        self.ids = ids
        self.complete = complete
        self.running = running
        self.partitions = partitions or {}
        self.watched = watched or {}
        self.position = 0
        self.hash = START
        self.epoch = None
        self.records = 0
        self.left_out = 0
        self._versions = {}
        self._rising = {}

    def take(self, record):
        """Checks the next record. Returns its type and payload, or None if nothing can be made of it."""
        if self.left_out or not self._in_place(record):
            return None
        self.records += 1
        headers = self._headers(record)
        if headers is None:
            self.hash = None
            return None
        self._key_and_topic(record, headers)
        self._unique(record, headers)
        self._sequence(record, headers)
        self._chain(record, headers)
        return self._payload(record, headers)

    def end(self):
        """After the last record."""
        if self.left_out:
            note = f"{self.context}: {self.left_out} records after position {self.position} were left out: the shop is at work"
            self.findings.positions.note(note)
        if self.position < self.complete:
            self.findings.marks.found(
                f"{self.context}: the relay says that the topics are complete up to {self.complete}, and they end at {self.position}"
            )
        for position, expected in self.watched.items():
            for vouched, who in expected:
                if position == 0:
                    if bytes.fromhex(vouched) != START:
                        who.found(f"{self.context}: an empty log has no hash {vouched}")
                elif position > self.position and not self.running:
                    who.found(f"{self.context}: position {position} was vouched for, and the topics end at {self.position}")

    def _in_place(self, record):
        """Whether it is the next of the log, or at least a later one."""
        positions = self.findings.positions
        positions.checked += 1
        lane = (record.topic, record.partition)
        if record.position <= self._rising.get(lane, 0):
            self.findings.partitions.found(f"{record}: position {record.position} comes after {self._rising[lane]}")
        self._rising[lane] = max(record.position, self._rising.get(lane, 0))
        if record.position <= self.position:
            positions.found(f"{self.context} position {record.position} stands there again ({record})")
            return False
        if record.position > self.position + 1:
            if self.running and self.position + 1 > self.complete:
                self.left_out += 1
                return False
            missing = f"{self.position + 1}"
            if record.position > self.position + 2:
                missing += f" to {record.position - 1}"
            positions.found(f"{self.context}: missing position {missing}")
            # Nobody can say what the hash there was.
            self.hash = None
        self.position = record.position
        return True

    def _headers(self, record):
        check = self.findings.headers
        check.checked += 1
        try:
            headers = {name: value.decode("utf-8") for name, value in record.headers}
        except (AttributeError, UnicodeDecodeError):
            check.found(f"{record}: a header is no text")
            return None
        if len(headers) != len(record.headers):
            check.found(f"{record}: a header stands there twice")
        kind = headers.get("ce_type")
        if kind not in self.contract.topics[record.topic].types:
            check.found(f"{record}: ce_type {kind!r} is none of this topic's")
            return None
        problem = self.contract.headers_problem(kind, headers)
        if problem:
            check.found(f"{record}: {problem}")
            return None
        return headers

    def _key_and_topic(self, record, headers):
        check = self.findings.headers
        subject = headers["ce_subject"]
        key = subject.partition("-")[2] or subject
        said = {
            "the record's key": (record.key or b"").decode("utf-8", "replace"),
            "ce_partitionkey": headers["ce_partitionkey"],
            "ce_source": headers["ce_source"],
            "what its stream begins with": subject.partition("-")[0],
        }
        expected = {
            "the record's key": subject,
            "ce_partitionkey": key,
            "ce_source": f"/chorale/{aggregate(headers['ce_type'])}/{key}",
            "what its stream begins with": self.contract.topics[record.topic].stream_prefix,
        }
        for what, value in expected.items():
            if said[what] != value:
                check.found(f"{record}: {what} is {said[what]!r} and should be {value!r}")
        if self.epoch is None:
            self.epoch = headers["ce_epoch"]
        elif self.epoch != headers["ce_epoch"]:
            check.found(f"{record}: ce_epoch is of another life of the log than {self.epoch}")
        count = self.partitions.get(record.topic)
        self.findings.partitions.checked += 1
        if count and record.key is not None and partition_of(record.key, count) != record.partition:
            self.findings.partitions.found(f"{record}: its key belongs into partition {partition_of(record.key, count)}")

    def _unique(self, record, headers):
        check = self.findings.ids
        check.checked += 1
        identity = uuid_bytes(headers["ce_id"])
        if identity in self.ids:
            check.found(f"{record}: {headers['ce_id']} was there before")
        self.ids.add(identity)

    def _sequence(self, record, headers):
        check = self.findings.sequences
        check.checked += 1
        subject, version = headers["ce_subject"], int(headers["ce_sequence"])
        expected = self._versions.get(subject, 0) + 1
        if version != expected:
            check.found(f"{record}: {subject} has version {version} where {expected} is due")
        self._versions[subject] = max(version, expected - 1)

    def _chain(self, record, headers):
        check = self.findings.chain
        check.checked += 1
        said = headers["ce_hash"]
        if self.hash is None:
            check.note(f"{self.context} position {self.position} follows what is missing: its hash cannot be computed again")
        else:
            computed = self._link(record, headers)
            if computed != said:
                check.found(
                    f"{self.context} position {self.position} ({headers['ce_subject']} version {int(headers['ce_sequence'])}): "
                    f"its hash should be {computed} and is {said}; it, or what stands before it, was changed"
                )
        # From here on with what it says, so that one change is one finding.
        self.hash = bytes.fromhex(said)
        for expected, who in self.watched.pop(self.position, ()):
            if expected != said:
                who.found(f"{self.context} position {self.position} has hash {said}, and {expected} was vouched for")

    def _link(self, record, headers):
        try:
            return link(self.hash, self.context, headers, record.value or b"").hex()
        except (OverflowError, ValueError) as error:
            return f"none ({error})"

    def _payload(self, record, headers):
        check = self.findings.payloads
        check.checked += 1
        try:
            payload = json.loads(record.value)
        except (TypeError, ValueError):
            check.found(f"{record}: its value is not JSON")
            return None
        kind = headers["ce_type"]
        problem = self.contract.payload_problem(kind, payload)
        if problem:
            check.found(f"{record}: {kind}: {problem}")
            return None
        return kind, headers["ce_subject"], payload
