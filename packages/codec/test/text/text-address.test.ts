import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  ActionReader,
  address,
  AddressReader,
  type AddressValue,
  DataType,
  defineNetwork,
  defineVariable,
  ipv4,
  ipv6,
  string,
  type Value,
} from '../../src/index.ts';
import { notifyFrame, onlyFrame, thrown, valueOf } from '../bytes.ts';
import { asked, notifyWith, readNext, stringOf } from './text-argument.ts';

const addresses = new AddressReader();

/** An address of a text, and the view of an argument with the same address. */
function likeArgument(content: string, digits: string): [AddressValue, Value] {
  return [addresses.read(stringOf(content))!, valueOf(digits)];
}

describe('an address that was read', () => {
  it.each<[object: unknown, isWritten: boolean]>([
    [{ family: 4, copyTo: (target: Uint8Array) => target.set([192, 0, 2, 1]) }, true],
    [{ family: 6, copyTo: (target: Uint8Array) => target.set([0x20, 1, 0xd, 0xb8]) }, true],
    [{ family: 5, copyTo: () => undefined }, false],
    [{ family: 4 }, false],
    [{ copyTo: () => undefined }, false],
    [null, false],
    [() => undefined, false],
  ])('may be of another copy of the package, and is known by its members: %o', (value, isWritten) => {
    const ack = new AckWriter();
    const bytes = Buffer.alloc(100);
    ack.beginAck(bytes, 0, 100, notifyFrame([]));
    const set = (): unknown => Reflect.apply(ack.set, ack, [defineVariable('txn', 'client', address), value]);
    if (isWritten) expect(set()).toBe(ack);
    else expect(thrown(set)).toMatchObject({ code: 'SPOP_INVALID_VALUE' });
  });

  it.each([
    ['192.0.2.7', '06c0000207'],
    ['::ffff:192.0.2.7', '06c0000207'],
    ['[2001:db8::7:1]:80', '0720010db8000000000000000000070001'],
  ])('shows %s as the view of an argument does', (content, digits) => {
    const networks = ['192.0.2.0/24', '2001:db8::/32', '10.0.0.0/8'].map((text) => defineNetwork(text));
    const [found, expected] = likeArgument(content, digits).map((view) => ({
      type: view.type,
      family: view.family,
      byteLength: view.byteLength,
      bytes: Array.from({ length: view.byteLength + 2 }, (_, index) => view.byteAt(index - 1)),
      words: Array.from({ length: view.family === 4 ? 1 : 4 }, (_, index) => view.wordAt(index)),
      equals: ['192.0.2.7', '::ffff:c000:207', '2001:db8::7:1', '', 'x'].map((text) => view.equals(text)),
      equalsBytes: [view.equals(view.toBytes()), view.equals(Buffer.alloc(4))],
      within: networks.map((network) => view.isWithin(network)),
      copied: [0, 1].map((start) => {
        const target = Buffer.alloc(8);
        return [view.copyTo(target, 1, start, 3), target.toString('hex')];
      }),
      bigint: view.toBigInt(),
      text: view.toString(),
      json: JSON.stringify({ view }),
    }));
    expect(found).toEqual(expected);
  });

  it('fails like that view', () => {
    const [found, expected] = likeArgument('2001:db8::1', '0720010db8000000000000000000000001');
    for (const view of [found, expected]) {
      expect(() => view.wordAt(4)).toThrow(RangeError);
      expect(thrown(() => view.toNumber()).code).toBe('SPOP_WRONG_TYPE');
      expect(thrown(() => Reflect.apply(view.isWithin, view, ['10.0.0.0/8'])).code).toBe('SPOP_MISUSE');
    }
    expect(likeArgument('192.0.2.7', '06c0000207').map((view) => view.toNumber())).toEqual([
      3_221_225_991, 3_221_225_991,
    ]);
  });

  it('is always the one in the text read last', () => {
    const first = addresses.read(stringOf('2001:db8::1'))!;
    expect(first.type).toBe(DataType.Ipv6);
    addresses.read(stringOf('192.0.2.1'));
    expect([first.type, first.toString()]).toEqual([DataType.Ipv4, '192.0.2.1']);
    addresses.read(stringOf('unknown'));
    expect(thrown(() => first.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it.each([
    ['192.0.2.7', '06c0000207'],
    ['[::ffff:192.0.2.7]:80', '06c0000207'],
    ['2001:db8::7', '0720010db8000000000000000000000007'],
  ])('can be set as a variable: %s', (content, digits) => {
    const found = addresses.read(stringOf(content))!;
    const out = Buffer.alloc(128);
    const ack = new AckWriter();
    ack.beginAck(out, 0, out.length, notifyFrame([]));
    ack.set(defineVariable('txn', 'client', address), found);
    ack.set(defineVariable('txn', 'own', found.family === 4 ? ipv4 : ipv6), found);
    const { message } = thrown(() => ack.set(defineVariable('txn', 'x', found.family === 4 ? ipv6 : ipv4), found));
    expect(message).toContain(`expected an IPv${found.family === 4 ? 6 : 4} address as text, as bytes or as a view`);
    expect(thrown(() => Reflect.apply(ack.set, ack, [defineVariable('txn', 'x', string), found])).code).toBe(
      'SPOP_INVALID_VALUE',
    );
    const actions = new ActionReader();
    actions.read(onlyFrame(out.subarray(0, ack.end())));
    for (const name of ['client', 'own']) {
      expect([actions.next(), actions.name.toString()]).toEqual([true, name]);
      expect(actions.value.toBytes().toString('hex')).toBe(digits.slice(2));
      expect(actions.value.type).toBe(Number(digits.slice(0, 2)));
    }
    expect(actions.next()).toBe(false);
  });

  it('of an asynchronous handler stays to its end, and is then closed for ever', () => {
    const { notify } = notifyWith('192.0.2.1');
    notify.beginOneTime();
    const { text } = notify.get(asked)!;
    const client = addresses.read(text)!;
    notify.moveTo(Buffer.alloc(notify.byteLength));
    expect(client.toString()).toBe('192.0.2.1');
    // Another handler has its own reader.
    new AddressReader().read(stringOf('192.0.2.2'));
    expect(client.equals('192.0.2.1')).toBe(true);
    notify.close();
    readNext(notify, '192.0.2.3');
    expect(thrown(() => client.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('is closed with the NOTIFY of its text, and moves with it', () => {
    const { notify, text } = notifyWith('192.0.2.1, 192.0.2.2');
    addresses.readXForwardedFor(text);
    addresses.next();
    const client = addresses.address!;
    notify.moveTo(Buffer.alloc(notify.byteLength));
    expect(client.toString()).toBe('192.0.2.2');
    expect([addresses.next(), client.toString()]).toEqual([true, '192.0.2.1']);
    notify.close();
    const uses: (() => unknown)[] = [
      () => client.type,
      () => client.family,
      () => client.byteLength,
      () => client.byteAt(0),
      () => client.wordAt(0),
      () => client.equals('192.0.2.1'),
      () => client.isWithin(defineNetwork('0.0.0.0/0')),
      () => client.copyTo(Buffer.alloc(4)),
      () => client.toNumber(),
      () => client.toBigInt(),
      () => client.toString(),
      () => client.toBytes(),
      () => addresses.next(),
      () => addresses.read(text),
    ];
    for (const use of uses) expect(thrown(use).code).toBe('SPOP_VIEW_CLOSED');
    readNext(notify, '192.0.2.3');
    // The view of the text now belongs to the next NOTIFY.
    for (const use of uses.slice(0, -1)) expect(thrown(use).code).toBe('SPOP_VIEW_CLOSED');
  });
});
