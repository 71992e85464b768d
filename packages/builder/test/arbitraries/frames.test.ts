import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ackFrame,
  action,
  agentHelloFrame,
  argument,
  disconnectFrame,
  fragmentedNotify,
  haproxyHelloFrame,
  message,
  notifyFrame,
  unknownFrame,
} from '../../src/arbitraries.ts';
import { data, notify, reassemble, toHex, type PlainFrame, validate, writeFrame } from '../../src/index.ts';
import { always, ends, sample, shrunk } from './samples.ts';

/** The value of an item. */
function item(frame: PlainFrame, name: string): unknown {
  const found = 'items' in frame ? frame.items.find((each) => each.name === name) : undefined;
  return found === undefined || !('value' in found.value) ? undefined : found.value.value;
}

function itemsOf(frames: readonly PlainFrame[], name: string): unknown[] {
  return [...new Set(frames.map((frame) => item(frame, name)))];
}

describe('a message', () => {
  it('has up to eight arguments, or as many as the caller wants', () => {
    expect(ends(sample(message(), 60).map(({ args }) => args.length))).toEqual([0, 8]);
    expect(ends(sample(message({ maxArgs: 2 }), 30).map(({ args }) => args.length))).toEqual([0, 2]);
    const nulls = message({ maxArgs: 255, data: fc.constant(data.nil) });
    expect(ends(sample(nulls, 12).map(({ args }) => args.length))[1]).toBeGreaterThan(200);
  });

  it('has the values that the caller wants', () => {
    const values = sample(message({ data: fc.constant(data.int32(7)) }), 10).flatMap(({ args }) => args);
    expect(new Set(values.map(({ value }) => value))).toEqual(new Set([data.int32(7)]));
    expect(sample(argument(fc.constant(data.nil)), 3).map(({ value }) => value)).toEqual([
      data.nil,
      data.nil,
      data.nil,
    ]);
  });
});

describe('a NOTIFY', () => {
  it('has up to four messages, or as many as the caller wants', () => {
    expect(ends(sample(notifyFrame(), 20).map(({ messages }) => messages.length))).toEqual([0, 4]);
    expect(ends(sample(notifyFrame({ maxMessages: 2 }), 20).map(({ messages }) => messages.length))).toEqual([0, 2]);
    const many = sample(notifyFrame({ maxMessages: 12, maxArgs: 0 }), 20);
    expect(ends(many.map(({ messages }) => messages.length))).toEqual([0, 12]);
    expect(new Set(many.flatMap(({ messages }) => messages.map(({ args }) => args.length)))).toEqual(new Set([0]));
  });
});

describe('an ACK', () => {
  it('has up to six actions, or as many as the caller wants', () => {
    expect(ends(sample(ackFrame(), 40).map(({ actions }) => actions.length))).toEqual([0, 6]);
    expect(ends(sample(ackFrame({ maxActions: 2 }), 20).map(({ actions }) => actions.length))).toEqual([0, 2]);
    expect(ends(sample(ackFrame({ maxActions: 20 }), 30).map(({ actions }) => actions.length))[1]).toBe(20);
  });

  it('has all fields of an action', () => {
    for (const one of sample(action(), 30)) {
      expect(Object.keys(one)).toEqual(
        one.type === 'set-var' ? ['type', 'scope', 'name', 'value'] : ['type', 'scope', 'name'],
      );
    }
  });
});

describe('an action', () => {
  it('shrinks to a set-var of NULL', () => {
    const simplest = { type: 'set-var', scope: 'proc', name: 'a', value: { type: 'null' } };
    expect(shrunk(action())).toEqual(always(simplest));
  });
});

describe('a HELLO', () => {
  it('of HAProxy has every item in several forms', () => {
    const hellos = sample(haproxyHelloFrame(), 60);
    expect(new Set(itemsOf(hellos, 'supported-versions'))).toEqual(new Set([' 2.0 ', '2.0', '2.0, 1.5']));
    expect(new Set(itemsOf(hellos, 'capabilities'))).toEqual(
      new Set(['', 'pipelining', 'pipelining, unknown', 'pipelining,async']),
    );
    expect(itemsOf(hellos, 'healthcheck')).toEqual(expect.arrayContaining([true, false, undefined]));
    const engines = itemsOf(hellos, 'engine-id').filter((id) => id !== undefined);
    expect(engines.length).toBeGreaterThan(20);
    for (const id of engines) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('of an agent has every item in several forms', () => {
    const hellos = sample(agentHelloFrame(), 60);
    expect(new Set(itemsOf(hellos, 'version'))).toEqual(new Set([' 2.0 ', '2.0']));
    expect(new Set(itemsOf(hellos, 'capabilities'))).toEqual(new Set(['', 'pipelining', 'pipelining,fragmentation']));
    expect(itemsOf(hellos, 'max-frame-size').length).toBeGreaterThan(20);
    for (const hello of hellos) expect(validate(writeFrame(hello), { from: 'agent' })).toEqual([]);
  });

  it('shrinks to the usual max-frame-size', () => {
    expect(shrunk(haproxyHelloFrame()).map((hello) => item(hello, 'max-frame-size'))).toEqual(always(16_380));
    const unusual = shrunk(agentHelloFrame(), (hello) => item(hello, 'max-frame-size') === 16_380);
    expect(unusual.map((hello) => item(hello, 'max-frame-size'))).toEqual(always(256));
  });
});

describe('a DISCONNECT', () => {
  it.each(['agent', 'haproxy'] as const)('of %s has its type, a status and a message', (from) => {
    const made = sample(disconnectFrame(from), 40);
    expect(new Set(made.map(({ type }) => type))).toEqual(new Set([`${from.toUpperCase()}-DISCONNECT`]));
    expect(itemsOf(made, 'status-code').length).toBeGreaterThan(8);
    expect(itemsOf(made, 'message').length).toBeGreaterThan(20);
    for (const one of made) expect(validate(writeFrame(one), { from, state: 'established' })).toEqual([]);
  });
});

describe('a frame of an unknown type', () => {
  it('has a type from 4 to 255, but none of the agent’s', () => {
    const types = sample(unknownFrame(), 1_500).map(({ typeByte }) => typeByte);
    const known = [0, 1, 2, 3, 101, 102, 103];
    expect(ends(types)).toEqual([4, 255]);
    expect(types.filter((type) => known.includes(type))).toEqual([]);
    expect(new Set(types).size).toBeGreaterThan(240);
    for (const type of [100, 104]) expect(types).toContain(type);
  });

  it('has a payload', () => {
    const sizes = sample(unknownFrame(), 200).map(({ payload }) => payload.length);
    expect(sizes).toContain(0);
    expect(Math.max(...sizes)).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  });
});

describe('a fragmented NOTIFY', () => {
  it('has fragments of the payload, from one byte to 200', () => {
    const made = sample(fragmentedNotify(), 30);
    for (const { whole, fragments } of made) {
      expect(reassemble(fragments)).toEqual([whole]);
      expect(fragments.length).toBeGreaterThan(1);
      const payload = notify().messages(whole.messages).toPayload();
      expect(fragments.map((part) => toHex(part.payload)).join('')).toBe(toHex(payload));
      const sizes = fragments.slice(0, -1).map((part) => part.payload.length);
      expect(new Set(sizes).size).toBe(1);
      expect(sizes[0]).toBeLessThanOrEqual(200);
    }
    expect(made.some(({ fragments }) => fragments.length > 3)).toBe(true);
  });
});
