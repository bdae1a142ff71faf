"""Reads every event of a shop from Kafka with aiokafka as it is installed, without other codecs, and with the SDK of CloudEvents,
and checks that each comes once and in order, and that its payload fits its schema. The topics must have events of both content modes.

python kafka.py BROKERS PREFIX EVENTS SCHEMAS
"""

import asyncio
import collections
import json
import pathlib
import sys

import aiokafka
import jsonschema
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat

PATIENCE = 60


def validators(folder):
    """A validator for each schema, by its identifier."""
    schemas = (json.loads(path.read_text(encoding="utf-8")) for path in pathlib.Path(folder).glob("*.json"))
    found = {}
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)
        found[schema["$id"]] = jsonschema.Draft202012Validator(schema)
    return found


async def read(brokers, prefix, expected, schemas):
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=brokers, isolation_level="read_committed", auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    ids, versions, modes = set(), {}, collections.Counter()
    try:
        internal = {f"{prefix}chorale.audit.v1", f"{prefix}chorale.relay.v1"}
        topics = await consumer.topics()
        # Without a group, a subscription is to all partitions.
        consumer.subscribe([name for name in topics - internal if name.startswith(f"{prefix}chorale.")])
        while len(ids) < expected:
            record = await asyncio.wait_for(consumer.getone(), PATIENCE)
            headers = dict(record.headers)
            # Fails on an event that is not valid.
            event = from_kafka(KafkaMessage(headers, record.key, record.value), JSONFormat())
            modes["binary" if "ce_id" in headers else "structured"] += 1
            stream, version = event.get_subject(), int(event.get_extension("sequence"))
            assert event.get_id() not in ids, f"{event.get_id()} came twice"
            assert record.key.decode() == stream, f"{record.key} is not {stream}"
            assert version == versions.get(stream, 0) + 1, f"{stream}: {version} after {versions.get(stream)}"
            schemas[event.get_dataschema()].validate(event.get_data())
            ids.add(event.get_id())
            versions[stream] = version
    finally:
        await consumer.stop()
    print(f"aiokafka: {len(ids)} events of {len(versions)} streams, {dict(modes)}")
    assert len(modes) == 2, "one content mode is missing"


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3]), validators(sys.argv[4])))
