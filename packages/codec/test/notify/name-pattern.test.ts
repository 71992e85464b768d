import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineMessage, int32, MessageSet, Notify, string } from '../../src/index.ts';
import { toWordView } from '../../src/wire/word-view.ts';
import { NamePattern } from '../../src/notify/name-pattern.ts';
import { message, notifyFrame, text } from '../bytes.ts';

/** ASCII names of 0 to 40 bytes, around each multiple of four, the longest one, and some of two to four bytes a character. */
const NAMES: readonly string[] = [
  ...Array.from({ length: 41 }, (_, length) =>
    Array.from({ length }, (__, index) => String.fromCodePoint(0x61 + (index % 26))).join(''),
  ),
  'n'.repeat(237),
  'n'.repeat(238),
  'n'.repeat(239),
  'é',
  'naïve',
  '名前',
  '名前-of-three',
  '😀',
  'a😀b',
  '\0\0\0',
];

const BEFORE = 11;

/** The end of the pattern of `name` on `wire` and then `after`, amid `fill`; relative to the name, -1 if it does not match. */
function endOver(name: string, wire: Uint8Array, after: Uint8Array, fill: number, trailing: number = 20): number {
  const bytes = Buffer.alloc(BEFORE + wire.length + after.length + trailing, fill);
  bytes.set(wire, BEFORE);
  bytes.set(after, BEFORE + wire.length);
  const limit = BEFORE + wire.length + after.length;
  const end = new NamePattern(Buffer.from(name)).endAt(toWordView(bytes), BEFORE, limit);
  return end < 0 ? end : end - BEFORE;
}

const FILLS = [0x00, 0x7f, 0x80, 0xff];
const ROOM = Buffer.alloc(3, 0x08);

describe('NamePattern', () => {
  it.each(NAMES)('of %j ends after its name, with any bytes around it', (name) => {
    const wire = text(name);
    for (const fill of FILLS) {
      for (const after of [ROOM, Buffer.alloc(3, fill)]) {
        expect(endOver(name, wire, after, fill)).toBe(wire.length);
        expect(endOver(name, wire, after, fill, 0)).toBe(wire.length);
      }
    }
  });

  it.each(NAMES)('of %j refuses a name that differs in any one bit, length included', (name) => {
    const wire = text(name);
    for (let at = 0; at < wire.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(wire);
        changed[at]! ^= 1 << bit;
        expect([at, bit, endOver(name, changed, ROOM, 0x00)]).toEqual([at, bit, -1]);
      }
    }
  });

  it.each(NAMES)('of %j needs one byte after the name, and never reads past the limit', (name) => {
    const wire = text(name);
    for (let length = 0; length <= wire.length; length++) {
      for (const fill of FILLS) {
        // The rest of the name is past the limit, or missing.
        const bytes = Buffer.concat([Buffer.alloc(BEFORE, fill), wire, Buffer.alloc(4, fill)]);
        const pattern = new NamePattern(Buffer.from(name));
        expect(pattern.endAt(toWordView(bytes), BEFORE, BEFORE + length)).toBe(-1);
        expect(endOver(name, wire.subarray(0, length), Buffer.alloc(0), fill, 0)).toBe(-1);
      }
    }
    // The words of a short name reach past that byte. The pattern may refuse it there; it is then read like any other name.
    const atEnd = endOver(name, wire, ROOM.subarray(0, 1), 0x00, 0);
    expect(atEnd).toBe(wire.length < 3 ? -1 : wire.length);
  });

  it('of any name matches that name alone', () => {
    const name = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 18 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(name, name, fc.constantFrom(...FILLS), (one, other, fill) => {
        fc.pre(text(one).length <= 240 && text(other).length <= 240);
        const wire = text(other);
        expect(endOver(one, wire, ROOM, fill)).toBe(text(one).equals(wire) ? wire.length : -1);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a declared name of any length', () => {
  /** Names that differ from `name` in one byte, and names that are longer or shorter by one. */
  function neighbours(name: string): readonly string[] {
    const changed = Array.from(name, (_, at) => `${name.slice(0, at)}~${name.slice(at + 1)}`);
    return [...changed, `${name}~`, name.slice(0, -1)].filter((each) => each !== name);
  }

  it.each(NAMES.filter((name) => name.length > 0 && name.length <= 40))('is no other message: %j', (name) => {
    const definition = defineMessage(name, { n: int32 });
    const notify = new Notify(new MessageSet([definition]));
    for (const other of neighbours(name)) {
      // Read once before, so that the name is expected at this place.
      notify.read(notifyFrame([message(name, [['n', '0205']])]));
      expect(notify.messageCount).toBe(1);
      notify.read(notifyFrame([message(other, [['n', '0206']])]));
      expect([other, notify.messageCount]).toEqual([other, 0]);
    }
  });

  it.each(NAMES.filter((name) => name.length <= 40))('is no other argument: %j', (name) => {
    const definition = defineMessage('m', { [name]: int32 });
    const notify = new Notify(new MessageSet([definition]));
    for (const other of neighbours(name)) {
      notify.read(
        notifyFrame([
          message('m', [
            [other, '0206'],
            [name, '0207'],
          ]),
        ]),
      );
      expect([other, notify.get(definition)?.[name]]).toEqual([other, 7]);
      notify.read(notifyFrame([message('m', [[name, '0205']])]));
      expect(notify.get(definition)?.[name]).toBe(5);
    }
  });

  it.each(Array.from({ length: 24 }, (_, index) => index + 1))(
    'is no other argument if the name is %i equal bytes, and the same bytes are before it',
    (length) => {
      const name = 'a'.repeat(length);
      const definition = defineMessage('m', { before: string, [name]: int32 });
      const notify = new Notify(new MessageSet([definition]));
      const before: [string, string] = ['before', `0820${'61'.repeat(32)}`];
      for (const other of neighbours(name)) {
        for (const pairs of [
          [[name, '0205']],
          [
            [other, '0206'],
            [name, '0205'],
          ],
        ] as const) {
          notify.read(notifyFrame([message('m', [before, ...pairs])], 0x61));
          expect([other, notify.get(definition)?.[name]]).toEqual([other, 5]);
        }
      }
    },
  );
});
