/** The work of the page's script without a browser, for tests and benchmarks. */
import { hash } from 'node:crypto';
import type { Answer } from '@spop-internal/testbed/http-client';
import { zeroBits } from './challenge.ts';

/** The number that solves a challenge. */
export function solve(challenge: string, bits: number): number {
  for (let number = 0; ; number++) {
    if (zeroBits(hash('sha256', `${challenge}${number}`, 'buffer')) >= bits) return number;
  }
}

/** A page's values for its script and in its form. */
export interface Page {
  readonly challenge: string;
  readonly bits: number;
  readonly wait: string;
  readonly action: string;
  readonly supportId: string;
}

/** Reads a page. @throws Error for any other text. */
export function readPage({ body }: Pick<Answer, 'body'>): Page {
  const find = (pattern: RegExp): string => {
    const [, found] = pattern.exec(body) ?? [];
    if (found === undefined) throw new Error(`expected ${pattern} in ${body}`);
    return found;
  };
  return {
    challenge: find(/data-challenge="([^"]*)"/),
    bits: Number(find(/data-bits="([^"]*)"/)),
    wait: find(/name="challenge" value="([^"]*)"/),
    action: find(/action="([^"]*)"/),
    supportId: find(/<code>([^<]*)<\/code>/),
  };
}
