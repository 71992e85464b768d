import { describe, expect, it } from 'vitest';
import { ChangeReader, effectOf, parseDuration } from './decision.ts';
import { decide, readChanges } from './testing.ts';

describe('parseDuration', () => {
  it.each([
    ['3h59m58.5s', 14_398_500],
    ['1m0s', 60_000],
    ['-12.25s', -12_250],
    ['1.5ms', 1.5],
    ['20µs', 0.02],
    ['1000000ns', 1],
    ['0', 0],
    ['0s', 0],
    ['100h', 360_000_000],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBeCloseTo(ms, 9));

  it.each(['', '1', '1d', 's', '1h 2m', '1,5s', '--1s', '4 h', '1e3s'])('refuses %j', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});

describe('ChangeReader', () => {
  it('reads what is new and deleted, of scopes and types in any case', () => {
    const answer = {
      new: [
        decide('192.0.2.7', { type: 'Captcha' }),
        decide('192.0.2.0/24', { origin: 'lists', scenario: 'firehol' }),
        decide('FR', { value: 'fr', type: 'throttle' }),
        decide('192.0.2.8', { type: 'challenge' }),
      ],
      deleted: [decide('192.0.2.9', { duration: '-3s' })],
    };
    const { added, deleted, bad } = readChanges(answer);
    expect(added.map(({ scope, value, remediation, origin }) => [scope, value, remediation, origin])).toEqual([
      ['ip', '192.0.2.7', 'captcha', 'crowdsec'],
      ['range', '192.0.2.0/24', 'ban', 'lists:firehol'],
      ['country', 'FR', 'unknown', 'crowdsec'],
      // The page of that challenge does not exist.
      ['ip', '192.0.2.8', 'ban', 'crowdsec'],
    ]);
    expect(deleted).toEqual([
      { scope: 'ip', value: '192.0.2.9', remediation: 'ban', origin: 'crowdsec', durationMs: -3_000 },
    ]);
    expect(bad).toBe(0);
  });

  it('reads an answer byte by byte, and has each decision once it is whole', () => {
    const reader = new ChangeReader();
    const text = JSON.stringify({ new: [decide('192.0.2.7'), decide('192.0.2.8', { scenario: 'Zoë "x" }]' })] });
    const seen: string[] = [];
    for (const byte of Buffer.from(text)) {
      reader.write(Uint8Array.of(byte));
      seen.push(...reader.take().added.map(({ value }) => value));
    }
    reader.end();
    expect(seen).toEqual(['192.0.2.7', '192.0.2.8']);
    expect(reader.take()).toEqual({ added: [], deleted: [] });
  });

  it.each(['', ' ', '{"new":[', '{"new":[]', '{"new":[]}x', '{"new":[]}{}', '<html>'])('refuses %j', (text) => {
    const reader = new ChangeReader();
    expect(() => {
      reader.write(Buffer.from(text));
      reader.end();
    }).toThrow(/^(expected JSON|Unexpected)/);
  });

  it('accepts null or missing lists, since Go writes empty ones so', () => {
    expect(readChanges({ new: null })).toMatchObject({ added: [], deleted: [] });
  });

  it('leaves out decisions that it cannot read, and counts them', () => {
    const bad = [7, null, { scope: 'Ip' }, decide('x', { scope: 'AS' }), decide('192.0.2.7', { duration: '4 hours' })];
    expect(readChanges({ new: [...bad, decide('192.0.2.8')], deleted: null })).toMatchObject({
      added: [{ value: '192.0.2.8' }],
      bad: 5,
      firstProblem: 'expected a decision',
    });
  });

  it.each([null, [], 'x', { new: {} }, { new: [], deleted: 'x' }])('refuses %j', (answer) =>
    expect(() => readChanges(answer)).toThrow(/^expected/),
  );
});

describe('effectOf', () => {
  it('keeps a decision that is deleted and added in one answer, and the longest of several', () => {
    const { added, deleted } = effectOf(
      readChanges({
        new: [decide('192.0.2.7', { duration: '1m' }), decide('192.0.2.7'), decide('192.0.2.7', { duration: '2m' })],
        deleted: [decide('192.0.2.7', { duration: '-1s' }), decide('192.0.2.7', { type: 'captcha' })],
      }),
    );
    expect(added.map(({ durationMs }) => durationMs)).toEqual([14_399_500]);
    expect(deleted.map(({ remediation }) => remediation)).toEqual(['captcha']);
  });
});
