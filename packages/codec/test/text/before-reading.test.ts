import { describe, expect, it } from 'vitest';
import { AddressReader, CookieReader, HeaderReader } from '../../src/index.ts';
import { fault } from '../bytes.ts';
import { stringOf } from './text-argument.ts';

const CLOSED = ['SPOP_VIEW_CLOSED', undefined, -1];

describe('a reader of text that has read nothing', () => {
  it('has no element, header or address', () => {
    expect(new AddressReader().address).toBeUndefined();
    expect(new CookieReader('session').isQuoted).toBe(false);
    for (const reader of [new AddressReader(), new HeaderReader()]) {
      expect(fault(() => reader.next())).toEqual(CLOSED);
    }
    const { name, value } = new HeaderReader();
    expect(fault(() => name.toString())).toEqual(CLOSED);
    expect(fault(() => value.toString())).toEqual(CLOSED);
  });
});

describe('a reader of headers', () => {
  it('closes its views when it reads another argument, and stays at the end', () => {
    const reader = new HeaderReader();
    reader.read(stringOf('a: 1\r\n\r\nb: 2\r\n'));
    expect(reader.next()).toBe(true);
    const { name, value } = reader;
    expect([String(name), String(value)]).toEqual(['a', '1']);
    expect([reader.next(), reader.next(), reader.next()]).toEqual([false, false, false]);
    expect([fault(() => name.toString()), fault(() => value.toString())]).toEqual([CLOSED, CLOSED]);
    reader.read(stringOf('c: 3\r\n\r\n'));
    expect(reader.next()).toBe(true);
    reader.read(stringOf('d: 4\r\n\r\n'));
    expect([fault(() => name.toString()), fault(() => value.toString())]).toEqual([CLOSED, CLOSED]);
  });
});

describe('a reader of addresses', () => {
  it('is at its end after one address, after the first element, and after unpaired quotes', () => {
    const reader = new AddressReader();
    expect(reader.read(stringOf('192.0.2.1'))?.toString()).toBe('192.0.2.1');
    expect([reader.next(), reader.address]).toEqual([false, undefined]);
    reader.readXForwardedFor(stringOf('192.0.2.1, 192.0.2.2'));
    expect([reader.address, reader.next(), String(reader.address)]).toEqual([undefined, true, '192.0.2.2']);
    expect([reader.next(), String(reader.address)]).toEqual([true, '192.0.2.1']);
    expect([reader.next(), reader.next()]).toEqual([false, false]);
    reader.readForwarded(stringOf('for=192.0.2.1, for="192.0.2.2'));
    expect([reader.next(), reader.address, reader.next(), reader.next()]).toEqual([true, undefined, false, false]);
    reader.readForwarded(stringOf('for=192.0.2.1'));
    expect([reader.next(), String(reader.address)]).toEqual([true, '192.0.2.1']);
  });

  it.each(['', ' ', ' \t '])('finds no element in %j', (text) => {
    const reader = new AddressReader();
    reader.readXForwardedFor(stringOf(text));
    expect(reader.next()).toBe(false);
    reader.readForwarded(stringOf(text));
    expect(reader.next()).toBe(false);
  });
});
