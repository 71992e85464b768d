/** Arguments of one of several types. */
import { describe, expect, it } from 'vitest';
import {
  address,
  AddressReader,
  binary,
  bool,
  DataType,
  defineMessage,
  defineVariable,
  int32,
  int64,
  interned,
  ipv4,
  ipv6,
  MessageSet,
  Notify,
  NotifyWriter,
  oneOf,
  optional,
  string,
  uint64,
} from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { message, notifyFrame, thrown } from '../bytes.ts';

const ask = defineMessage('ask', { client: optional(oneOf(string, address)), body: oneOf(binary, string) });
const set = new MessageSet([ask]);

const CLIENTS: readonly (readonly [string, string, string])[] = [
  ['a STRING', '0809' + Buffer.from('192.0.2.7').toString('hex'), 'text 192.0.2.7'],
  ['an empty STRING', '0800', 'text '],
  ['an IPV4', '06c0000207', 'IPv4 192.0.2.7'],
  ['an IPV6', '0720010db8000000000000000000000007', 'IPv6 2001:db8::7'],
  ['an IPV6 that holds an IPv4 address', '0700000000000000000000ffffc0000207', 'IPv4 192.0.2.7'],
  ['NULL', '00', 'nobody'],
];

/** The value as a handler reads it. */
function told(notify: Notify): string {
  const { client } = notify.get(ask)!;
  if (client === undefined) return 'nobody';
  return client.type === DataType.String ? `text ${client.toString()}` : `IPv${client.family} ${client.toString()}`;
}

describe('oneOf', () => {
  it.each(CLIENTS)('reads %s as its own type', (_, data, expected) => {
    const frame = notifyFrame([
      message('ask', [
        ['client', data],
        ['body', '0901ff'],
      ]),
    ]);
    const notify = new InternalNotify(set);
    // Read as an argument that is not expected at its place, as one that is, and in a view for one NOTIFY.
    for (let round = 0; round < 3; round++) {
      notify.read(frame);
      if (round === 2) notify.beginOneTime();
      expect([round, told(notify)]).toEqual([round, expected]);
      expect(notify.get(ask)!.body.type).toBe(DataType.Binary);
      notify.close();
    }
  });

  it('takes nothing else: the error names all accepted types', () => {
    const notify = new Notify(set);
    notify.read(
      notifyFrame([
        message('ask', [
          ['client', '11'],
          ['body', '06c0000207'],
        ]),
      ]),
    );
    const view = notify.get(ask)!;
    const errors = [thrown(() => view.client), thrown(() => view.body)];
    expect(errors.map(({ code }) => code)).toEqual(['SPOP_WRONG_TYPE', 'SPOP_WRONG_TYPE']);
    expect(errors[0]?.reason).toContain("argument 'client': expected string or address; found BOOL");
    expect(errors[1]?.reason).toContain("argument 'body': expected binary or string; found IPV4");
  });

  it('has values that are read like those of one type', () => {
    const addresses = new AddressReader();
    const notify = new Notify(set);
    notify.read(notifyFrame([message('ask', [['client', CLIENTS[0]![1]]])]));
    const { client } = notify.get(ask)!;
    expect(client?.type === DataType.String && addresses.read(client)?.equals('192.0.2.7')).toBe(true);
  });

  it.each([
    ['one type', [string], 'oneOf(string)'],
    ['a type that reads as text', [string, interned(string)], 'oneOf(string, interned)'],
    ['a number', [string, int32], 'oneOf(string, int32)'],
    ['a boolean', [bool, string], 'oneOf(bool, string)'],
    ['an optional type', [string, optional(address)], 'oneOf(string, optional(address))'],
    ['two that take the same', [address, ipv6], 'oneOf(address, ipv6)'],
    ['two integers', [int64, uint64], 'oneOf(int64, uint64)'],
    ['the same type twice', [string, string], 'oneOf(string, string)'],
  ])('refuses %s', (_, types, found) => {
    const make = (): unknown => Reflect.apply(oneOf, undefined, types);
    expect(make).toThrow(
      new TypeError(
        'expected two types or more that read as views and are not the same on the wire, such as oneOf(string, address); ' +
          `found ${found}`,
      ),
    );
  });

  it('takes all types at once', () => {
    expect(oneOf(string, binary, ipv4, ipv6, int64).kinds).toEqual(['string', 'binary', 'ipv4', 'ipv6', 'int64']);
  });

  it('is not a type of variables, nor of written values', () => {
    const either = oneOf(string, address);
    expect(() => defineVariable('txn', 'either', either)).toThrow(
      new TypeError('expected the type of variable txn.either to be one type; found oneOf(string, address)'),
    );
    const writer = new NotifyWriter();
    writer.beginNotify(Buffer.alloc(100), 0, 100, 1, 1);
    writer.message('ask');
    expect(() => writer.argument('client', either, 'x')).toThrow(
      /^expected the type of a value to be one type; found oneOf/,
    );
  });
});
