// The contract of the commands: the recommended rules of two linters, and a generated client that places README's order.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { addresses } from './shop.mjs';

const here = dirname(fileURLToPath(import.meta.url));
// Inside of node_modules, so that what is generated finds the packages.
const folder = mkdtempSync(join(here, 'node_modules', '.openapi-'));
const file = (name) => join(folder, name);

/** Runs a program of a package. What it says is the message of a failure. */
function run(name, ...args) {
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off' } };
  const done = spawnSync(process.execPath, [join(here, 'node_modules', '.bin', name), ...args], options);
  assert.equal(done.status, 0, `${name}: ${done.stdout}${done.stderr}`);
  return done.stdout + done.stderr;
}

before(async () => {
  for (const [door, address] of Object.entries(addresses)) {
    const response = await fetch(`http://${address}/openapi.json`);
    writeFileSync(file(`${door}.json`), await response.text());
  }
  writeFileSync(file('both.json'), readFileSync(join(here, '../../schemas/contracts/openapi.json')));
  writeFileSync(file('ruleset.json'), JSON.stringify({ extends: ['spectral:oas'] }));
});
after(() => rmSync(folder, { recursive: true }));

const documents = ['both.json', 'shoppers.json', 'staff.json'];

test('the recommended rules of redocly pass', () => {
  const answer = run('redocly', 'lint', '--extends=recommended', ...documents);
  assert.match(answer, /descriptions are valid/);
  assert.doesNotMatch(answer, /You have \d+ warning/);
});

test('the recommended rules of spectral pass', () => {
  run('spectral', 'lint', '--ruleset=ruleset.json', '--fail-severity=hint', ...documents);
});

test('a client that openapi-typescript generates places the order of the README', () => {
  const readme = readFileSync(join(here, '../../README.md'), 'utf8');
  const [, order] = readme.match(/v1\/orders .*? -d '(\{.*?\})'/s);
  run('openapi-typescript', 'both.json', '--output=commands.ts');
  writeFileSync(file('package.json'), '{ "type": "module" }');
  writeFileSync(file('order.ts'), `
    import createClient from 'openapi-fetch';
    import type { paths } from './commands.js';

    const client = createClient<paths>({ baseUrl: 'http://${addresses.shoppers}' });
    const header = { 'Idempotency-Key': crypto.randomUUID() };
    const { data, error } = await client.POST('/v1/orders', { params: { header }, body: ${order} });
    if (!data) {
      throw new Error(\`\${error.code}: \${error.userErrors[0]?.details?.unitPrice?.minor}\`);
    }
    const { orderId, guestToken, totals, commandId } = data;
    if (!orderId || !guestToken || !totals) {
      throw new Error('fields of the answer are missing');
    }
    const status = await client.GET('/v1/commands/{id}', { params: { path: { id: commandId } } });
    const grand: string | undefined = status.data?.answer?.totals?.grand.minor;
    const order = await client.GET('/v1/orders/{id}', {
      params: { path: { id: orderId }, header: { 'X-Guest-Token': guestToken } },
    });
    const refused = await client.POST('/v1/orders/{id}/cancel', {
      params: { path: { id: orderId }, header: { ...header, 'X-Guest-Token': guestToken } },
      // @ts-expect-error There is no such reason.
      body: { reason: 'BECAUSE' },
    });
    console.log(JSON.stringify({ same: grand === totals.grand.minor, id: order.data?.id === orderId, code: refused.error?.code }));
  `);
  const strict = ['--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom'];
  run('tsc', ...strict, '--outDir', 'out', 'order.ts');
  const said = execFileSync(process.execPath, [file('out/order.js')], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(said), { same: true, id: true, code: 'INVALID_INPUT' });
});
