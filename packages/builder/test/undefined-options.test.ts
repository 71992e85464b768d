import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as arbitraries from '../src/arbitraries.ts';
import {
  ack,
  agentDisconnect,
  agentHello,
  connect,
  explain,
  frame,
  haproxy,
  haproxyDisconnect,
  haproxyHello,
  notify,
  parse,
  parseAck,
  unset,
  validate,
  validateSession,
  type AgentHelloOptions,
  type ConnectOptions,
  type DisconnectOptions,
  type FrameOptions,
  type HaproxyHelloOptions,
  type HaproxyOptions,
  type ParseOptions,
  type SessionOptions,
} from '../src/index.ts';
import { politely, tinyAgent } from './tiny-agent.ts';

/** All of these options, and each of them undefined. */
type Undefined<Options> = Record<keyof Options, undefined>;

const ids = { streamId: undefined, frameId: undefined, flags: undefined, length: undefined };
const haproxyKeys = { supportedVersions: undefined, engineId: undefined, healthcheck: undefined };
const keys = { maxFrameSize: undefined, capabilities: undefined };
const configured = { maxFrameSize: 4_096, pipelining: false, engineId: 'an engine' };
const status = { statusCode: undefined, message: undefined };
const session = {
  haproxy: undefined,
  maxFrameSize: undefined,
  variablePrefix: undefined,
  state: undefined,
  onlySide: undefined,
  areWholeWrites: undefined,
};

describe('an option that is undefined', () => {
  it('compiles wherever an option may be omitted', () => {
    expectTypeOf<Undefined<FrameOptions>>().toExtend<FrameOptions>();
    expectTypeOf<Undefined<HaproxyHelloOptions>>().toExtend<HaproxyHelloOptions>();
    expectTypeOf<Undefined<AgentHelloOptions>>().toExtend<AgentHelloOptions>();
    expectTypeOf<Undefined<DisconnectOptions>>().toExtend<DisconnectOptions>();
    expectTypeOf<Undefined<HaproxyOptions>>().toExtend<HaproxyOptions>();
    expectTypeOf<Undefined<ConnectOptions>>().toExtend<ConnectOptions>();
    expectTypeOf<Undefined<ParseOptions>>().toExtend<ParseOptions>();
    expectTypeOf<Undefined<SessionOptions>>().toExtend<SessionOptions>();
    expectTypeOf<Undefined<arbitraries.MessageConstraints>>().toExtend<arbitraries.MessageConstraints>();
    expect(ids).toEqual({});
  });

  it.each([
    ['notify()', notify(ids), notify()],
    ['ack()', ack(ids), ack()],
    ['unset()', unset(ids), unset()],
    ['frame()', frame(200, ids), frame(200)],
    ['haproxyHello()', haproxyHello({ ...ids, ...keys, ...haproxyKeys }), haproxyHello()],
    ['agentHello()', agentHello({ ...ids, ...keys, version: undefined }), agentHello()],
    ['haproxyDisconnect()', haproxyDisconnect({ ...ids, ...status }), haproxyDisconnect()],
    ['agentDisconnect()', agentDisconnect({ ...ids, ...status }), agentDisconnect()],
    ['message()', notify().message('m', { a: 1 }, { nbArgs: undefined }), notify().message('m', { a: 1 })],
    ['setVar()', ack().setVar('txn', 'x', 1, { nbArgs: undefined }), ack().setVar('txn', 'x', 1)],
    ['unsetVar()', ack().unsetVar('txn', 'x', { nbArgs: undefined }), ack().unsetVar('txn', 'x')],
    [
      'a preset',
      haproxy('3.0', { ...keys, pipelining: undefined, async: undefined, engineId: undefined }).hello(),
      haproxy('3.0').hello(),
    ],
    [
      'hello() of a preset',
      haproxy('3.2', configured).hello({ ...ids, ...keys, ...haproxyKeys }),
      haproxy('3.2', configured).hello(),
    ],
    ['notify() of a preset', haproxy('3.2').notify({ ...ids, sameStream: undefined }), haproxy('3.2').notify()],
    ['the first stream-id of a preset', haproxy('3.0', { firstStreamId: undefined }).notify(), haproxy('3.0').notify()],
  ])('has the default of %s', (_, given, left) => {
    expect(given.toBytes()).toEqual(left.toBytes());
  });

  it('has the default of parse(), parseAck() and explain()', () => {
    const padded = Uint8Array.of(...ack().toBytes(), 0);
    padded[3]!++;
    const none = { maxFrameSize: undefined, ackPadding: undefined };
    expect(parseAck(padded, none)).toEqual(parseAck(padded));
    expect(parse(notify(), none)).toEqual(parse(notify()));
    expect(explain(notify(), none)).toBe(explain(notify()));
  });

  it('has the default of validate() and validateSession()', () => {
    const early = notify().message('m');
    expect(validate(early, { ...session, from: 'haproxy' })).toEqual(validate(early, { from: 'haproxy' }));
    const writes = [{ from: 'haproxy', bytes: early }] as const;
    expect(validateSession(writes, session)).toEqual(validateSession(writes));
  });

  it('has the default of connect()', async () => {
    const none = { haproxy: undefined, timeoutMs: undefined, chunkBytes: undefined, strict: undefined };
    const peer = await connect(tinyAgent(politely()), { ...none, agentName: undefined, variablePrefix: undefined });
    expect(peer.preset.line).toBe('3.2');
    expect(await peer.notify('m')).toMatchObject({ type: 'ACK', streamId: 1n });
    peer.close();
  });

  it('has the default of the arbitraries', () => {
    const options = { seed: 1, numRuns: 20 };
    const none = { maxArgs: undefined, data: undefined };
    const sample = (arbitrary: fc.Arbitrary<unknown>): unknown => fc.sample(arbitrary, options);
    expect(sample(arbitraries.message(none))).toEqual(sample(arbitraries.message()));
    const manyMessages = { ...none, maxMessages: undefined };
    expect(sample(arbitraries.notifyFrame(manyMessages))).toEqual(sample(arbitraries.notifyFrame()));
    expect(sample(arbitraries.ackFrame({ maxActions: undefined }))).toEqual(sample(arbitraries.ackFrame()));
    expect(sample(arbitraries.session({ maxNotifies: undefined }))).toEqual(sample(arbitraries.session()));
  });
});
