import type { AckFrame, Action } from '../data/model.ts';
import { summarizeAction } from '../data/summary.ts';
import { toHex } from '../data/text.ts';
import { oneLine } from './output.ts';
import { idsOf } from './replayed-connection.ts';

/** An answer that differs from the recorded one. */
export interface Difference {
  /** Stream-id and frame-id. */
  readonly notify: string;
  readonly recorded: string;
  /** The new answer; undefined if none came. */
  readonly replayed: string | undefined;
}

/** The comparison of the ACKs of one connection. */
export interface Comparison {
  readonly same: number;
  readonly differences: readonly Difference[];
  /** ACKs that were not recorded. */
  readonly added: number;
}

/** Compares ACKs by the ids of their NOTIFYs, in any order. With `shapeOnly` values only need to have the same type. */
export function compareAcks(
  recorded: readonly AckFrame[],
  replayed: readonly AckFrame[],
  shapeOnly: boolean,
): Comparison {
  const answers = new Map<string, AckFrame[]>();
  for (const ack of replayed) answers.set(idsOf(ack), [...(answers.get(idsOf(ack)) ?? []), ack]);
  let same = 0;
  const differences: Difference[] = [];
  for (const ack of recorded) {
    const answer = answers.get(idsOf(ack))?.shift();
    if (answer !== undefined && fingerprint(ack, shapeOnly) === fingerprint(answer, shapeOnly)) same++;
    else {
      differences.push({
        notify: idsOf(ack),
        recorded: actionsText(ack.actions),
        replayed: answer === undefined ? undefined : actionsText(answer.actions),
      });
    }
  }
  return {
    same,
    differences,
    added: replayed.length - same - differences.filter(({ replayed }) => replayed !== undefined).length,
  };
}

function fingerprint({ actions }: AckFrame, shapeOnly: boolean): string {
  return JSON.stringify(actions, (key, value: unknown) => {
    if (shapeOnly && key === 'value' && typeof value !== 'object') return undefined;
    if (value instanceof Uint8Array) return shapeOnly ? undefined : toHex(value);
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}

function actionsText(actions: readonly Action[]): string {
  return actions.length === 0 ? 'no actions' : oneLine(actions.map(summarizeAction).join('; '));
}
