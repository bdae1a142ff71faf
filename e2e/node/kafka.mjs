// Reads every event of a shop from Kafka with kafkajs as it is installed, without other codecs, and with the SDK of CloudEvents, and
// checks that each comes once and in order, and that its payload fits its schema. The topics must have events of both content modes.
// node kafka.mjs BROKERS PREFIX EVENTS SCHEMAS
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Kafka as Events } from 'cloudevents';
import { Kafka, logLevel } from 'kafkajs';

const [brokers, prefix, expected, schemas] = process.argv.slice(2);
const ajv = new Ajv2020({ strict: true });
addFormats(ajv);
const kafka = new Kafka({ clientId: 'check', brokers: brokers.split(','), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const internal = ['chorale.audit.v1', 'chorale.relay.v1'].map((name) => prefix + name);
const topics = (await admin.listTopics())
  .filter((name) => name.startsWith(`${prefix}chorale.`) && !internal.includes(name));
await admin.disconnect();

const ids = new Set();
const versions = new Map();
const modes = { binary: 0, structured: 0 };

/** The event of a record; it fails if the SDK finds it invalid. */
function eventOf({ key, value, headers }) {
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]));
  modes[texts['content-type'].startsWith('application/cloudevents+json') ? 'structured' : 'binary'] += 1;
  const event = Events.toEvent({ key: key.toString(), value: value.toString(), headers: texts });
  assert.ok(event.validate());
  return event;
}

/** The validator of a type's payload. `dataschema` is the identifier of its schema. */
function validatorOf({ type, dataschema }) {
  return ajv.getSchema(dataschema)
    ?? ajv.compile(JSON.parse(readFileSync(path.join(schemas, `${type}.json`), 'utf8')));
}

const consumer = kafka.consumer({ groupId: `check-kafkajs-${process.pid}`, readUncommitted: false });
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
const done = new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  consumer.run({
    eachMessage: async ({ topic, message }) => {
      try {
        const event = eventOf(message);
        const { id, subject, sequence, dataschema, data } = event;
        assert.ok(!ids.has(id), `${id} came twice`);
        assert.equal(message.key.toString(), subject);
        assert.equal(Number(sequence), (versions.get(subject) ?? 0) + 1, `${topic} ${subject}`);
        // Absolute, as CloudEvents asks.
        assert.equal(new URL(dataschema).protocol, 'urn:');
        const validate = validatorOf(event);
        assert.equal(validate.schema.$id, dataschema);
        assert.ok(validate(data), `${topic} ${id}: ${ajv.errorsText(validate.errors)}`);
        ids.add(id);
        versions.set(subject, Number(sequence));
        if (ids.size === Number(expected)) resolve();
      } catch (error) {
        reject(error);
      }
    },
  }).catch(reject);
});
const late = setTimeout(() => {
  console.error(`only ${ids.size} of ${expected} events came`);
  process.exit(1);
}, 60_000);
await done;
clearTimeout(late);
await consumer.disconnect();
console.log(`kafkajs: ${ids.size} events of ${versions.size} streams, ${JSON.stringify(modes)}`);
assert.ok(modes.binary > 0 && modes.structured > 0, 'one content mode is missing');
