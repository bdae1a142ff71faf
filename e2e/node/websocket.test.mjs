// Operations over WebSockets: the protocol graphql-transport-ws, with its own client and with messages by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { newQuery, placeOrder, sku, sockets } from './shop.mjs';

const levels = `subscription { stockChanged(skus: ["${sku}"]) { sku level version } }`;

function client(url, options = {}) {
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

for (const [name, url] of Object.entries(sockets)) {
  test(`a query of ${name} has one answer and completes`, async () => {
    const shop = client(url);
    const answers = [];
    for await (const answer of shop.iterate({ query: newQuery() })) {
      answers.push(answer);
    }
    assert.equal(answers.length, 1);
    assert.equal(answers[0].data.stock.sku, sku);
    await shop.dispose();
  });
}

test('a subscription follows an order until it is confirmed, and ends when the client completes it', async () => {
  const { id, guestToken } = await placeOrder();
  const shop = client(sockets.shoppers);
  const query = `subscription($id: ID!, $guestToken: String) {
    orderUpdated(by: { id: $id }, guestToken: $guestToken) { status version }
  }`;
  const seen = [];
  for await (const answer of shop.iterate({ query, variables: { id, guestToken } })) {
    assert.equal(answer.errors, undefined);
    seen.push(answer.data.orderUpdated.version);
    if (answer.data.orderUpdated.status === 'CONFIRMED') {
      break;
    }
  }
  assert.deepEqual(seen, [...new Set(seen)].sort((one, other) => one - other));
  await shop.dispose();
});

test('what is invalid ends with the errors, and the connection goes on', async () => {
  const shop = client(sockets.shoppers, { lazy: false, onNonLazyError: assert.fail });
  const refused = shop.iterate({ query: '{ nothing }' }).next();
  await assert.rejects(refused, (errors) => errors[0].extensions.code === 'GRAPHQL_VALIDATION_FAILED');
  const { value } = await shop.iterate({ query: newQuery() }).next();
  assert.equal(value.data.stock.sku, sku);
  await shop.dispose();
});

test('pings are answered in both directions', async () => {
  let received;
  const pong = new Promise((resolve) => { received = resolve; });
  const shop = client(sockets.shoppers, {
    lazy: false,
    keepAlive: 20,
    onNonLazyError: assert.fail,
    on: { pong: (wasReceived) => wasReceived && received() },
  });
  await pong;
  await shop.dispose();
});

/** A connection with messages by hand. */
async function connection(protocol = GRAPHQL_TRANSPORT_WS_PROTOCOL) {
  const socket = new WebSocket(sockets.shoppers, protocol);
  const closed = once(socket, 'close');
  await once(socket, 'open');
  const send = (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const begin = async () => {
    const answer = once(socket, 'message');
    send({ type: MessageType.ConnectionInit });
    assert.equal(JSON.parse((await answer)[0]).type, MessageType.ConnectionAck);
  };
  return { send, begin, code: async () => (await closed)[0] };
}

const subscribe = { id: '1', type: MessageType.Subscribe, payload: { query: levels } };

test('a message that is none of the protocol closes with 4400', async () => {
  for (const message of ['{', '{"type":"unknown"}', '{"type":"subscribe","id":"1","payload":{}}', '{"type":"subscribe"}']) {
    const { send, begin, code } = await connection();
    await begin();
    send(message);
    assert.equal(await code(), CloseCode.BadRequest, message);
  }
});

test('an operation before the beginning closes with 4401', async () => {
  const { send, code } = await connection();
  send(subscribe);
  assert.equal(await code(), CloseCode.Unauthorized);
});

test('another protocol closes with 4406', async () => {
  const socket = new WebSocket(sockets.shoppers);
  assert.equal((await once(socket, 'close'))[0], CloseCode.SubprotocolNotAcceptable);
});

test('no beginning closes with 4408', async () => {
  const { code } = await connection();
  assert.equal(await code(), CloseCode.ConnectionInitialisationTimeout);
});

test('an id that is in use closes with 4409', async () => {
  const { send, begin, code } = await connection();
  await begin();
  send(subscribe);
  send(subscribe);
  assert.equal(await code(), CloseCode.SubscriberAlreadyExists);
});

test('a second beginning closes with 4429', async () => {
  const { send, begin, code } = await connection();
  await begin();
  send({ type: MessageType.ConnectionInit });
  assert.equal(await code(), CloseCode.TooManyInitialisationRequests);
});
