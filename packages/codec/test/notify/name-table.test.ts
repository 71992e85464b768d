import { describe, expect, it } from 'vitest';
import { NameTable } from '../../src/notify/name-table.ts';
import { amid, thrown } from '../bytes.ts';

function findIn(table: NameTable, name: string): number {
  const bytes = Buffer.from(name, 'utf8');
  const results = [0x00, 0x61, 0xff].map((fill) => table.find(amid(bytes, fill, 3), 3, bytes.length));
  // The bytes around a name must not matter.
  expect(new Set(results).size).toBe(1);
  return results[0]!;
}

const sets: [string, string[]][] = [
  ['no names', []],
  ['one name', ['check-client-ip']],
  ['the empty name alone', ['']],
  ['the empty name among others', ['a', '', 'b']],
  ['names of one byte each', Array.from('abcdefghijklmnopqrstuvwxyz')],
  ['names that differ in the middle only', ['a.x.z', 'a.y.z', 'a-x-z', 'aax-z']],
  // Length, first, middle and last byte are the same in all of them.
  [
    '300 names that all collide',
    Array.from({ length: 300 }, (_, i) => `n${String(i).padStart(4, '0')}-${String(i).padStart(4, '9')}n`),
  ],
  ['200 names of growing length', Array.from({ length: 200 }, (_, i) => 'x'.repeat(i + 1))],
  ['names that are not ASCII', ['é', 'e', 'É', '€', '😀', 'é€']],
  ['a name of 239 bytes', ['y'.repeat(239)]],
];

describe('NameTable', () => {
  it.each(sets)('finds each of %s', (_, names) => {
    const table = new NameTable(names);
    for (const [index, name] of names.entries()) expect([name, findIn(table, name)]).toEqual([name, index]);
  });

  it.each(sets)('finds nothing else in %s', (_, names) => {
    const table = new NameTable(names);
    const others = [
      '',
      'a',
      'other',
      'check-client-iq',
      'check-client-i',
      'check-client-ip ',
      'n0000-0000n',
      'z'.repeat(240),
    ];
    for (const other of [...others, ...names.map((name) => `${name}!`), ...names.map((name) => name.slice(0, -1))]) {
      if (!names.includes(other)) expect([other, findIn(table, other)]).toEqual([other, -1]);
    }
  });

  it.each([
    ['twice the same name', ['a', 'b', 'a']],
    ['twice the empty name', ['', '']],
    ['a name of 240 bytes', ['z'.repeat(240)]],
    ['a name of 240 bytes of UTF-8', ['é'.repeat(120)]],
  ])('refuses %s', (_, names) => {
    expect(thrown(() => new NameTable(names))).toMatchObject({ code: 'SPOP_INVALID_NAME', status: undefined });
  });
});
