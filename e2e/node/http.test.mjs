// GraphQL over HTTP: the audit of graphql-http, caching, and pages of other origins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';

import { allowedOrigin, endpoints, sku } from './shop.mjs';

// Audits that fail by decision; docs/api.md ("HTTP") names them with the reasons.
const byDecision = {
  shoppers: [],
  staff: ['5A70', 'D6D5', '6A70'], // GET
};

for (const [name, url] of Object.entries(endpoints)) {
  test(`every audit of graphql-http passes for ${name}, except those that are documented`, async () => {
    const audits = serverAudits({ url });
    assert.ok(audits.length > 50, `only ${audits.length} audits`);
    const results = await Promise.all(audits.map(({ fn }) => fn()));
    const failed = results.filter(({ status }) => status !== 'ok');
    const shown = failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`).join('\n');
    assert.deepEqual(failed.map(({ id }) => id).sort(), [...byDecision[name]].sort(), shown);
    assert.ok(failed.every(({ name }) => name.startsWith('MAY')), shown);
  });
}

test('a page of the catalog is kept by caches and confirmed by its tag', async () => {
  const url = new URL(endpoints.shoppers);
  url.searchParams.set('query', `{ product(by: { sku: "${sku}" }) { title } }`);
  const first = await fetch(url);
  assert.equal(first.status, 200);
  assert.match(first.headers.get('cache-control'), /^public, max-age=\d+$/);
  const tag = first.headers.get('etag');
  assert.match(tag, /^"[0-9a-f]{32}"$/);
  const again = await fetch(url, { headers: { 'if-none-match': tag } });
  assert.equal(again.status, 304);
  assert.equal(again.headers.get('etag'), tag);
});

test('pages of an allowed origin may send what clients send, and others may not', async () => {
  const preflight = (origin) => fetch(endpoints.shoppers, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-consistency-token',
    },
  });
  const allowed = await preflight(allowedOrigin);
  assert.equal(allowed.headers.get('access-control-allow-origin'), allowedOrigin);
  assert.match(allowed.headers.get('access-control-allow-headers'), /content-type/);
  const refused = await preflight('https://other.example');
  assert.equal(refused.headers.get('access-control-allow-origin'), null);
});
