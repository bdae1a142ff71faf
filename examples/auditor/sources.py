"""Where records come from: Kafka, or files that `chorale topics read --json` wrote. Both give a log in its own order."""

import heapq
import json
import sys
import time
from collections import defaultdict, deque

from record import Record, in_binary_mode, members, placed

PLENTY = 20_000
"""As many records of a partition wait in memory until the log's order needs them; then the partition pauses."""


class SourceError(Exception):
    """The records cannot be read."""


class Kafka:
    """All topics of a shop, read committed, from their beginning to the end that they have when it is reached."""

    knows_all_topics = True

    def __init__(self, brokers, prefix="", config=None, patience=60.0):
        try:
            import confluent_kafka
        except ImportError as error:
            raise SourceError(f"{error}; python3 -m pip install -r requirements.txt") from error
        self.kafka = confluent_kafka
        self.prefix = prefix
        self.patience = patience
        self.config = {
            **(config or {}),
            "bootstrap.servers": brokers,
            # Without this, aborted copies would be seen after a crash.
            "isolation.level": "read_committed",
            "group.id": "chorale-audit",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "auto.offset.reset": "error",
            # Errors are reported once, at the end.
            "log_level": 0,
            "error_cb": self._heard,
        }
        self.trouble = None
        try:
            self._consumer = confluent_kafka.Consumer(self.config)
            found = self._consumer.list_topics(timeout=min(patience, 15.0)).topics
        except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
            raise SourceError(f"no answer from {brokers}: {self.trouble or _words(error)}") from error
        self._partitions = {name: len(topic.partitions) for name, topic in found.items() if topic.error is None}

    def _heard(self, error):
        """The client's own troubles, which it goes on from: kept for the message if it does not."""
        self.trouble = error.str()

    def partitions(self, topic):
        """How many partitions the topic has; None if it is not there."""
        return self._partitions.get(self.prefix + topic)

    def records(self, topics, in_log_order):
        """Records of the topics (those that are there), in the log's order or just partition by partition."""
        lanes = [
            self.kafka.TopicPartition(self.prefix + topic, number, self.kafka.OFFSET_BEGINNING)
            for topic in topics
            for number in range(self.partitions(topic) or 0)
        ]
        if not lanes:
            return
        try:
            self._consumer.assign(lanes)
            yield from _Merge(self, self._consumer, lanes).run(in_log_order)
            self._consumer.unassign()
        except self.kafka.KafkaException as error:
            raise SourceError(f"reading stopped: {_words(error)}") from error

    def record(self, message):
        """A record of ours from the client's."""
        record = Record(
            message.topic()[len(self.prefix) :],
            message.partition(),
            message.offset(),
            message.key(),
            message.headers() or [],
            message.value(),
        )
        return in_binary_mode(record)


class _Merge:
    """Brings the partitions of a log together. A partition that is far ahead pauses, so that memory stays bounded."""

    def __init__(self, source, consumer, lanes):
        self.source = source
        self.consumer = consumer
        self.queues = {(lane.topic, lane.partition): deque() for lane in lanes}
        self.reading = set(self.queues)
        self.paused = set()
        self.strays = deque()

    def run(self, in_log_order):
        position = 0
        while True:
            while self.strays:
                yield self.strays.popleft()
            lane = self._first()
            waiting = [lane for lane in self.reading if not self.queues[lane]]
            if lane is None and not waiting:
                return
            known = lane is not None and (not in_log_order or self.queues[lane][0].position <= position + 1)
            if known or (lane is not None and not waiting):
                record = self.queues[lane].popleft()
                position = record.position
                yield record
            else:
                self._poll(in_log_order)

    def _first(self):
        waiting = [(queue[0].position, lane) for lane, queue in self.queues.items() if queue]
        return min(waiting)[1] if waiting else None

    def _poll(self, in_log_order):
        self._pace()
        deadline = time.monotonic() + self.source.patience
        while True:
            messages = self.consumer.consume(1000, timeout=0.2)
            if messages:
                break
            if time.monotonic() > deadline:
                behind = ", ".join(f"{topic} partition {number}" for topic, number in sorted(self.reading)[:5])
                trouble = f" ({self.source.trouble})" if self.source.trouble else ""
                raise SourceError(f"nothing came within {self.source.patience:.0f} s; waiting for {behind}{trouble}")
        for message in messages:
            lane = (message.topic(), message.partition())
            error = message.error()
            if error is None:
                record = self.source.record(message)
                if placed(record) or not in_log_order:
                    self.queues[lane].append(record)
                else:
                    self.strays.append(record)
            elif error.code() == self.source.kafka.KafkaError._PARTITION_EOF:
                self.reading.discard(lane)
            elif not error.retriable():
                raise SourceError(f"{lane[0] or 'a topic'}: {error.str()}")

    def _pace(self):
        """Pauses partitions that are far ahead, and resumes those that are needed again."""
        ahead = {lane for lane in self.reading if len(self.queues[lane]) >= PLENTY}
        needed = {lane for lane in self.paused if len(self.queues[lane]) < PLENTY // 4}
        partitions = lambda lanes: [self.source.kafka.TopicPartition(*lane) for lane in lanes]
        if ahead - self.paused:
            self.consumer.pause(partitions(ahead - self.paused))
        if needed:
            self.consumer.resume(partitions(needed))
        self.paused = (self.paused | ahead) - needed


class Memory:
    """Records that are all in memory, by topic. `partitions` of a topic: 0 if it is not known."""

    knows_all_topics = False

    def __init__(self, partitions=0):
        self.topics = defaultdict(list)
        self._partitions = partitions

    def add(self, record):
        """One record more; those of a partition in their order."""
        placed(record)
        self.topics[record.topic].append(record)

    def partitions(self, topic):
        """How many partitions the topic has; None if there is nothing in it."""
        return self._partitions if topic in self.topics else None

    def records(self, topics, in_log_order):
        """Records of the topics, in the log's order or as they were added."""
        found = [record for topic in topics for record in self.topics.get(topic, ())]
        if not in_log_order:
            return iter(found)
        # What lies in a partition stays in its order, as Kafka gives it.
        lanes = defaultdict(list)
        for record in found:
            lanes[record.topic, record.partition].append(record)
        return heapq.merge(*lanes.values(), key=lambda record: record.position)


class Files(Memory):
    """Lines that `chorale topics read TOPIC --json` wrote, of one or more topics; `-` is standard input."""

    def __init__(self, paths):
        super().__init__()
        for path in paths:
            try:
                with sys.stdin if path == "-" else open(path, encoding="utf-8") as lines:
                    for number, line in enumerate(lines, 1):
                        if line.strip():
                            self._line(line.strip(), f"{path} line {number}")
            except (OSError, UnicodeDecodeError) as error:
                raise SourceError(f"{path} cannot be read: {error}") from error

    def _line(self, line, where):
        try:
            fields, value = members(line, "value")
            headers = [(name, text.encode()) for name, text in fields["headers"].items()]
            record = Record(
                fields["topic"], fields["partition"], fields["offset"], fields["key"].encode(), headers, value.encode()
            )
        except (ValueError, KeyError, AttributeError) as error:
            raise SourceError(f"{where} is no record as `chorale topics read TOPIC --json` writes them") from error
        self.add(record)


def _words(error):
    """What librdkafka says, without its codes."""
    first = error.args[0] if error.args else error
    return first.str() if hasattr(first, "str") else str(error)
