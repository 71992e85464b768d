import { describe, expect, it } from 'vitest';
import { KvListReader } from '../../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, PAYLOAD_AT, text, thrown, toHex } from '../bytes.ts';

function listOf(payload: string, fill: number = 0x21): KvListReader {
  const list = new KvListReader();
  list.read(onlyFrame(frameBytes(2, hex(payload)), fill));
  return list;
}

function itemsOf(list: KvListReader): string[] {
  const items = [];
  while (list.next()) items.push(`${list.name.toString()}=${list.value.toString()}`);
  return items;
}

const name = toHex(text('é'));

describe('KvListReader', () => {
  it.each([
    ['no items', '', []],
    ['one item', '0161 00', ['a=']],
    [
      'items in order, names that repeat, and an empty name',
      '0162 0201 0161 11 0162 06c0000201 00 080178',
      ['b=1', 'a=true', 'b=192.0.2.1', '=x'],
    ],
    ['a name of 240 bytes', `f000${'61'.repeat(240)}0200`, [`${'a'.repeat(240)}=0`]],
    ['a name that is not ASCII', `${name} 11`, ['é=true']],
  ])('walks %s', (_, payload, items) => {
    for (const fill of [0x00, 0x01, 0xff]) expect(itemsOf(listOf(payload, fill))).toEqual(items);
  });

  it('stays after the last item', () => {
    const list = listOf('0161 00', 0x00);
    expect([list.next(), list.next(), list.next()]).toEqual([true, false, false]);
  });

  it('gives the same two objects for each item', () => {
    const list = listOf('0161 00 0162 11');
    list.next();
    const { name: first, value } = list;
    list.next();
    expect([list.name, list.value]).toEqual([first, value]);
    expect(list.name).toBe(first);
    expect(list.value).toBe(value);
  });

  it.each([
    ['a name without an end', '0561', 'SPOP_TRUNCATED', 0],
    ['a name of 2^32 bytes', 'f0f1fefe7e 61', 'SPOP_TRUNCATED', 0],
    ['a name whose length does not end', 'f080', 'SPOP_TRUNCATED', 0],
    ['a name whose length is above 2^64', 'ffffffffffffffffffff', 'SPOP_VARINT_OVERFLOW', 0],
    ['a name without a value', '0161', 'SPOP_TRUNCATED', 2],
    ['an integer without an end', '0161 02', 'SPOP_TRUNCATED', 3],
    ['an address of three bytes', '0161 06c00002', 'SPOP_TRUNCATED', 3],
    ['a reserved type', '0161 0a', 'SPOP_RESERVED_TYPE', 2],
    ['an INT32 that is none', '0161 02f0f1fefe7e', 'SPOP_INTEGER_RANGE', 2],
  ])('refuses %s at its offset, with any bytes past the frame', (_, payload, code, offset) => {
    for (const fill of [0x00, 0x61, 0xff]) {
      expect(fault(() => listOf(payload, fill).next())).toEqual([code, 4, PAYLOAD_AT + offset]);
    }
  });

  it('shows no bytes past the frame in the views of a malformed item', () => {
    // A STRING of 64 bytes of which the frame has two: the other 62 belong to another frame.
    const list = listOf('0161 0840 6263', 0x53);
    expect(thrown(() => list.next()).code).toBe('SPOP_TRUNCATED');
    expect(thrown(() => list.value.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('closes the views of the list before when another is read', () => {
    const list = new KvListReader();
    list.read(onlyFrame(frameBytes(2, hex('0161 080162'))));
    list.next();
    const { name: late, value } = list;
    list.read(onlyFrame(frameBytes(2, hex('0178 080179'))));
    for (const use of [() => late.toString(), () => late.equals('a'), () => value.type, () => value.toString()]) {
      expect(fault(use)).toEqual(['SPOP_VIEW_CLOSED', undefined, -1]);
    }
  });

  it('throws for a step or a view before it has read a frame', () => {
    const list = new KvListReader();
    for (const use of [
      () => list.next(),
      () => list.name.toString(),
      () => list.name.equals(''),
      () => list.value.type,
    ]) {
      expect(thrown(use).code).toBe('SPOP_VIEW_CLOSED');
    }
  });
});

describe('Name', () => {
  it('compares with text as UTF-8, and has its length in bytes', () => {
    const list = listOf(`${name} 00 03616263 00`);
    list.next();
    expect([list.name.equals('é'), list.name.equals('e'), list.name.equals(''), list.name.byteLength]).toEqual([
      true,
      false,
      false,
      2,
    ]);
    list.next();
    expect([list.name.equals('abc'), list.name.equals('ab'), list.name.equals('abcd')]).toEqual([true, false, false]);
  });
});
