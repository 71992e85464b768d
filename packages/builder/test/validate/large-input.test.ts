import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ack,
  agentHello,
  type BytesInput,
  explain,
  formatViolations,
  haproxyHello,
  notify,
  parseStream,
  type Side,
  validate,
  validateSession,
  type Write,
} from '@spop/builder';
import { isValid, setsVariable } from '../../src/assert/outcomes.ts';

/** More entries than a function call takes arguments. */
const MANY = 130_000;
const SIZE = 8_192;
const UNLIMITED = { maxFrameSize: 0xffff_ffff };

function repeated(part: Uint8Array, bytes: number = SIZE): Uint8Array {
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / part.length) }, () => part));
}

/** 8 KiB with a broken rule, or a field, every few bytes. */
const inputs: readonly (readonly [label: string, from: Side, bytes: BytesInput])[] = [
  ['zeros', 'haproxy', Buffer.alloc(SIZE)],
  ['ff', 'haproxy', Buffer.alloc(SIZE, 0xff)],
  ['empty NOTIFYs of the same ids', 'haproxy', repeated(notify().toBytes())],
  ['continuations without a beginning', 'haproxy', repeated(Buffer.from('0000000700000000000101', 'hex'))],
  ['messages of three bytes', 'haproxy', notify().raw(repeated(Buffer.from('016100', 'hex')))],
  ['arguments of two bytes', 'haproxy', notify().raw(repeated(Buffer.from(`0161ff${'0000'.repeat(255)}`, 'hex')))],
  ['one item again and again', 'haproxy', haproxyHello().raw(repeated(Buffer.from('017800', 'hex')))],
  ['actions with bad names', 'agent', ack().raw(repeated(Buffer.from('020201012d', 'hex')))],
  ['actions with a bad NB-ARGS', 'agent', ack().raw(repeated(Buffer.from('020901012d', 'hex')))],
  ['values with flags', 'agent', ack().raw(repeated(Buffer.from('0103010161f0', 'hex')))],
  ['a name of 8 KiB', 'agent', ack().unsetVar('sess', Buffer.alloc(SIZE, 0x80))],
  ['ACKs for nothing', 'agent', repeated(ack().toBytes())],
];

describe('input of many parts', () => {
  it.each(inputs)('is refused in a readable text: %s', (_, from, bytes) => {
    const outcome = isValid(bytes, { from, state: 'established', ...UNLIMITED });
    expect(outcome.message(outcome.pass).length).toBeLessThan(100_000);
  });

  it('is validated to the end', () => {
    const badCounts = ack().raw(repeated(Buffer.from('020901012d', 'hex'), 5 * MANY));
    expect(validate(badCounts, { from: 'agent', state: 'established', ...UNLIMITED })).toHaveLength(2 * MANY);
  });

  it('is explained to the end', () => {
    const messages = notify().raw(repeated(Buffer.from('016100', 'hex'), 3 * MANY));
    expect(explain(messages, UNLIMITED).split('\n')).toHaveLength(6 + 2 * MANY);
  });

  it('shows the first 200 actions of an ACK with more', () => {
    const long = ack().raw(repeated(Buffer.from('0202010161', 'hex'), 5_000));
    expect(setsVariable(long, { scope: 'sess', name: 'b' }).message(false)).toMatch(/\(800 more lines\)$/);
  });
});

describe('a session with many waiting NOTIFYs', () => {
  const hellos: Write[] = [
    { from: 'haproxy', bytes: haproxyHello() },
    { from: 'agent', bytes: agentHello({ capabilities: 'pipelining' }) },
  ];
  const asking = (count: number): Write[] =>
    Array.from({ length: count }, (_, id) => ({ from: 'haproxy', bytes: notify({ streamId: id }).message('m', []) }));
  const unknown: Write = { from: 'agent', bytes: ack({ streamId: 1_000_000 }) };

  it('quotes the oldest 20 of them in a violation', () => {
    const last = validateSession([...hellos, ...asking(23), unknown]).at(-1);
    const oldest = Array.from({ length: 20 }, (_, id) => `${id}:1`).join(', ');
    expect(last).toMatchObject({
      rule: 'ack-unknown',
      message: `expected the ids of a NOTIFY that waits for its ACK (${oldest} and 3 more); found 1000000:1`,
    });
  });

  it('follows ids that are in use twice', () => {
    const [one] = asking(1);
    const answer: Write = { from: 'agent', bytes: ack({ streamId: 0 }) };
    const rules = (writes: Write[]): string[] => validateSession([...hellos, ...writes]).map(({ rule }) => rule);
    expect(rules([one!, one!, answer, answer])).toEqual(['ids-in-use']);
    expect(rules([one!, one!, answer, answer, answer])).toEqual(['ids-in-use', 'ack-twice']);
  });

  it('has violations of the same length for any number that wait', () => {
    const lengthOf = (count: number): number =>
      formatViolations(validateSession([...hellos, ...asking(count), unknown]).slice(-1)).length;
    expect(lengthOf(4_000)).toBeLessThan(lengthOf(100) + 10);
  });
});

describe('the copied bytes', () => {
  let copied = 0;

  beforeEach(() => {
    copied = 0;
    const { set, slice, copyWithin } = Uint8Array.prototype;
    vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, ...args) {
      copied += args[0].length;
      set.apply(this, args);
    });
    vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(function (this: Uint8Array<ArrayBuffer>, ...args) {
      const copy = slice.apply(this, args);
      copied += copy.length;
      return copy;
    });
    vi.spyOn(Uint8Array.prototype, 'copyWithin').mockImplementation(function (this: Uint8Array, ...args) {
      copied += this.length;
      return copyWithin.apply(this, args);
    });
  });

  afterEach(() => void vi.restoreAllMocks());

  it.each(inputs)('grow no faster than the input: %s', (_, from, input) => {
    const bytes = input instanceof Uint8Array ? input : input.toBytes();
    copied = 0;
    validate(bytes, { from, state: 'established', ...UNLIMITED });
    explain(bytes, UNLIMITED);
    parseStream(bytes, UNLIMITED);
    expect(copied).toBeLessThan(8 * bytes.length);
  });

  it('grow no faster than a frame that arrives in pieces', () => {
    const bytes = notify()
      .message('m', [Buffer.alloc(SIZE)])
      .toBytes();
    const pieces = Array.from({ length: Math.ceil(bytes.length / 64) }, (_, index) =>
      bytes.subarray(index * 64, index * 64 + 64),
    );
    copied = 0;
    validateSession(
      pieces.map((piece) => ({ from: 'haproxy', bytes: piece })),
      { state: 'established', ...UNLIMITED },
    );
    expect(copied).toBeLessThan(8 * bytes.length);
  });
});
