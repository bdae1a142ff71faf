"""Reads every event of a shop from Kafka with aiokafka as it is installed, without other codecs, and checks that each comes once
and in order, and that its value fits its schema.

python kafka.py BROKERS PREFIX EVENTS SCHEMAS
"""

import asyncio
import json
import pathlib
import sys

import aiokafka
import jsonschema

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
    ids, versions = set(), {}
    try:
        internal = {f"{prefix}chorale.audit.v1", f"{prefix}chorale.relay.v1"}
        topics = await consumer.topics()
        # Without a group, a subscription is to all partitions.
        consumer.subscribe([name for name in topics - internal if name.startswith(f"{prefix}chorale.")])
        while len(ids) < expected:
            record = await asyncio.wait_for(consumer.getone(), PATIENCE)
            headers = {name: value.decode() for name, value in record.headers}
            stream, version = headers["ce_subject"], int(headers["ce_sequence"])
            assert headers["ce_id"] not in ids, f"{headers['ce_id']} came twice"
            assert record.key.decode() == stream, f"{record.key} is not {stream}"
            assert version == versions.get(stream, 0) + 1, f"{stream}: {version} after {versions.get(stream)}"
            schemas[headers["ce_dataschema"]].validate(json.loads(record.value))
            ids.add(headers["ce_id"])
            versions[stream] = version
    finally:
        await consumer.stop()
    print(f"aiokafka: {len(ids)} events of {len(versions)} streams")


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3]), validators(sys.argv[4])))
