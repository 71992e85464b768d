import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  ActionReader,
  address,
  type AddressValue,
  argumentState,
  DataType,
  defineMessage,
  defineVariable,
  FrameReader,
  ipv6,
  MessageReader,
  MessageSet,
  optional,
  string,
} from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { hex, message, notifyFrame, thrown, toHex } from '../bytes.ts';

const PREFIX = '00000000000000000000ffff';
const asks = defineMessage('asks', { ip: address, before: optional(string), via: optional(ipv6) });
const set = new MessageSet([asks]);

type Arguments = readonly (readonly [name: string, digits: string])[];

/** The place of the argument in its message, the first time and each further time. */
const orders: readonly [string, (digits: string) => Arguments][] = [
  ['alone', (digits) => [['ip', digits]]],
  [
    'elsewhere than declared',
    (digits) => [
      ['before', '080178'],
      ['ip', digits],
    ],
  ],
  [
    'before another of its name',
    (digits) => [
      ['ip', digits],
      ['ip', '06cb007101'],
    ],
  ],
];
const kinds = ['reused', 'for one NOTIFY'] as const;

function readNotify(args: Arguments, kind: (typeof kinds)[number]): InternalNotify {
  const notify = new InternalNotify(set);
  const frame = notifyFrame([message('asks', args)]);
  // Twice: the second time the arguments are expected at their earlier places.
  notify.read(frame);
  notify.read(frame);
  if (kind === 'for one NOTIFY') notify.beginOneTime();
  return notify;
}

/** All facts of the view of an address. */
function toFacts(ip: AddressValue): unknown {
  return {
    family: ip.family,
    length: ip.byteLength,
    bytes: toHex(ip.toBytes()),
    each: Array.from({ length: 18 }, (_, index) => ip.byteAt(index - 1)),
    word: ip.wordAt(0),
    next: nameOf(() => ip.wordAt(1)),
    number: ip.toNumber(),
    bigint: ip.toBigInt(),
    text: ip.toString(),
    json: JSON.stringify(ip),
    copied: copyOf(ip),
  };
}

function nameOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}

function copyOf(ip: AddressValue): string {
  const target = Buffer.alloc(20, 0xee);
  return `${ip.copyTo(target, 1)} ${toHex(target)}`;
}

/** The action that sets an `address` variable to the view, in hex digits. */
function actionOf(ip: AddressValue): string {
  const out = Buffer.alloc(100);
  const ack = new AckWriter();
  ack.beginAck(out, 0, out.length, notifyFrame([]));
  ack.set(defineVariable('txn', 'ip', address), ip);
  const reader = new FrameReader();
  reader.push(out, 0, ack.end());
  const actions = new ActionReader();
  actions.read(reader.next()!);
  actions.next();
  return `${actions.value.type} ${toHex(actions.value.toBytes())}`;
}

describe.each(kinds)('an IPv4-mapped address, declared `address`, in a view %s', (kind) => {
  it.each(orders)('is the IPv4 address, %s', (_, order) => {
    const view = readNotify(order(`07${PREFIX}c0000201`), kind).get(asks)!;
    const { ip } = view;
    expect([ip.family, ip.byteLength, ip.toString(), ip.toNumber()]).toEqual([4, 4, '192.0.2.1', 0xc0000201]);
    expect([ip.equals('192.0.2.1'), ip.equals('::ffff:192.0.2.1'), ip.equals('::FFFF:C000:201')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([ip.equals(hex('c0000201')), ip.equals(hex(`${PREFIX}c0000201`))]).toEqual([true, true]);
    for (const other of ['192.0.2.2', '::ffff:192.0.2.2', '::192.0.2.1', '::fffe:192.0.2.1', '1::ffff:192.0.2.1', '']) {
      expect([other, ip.equals(other)]).toEqual([other, false]);
    }
    for (const other of [`${PREFIX}c0000202`, '00000000000000000000fffec0000201', `01${PREFIX.slice(2)}c0000201`, '']) {
      expect([other, ip.equals(hex(other))]).toEqual([other, false]);
    }
    expect(JSON.stringify(view)).toContain('"ip":"192.0.2.1"');
    expect(argumentState(view, 'ip')).toBe('present');
    expect(actionOf(ip)).toBe(`${DataType.Ipv4} c0000201`);
  });

  it('has the type of the wire, and errors that name it and its byte', () => {
    const { ip } = readNotify([['ip', `07${PREFIX}c0000201`]], kind).get(asks)!;
    expect(ip.type).toBe(DataType.Ipv6);
    const error = thrown(() => Reflect.get(ip, 'boolean'));
    expect([error.code, error.reason, error.offset]).toEqual([
      'SPOP_WRONG_TYPE',
      'expected a value of type BOOL; found IPV6',
      // After the header of 11 bytes, `asks`, NB-ARGS and `ip`.
      20,
    ]);
  });

  it('keeps flags apart from its type', () => {
    const { ip } = readNotify([['ip', `f7${PREFIX}c0000201`]], kind).get(asks)!;
    expect([ip.type, ip.family, ip.toString()]).toEqual([DataType.Ipv6, 4, '192.0.2.1']);
  });

  it('reads like the plain address, for any address', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.constantFrom(...orders), (text, other, [, order]) => {
        const digits = text
          .split('.')
          .map((part) => Number(part).toString(16).padStart(2, '0'))
          .join('');
        const plain = readNotify(order(`06${digits}`), kind).get(asks)!.ip;
        const mapped = readNotify(order(`07${PREFIX}${digits}`), kind).get(asks)!.ip;
        expect(toFacts(mapped)).toEqual(toFacts(plain));
        expect(actionOf(mapped)).toBe(actionOf(plain));
        for (const view of [plain, mapped]) {
          expect([view.equals(text), view.equals(`::ffff:${text}`), view.equals(hex(digits))]).toEqual([
            true,
            true,
            true,
          ]);
          expect(view.equals(hex(PREFIX + digits))).toBe(true);
          expect([view.equals(other), view.equals(`::ffff:${other}`)]).toEqual([other === text, other === text]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['::ffff:0:c000:201', '0000000000000000ffff0000c0000201'],
    ['::192.0.2.1', '000000000000000000000000c0000201'],
    ['::fffe:c000:201', '00000000000000000000fffec0000201'],
    ['::feff:c000:201', '00000000000000000000feffc0000201'],
    ['100::ffff:c000:201', '01000000000000000000ffffc0000201'],
    ['::1:ffff:c000:201', '00000000000000000001ffffc0000201'],
    ['64:ff9b::c000:201', '0064ff9b0000000000000000c0000201'],
  ])('is not %s, which stays an IPv6 address', (text, digits) => {
    const { ip } = readNotify([['ip', `07${digits}`]], kind).get(asks)!;
    expect([ip.family, ip.type, ip.byteLength]).toEqual([6, DataType.Ipv6, 16]);
    expect([ip.equals(text), ip.equals('192.0.2.1'), ip.equals(hex(digits))]).toEqual([true, false, true]);
    expect([toHex(ip.toBytes()), actionOf(ip)]).toEqual([digits, `${DataType.Ipv6} ${digits}`]);
  });

  it('stays as sent if `ipv6` is declared', () => {
    const { via } = readNotify(
      [
        ['ip', '06c0000202'],
        ['via', `07${PREFIX}c0000201`],
      ],
      kind,
    ).get(asks)!;
    expect([via?.family, via?.toString(), via?.byteLength]).toEqual([6, '::ffff:192.0.2.1', 16]);
    expect([via?.equals('::ffff:192.0.2.1'), via?.equals('192.0.2.1')]).toEqual([true, false]);
  });
});

describe('an IPv4-mapped address', () => {
  it('stays as sent if messages are walked', () => {
    const notify = readNotify([['ip', `07${PREFIX}c0000201`]], 'reused');
    const walker = notify.walk();
    walker.next();
    walker.nextArgument();
    const apart = new MessageReader();
    apart.read(notifyFrame([message('asks', [['ip', `07${PREFIX}c0000201`]])]));
    apart.next();
    apart.nextArgument();
    for (const { value } of [walker, apart]) {
      expect([value.family, value.toString(), value.equals('192.0.2.1')]).toEqual([6, '::ffff:192.0.2.1', false]);
    }
  });

  it('is followed by the next message of another kind, in the same views', () => {
    const notify = new InternalNotify(set);
    const texts = [
      `07${PREFIX}c0000201`,
      '0720010db8000000000000000000000001',
      '06c0000203',
      `07${PREFIX}c0000204`,
    ].map((digits) => {
      notify.read(notifyFrame([message('asks', [['ip', digits]])]));
      const { ip } = notify.get(asks)!;
      return `${ip.type} ${ip.family} ${ip.toString()}`;
    });
    expect(texts).toEqual(['7 4 192.0.2.1', '7 6 2001:db8::1', '6 4 192.0.2.3', '7 4 192.0.2.4']);
  });

  it('stays correct when its NOTIFY is moved', () => {
    for (const kind of kinds) {
      const notify = readNotify([['ip', `07${PREFIX}c0000201`]], kind);
      const { ip } = notify.get(asks)!;
      notify.moveTo(Buffer.alloc(notify.byteLength));
      expect([ip.toString(), notify.get(asks)?.ip.toString()]).toEqual(['192.0.2.1', '192.0.2.1']);
      notify.close();
      expect(thrown(() => ip.type).code).toBe('SPOP_VIEW_CLOSED');
      expect(thrown(() => ip.family).code).toBe('SPOP_VIEW_CLOSED');
    }
  });
});
