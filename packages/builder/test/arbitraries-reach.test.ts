import { Status } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ackFrame,
  action,
  agentHelloFrame,
  anyFrame,
  argument,
  bytesOfFrames,
  chunking,
  corrupted,
  disconnectFrame,
  fragmentedNotify,
  haproxyData,
  haproxyHelloFrame,
  message,
  noisy,
  notifyFrame,
  scope,
  session,
  signed64,
  text,
  typedData,
  unknownFrame,
  unsigned64,
} from '../src/arbitraries.ts';
import { corruptionNames, parse, toBytes, validate, validateSession, varintBytes, writeFrame } from '../src/index.ts';
import { sample } from './arbitraries/samples.ts';

function typesOf(values: readonly { readonly type: string }[]): string[] {
  return [...new Set(values.map(({ type }) => type))].toSorted();
}

const EVERY_TYPE = ['binary', 'bool', 'int32', 'int64', 'ipv4', 'ipv6', 'null', 'string', 'uint32', 'uint64'];

describe('typed data', () => {
  it('is of every type, and on request only of those that HAProxy sends', () => {
    expect(typesOf(sample(typedData()))).toEqual(EVERY_TYPE);
    expect(typesOf(sample(argument()).map(({ value }) => value))).toEqual(EVERY_TYPE);
    expect(typesOf(sample(haproxyData()))).toEqual(['binary', 'bool', 'int64', 'ipv4', 'ipv6', 'null', 'string']);
  });

  it('has integers of every length as varints, and of both signs', () => {
    const lengths = (values: readonly bigint[]): number[] =>
      [...new Set(values.map((value) => varintBytes(BigInt.asUintN(64, value)).length))].toSorted((a, b) => a - b);
    expect(lengths(sample(unsigned64()))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(lengths(sample(signed64()).filter((value) => value >= 0n))).toContain(1);
    expect(sample(signed64()).some((value) => value < 0n)).toBe(true);
    const all = sample(typedData(), 1_500);
    expect(all.some((data) => data.type === 'int32' && data.value < 0)).toBe(true);
    expect(all.some((data) => data.type === 'uint32' && data.value >= 2 ** 31)).toBe(true);
    expect(all.some((data) => data.type === 'uint64' && data.value >= 2n ** 63n)).toBe(true);
  });

  it('has the numbers around each length of varints, above and below', () => {
    const made = new Set(sample(unsigned64(), 3_000));
    for (const first of [240n, 2_288n, 264_432n, 33_818_864n, 4_328_786_160n]) {
      expect([first - 1n, first, first + 1n].map((value) => made.has(value))).toEqual([true, true, true]);
    }
  });

  it('has text of characters of one to four bytes, of bytes that are no UTF-8, and empty text', () => {
    const texts = sample(text());
    expect(texts).toContain('');
    expect(texts.some((each) => /[\udc80-\udcff]/u.test(each))).toBe(true);
    for (const character of ['é', '€', '😀']) expect(texts.some((each) => each.includes(character))).toBe(true);
    expect(Math.max(...sample(text(8)).map((each) => toBytes(each).length))).toBeLessThanOrEqual(8);
  });
});

describe('frames', () => {
  it('are of every type', () => {
    expect(typesOf(sample(anyFrame()))).toEqual([
      'ACK',
      'AGENT-DISCONNECT',
      'AGENT-HELLO',
      'HAPROXY-DISCONNECT',
      'HAPROXY-HELLO',
      'NOTIFY',
      'UNKNOWN',
    ]);
  });

  it('have no messages, one, and several, with and without names and arguments', () => {
    const notifies = sample(notifyFrame());
    const counts = new Set(notifies.map(({ messages }) => messages.length));
    expect([0, 1, 2, 3, 4].every((count) => counts.has(count))).toBe(true);
    const args = notifies.flatMap(({ messages }) => messages.flatMap((each) => each.args));
    expect(args.some(({ name }) => name === '')).toBe(true);
    const argCounts = sample(message()).map((each) => each.args.length);
    expect([Math.min(...argCounts), Math.max(...argCounts)]).toEqual([0, 8]);
  });

  it('have ids of every length', () => {
    const ids = sample(ackFrame()).flatMap(({ streamId, frameId }) => [streamId, frameId]);
    expect(new Set(ids.map((id) => varintBytes(id).length)).size).toBe(10);
  });

  it('have actions of both kinds in every scope, and none', () => {
    expect(typesOf(sample(action()))).toEqual(['set-var', 'unset-var']);
    const scopes = ['proc', 'req', 'res', 'sess', 'txn'];
    expect([...new Set(sample(scope()))].toSorted()).toEqual(scopes);
    expect([...new Set(sample(action()).map((each) => each.scope))].toSorted()).toEqual(scopes);
    expect(sample(ackFrame()).some(({ actions }) => actions.length === 0)).toBe(true);
  });

  it('of unknown types are of no known type', () => {
    const types = sample(unknownFrame()).map(({ typeByte }) => typeByte);
    expect(types.filter((type) => type < 4 || (type >= 101 && type <= 103) || type > 255)).toEqual([]);
    expect(new Set(types).size).toBeGreaterThan(50);
  });

  it('of a HELLO break no rule, and include those of health checks', () => {
    const hellos = sample(haproxyHelloFrame());
    for (const hello of hellos) expect(validate(writeFrame(hello), { from: 'haproxy' })).toEqual([]);
    for (const hello of sample(agentHelloFrame())) expect(validate(writeFrame(hello), { from: 'agent' })).toEqual([]);
    const isCheck = (value: boolean): boolean =>
      hellos.some(({ items }) =>
        items.some((item) => item.name === 'healthcheck' && Reflect.get(item.value, 'value') === value),
      );
    expect([isCheck(true), isCheck(false)]).toEqual([true, true]);
    const sizes = hellos.flatMap(({ items }) => items.filter(({ name }) => name === 'max-frame-size'));
    const numbers = sizes.map(({ value }) => Number(Reflect.get(value, 'value')));
    expect(Math.min(...numbers)).toBeLessThan(1_000);
    expect(Math.max(...numbers)).toBe(16_380);
  });

  it.each(['agent', 'haproxy'] as const)('of a DISCONNECT of %s have every status of the specification', (from) => {
    const statuses = sample(disconnectFrame(from)).map(({ items }) => Number(Reflect.get(items[0]!.value, 'value')));
    expect([...new Set(statuses)].toSorted((a, b) => a - b)).toEqual(Object.values(Status).toSorted((a, b) => a - b));
    expect(typesOf(sample(disconnectFrame(from)))).toEqual([`${from.toUpperCase()}-DISCONNECT`]);
  });

  it('in fragments are two or more, the last with FIN', () => {
    const made = sample(fragmentedNotify()).map(({ fragments }) => fragments);
    expect(made.every((fragments) => fragments.length >= 2 && fragments[0]?.type === 'NOTIFY-FRAGMENT')).toBe(true);
    expect(made.every((fragments) => fragments.map(({ flags }) => flags % 2).indexOf(1) === fragments.length - 1)).toBe(
      true,
    );
    expect(made.some((fragments) => fragments.length > 3)).toBe(true);
  });

  it('in a sequence are the bytes of each', () => {
    const frames = fc.array(ackFrame(), { maxLength: 3 });
    for (const bytes of sample(bytesOfFrames(frames), 100)) {
      expect(
        parse(bytes, { maxFrameSize: 100_000 })
          .map(writeFrame)
          .reduce((sum, each) => sum + each.length, 0),
      ).toBe(bytes.length);
    }
  });
});

describe('a session', () => {
  const sessions = sample(session(), 200);
  const idsOf = (writes: (typeof sessions)[number]['writes'], type: string): bigint[] =>
    writes.flatMap((write) => (write.frame.type === type ? [write.frame.streamId] : []));

  it('is of every line of HAProxy, ended by DISCONNECTs or not', () => {
    expect([...new Set(sessions.map(({ line }) => line))].toSorted()).toEqual(['2.6', '3.0', '3.1', '3.2']);
    const lasts = typesOf(sessions.map(({ writes }) => writes.at(-1)!.frame));
    expect(lasts).toEqual(['ACK', 'AGENT-DISCONNECT', 'AGENT-HELLO']);
  });

  it('has up to six NOTIFYs in flight, whose ACKs follow in any order', () => {
    expect(Math.max(...sessions.map(({ writes }) => idsOf(writes, 'NOTIFY').length))).toBe(6);
    const reordered = sessions.filter(({ writes }) => idsOf(writes, 'ACK').join() !== idsOf(writes, 'NOTIFY').join());
    expect(reordered.length).toBeGreaterThan(20);
    const isPipelined = sessions.filter(({ writes }) => {
      const types = writes.map((write) => write.frame.type).join(' ');
      return types.includes('NOTIFY NOTIFY NOTIFY');
    });
    expect(isPipelined.length).toBeGreaterThan(20);
    expect(sessions.some(({ writes }) => idsOf(writes, 'NOTIFY').length === 0)).toBe(true);
  });

  it('causes no warning except for values that HAProxy turns negative', () => {
    const rules = sessions.flatMap(({ line, writes }) =>
      validateSession(
        writes.map((write) => ({ from: write.from, bytes: writeFrame(write.frame) })),
        { haproxy: line, variablePrefix: 'engine' },
      ).map(({ rule }) => rule),
    );
    expect([...new Set(rules)]).toEqual(['integer-turns-negative']);
  });
});

describe('bytes', () => {
  it('are cut into one chunk, into some, and into single bytes', () => {
    const counts = new Set(sample(chunking(new Uint8Array(30))).map((chunks) => chunks.length));
    expect([1, 2, 5, 11, 30].map((count) => counts.has(count))).toEqual([true, true, true, true, true]);
    expect(sample(chunking(new Uint8Array(0)), 10)).toEqual(Array.from({ length: 10 }, () => []));
    expect(sample(chunking(Uint8Array.of(7)), 1)).toEqual([[Uint8Array.of(7)]]);
  });

  it('are corrupted in every way that has a name', () => {
    const names = new Set(sample(corrupted(), 700).map(({ name }) => name));
    expect(corruptionNames.filter((name) => !names.has(name))).toEqual([]);
  });

  it('of noise differ from those of the frame, longer, shorter and as long', () => {
    const made = sample(noisy()).map(({ bytes, original }) => ({ bytes, before: writeFrame(original) }));
    const signs = new Set(made.map(({ bytes, before }) => Math.sign(bytes.length - before.length)));
    expect([...signs].toSorted((a, b) => a - b)).toEqual([-1, 0, 1]);
    const changed = made.filter(({ bytes, before }) => Buffer.compare(bytes, before) !== 0);
    expect(changed.length).toBeGreaterThan(400);
  });
});
