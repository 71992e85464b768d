import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  address,
  argumentState,
  bool,
  defineMessage,
  type Frame,
  FrameReader,
  int32,
  integer,
  interned,
  MessageSet,
  Notify,
  optional,
  string,
} from '../../src/index.ts';
import { InternalMessageSet, InternalNotify } from '../../src/internal.ts';
import { fault, frameBytes, hex, message, notifyBytes, notifyFrame, onlyFrame, thrown, toHex } from '../bytes.ts';

const one = defineMessage('one', { ip: address, ua: optional(string), n: optional(integer) });
const two = defineMessage('two', { n: integer });
const set = new MessageSet([one, two]);

function read(messages: readonly Uint8Array[], fill?: number): Notify {
  const notify = new Notify(set);
  notify.read(notifyFrame(messages, fill));
  return notify;
}

const ip: [string, string] = ['ip', '06c0000201'];
const ua: [string, string] = ['ua', '08046375726c'];
const n = (value: number): [string, string] => ['n', `02${toHex(Uint8Array.of(value))}`];

describe('Notify', () => {
  it('finds declared messages with their arguments', () => {
    const notify = read([message('one', [ip, ua, n(7)]), message('two', [n(8)])]);
    expect([notify.messageCount, notify.isOpen, notify.streamId, notify.frameId]).toEqual([2, true, 1, 1]);
    expect([notify.definitionIndexAt(0), notify.definitionIndexAt(1)]).toEqual([0, 1]);
    const view = notify.get(one);
    expect([view?.ip.toString(), view?.ua?.toString(), view?.n, notify.get(two)?.n]).toEqual([
      '192.0.2.1',
      'curl',
      7,
      8,
    ]);
    expect(notify.messageAt(0)).toBe(view);
  });

  it('finds arguments in any order, frame after frame', () => {
    const orders = [[ip, ua, n(1)], [n(2), ua, ip], [ua, n(3), ip], [ip], [n(4), ip], [ip, ua, n(5)]];
    const notify = new Notify(set);
    for (const args of orders) {
      notify.read(notifyFrame([message('one', args)]));
      const view = notify.get(one);
      const number = args.find(([name]) => name === 'n')?.[1];
      expect(view?.ip.toString()).toBe('192.0.2.1');
      expect(view?.ua?.toString()).toBe(args.includes(ua) ? 'curl' : undefined);
      expect(view?.n).toBe(number === undefined ? undefined : Number.parseInt(number.slice(2), 16));
    }
  });

  it('skips arguments and messages that are not declared', () => {
    const other: [string, string][] = [
      ['x', '0720010db8000000000000000000000001'],
      ['', '00'],
      ['i', '0803616263'],
    ];
    const notify = read([
      message('unknown', [ip, ua]),
      message('', other),
      message('one', [...other, ip, ...other]),
      message('ones', [ip]),
    ]);
    expect([notify.messageCount, notify.get(one)?.ip.toString(), notify.get(two)]).toEqual([1, '192.0.2.1', undefined]);
  });

  it('takes the first of equal arguments; walking shows them all', () => {
    const notify = read([message('two', [n(1), n(2), n(3)])]);
    expect(notify.get(two)?.n).toBe(1);
    const walk = notify.walk();
    const found = [];
    walk.next();
    while (walk.nextArgument()) found.push(walk.value.toNumber());
    expect(found).toEqual([1, 2, 3]);
  });

  it('gives the same message twice as two views', () => {
    const notify = new Notify(set);
    for (let round = 0; round < 3; round++) {
      notify.read(
        notifyFrame([message('two', [n(1)]), message('one', [ip]), message('two', [n(2)]), message('two', [n(3)])]),
      );
      expect(notify.messageCount).toBe(4);
      const views = [0, 2, 3].map((index) => notify.messageAt(index));
      expect(new Set(views).size).toBe(3);
      expect(views.map((view) => view['n'])).toEqual([1, 2, 3]);
      expect([0, 1, 2, 3].map((index) => notify.definitionIndexAt(index))).toEqual([1, 0, 1, 1]);
      expect(notify.get(two)).toBe(views[0]);
      notify.read(notifyFrame([message('two', [n(9)])]));
      expect([notify.messageCount, notify.get(two)?.n]).toEqual([1, 9]);
    }
  });

  it('takes a NOTIFY without messages', () => {
    const notify = read([]);
    expect([notify.messageCount, notify.isOpen, notify.get(one), notify.walk().next()]).toEqual([
      0,
      true,
      undefined,
      false,
    ]);
  });

  it('reads an unnamed argument by the empty name', () => {
    const unnamed = defineMessage('m', { '': string, a: string });
    const notify = new Notify(new MessageSet([unnamed]));
    notify.read(
      notifyFrame([
        message('m', [
          ['a', '080161'],
          ['', '080162'],
          ['', '080163'],
        ]),
      ]),
    );
    expect(notify.get(unnamed)?.[''].toString()).toBe('b');
  });

  it('reads names of the language itself as arguments', () => {
    const odd = defineMessage('constructor', {
      constructor: int32,
      toString: int32,
      hasOwnProperty: int32,
      ['__proto__']: int32,
      valueOf: int32,
    });
    const notify = new Notify(new MessageSet([odd]));
    const names = ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'];
    notify.read(
      notifyFrame([
        message(
          'constructor',
          names.map((name, index) => [name, `020${index}`]),
        ),
      ]),
    );
    const view: Readonly<Record<string, unknown>> = notify.messageAt(0);
    expect(names.map((name) => view[name])).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuses an index without a message', () => {
    const notify = read([message('two', [n(1)])]);
    for (const index of [-1, 1, 2, 0.5, NaN]) {
      expect(fault(() => notify.messageAt(index))).toEqual(['SPOP_MISUSE', undefined, -1]);
      expect(fault(() => notify.definitionIndexAt(index))).toEqual(['SPOP_MISUSE', undefined, -1]);
    }
  });

  it('reads ids of 64 bits exactly, and throws if a number cannot hold them', () => {
    const notify = new Notify(set);
    notify.read(onlyFrame(frameBytes(3, hex(''), { streamId: 300n, frameId: 1n << 63n })));
    expect(notify.streamId).toBe(300);
    expect(thrown(() => notify.frameId).code).toBe('SPOP_UNSAFE_INTEGER');
  });

  it('refuses two definitions of one name', () => {
    const again = defineMessage('one', {});
    expect(thrown(() => new MessageSet([one, two, again])).code).toBe('SPOP_INVALID_NAME');
  });
});

describe('Notify after a malformed frame', () => {
  it('has nothing open, and reads the next as usual', () => {
    const notify = new Notify(set);
    notify.read(notifyFrame([message('one', [ip])]));
    const view = notify.get(one);
    const bad = Buffer.concat([message('one', [ip]), hex('0374776f01016e0f')]);
    expect(thrown(() => notify.read(onlyFrame(notifyBytes(bad)))).code).toBe('SPOP_RESERVED_TYPE');
    expect([notify.isOpen, notify.messageCount, notify.byteLength]).toEqual([false, 0, 0]);
    expect(thrown(() => view?.ip).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => notify.get(one)).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => notify.messageAt(0)).code).toBe('SPOP_MISUSE');
    notify.read(notifyFrame([message('two', [n(5)])]));
    expect([notify.messageCount, notify.get(two)?.n]).toEqual([1, 5]);
  });
});

/** Every use of a Notify's views, by name. */
function usesOf(notify: Notify): [string, () => unknown][] {
  const view = notify.get(one);
  if (view === undefined) throw new Error('expected message one');
  const [ipView, uaView] = [view.ip, view.ua];
  const walk = notify.walk();
  walk.next();
  walk.nextArgument();
  const { name, argumentName, value } = walk;
  return [
    ['property', () => view.ip],
    ['optional property', () => view.ua],
    ['optional property that is missing', () => view.n],
    ['argumentState', () => argumentState(view, 'ip')],
    ['held address, text', () => ipView.toString()],
    ['held address, bytes', () => ipView.toBytes()],
    ['held address, family', () => ipView.family],
    ['held address, equals', () => ipView.equals('192.0.2.1')],
    ['held string, equals', () => uaView?.equals('curl')],
    ['held string, byteAt', () => uaView?.byteAt(0)],
    ['held string, copyTo', () => uaView?.copyTo(Buffer.alloc(10))],
    ['walk, message name', () => name.toString()],
    ['walk, argument name', () => argumentName.equals('ip')],
    ['walk, value', () => value.toString()],
    ['walk, next', () => walk.next()],
    ['walk, nextArgument', () => walk.nextArgument()],
  ];
}

describe('late use of a Notify', () => {
  const frame = notifyFrame([message('one', [ip, ua])]);

  it('throws after close, after any other use', () => {
    const notify = new Notify(set);
    notify.read(frame);
    const uses = usesOf(notify);
    notify.close();
    for (const [name, use] of uses) expect([name, ...fault(use)]).toEqual([name, 'SPOP_VIEW_CLOSED', undefined, -1]);
    const calls: [string, () => unknown][] = [
      ['get', () => notify.get(one)],
      ['walk', () => notify.walk()],
      ['streamId', () => notify.streamId],
      ['frameId', () => notify.frameId],
      ['moveTo', () => notify.moveTo(Buffer.alloc(100))],
      ['bytes', () => notify.bytes],
    ];
    for (const [name, call] of calls) expect([name, thrown(call).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    expect([notify.isOpen, notify.messageCount, notify.byteLength]).toEqual([false, 0, 0]);
  });

  it('throws after the next read, even if that has the same message at the same place', () => {
    const notify = new Notify(set);
    notify.read(frame);
    const uses = usesOf(notify);
    notify.read(notifyFrame([message('two', [n(1)])]));
    for (const [name, use] of uses) expect([name, thrown(use).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    notify.close();
    notify.read(notifyFrame([message('one', [['ip', '060a000001'], ua])]));
    // The message view itself is the same object and valid again; its earlier values are not, until they are read again.
    for (const [name, use] of uses.filter(([label]) => /held|walk/.test(label))) {
      expect([name, thrown(use).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    }
  });

  it('throws after many reads and closes', () => {
    const notify = new Notify(set);
    notify.read(frame);
    const uses = usesOf(notify);
    for (let round = 0; round < 1_000; round++) {
      notify.read(notifyFrame([]));
      if (round % 2 === 0) notify.close();
    }
    for (const [name, use] of uses) expect([name, thrown(use).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
  });

  it('throws an error that says what to do about it', () => {
    const notify = read([message('one', [ip])]);
    const view = notify.get(one);
    notify.close();
    expect(thrown(() => view?.ip).reason).toMatch(/before its frame is closed.*toString\(\)/);
  });
});

describe('Notify.moveTo', () => {
  const payload = Buffer.concat([
    message('other', [['x', '0803616263']]),
    message('one', [ip, ua, n(7)]),
    message('two', [n(1)]),
    message('two', [n(2)]),
  ]);

  function moved(before: number): { notify: Notify; frame: Frame; target: Buffer } {
    const notify = new Notify(set);
    const frame = onlyFrame(frameBytes(3, payload, { streamId: 240n, frameId: 7n }), 0x21, before);
    notify.read(frame);
    return { notify, frame, target: Buffer.alloc(notify.byteLength + 20, 0xee) };
  }

  it.each([0, 1, 23, 5_000])(
    'keeps every view, held before or not, for a frame at byte %i that is overwritten',
    (before) => {
      const { notify, frame, target } = moved(before);
      const view = notify.get(one);
      const [heldIp, heldUa] = [view?.ip, view?.ua];
      const walk = notify.walk();
      walk.next();
      walk.nextArgument();
      const { name, argumentName, value } = walk;

      const size = notify.moveTo(target);
      frame.bytes.fill(0xdd);

      expect([size, notify.byteLength, toHex(target, size)]).toEqual([target.length - 20, size, 'ee'.repeat(20)]);
      expect([heldIp?.toString(), heldUa?.toString()]).toEqual(['192.0.2.1', 'curl']);
      expect([view?.ip.toString(), view?.ua?.equals('curl'), view?.n]).toEqual(['192.0.2.1', true, 7]);
      expect([name.toString(), argumentName.toString(), value.toString()]).toEqual(['other', 'x', 'abc']);
      expect([walk.nextArgument(), walk.next(), walk.name.toString(), walk.argumentCount]).toEqual([
        false,
        true,
        'one',
        3,
      ]);
      expect([notify.messageAt(1)['n'], notify.messageAt(2)['n']]).toEqual([1, 2]);
      expect([notify.streamId, notify.frameId]).toEqual([240, 7]);
      const again = notify.walk();
      expect([again.next(), again.name.toString()]).toEqual([true, 'other']);
    },
  );

  it('moves again, and over itself', () => {
    const { notify, frame, target } = moved(50);
    const view = notify.get(one);
    notify.moveTo(target);
    frame.bytes.fill(0xdd);
    notify.moveTo(target);
    const other = Buffer.alloc(target.length);
    notify.moveTo(other);
    target.fill(0xdd);
    expect([view?.ip.toString(), notify.streamId]).toEqual(['192.0.2.1', 240]);
  });

  it('refuses a target that is one byte too small, and stays in place', () => {
    const { notify } = moved(10);
    expect(() => notify.moveTo(Buffer.alloc(notify.byteLength - 1))).toThrow(RangeError);
    expect(notify.get(one)?.ip.toString()).toBe('192.0.2.1');
    expect(notify.moveTo(Buffer.alloc(notify.byteLength))).toBe(notify.byteLength);
  });

  it('ends with close as well', () => {
    const { notify, target } = moved(10);
    const view = notify.get(one);
    const held = view?.ip;
    notify.moveTo(target);
    notify.close();
    expect(thrown(() => view?.ip).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => held?.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });
});

describe('several Notifys', () => {
  it('keep their views apart while one frame reader goes on', () => {
    const reader = new FrameReader();
    const chunk = Buffer.concat([1, 2, 3].map((value) => notifyBytes(message('two', [n(value)]))));
    reader.push(chunk);
    const notifys = [1, 2, 3].map(() => {
      const notify = new Notify(set);
      const frame = reader.next();
      if (frame !== undefined) notify.read(frame);
      return notify;
    });
    expect(notifys.map((notify) => notify.get(two)?.n)).toEqual([1, 2, 3]);
    notifys[1]?.close();
    expect([notifys[0]?.get(two)?.n, notifys[2]?.get(two)?.n]).toEqual([1, 3]);
  });

  it('of one set share its guesses, in any order of arguments', () => {
    const [left, right] = [new Notify(set), new Notify(set)];
    for (let round = 0; round < 5; round++) {
      left.read(notifyFrame([message('one', [ip, ua, n(1)])]));
      right.read(notifyFrame([message('one', [n(2), ip, ua])]));
      expect([left.get(one)?.n, right.get(one)?.n]).toEqual([1, 2]);
    }
  });
});

describe('a Notify that was used before', () => {
  const anyArgument = fc.constantFrom(
    ip,
    ua,
    n(1),
    n(2),
    ['x', '0803616263'] as const,
    ['', '00'] as const,
    ['n', '00'] as const,
  );
  const anyMessage = fc.record({
    name: fc.constantFrom('one', 'two', 'other', ''),
    args: fc.array(anyArgument, { maxLength: 5 }),
  });

  /** Every declared message with all its properties. */
  function describeAll(notify: Notify): unknown[] {
    return Array.from({ length: notify.messageCount }, (_, index) => {
      const view = notify.messageAt(index);
      const definition = set.definitions[notify.definitionIndexAt(index)]!;
      const args = Object.keys(definition.args).map((name) => {
        const state = argumentState(view, name);
        return [name, state, state === 'present' ? String(view[name]) : ''];
      });
      return [definition.name, args];
    });
  }

  it('reads the same as a new one, after any frame and any end', () => {
    const anyFrame = fc.record({
      messages: fc.array(anyMessage, { maxLength: 5 }),
      cut: fc.nat(3),
      closes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 2, maxLength: 8 }), (frames) => {
        const used = new Notify(set);
        for (const { messages, cut, closes } of frames) {
          const payload = Buffer.concat(messages.map(({ name, args }) => message(name, args)));
          const frame = onlyFrame(notifyBytes(payload.subarray(0, payload.length - (closes ? 0 : cut))));
          const fresh = new Notify(set);
          const outcomes = [used, fresh].map((notify) => {
            try {
              notify.read(frame);
              return describeAll(notify);
            } catch (error) {
              return String(error);
            }
          });
          expect(outcomes[0]).toEqual(outcomes[1]);
          expect(used.isOpen).toBe(fresh.isOpen);
          if (closes) used.close();
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('argumentState', () => {
  it('distinguishes missing, NULL and present', () => {
    const all = defineMessage('all', { a: optional(bool), b: optional(bool), c: optional(bool), d: interned(string) });
    const notify = new Notify(new MessageSet([all]));
    notify.read(
      notifyFrame([
        message('all', [
          ['a', '11'],
          ['b', '00'],
          ['d', '00'],
        ]),
      ]),
    );
    const view = notify.get(all) ?? expect.unreachable('expected the message');
    expect([view.a, view.b, view.c]).toEqual([true, undefined, undefined]);
    expect((['a', 'b', 'c', 'd'] as const).map((name) => argumentState(view, name))).toEqual([
      'present',
      'null',
      'missing',
      'null',
    ]);
  });

  it('refuses a name that is not declared, and an object that is no message', () => {
    const notify = read([message('one', [ip])]);
    const view = notify.get(one) ?? expect.unreachable('expected the message');
    expect(thrown(() => argumentState<Record<string, typeof bool>>(view as never, 'nope'))).toMatchObject({
      code: 'SPOP_INVALID_NAME',
      status: undefined,
    });
    expect(thrown(() => argumentState<Record<string, typeof bool>>({}, 'ip')).code).toBe('SPOP_MISUSE');
  });
});

describe('MessageSet.onFirst', () => {
  const two = defineMessage('two', { a: bool });
  const wrong = message('two', [['a', '0f']]);

  function listening(): { notify: Notify; told: [string, readonly string[]][]; set: InternalMessageSet } {
    const set = new InternalMessageSet([one, two]);
    const told: [string, readonly string[]][] = [];
    set.onFirst = (definition, names) => void told.push([definition.name, names]);
    return { notify: new Notify(set), told, set };
  }

  it('is called once for each definition, with the names received, in their order', () => {
    const { notify, told, set } = listening();
    const frame = notifyFrame([message('other', [['x', '00']]), message('one', [['', '00'], ip, ['', '11']])]);
    for (let i = 0; i < 3; i++) notify.read(frame);
    new Notify(set).read(frame);
    expect(told).toEqual([['one', ['', 'ip', '']]]);
    expect(set.onFirst).toBeDefined();
    notify.read(notifyFrame([message('two')]));
    expect(told[1]).toEqual(['two', []]);
    // The listener is not called any more.
    expect(set.onFirst).toBeUndefined();
  });

  it('is not called for a malformed message, but for the next that another Notify reads', () => {
    const { notify, told, set } = listening();
    expect(() => notify.read(notifyFrame([wrong]))).toThrow(/SPOP_RESERVED_TYPE/);
    expect(told).toEqual([]);
    new Notify(set).read(notifyFrame([message('two', [['a', '11']])]));
    expect(told).toEqual([['two', ['a']]]);
  });

  it('does not change the result of reading', () => {
    const { notify } = listening();
    notify.read(notifyFrame([message('one', [['x', '11'], ip])]));
    expect(notify.get(one)?.ip.toString()).toBe('192.0.2.1');
    const walk = notify.walk();
    expect([walk.next(), walk.name.toString()]).toEqual([true, 'one']);
  });
});

describe('the memory of repeated messages', () => {
  /** 512 bytes for a message, and 256 for each argument that it declares. */
  const bytesOf = (args: number): number => 512 + 256 * args;
  const many = defineMessage('many', Object.fromEntries(Array.from({ length: 255 }, (_, i) => [`a${i}`, bool])));
  const few = defineMessage('few', { a: bool, b: bool });

  function repeated(name: string, count: number): Frame {
    return notifyFrame(Array.from({ length: count }, () => message(name)));
  }

  it('is counted once for each of the first eight of a name, which are used again', () => {
    const notify = new InternalNotify(new MessageSet([many, few]));
    expect(notify.viewBytes).toBe(0);
    notify.read(repeated('few', 1));
    expect(notify.viewBytes).toBe(bytesOf(2));
    notify.read(repeated('few', 8));
    notify.read(repeated('few', 3));
    expect(notify.viewBytes).toBe(8 * bytesOf(2));
    notify.read(notifyFrame([message('few'), message('many')]));
    expect(notify.viewBytes).toBe(8 * bytesOf(2) + bytesOf(255));
  });

  it.each(['read', 'close', 'moved'])('is given back beyond that: %s', (way) => {
    const notify = new InternalNotify(new MessageSet([many, few]));
    notify.read(repeated('few', 11));
    expect([notify.messageCount, notify.viewBytes]).toEqual([11, 11 * bytesOf(2)]);
    if (way === 'moved') notify.moveTo(Buffer.alloc(1_000));
    if (way === 'read') notify.read(repeated('many', 0));
    else notify.close();
    expect(notify.viewBytes).toBe(8 * bytesOf(2));
    notify.read(repeated('few', 9));
    expect([notify.messageCount, notify.viewBytes]).toEqual([9, 9 * bytesOf(2)]);
    expect(notify.get(few)).toBe(notify.messageAt(0));
  });

  it('ends at 32,768 places: a message takes one, and each declared argument another', () => {
    const notify = new InternalNotify(new MessageSet([many, few]));
    notify.read(repeated('many', 8 + 128));
    expect([notify.messageCount, notify.viewBytes]).toEqual([136, 136 * bytesOf(255)]);
    for (let again = 0; again < 2; again++) {
      expect(thrown(() => notify.read(repeated('many', 8 + 129))).reason).toBe(
        'expected declared messages and their arguments to be at most 32768 in a NOTIFY that repeats them; ' +
          "found more after 136 messages, with 'many'",
      );
      expect(notify.isOpen).toBe(false);
    }
    notify.read(repeated('many', 8 + 128));
    expect(notify.messageCount).toBe(136);
  });
});

describe('a NOTIFY of many messages', () => {
  it('has no view of a message that is in no set, and of one that did not come', () => {
    const definitions = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => defineMessage(name, {}));
    const notify = new Notify(new MessageSet(definitions));
    notify.read(notifyFrame(['a', 'b', 'c', 'd', 'e'].map((name) => message(name))));
    const found = definitions.map((definition) => notify.get(definition) !== undefined);
    expect(found).toEqual([true, true, true, true, true, false]);
    expect(notify.get(defineMessage('a', {}))).toBeUndefined();
    expect(notify.get(defineMessage('other', { path: string }))).toBeUndefined();
  });
});
