// Operations as server-sent events: graphql-sse with a connection per operation, and urql, which reads events without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { createClient } from 'graphql-sse';

import { endpoints, newQuery, placeOrder, sku } from './shop.mjs';

const orderUpdated = `subscription($id: ID!, $guestToken: String) {
  orderUpdated(by: { id: $id }, guestToken: $guestToken) { status version }
}`;

for (const [name, url] of Object.entries(endpoints)) {
  test(`a query of ${name} is one event and completes`, async () => {
    const shop = createClient({ url, retryAttempts: 0 });
    const answers = [];
    for await (const answer of shop.iterate({ query: newQuery() })) {
      answers.push(answer);
    }
    assert.equal(answers.length, 1);
    assert.equal(answers[0].data.stock.sku, sku);
    shop.dispose();
  });
}

test('a stream follows an order until it is confirmed', async () => {
  const variables = await placeOrder();
  const shop = createClient({ url: endpoints.shoppers, retryAttempts: 0 });
  for await (const answer of shop.iterate({ query: orderUpdated, variables })) {
    assert.equal(answer.errors, undefined);
    if (answer.data.orderUpdated.status === 'CONFIRMED') {
      break;
    }
  }
  shop.dispose();
});

test('urql subscribes over events', async () => {
  const variables = await placeOrder();
  const client = new Client({
    url: endpoints.shoppers, exchanges: [fetchExchange], fetchSubscriptions: true,
  });
  await new Promise((resolve, reject) => {
    const subscription = client.subscription(orderUpdated, variables).subscribe(({ data, error }) => {
      if (error) {
        reject(error);
      } else if (data?.orderUpdated.status === 'CONFIRMED') {
        // After this call, so that `subscription` is set.
        setImmediate(() => subscription.unsubscribe());
        resolve();
      }
    });
  });
});
