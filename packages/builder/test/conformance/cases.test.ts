import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Case, outcomeText, type Script } from '../../src/conformance/case.ts';
import { anyAnswer, echo, isSameValue, variableAfter } from '../../src/conformance/contract.ts';
import { conformanceCases } from '../../src/conformance/suite.ts';
import { binary, bool, int32, int64, ipv4, nil, string, uint32, uint64 } from '../../src/data/values.ts';

function digestOf(pieces: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(`${piece.length} `).update(piece);
  return hash.digest('hex').slice(0, 8);
}

function writesText(pieces: readonly Uint8Array[]): string {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return `${pieces.length} of ${bytes} bytes (${digestOf(pieces)})`;
}

function scriptText({ hello, send, expect: outcomes, ...conditions }: Script): string {
  const words = Object.entries(conditions).map(([name, value]) => `${name} ${value}`);
  const whole = JSON.stringify(outcomes, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  return [
    `hello ${hello === undefined ? 'none' : writesText([hello])}`,
    `writes ${writesText(send)}`,
    ...words,
    `expects ${outcomes.length === 0 ? 'nothing' : `${outcomes.map(outcomeText).join('; or ')} (${digestOf([whole])})`}`,
  ].join(', ');
}

/** A line for the case, and one for each of its scripts that differs from the others. */
function caseText({ id, class: kind, needs, scripts }: Case): string {
  const counts = Object.entries(Object.groupBy(scripts.map(scriptText), (text) => text));
  const lines = counts.map(([text, group]) => `  ${group?.length === 1 ? '' : `${group?.length} times: `}${text}`);
  return [`${id}: ${kind}${needs === undefined ? '' : `, needs ${needs}`}`, ...lines].join('\n');
}

const EXPECTED = 'cases.txt';

describe('the cases of spop conformance', () => {
  // Reports of different days are compared by id: a change here changes what an id means.
  it(`send and expect what ${EXPECTED} says`, async () => {
    const text = conformanceCases(echo('echo', 'value')).map(caseText).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(EXPECTED);
  });

  it('expect no value where the answers are not known', () => {
    const cases = conformanceCases(anyAnswer('check', 'ip'));
    expect(cases.map(({ id }) => id)).toEqual(conformanceCases(echo('echo', 'value')).map(({ id }) => id));
    const outcomes = cases.flatMap(({ scripts }) => scripts.flatMap((script) => script.expect));
    const values = outcomes.flatMap((outcome) =>
      outcome.kind === 'acks' ? outcome.acks.map(({ value }) => value) : [],
    );
    expect(values.length).toBeGreaterThan(300);
    expect(new Set(values)).toEqual(new Set([undefined]));
  });
});

describe('a contract', () => {
  it('with any answer has an address for each number, or a fixed value', () => {
    const { message, argument, value, answers } = anyAnswer('check', 'ip');
    expect([message, argument, value(7), answers]).toEqual(['check', 'ip', ipv4('192.0.2.7'), undefined]);
    expect(anyAnswer('check', 'ip', string('seven')).value(7)).toEqual(string('seven'));
  });

  it('with an echo knows each answer', () => {
    const { message, argument, value, answers } = echo('echo', 'number');
    expect([message, argument, value(7), answers?.variable]).toEqual(['echo', 'number', int64(7), 'number']);
    expect([answers?.to(string('seven')), answers?.isEcho]).toEqual([string('seven'), true]);
  });

  it('is met by the last action with its name', () => {
    const actions = [
      { type: 'set-var', scope: 'txn', name: 'a', value: int64(1) },
      { type: 'set-var', scope: 'txn', name: 'b', value: int64(2) },
      { type: 'set-var', scope: 'sess', name: 'a', value: int64(3) },
      { type: 'unset-var', scope: 'txn', name: 'b' },
    ] as const;
    expect(['a', 'b', 'c'].map((name) => variableAfter(actions, name))).toEqual([int64(3), nil, nil]);
  });

  it.each([
    [int32(-1), uint64(2n ** 64n - 1n), true],
    [uint32(5), int64(5), true],
    [int64(5), string('5'), false],
    [int64(5), int64(6), false],
    [binary(Uint8Array.of(1, 23)), binary(Uint8Array.of(1, 23)), true],
    [binary(Uint8Array.of(1, 23)), binary(Uint8Array.of(12, 3)), false],
    [string('true'), bool(true), false],
    [nil, nil, true],
    [nil, bool(false), false],
    [nil, string('null'), false],
    [ipv4('192.0.2.1'), ipv4('192.0.2.1'), true],
    [ipv4('192.0.2.1'), ipv4('192.0.2.2'), false],
  ])('takes %o and %o for the same value: %s', (a, b, isSame) => {
    expect(isSameValue(a, b)).toBe(isSame);
  });
});
