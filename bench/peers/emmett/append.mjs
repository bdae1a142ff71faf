// Appends with emmett from many callers for a while. Each append expects the version that the previous one has left.
import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const number = (name) => Number(process.env[name]);
const url = process.env.BENCH_URL;
const payload = JSON.parse(process.env.BENCH_PAYLOAD);
const steps = number('BENCH_STEPS');

const pool = new pg.Pool({ connectionString: url, max: number('BENCH_CONNECTIONS') });
const options = { connectionOptions: { pool, pooled: true } };
const preparing = getPostgreSQLEventStore(url, options);
await preparing.schema.migrate();
const store = getPostgreSQLEventStore(url, { ...options, schema: { autoMigration: 'None' } });

async function call(until, times) {
  for (;;) {
    const stream = `reaction-${randomUUID()}`;
    let expectedStreamVersion = 'STREAM_DOES_NOT_EXIST';
    for (let step = 0; step < steps; step += 1) {
      const begun = process.hrtime.bigint();
      if (begun >= until) return;
      const events = [{ type: 'ReactionRedriven', data: payload }];
      const result = await store.appendToStream(stream, events, { expectedStreamVersion });
      expectedStreamVersion = result.nextExpectedStreamVersion;
      times.push(Number(process.hrtime.bigint() - begun) / 1e6);
    }
  }
}

async function appended(duration) {
  const [start, times] = [process.hrtime.bigint(), []];
  const until = start + BigInt(Math.round(duration * 1e9));
  await Promise.all(Array.from({ length: number('BENCH_CALLERS') }, () => call(until, times)));
  return { times, seconds: Number(process.hrtime.bigint() - start) / 1e9 };
}

// The first seconds do not count, because Node is still compiling the program.
const warm = await appended(2);
const { times, seconds } = await appended(number('BENCH_SECONDS'));
times.sort((one, other) => one - other);
const at = (share) => times[Math.floor(times.length * share)];
const acknowledged = warm.times.length + times.length;
console.log(JSON.stringify({ acknowledged, perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) }));
process.exit(0);
