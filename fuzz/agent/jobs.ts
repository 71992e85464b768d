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

/** How a handler behaves: at once, when its gate is opened, in the next turn, or never. */
export type Mode = 'sync' | 'throw' | 'huge' | 'tick' | 'gate' | 'gate-then-throw' | 'never';
export const MODES: readonly Mode[] = ['sync', 'throw', 'huge', 'tick', 'gate', 'gate-then-throw', 'never'];

export const work = defineMessage('work', { mode: interned(string), token: int64, word: string, place: uint32 });
export const other = defineMessage('other', { word: string, place: uint32, token: int64, mode: interned(string) });
export const MAX_PLACES = 4;
const tokens = Array.from({ length: MAX_PLACES }, (_, place) => defineVariable('sess', `token${place}`, int64));
const words = Array.from({ length: MAX_PLACES }, (_, place) => defineVariable('txn', `word${place}`, string));
const hugeText = defineVariable('req', 'huge', string);
export const fellBack = defineVariable('res', 'fallback', bool);

/** One message of a NOTIFY, and what its handler was seen to do. */
export interface Job {
  readonly token: bigint;
  readonly mode: Mode;
  readonly word: string;
  readonly name: 'work' | 'other';
  isStarted: boolean;
  /** Resolves what the handler waits for. */
  open: ((isFine: boolean) => void) | undefined;
  outcome: 'fine' | 'failed' | undefined;
}

/** What a test gives for one message. */
export interface JobInput {
  readonly mode: Mode;
  readonly word: string;
  readonly name: 'work' | 'other';
}

/** Either message, as its handler gets it. */
export interface HandledMessage {
  readonly mode: string;
  readonly token: IntegerValue;
  readonly word: StringValue;
  readonly place: number;
}

/**
 * Answers one message as its job says. A handler whose gate opens after the NOTIFY is over must find its views closed;
 * what it finds instead goes to `problems`.
 */
export function answerJob(
  job: Job,
  message: HandledMessage,
  ack: Actions,
  isOver: () => boolean,
  problems: unknown[],
): Promise<void> | undefined {
  // Views are held, as handlers do, and read when the answer is written.
  const { word, place } = message;
  const held = message.token;
  const answer = (): void => {
    ack.set(tokens[place]!, held.toBigInt()).set(words[place]!, word);
  };
  switch (job.mode) {
    case 'sync':
      job.outcome = 'fine';
      answer();
      return undefined;
    case 'throw':
      job.outcome = 'failed';
      answer();
      throw new Error('a handler that throws');
    case 'huge':
      job.outcome = 'failed';
      ack.set(hugeText, 'x'.repeat(70_000));
      return undefined;
    case 'tick':
      return soon(() => {
        job.outcome = 'fine';
        answer();
      });
    case 'never':
      return new Promise(() => undefined);
    default: {
      const gate = Promise.withResolvers<boolean>();
      job.open = gate.resolve;
      return answerAfter(gate.promise, job, isOver, answer, problems);
    }
  }
}

async function answerAfter(
  gate: Promise<boolean>,
  job: Job,
  isOver: () => boolean,
  answer: () => void,
  problems: unknown[],
): Promise<void> {
  const isFine = await gate;
  // Too late: the exchange is over, and its views must say so instead of showing another request.
  if (isOver()) {
    try {
      expectLate(answer);
    } catch (error) {
      problems.push(error);
    }
    return;
  }
  answer();
  if (job.outcome === 'failed' || !isFine) throw new Error('a handler that rejects');
}

async function soon(answer: () => void): Promise<void> {
  await Promise.resolve();
  answer();
}

function expectLate(answer: () => void): void {
  try {
    answer();
  } catch (error) {
    if (error instanceof Error && error.message.includes('SPOP_VIEW_CLOSED')) return;
    throw error;
  }
  throw new Error('a handler that was too late could still answer');
}

/** What a job that did well has set. */
export function expectedActions({ token, word }: Job, place: number): Action[] {
  return [
    { type: 'set-var', scope: 'sess', name: `token${place}`, value: { type: 'int64', value: token } },
    { type: 'set-var', scope: 'txn', name: `word${place}`, value: { type: 'string', value: word } },
  ];
}

/** What stands in the place of a job that did not. */
export const FALLBACK: Action = {
  type: 'set-var',
  scope: 'res',
  name: 'fallback',
  value: { type: 'bool', value: true },
};
