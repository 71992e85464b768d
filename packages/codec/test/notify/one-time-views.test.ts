import { describe, expect, it } from 'vitest';
import {
  address,
  argumentState,
  bool,
  defineMessage,
  int32,
  int64,
  integer,
  interned,
  type MessageOf,
  MessageSet,
  optional,
  string,
  uint32,
} from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { message, notifyFrame, thrown } from '../bytes.ts';

const all = defineMessage('all', {
  ip: address,
  ua: string,
  method: interned(string),
  small: int32,
  long: integer,
  count: uint32,
  wide: int64,
  ssl: bool,
  absent: optional(string),
  nothing: optional(string),
  wrong: optional(string),
  needed: string,
});
const other = defineMessage('other', { ua: optional(string) });
const set = new MessageSet([all, other]);
type View = MessageOf<typeof all>;

const ARGS: readonly [string, string][] = [
  ['ip', '06c0000201'],
  ['ua', '08046375726c'],
  ['method', '0803474554'],
  ['small', '0207'],
  // 2^31, which is more than an int32, in five bytes.
  ['long', '04f0f1feff3e'],
  ['count', '0305'],
  ['wide', '0409'],
  ['ssl', '11'],
  ['nothing', '00'],
  ['wrong', '11'],
];

function readOneTime(
  notify: InternalNotify = new InternalNotify(set),
  names: readonly string[] = ['all', 'other'],
): InternalNotify {
  notify.read(notifyFrame(names.map((name) => message(name, name === 'all' ? [...ARGS] : []))));
  notify.beginOneTime();
  return notify;
}

/** The results of all accessors of a view. */
const uses: readonly (readonly [string, (view: View) => unknown])[] = [
  ['an address', (view) => view.ip],
  ['a text', (view) => view.ua],
  ['an interned text', (view) => view.method],
  ['a small integer', (view) => view.small],
  ['a long integer', (view) => view.long],
  ['a boolean', (view) => view.ssl],
  ['an absent argument', (view) => view.absent],
  ['a state', (view) => argumentState(view, 'ua')],
  ['JSON', (view) => JSON.stringify(view)],
];

describe('a view for one NOTIFY', () => {
  it('reads the same as a reused view', () => {
    const view = readOneTime().get(all)!;
    expect([view.ip.toString(), view.ua.toString(), view.method, view.small, view.count, view.ssl]).toEqual([
      '192.0.2.1',
      'curl',
      'GET',
      7,
      5,
      true,
    ]);
    expect([view.wide.toBigInt(), view.absent, view.nothing]).toEqual([9n, undefined, undefined]);
    const reused = new InternalNotify(set);
    reused.read(notifyFrame([message('all', [...ARGS])]));
    expect(view.long).toBe(reused.get(all)?.long);
    expect(JSON.stringify(view)).toBe(JSON.stringify(reused.get(all)));
    for (const name of all.argumentNames as (keyof View)[]) {
      expect(argumentState(view, name)).toBe(argumentState(reused.get(all)!, name));
    }
  });

  it('explains arguments that are not as declared', () => {
    const notify = new InternalNotify(set);
    notify.read(notifyFrame([message('all', [['small', '04f0f1feff3e']])]));
    notify.beginOneTime();
    const view = notify.get(all)!;
    expect(thrown(() => view.needed).code).toBe('SPOP_MISSING_ARGUMENT');
    expect(thrown(() => view.ssl).code).toBe('SPOP_MISSING_ARGUMENT');
    expect(thrown(() => view.method).code).toBe('SPOP_MISSING_ARGUMENT');
    expect(thrown(() => view.count).code).toBe('SPOP_MISSING_ARGUMENT');
    expect(thrown(() => view.small)).toMatchObject({ code: 'SPOP_UNSAFE_INTEGER' });
    expect(thrown(() => readOneTime().get(all)!.wrong).code).toBe('SPOP_WRONG_TYPE');
  });

  it('is the same object as long as the NOTIFY is open, and so is each value', () => {
    const notify = readOneTime();
    const view = notify.get(all)!;
    expect(notify.messageAt(0)).toBe(view);
    expect(notify.get(all)).toBe(view);
    expect(view.ua).toBe(view.ua);
  });

  it('closes the views that were given out before', () => {
    const notify = new InternalNotify(set);
    notify.read(notifyFrame([message('all', [...ARGS])]));
    const before = notify.get(all)!;
    const { ua } = before;
    const walker = notify.walk();
    notify.beginOneTime();
    for (const [, use] of uses) expect(thrown(() => use(before)).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => ua.toString()).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => walker.next()).code).toBe('SPOP_VIEW_CLOSED');
    expect(notify.get(all)?.ua.toString()).toBe('curl');
  });

  it('stays correct when the NOTIFY is moved and its bytes are overwritten', () => {
    const frame = notifyFrame([message('all', [...ARGS])]);
    const notify = new InternalNotify(set);
    notify.read(frame);
    notify.beginOneTime();
    const { ua } = notify.get(all)!;
    const walker = notify.walk();
    walker.next();
    notify.moveTo(Buffer.alloc(notify.byteLength + 10));
    frame.bytes.fill(0xff);
    expect([ua.toString(), notify.get(all)?.ip.toString(), notify.streamId]).toEqual(['curl', '192.0.2.1', 1]);
    walker.nextArgument();
    expect([walker.name.toString(), walker.argumentName.toString()]).toEqual(['all', 'ip']);
  });

  it.each(uses)('throws for ever once it is closed, after any later read: %s', (_, use) => {
    const notify = readOneTime();
    const kept = notify.get(all)!;
    const { ip, ua } = kept;
    const walker = notify.walk();
    walker.next();
    notify.close();
    const closed = (): void => {
      expect(thrown(() => use(kept)).code).toBe('SPOP_VIEW_CLOSED');
      expect(thrown(() => ip.toString()).code).toBe('SPOP_VIEW_CLOSED');
      expect(thrown(() => ua.byteLength).code).toBe('SPOP_VIEW_CLOSED');
      expect(thrown(() => walker.next()).code).toBe('SPOP_VIEW_CLOSED');
      expect(thrown(() => walker.name.toString()).code).toBe('SPOP_VIEW_CLOSED');
    };
    closed();
    for (let i = 0; i < 40; i++) {
      if (i % 2 === 0) readOneTime(notify);
      else notify.read(notifyFrame([message('all', [...ARGS])]));
      expect(notify.get(all)?.ua.toString()).toBe('curl');
      closed();
      // Some are replaced by the next read, and not closed.
      if (i % 3 !== 0) notify.close();
    }
  });
});

describe('Notify.get', () => {
  it('gives the first message of a definition, after any earlier message at its place', () => {
    const notify = new InternalNotify(set);
    const ua = (value: string): [string, string] => ['ua', `0801${Buffer.from(value).toString('hex')}`];
    const orders: [string, string][][] = [
      [
        ['other', 'a'],
        ['other', 'b'],
      ],
      [
        ['all', 'c'],
        ['other', 'd'],
        ['other', 'e'],
      ],
      [
        ['other', 'f'],
        ['all', 'g'],
        ['other', 'h'],
        ['all', 'i'],
      ],
      Array.from('jklmnop').map((value) => ['other', value]),
      [...Array.from('qrstuv').map((value): [string, string] => ['other', value]), ['all', 'w'], ['all', 'x']],
    ];
    for (const order of [...orders, ...orders.toReversed(), ...orders]) {
      notify.read(notifyFrame(order.map(([name, value]) => message(name, [ua(value)]))));
      const first = (name: string): string | undefined => order.find(([each]) => each === name)?.[1];
      expect([notify.get(other)?.ua?.toString(), notify.get(all)?.ua.toString()]).toEqual([
        first('other'),
        first('all'),
      ]);
      expect(order.map((_, index) => Reflect.get(notify.messageAt(index), 'ua')?.toString())).toEqual(
        order.map(([, value]) => value),
      );
    }
  });

  it('finds no definition of another set', () => {
    expect(readOneTime().get(defineMessage('all', {}))).toBeUndefined();
  });

  it('finds no message of an earlier NOTIFY', () => {
    const notify = readOneTime();
    expect(notify.get(other)).toBeDefined();
    readOneTime(notify, ['all']);
    expect(notify.get(other)).toBeUndefined();
    notify.close();
    notify.read(notifyFrame([message('other')]));
    expect([notify.get(all), notify.get(other) !== undefined]).toEqual([undefined, true]);
  });
});
