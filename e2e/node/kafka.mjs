// Reads every event of a shop from Kafka with kafkajs as it is installed, without other codecs, and checks that each comes once and in order.
// node kafka.mjs BROKERS PREFIX EVENTS
import assert from 'node:assert/strict';

import { Kafka, logLevel } from 'kafkajs';

const [brokers, prefix, expected] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'check', brokers: brokers.split(','), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const internal = ['chorale.audit.v1', 'chorale.relay.v1'].map((name) => prefix + name);
const topics = (await admin.listTopics())
  .filter((name) => name.startsWith(`${prefix}chorale.`) && !internal.includes(name));
await admin.disconnect();

const ids = new Set();
const versions = new Map();
const consumer = kafka.consumer({ groupId: `check-kafkajs-${process.pid}`, readUncommitted: false });
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
const done = new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  consumer.run({
    eachMessage: async ({ topic, message }) => {
      try {
        const header = (name) => message.headers[name].toString();
        const [id, stream, sequence] = ['ce_id', 'ce_subject', 'ce_sequence'].map(header);
        assert.ok(!ids.has(id), `${id} came twice`);
        assert.equal(message.key.toString(), stream);
        assert.equal(Number(sequence), (versions.get(stream) ?? 0) + 1, `${topic} ${stream}`);
        // Absolute, as CloudEvents asks.
        assert.equal(new URL(header('ce_dataschema')).protocol, 'urn:');
        assert.equal(typeof JSON.parse(message.value.toString()).summary, 'string');
        ids.add(id);
        versions.set(stream, Number(sequence));
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
console.log(`kafkajs: ${ids.size} events of ${versions.size} streams`);
