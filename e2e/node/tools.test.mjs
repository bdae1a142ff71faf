// Tools that apps are built with: they understand the schemas, and what they generate compiles.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { codegen } from '@graphql-codegen/core';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildSchema, parse } from 'graphql';

import { addresses } from './shop.mjs';

const here = import.meta.dirname;
const schemas = {
  storefront: `http://${addresses.shoppers}/graphql/schema.graphql`,
  admin: `http://${addresses.staff}/admin/graphql/schema.graphql`,
};
const run = promisify(execFile);

/** Runs an installed program; its output is in the error if it fails. */
async function tool(name, args, options) {
  const bin = path.join(here, 'node_modules', '.bin', name);
  return run(process.execPath, [bin, ...args], options).catch(({ stdout, stderr }) => {
    throw new Error(`${name}:\n${stdout}${stderr}`);
  });
}

/** A folder with both schemas as they are served, which is removed after the test. */
async function folder(context) {
  const made = await mkdtemp(path.join(tmpdir(), 'chorale-'));
  context.after(() => rm(made, { recursive: true }));
  for (const [name, url] of Object.entries(schemas)) {
    const response = await fetch(url);
    assert.equal(response.status, 200, url);
    await writeFile(path.join(made, `${name}.graphql`), await response.text());
  }
  return made;
}

test('GraphQL Code Generator makes types of all documents, and they compile strictly', async (context) => {
  const made = await folder(context);
  let documents = 0;
  for (const name of Object.keys(schemas)) {
    const text = await readFile(path.join(made, `${name}.graphql`), 'utf8');
    const document = parse(await readFile(path.join(here, 'documents', `${name}.graphql`), 'utf8'));
    documents += document.definitions.filter(({ kind }) => kind === 'OperationDefinition').length;
    const code = await codegen({
      schema: parse(text),
      schemaAst: buildSchema(text),
      documents: [{ location: name, document }],
      filename: `${name}.ts`,
      config: { scalars: { BigInt: 'string', Decimal: 'string', DateTime: 'string', JSON: 'unknown' } },
      plugins: [{ operations: {} }],
      pluginMap: { operations },
    });
    await writeFile(path.join(made, `${name}.ts`), code);
  }
  assert.ok(documents >= 20, `only ${documents} documents`);
  const use = `import type { ListingQuery, ProductByKeyQueryVariables } from './storefront';
    export const title = (page: ListingQuery): string | undefined => page.products?.nodes[0]?.title;
    export const one: ProductByKeyQueryVariables = { by: { sku: 'TEA-100' } };
    // @ts-expect-error exactly one key is given
    export const two: ProductByKeyQueryVariables = { by: { sku: 'TEA-100', slug: 'tea' } };`;
  await writeFile(path.join(made, 'use.ts'), use);
  const files = ['storefront.ts', 'admin.ts', 'use.ts'];
  await tool('tsc', ['--strict', '--noEmit', ...files], { cwd: made });
});

test('Relay compiles fragments that are refetched, pages included', async (context) => {
  const made = await folder(context);
  const source = path.join(made, 'src');
  await mkdir(path.join(source, '__generated__'), { recursive: true });
  await cp(path.join(here, 'documents', 'relay', 'Order.ts'), path.join(source, 'Order.ts'));
  const config = {
    src: './src', schema: './storefront.graphql', language: 'typescript', artifactDirectory: './src/__generated__',
  };
  await writeFile(path.join(made, 'relay.config.json'), JSON.stringify(config));
  await tool('relay-compiler', ['relay.config.json'], { cwd: made });
  const refetch = await readFile(path.join(source, '__generated__', 'OrderLinesQuery.graphql.ts'), 'utf8');
  assert.match(refetch, /node\(id: \$id\)/);
});

for (const name of Object.keys(schemas)) {
  test(`the schema ${name} has no fault by the rules of graphql-eslint for schemas and Relay`, async (context) => {
    const file = path.join(await folder(context), `${name}.graphql`);
    const env = { ...process.env, CHORALE_CHECK_SCHEMA: file };
    const config = path.join(here, 'eslint.config.mjs');
    await tool('eslint', ['--config', config, '--no-ignore', file], { cwd: path.dirname(file), env });
  });
}
