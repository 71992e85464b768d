import { assert, constantFrom, integer, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, type Challenge, Challenges } from './challenge.ts';
import { Keys } from './keys.ts';
import type { Reason } from './messages.ts';
import { solve } from './solving.ts';
import { viewsOf } from './views.ts';
import { Visitor } from './visitor.ts';

const NOW_MS = 1_800_000_000_500;
const LIFETIME_S = 300;
const BITS = 6;
const keys = new Keys(Buffer.alloc(32, 1).toString('base64'));
const HERE = { src: '192.0.2.1', host: 'site.test' };

function visitorOf(place: { readonly src?: string; readonly host?: string }): Visitor {
  const { src, host } = viewsOf(place);
  const visitor = new Visitor();
  visitor.read(src, host);
  return visitor;
}

const at = (nowMs: number, by = keys): Challenges =>
  new Challenges(
    () => by,
    LIFETIME_S,
    () => nowMs,
  );
const make = (waitS: number | undefined = 20): Challenge => at(NOW_MS).make(2, { bits: BITS, waitS }, visitorOf(HERE));

interface When {
  readonly nowMs?: number;
  readonly place?: { readonly src?: string; readonly host?: string };
  readonly by?: Keys;
}

function checkWork(body: string, { nowMs = NOW_MS + 700, place = HERE, by = keys }: When = {}): Answer {
  return at(nowMs, by).checkWork(viewsOf({ body }).body, visitorOf(place));
}

function checkWait(body: string, { nowMs = NOW_MS, place = HERE, by = keys }: When = {}): Reason {
  return at(nowMs, by).checkWait(viewsOf({ body }).body, visitorOf(place)).reason;
}

/** The body that the script sends. */
function bodyOf(work: string): string {
  return `challenge=${work}&number=${solve(work, BITS)}`;
}

describe('a challenge', () => {
  it('is solved by its number, and has its level, its support ID and the time to solve', () => {
    const { work, supportId } = make();
    expect(supportId).toMatch(/^[0-9A-F]{4}-[0-9A-F]{4}$/);
    expect(checkWork(bodyOf(work))).toMatchObject({ reason: 'solved', level: 2, supportId, tookMs: 700 });
    expect(make().supportId).not.toBe(supportId);
  });

  it('is valid for one visitor only, and not for ever', () => {
    const body = bodyOf(make().work);
    const why = (when: When): Reason => checkWork(body, when).reason;
    expect(why({ place: { ...HERE, src: '192.0.2.2' } })).toBe('forged');
    expect(why({ place: { ...HERE, host: 'other.test' } })).toBe('forged');
    expect(why({ by: new Keys(Buffer.alloc(32, 2).toString('base64')) })).toBe('unknown key');
    expect(why({ nowMs: 1_800_000_305_000 })).toBe('solved');
    expect(why({ nowMs: 1_800_000_305_001 })).toBe('expired');
    // The clock of the agent that made it may be ahead.
    expect(why({ nowMs: NOW_MS - 5_000 })).toBe('solved');
    expect(why({ nowMs: NOW_MS - 5_001 })).toBe('early');
  });

  it('accepts a number that solves it, in its one spelling only', () => {
    const { work } = make();
    const number = solve(work, BITS);
    const unsolved = Array.from({ length: 200 }, (_, other) => other).find(
      (other) => other !== number && checkWork(`challenge=${work}&number=${other}`).reason === 'unsolved',
    );
    expect(unsolved).toBeDefined();
    const right = `challenge=${work}&number=${number}`;
    const others = [
      `challenge=${work}&number=0${number}`,
      `challenge=${work}&number=${number}.0`,
      `challenge=${work}&number=-${number}`,
      `challenge=${work}&number=`,
      `challenge=${work}`,
      `${right}&`,
      `${right}\n`,
      ` ${right}`,
      `number=${number}&challenge=${work}`,
      `challenge=${work}=&number=${number}`,
      '',
    ];
    expect(others.map((body) => checkWork(body).reason)).toEqual(others.map(() => 'malformed'));
    expect(checkWork(right).reason).toBe('solved');
  });

  it('of the form is valid from 5 s before the end of its wait, and is not one of the script', () => {
    const { work, wait } = make();
    const body = `challenge=${wait}`;
    expect(checkWait(body, { nowMs: NOW_MS + 14_999 })).toBe('early');
    expect(checkWait(body, { nowMs: NOW_MS + 15_000 })).toBe('solved');
    expect(checkWait(body, { nowMs: 1_800_000_305_001 })).toBe('expired');
    expect(checkWait(body, { nowMs: NOW_MS + 15_000, place: { ...HERE, src: '192.0.2.2' } })).toBe('forged');
    expect(checkWait(`challenge=${work}`, { nowMs: NOW_MS + 60_000 })).toBe('malformed');
    expect(checkWork(bodyOf(wait)).reason).toBe('malformed');
    expect(at(NOW_MS).make(3, { bits: BITS, waitS: undefined }, visitorOf(HERE)).wait).toBe('');
  });

  it('does not pass with any bit changed', () => {
    const { work, wait } = make();
    for (const [challenge, check] of [
      [work, (changed: string) => checkWork(bodyOf(changed)).reason],
      [wait, (changed: string) => checkWait(`challenge=${changed}`, { nowMs: NOW_MS + 60_000 })],
    ] as const) {
      const bytes = Buffer.from(challenge, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(['malformed', 'forged', 'unknown key']).toContain(check(changed.toString('base64url')));
      }
    }
  });

  it('does not pass with anything inserted, cut out or swapped', () => {
    const body = bodyOf(make().work);
    const place = integer({ min: 0, max: body.length });
    assert(
      property(place, place, uint8Array({ maxLength: 3 }), constantFrom(0, 1), (from, to, inserted, cut) => {
        const insert = Buffer.from(inserted).toString('latin1');
        const sent = body.slice(0, from) + insert + body.slice(Math.min(from, to) + cut);
        // Another number may solve it, too.
        const isSameChallenge = sent.slice(0, body.indexOf('&')) === body.slice(0, body.indexOf('&'));
        const { reason } = checkWork(sent);
        expect(reason === 'solved' ? isSameChallenge && /&number=(0|[1-9]\d{0,14})$/.test(sent) : true).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
