// The contracts that a shop serves, with independent validators: Ajv in its strict mode, and graphql-js.
import assert from 'node:assert/strict';
import test from 'node:test';

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
