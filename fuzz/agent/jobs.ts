/** What handlers are asked in the model of an agent: how each behaves, and what it has to answer. */
import type { Action } from '@spop/builder';
import {
  type Actions,
  bool,
  defineMessage,
  defineVariable,
  int64,
  interned,
  type IntegerValue,
  string,
  type StringValue,
  uint32,
} from '@spop/codec';
import { expectCode } from '../support/value-checks.ts';

/** How a handler behaves: at once, when its gate is opened, in the next turn, or never. */
export const MODES = ['sync', 'throw', 'huge', 'tick', 'gate', 'gate-then-throw', 'never'] as const;

/** One message of a NOTIFY. */
export interface JobInput {
  readonly mode: (typeof MODES)[number];
  readonly word: string;
  readonly name: 'work' | 'other';
}

/** A message that was sent, and what its handler was seen to do. */
export interface Job extends JobInput {
  readonly token: bigint;
  isStarted: boolean;
  /** Opens the gate that the handler waits for. */
  open: (() => void) | undefined;
  outcome: 'fine' | 'failed' | undefined;
  /** What the handler found instead of closed views. */
  problem: unknown;
}

export const MAX_PLACES = 4;
export const work = defineMessage('work', { mode: interned(string), token: int64, word: string, place: uint32 });
export const other = defineMessage('other', { word: string, place: uint32, token: int64, mode: interned(string) });
const tokens = Array.from({ length: MAX_PLACES }, (_, place) => defineVariable('sess', `token${place}`, int64));
const words = Array.from({ length: MAX_PLACES }, (_, place) => defineVariable('txn', `word${place}`, string));
const hugeText = defineVariable('req', 'huge', string);
export const fellBack = defineVariable('res', 'fallback', bool);

/** Either message, as its handler gets it. */
export interface HandledMessage {
  readonly mode: string;
  readonly token: IntegerValue;
  readonly word: StringValue;
  readonly place: number;
}

/** Answers one message as its job says. A handler that goes on after `isOver()` must find its views closed. */
export function answerJob(
  job: Job,
  { word, place, token }: HandledMessage,
  ack: Actions,
  isOver: () => boolean,
): Promise<void> | undefined {
  // Handlers hold views, and read them when the answer is written.
  const answer = (): void => {
    ack.set(tokens[place]!, token.toBigInt()).set(words[place]!, word);
  };
  if (job.mode === 'never') return new Promise(() => undefined);
  if (job.mode === 'tick') return answerSoon(job, answer);
  if (job.mode.startsWith('gate')) return answerAfterGate(job, answer, isOver);
  job.outcome = job.mode === 'sync' ? 'fine' : 'failed';
  if (job.mode === 'huge') ack.set(hugeText, 'x'.repeat(70_000));
  else answer();
  if (job.mode === 'throw') throw new Error('a handler that throws');
  return undefined;
}

async function answerSoon(job: Job, answer: () => void): Promise<void> {
  await Promise.resolve();
  job.outcome = 'fine';
  answer();
}

async function answerAfterGate(job: Job, answer: () => void, isOver: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  job.open = resolve;
  await promise;
  if (!isOver()) {
    answer();
    if (job.outcome === 'failed') throw new Error('a handler that rejects');
    return;
  }
  // An error that is thrown here would be the agent's to report.
  try {
    expectCode('SPOP_VIEW_CLOSED', answer);
  } catch (error) {
    job.problem = error;
  }
}

/** What a job that did well has set. */
export function expectedActions({ token, word }: Job, place: number): Action[] {
  return [
    { type: 'set-var', scope: 'sess', name: `token${place}`, value: { type: 'int64', value: token } },
    { type: 'set-var', scope: 'txn', name: `word${place}`, value: { type: 'string', value: word } },
  ];
}

/** What the ACK has instead of the actions of a job that failed. */
export const FALLBACK: Action = {
  type: 'set-var',
  scope: 'res',
  name: 'fallback',
  value: { type: 'bool', value: true },
};
