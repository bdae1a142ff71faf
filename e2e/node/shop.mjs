// The running shop that is checked, and what the checks share.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

function address(variable) {
  const value = process.env[variable];
  assert.ok(value, `${variable} must be the host and port of a running shop`);
  return value;
}

const shoppers = address('CHORALE_CHECK_SHOPPERS');
const staff = address('CHORALE_CHECK_STAFF');

/** Host and port of the two doors. */
export const addresses = { shoppers, staff };

export const endpoints = {
  shoppers: `http://${shoppers}/graphql`,
  staff: `http://${staff}/admin/graphql`,
};
export const sockets = {
  shoppers: `ws://${shoppers}/graphql`,
  staff: `ws://${staff}/admin/graphql`,
};

/** The SKU that every check may read: a new shop sells it. */
export const sku = 'TEA-100';

/** The page origin that the shop was told to allow. */
export const allowedOrigin = 'https://shop.example';

/** A query that no client has sent before. */
export function newQuery() {
  return `query Tea_${randomUUID().replaceAll('-', '')} { stock(sku: "${sku}") { sku level } }`;
}

/** `fetch`, and the requests that were sent with it. */
export function recording() {
  const requests = [];
  const recorded = async (url, options = {}) => {
    const parameters = new URL(url).searchParams;
    const body = options.body ? JSON.parse(options.body) : Object.fromEntries(parameters);
    requests.push({ method: options.method ?? 'GET', text: Boolean(body.query) });
    return fetch(url, options);
  };
  return { requests, fetch: recorded };
}

/** Places an order and returns its id and guest token. */
export async function placeOrder() {
  const response = await fetch(`http://${shoppers}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify({
      lines: [{ sku, quantity: 1 }],
      email: 'guest@example.com',
      shippingAddress: {
        name: 'A Guest', lines: ['1 Harbour Road'], postalCode: '10115', city: 'Berlin', country: 'DE',
      },
      paymentToken: 'tok_ok',
    }),
  });
  const answer = await response.json();
  assert.equal(response.status, 201, JSON.stringify(answer));
  return { id: answer.orderId, guestToken: answer.guestToken };
}
