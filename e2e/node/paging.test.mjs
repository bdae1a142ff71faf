// Lists of a running shop, paged in both directions by the caches of Apollo Client and urql, which follow Relay's specification.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { filter, firstValueFrom } from 'rxjs';

import { endpoints } from './shop.mjs';

const SIZE = 7;
const lists = [
  { url: endpoints.shoppers, list: 'products', key: 'slug' },
  { url: endpoints.staff, list: 'stockItems', key: 'sku' },
];

/** A query of a page, with cursors. */
const pageOf = ({ list, key }) => `query Page($first: Int, $after: String, $last: Int, $before: String) {
  ${list}(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id ${key} } }
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
  }
}`;

/** The whole list, without any cache. */
async function whole(of) {
  const edges = [];
  for (let after = null, more = true; more;) {
    const response = await fetch(of.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: pageOf(of), variables: { first: 100, after } }),
    });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined);
    edges.push(...data[of.list].edges);
    ({ hasNextPage: more, endCursor: after } = data[of.list].pageInfo);
  }
  assert.ok(edges.length > 3 * SIZE, `only ${edges.length}`);
  assert.equal(new Set(edges.map(({ node }) => node[of.key])).size, edges.length);
  return edges;
}

/** Pages through a list from a first page on. `more` loads the page with these variables and answers the list as it is cached now. */
async function collect(first, more) {
  let seen = first;
  while (seen.pageInfo.hasNextPage) {
    seen = await more({ first: SIZE, after: seen.pageInfo.endCursor, last: null, before: null });
  }
  while (seen.pageInfo.hasPreviousPage) {
    seen = await more({ first: null, after: null, last: SIZE, before: seen.pageInfo.startCursor });
  }
  return seen.edges;
}

async function withApollo(of, variables) {
  const policies = { Query: { fields: { [of.list]: relayStylePagination() } } };
  const client = new ApolloClient({
    cache: new InMemoryCache({ typePolicies: policies }),
    link: new HttpLink({ uri: of.url, fetch }),
  });
  const query = client.watchQuery({ query: gql(pageOf(of)), variables });
  const followed = query.subscribe(() => {});
  let count = 0;
  const grown = async () => {
    const more = ({ loading, data }) => !loading && data[of.list].edges.length > count;
    const { data } = await firstValueFrom(query.pipe(filter(more)));
    count = data[of.list].edges.length;
    return data[of.list];
  };
  const edges = await collect(await grown(), async (page) => {
    await query.fetchMore({ variables: page });
    return grown();
  });
  followed.unsubscribe();
  client.stop();
  return edges;
}

async function withUrql(of, variables) {
  const exchanges = [cacheExchange({ resolvers: { Query: { [of.list]: relayPagination() } } }), fetchExchange];
  const client = new Client({ url: of.url, fetch, exchanges, preferGetMethod: false });
  const load = async (page) => {
    const { data, error } = await client.query(pageOf(of), page).toPromise();
    assert.equal(error, undefined);
    return data[of.list];
  };
  return collect(await load(variables), load);
}

const clients = {
  'Apollo Client': { paged: withApollo, starts: ['beginning', 'end', 'middle'] },
  // relayPagination knows only lists that begin at one of their ends.
  urql: { paged: withUrql, starts: ['beginning', 'end'] },
};
for (const [name, { paged, starts }] of Object.entries(clients)) {
  for (const of of lists) {
    test(`${name} pages ${of.list} from: ${starts.join(', ')}`, async () => {
      const all = await whole(of);
      const { cursor } = all[all.length / 2 | 0];
      const firsts = {
        beginning: [{ first: SIZE }],
        end: [{ last: SIZE }],
        middle: [{ first: SIZE, after: cursor }, { last: SIZE, before: cursor }],
      };
      for (const variables of starts.flatMap((start) => firsts[start])) {
        const edges = await paged(of, variables);
        const keys = (edges) => edges.map(({ node }) => node[of.key]);
        assert.deepEqual(keys(edges), keys(all), JSON.stringify(variables));
      }
    });
  }
}
