import { writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { definitionsOf, type Definitions } from '../../src/cli/definitions.ts';

/** What a module with these lines declares. */
async function declared(...lines: readonly string[]): Promise<Definitions> {
  const file = stopAfterTest(await TemporaryFolder.make()).file('definitions.mjs');
  writeFileSync(file, lines.join('\n'));
  return definitionsOf(file);
}

const MESSAGE = `export const m = { name: 'm', args: {} };`;
const M = { name: 'm', args: [] };

describe('the messages of a module', () => {
  it('are exported, or in exported objects and lists, each name once', async () => {
    const { messages } = await declared(
      MESSAGE,
      `export const all = { n: { name: 'n', args: {} }, deeper: { o: { name: 'o', args: {} } } };`,
      `export default [{ name: 'p', args: {} }, m];`,
    );
    expect(messages.map(({ name }) => name).toSorted()).toEqual(['m', 'n', 'p']);
  });

  it('have arguments of one or more kinds, which may be optional', async () => {
    const { messages } = await declared(
      `export const m = { name: 'a.b:c-d_1', args: {`,
      `  ip: { kind: 'address' }, maybe: { kind: 'string', optional: true }, no: { kind: 'bool', optional: 'yes' },`,
      `  either: { kind: 'oneOf', kinds: ['ipv4', 'ipv6'] }, plain: { kind: 'int32', kinds: ['int64'] },`,
      `  unknown: { kind: 'oneOf', kinds: 'ipv4' } } };`,
    );
    expect(messages).toEqual([
      {
        name: 'a.b:c-d_1',
        args: [
          { name: 'ip', kind: 'address', kinds: ['address'], isOptional: false },
          { name: 'maybe', kind: 'string', kinds: ['string'], isOptional: true },
          { name: 'no', kind: 'bool', kinds: ['bool'], isOptional: false },
          { name: 'either', kind: 'ipv4', kinds: ['ipv4', 'ipv6'], isOptional: false },
          { name: 'plain', kind: 'int32', kinds: ['int32'], isOptional: false },
          { name: 'unknown', kind: 'oneOf', kinds: ['oneOf'], isOptional: false },
        ],
      },
    ]);
  });

  it.each([
    ['nothing', 'null'],
    ['a list of nothing', '[null, undefined]'],
    ['text', `'args'`],
    ['a function', 'function check() {}'],
    ['a class', 'class { static args = {}; }'],
    ['an object without a name', '{ args: {} }'],
    ['an object with another name', `{ name: 5, args: {} }`],
    ['arguments of nothing', `{ name: 'n', args: { a: null } }`],
    ['arguments of which one has no kind', `{ name: 'n', args: { a: { kind: 'bool' }, b: {} } }`],
    ['arguments in text', `{ name: 'n', args: 'a' }`],
    ['arguments that are nothing', `{ name: 'n', args: null }`],
    ['a variable of nothing', `{ name: 'v', scope: 'txn' }`],
    ['a variable without a scope', `{ name: 'v', kind: 'bool' }`],
    ['a variable with a list of scopes', `{ name: 'v', scope: ['txn'], kind: 'bool' }`],
    ['a variable with a scope that objects have', `{ name: 'v', scope: 'constructor', kind: 'bool' }`],
  ])('are not %s', async (_, text) => {
    expect(await declared(MESSAGE, `export const other = ${text};`)).toEqual({
      messages: [M],
      variables: [],
      deadlineMs: undefined,
    });
  });

  it('are one or more', async () => {
    const error = {
      hint: 'export the definitions of messages and variables, such as: export const checkClientIp = defineMessage(…)',
    };
    await expect(declared('export const v = 5;')).rejects.toMatchObject(error);
    await expect(declared('export const v = 5;')).rejects.toThrow(/exports no message of defineMessage\(\)$/);
  });
});

describe('the variables of a module', () => {
  it('have a scope, each name once in each', async () => {
    const { variables } = await declared(
      MESSAGE,
      `export const all = ['txn', 'sess', 'txn'].map((scope) => ({ name: 'a.b_1', scope, kind: 'bool' }));`,
    );
    expect(variables).toEqual([
      { scope: 'txn', name: 'a.b_1' },
      { scope: 'sess', name: 'a.b_1' },
    ]);
  });
});

describe('a name that HAProxy does not take', () => {
  it.each([
    ['a message', `{ name: 'a b', args: {} }`, 'the name "a b" of the message'],
    ['a message without a letter', `{ name: '', args: {} }`, 'the name "" of the message'],
    ['an argument', `{ name: 'n', args: { 'a=': { kind: 'bool' } } }`, 'the name "a=" of an argument of n'],
    ['a variable', `{ name: 'a-b', scope: 'txn', kind: 'bool' }`, 'the name "a-b" of the variable'],
  ])('is refused for %s', async (_, text, name) => {
    await expect(declared(`export const other = ${text};`)).rejects.toMatchObject({
      message: `HAProxy does not take ${name}`,
      hint: 'HAProxy takes letters, digits, _ and .; in names of messages and arguments : and - too',
    });
  });
});

describe('the deadline of a module', () => {
  it.each([
    ['is exported', 'export const processingTimeoutMs = 5;', 5],
    ['is in an exported object', 'export const options = { processingTimeoutMs: 6 };', 6],
    [
      'is the exported one before others',
      'export const a = { processingTimeoutMs: 7 }; export const processingTimeoutMs = 8;',
      8,
    ],
    ['is a number', `export const processingTimeoutMs = '5s'; export const options = { processingTimeoutMs: 9 };`, 9],
    ['may be missing', '', undefined],
  ])('%s', async (_, text, deadlineMs) => {
    expect((await declared(MESSAGE, text)).deadlineMs).toBe(deadlineMs);
  });
});
