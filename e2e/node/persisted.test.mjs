// Persisted queries, as the links and exchanges of Apollo Client and urql send them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

import { endpoints, newQuery, recording, sku } from './shop.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function apollo(url, link) {
  const { requests, fetch } = recording();
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new PersistedQueryLink(link), new HttpLink({ uri: url, fetch })]),
  });
  const ask = async (text) => {
    const { data } = await client.query({ query: gql(text), fetchPolicy: 'network-only' });
    return data.stock;
  };
  return { ask, requests };
}

for (const [name, url] of Object.entries(endpoints)) {
  test(`Apollo Client registers a query at the endpoint for ${name} once`, async () => {
    const { ask, requests } = apollo(url, { sha256 });
    const query = newQuery();
    assert.equal((await ask(query)).sku, sku);
    assert.deepEqual(requests, [{ method: 'POST', text: false }, { method: 'POST', text: true }]);
    assert.equal((await ask(query)).sku, sku);
    assert.deepEqual(requests.slice(2), [{ method: 'POST', text: false }]);
  });
}

test('Apollo Client asks by GET for queries that are registered', async () => {
  const { ask, requests } = apollo(endpoints.shoppers, { sha256, useGETForHashedQueries: true });
  const query = newQuery();
  assert.equal((await ask(query)).sku, sku);
  assert.equal((await ask(query)).sku, sku);
  assert.deepEqual(requests.filter(({ text }) => !text).map(({ method }) => method), ['GET', 'GET']);
  assert.equal(requests.length, 3);
});

test('Apollo Client asks for documents of the manifest by their ids', async () => {
  const manifest = JSON.parse(await readFile(new URL('manifest.json', import.meta.url), 'utf8'));
  const ids = generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest });
  const { ask, requests } = apollo(endpoints.shoppers, ids);
  assert.equal((await ask(manifest.operations[0].body)).sku, sku);
  assert.deepEqual(requests, [{ method: 'POST', text: false }]);
});

function urql(url, exchanges) {
  const { requests, fetch } = recording();
  const client = new Client({ url, fetch, exchanges, requestPolicy: 'network-only' });
  const ask = async (text) => {
    const { data, error } = await client.query(text, {}).toPromise();
    assert.equal(error, undefined);
    return data.stock;
  };
  return { ask, requests };
}

test('urql works as it comes', async () => {
  const { ask, requests } = urql(endpoints.shoppers, [fetchExchange]);
  assert.equal((await ask(newQuery())).sku, sku);
  assert.deepEqual(requests, [{ method: 'GET', text: true }]);
});

test('urql registers a query once', async () => {
  const { ask, requests } = urql(endpoints.shoppers, [persistedExchange(), fetchExchange]);
  const query = newQuery();
  assert.equal((await ask(query)).sku, sku);
  assert.deepEqual(requests.map(({ text }) => text), [false, true]);
  assert.equal((await ask(query)).sku, sku);
  assert.deepEqual(requests.slice(2), [{ method: 'GET', text: false }]);
});

test('urql registers queries at the back office by POST', async () => {
  const exchange = persistedExchange({ preferGetForPersistedQueries: false });
  const { ask, requests } = urql(endpoints.staff, [exchange, fetchExchange]);
  assert.equal((await ask(newQuery())).sku, sku);
  assert.deepEqual(requests, [{ method: 'POST', text: false }, { method: 'POST', text: true }]);
});
