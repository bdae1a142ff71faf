// The contracts that a shop serves, with independent validators: Ajv in its strict mode, AsyncAPI's parser, and graphql-js.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { Parser, fromFile } from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { buildSchema, getIntrospectionQuery, buildClientSchema, printSchema, lexicographicSortSchema } from 'graphql';

import { addresses, endpoints } from './shop.mjs';

async function text(path, address = addresses.shoppers) {
  const response = await fetch(`http://${address}${path}`);
  assert.equal(response.status, 200, path);
  return response.text();
}

const json = async (path) => JSON.parse(await text(path));

test('every event schema is served under its identifier and compiles in strict mode', async () => {
  const paths = await json('/schemas');
  assert.ok(paths.length >= 93, `only ${paths.length} schemas`);
  const ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: true });
  addFormats(ajv);
  for (const path of paths) {
    const schema = await json(path);
    assert.equal(schema.$id, `urn:chorale:schema:${path.replace('/schemas/', '').replace('.json', '')}`);
    const validate = ajv.compile(schema);
    assert.equal(validate({}), false, `${path} accepts an empty object`);
    assert.equal(ajv.getSchema(schema.$id), validate);
  }
});

test('AsyncAPI, OpenAPI and the page of links are at stable addresses', async () => {
  const topics = await json('/asyncapi.json');
  assert.equal(topics.asyncapi, '3.1.0');
  const message = topics.components.messages['chorale.order.OrderPlaced.v1'];
  assert.equal((await json(new URL(message.payload.$ref, 'http://x/asyncapi.json').pathname)).title, message.name);
  assert.ok((await json('/openapi.json')).openapi);
  const page = await text('/');
  for (const path of ['/asyncapi.json', '/schemas', '/openapi.json', '/graphql/schema.graphql']) {
    assert.ok(page.includes(`href="${path}"`), path);
    await text(path);
  }
  await text('/admin/graphql/schema.graphql', addresses.staff);
});

test('the schema that is served is the one that introspection answers', async () => {
  for (const [address, path, endpoint] of [
    [addresses.shoppers, '/graphql/schema.graphql', endpoints.shoppers],
    [addresses.staff, '/admin/graphql/schema.graphql', endpoints.staff],
  ]) {
    const query = getIntrospectionQuery({ specifiedByUrl: true, oneOf: true, inputValueDeprecation: true });
    const response = await fetch(endpoint, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }),
    });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined);
    const print = (schema) => printSchema(lexicographicSortSchema(schema));
    assert.equal(print(buildClientSchema(data)), print(buildSchema(await text(path, address))), path);
  }
});

test('the parser of AsyncAPI reads the document that is served without errors', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'chorale-'));
  context.after(() => rm(folder, { recursive: true }));
  // As a person downloads it: the document, and the schemas at the paths that it names.
  const source = await text('/asyncapi.json');
  for (const served of await json('/schemas')) {
    await mkdir(path.dirname(path.join(folder, served)), { recursive: true });
    await writeFile(path.join(folder, served), await text(served));
  }
  const local = path.join(folder, 'asyncapi.json');
  await writeFile(local, source.replaceAll('"/schemas/', `"${folder}/schemas/`));
  const { document, diagnostics } = await fromFile(new Parser(), local).parse();
  const serious = diagnostics.filter(({ severity }) => severity <= 1);
  assert.deepEqual(serious.map(({ message, path: where }) => `${where.join('/')}: ${message}`), []);
  const channels = document.channels().all();
  assert.equal(channels.length, 14);
  for (const channel of channels.filter((channel) => channel.id() !== 'relay')) {
    const structured = channel.messages().all().find((message) => message.id() === `${channel.id()}-structured`);
    assert.match(structured.contentType(), /^application\/cloudevents\+json/);
  }
});
