import { setTimeout as sleep } from 'node:timers/promises';
import { Key } from '@spop/codec';
import { splitList } from '../data/haproxy-line.ts';
import { AgentConnection, hexOf } from './agent-connection.ts';
import { type Case, type Need, outcomeText } from './case.ts';
import { helloFault } from './handshake-faults.ts';
import { playCase, type PlayOptions } from './play.ts';
import { HELLO, OFFERED, Vocabulary } from './vocabulary.ts';

/** The verdict on one case. */
export interface Verdict {
  readonly case: Case;
  readonly result: 'pass' | 'fail' | 'skip';
  /** What was wrong, or why the case was skipped. */
  readonly detail: string | undefined;
  readonly milliseconds: number;
  /** The bytes sent and received on the first connection that failed. */
  readonly trace: readonly string[];
}

/** Options for running a suite. */
export interface RunOptions extends PlayOptions {
  /** The number of cases at a time. */
  readonly concurrency: number;
  /** Called with each verdict, in the order of the cases. */
  onVerdict?(verdict: Verdict): void;
}

/** The result of probing an agent. */
export interface Probed {
  /** Why its answer is not an AGENT-HELLO that HAProxy would take. */
  readonly fault: string | undefined;
  readonly capabilities: readonly string[];
  readonly maxFrameSize: number;
  /** Whether it answers the contract's message; if not, the suite cannot check that it still does after a case. */
  readonly isAnswering: boolean;
}

/** The time that an agent gets after a reset or a malformed frame, in milliseconds. */
const RECOVERY_MS = 20;

/** Makes a handshake with an agent, and asks it once. @throws what `open` throws. */
export async function probe(options: PlayOptions): Promise<Probed> {
  const connection = new AgentConnection(await options.open());
  try {
    connection.write(HELLO);
    await connection.until(() => connection.received.length > 0, options.patienceMs);
    const frame = connection.received[0]?.frame;
    const silence = connection.broken ?? (connection.isEnded ? 'the connection was closed' : 'no answer');
    const fault = frame === undefined ? silence : helloFault(frame, OFFERED);
    const items = frame?.type === 'AGENT-HELLO' ? frame.items : [];
    const capabilities = items.find(({ name }) => name === Key.Capabilities)?.value;
    const size = items.find(({ name }) => name === Key.MaxFrameSize)?.value;
    return {
      fault,
      capabilities: capabilities?.type === 'string' ? splitList(capabilities.value) : [],
      maxFrameSize: size !== undefined && 'value' in size ? Number(size.value) : 0,
      isAnswering: fault === undefined && (await askOnce(options)) === undefined,
    };
  } finally {
    connection.close();
  }
}

/** Plays cases, `concurrency` at a time. @returns The verdicts in the order of the cases. @throws what the first `open` throws. */
export async function runCases(cases: readonly Case[], options: RunOptions): Promise<Verdict[]> {
  const probed = await probe(options);
  const verdicts: (Verdict | undefined)[] = cases.map(() => undefined);
  let [next, told] = [0, 0];
  const work = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) {
      const test = cases[index];
      if (test !== undefined) verdicts[index] = await judgeCase(test, probed, options);
      for (let verdict = verdicts[told]; verdict !== undefined; verdict = verdicts[++told])
        options.onVerdict?.(verdict);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return verdicts.filter((verdict) => verdict !== undefined);
}

/** Plays one case, and then asks on another connection, which the case must not have affected. */
export async function judgeCase(test: Case, probed: Probed, options: PlayOptions): Promise<Verdict> {
  const why = test.needs === undefined ? undefined : missing(test.needs, probed, options);
  if (why !== undefined) return { case: test, result: 'skip', detail: why, milliseconds: 0, trace: [] };
  const start = performance.now();
  const { fault, trace } = await playCase(test, options);
  const detail = fault ?? (probed.isAnswering ? await othersSuffer(test, options) : undefined);
  const milliseconds = Math.round(performance.now() - start);
  return { case: test, result: detail === undefined ? 'pass' : 'fail', detail, milliseconds, trace };
}

/** Why a case is skipped for an agent without a feature. An agent without an AGENT-HELLO gets all cases. */
function missing(
  need: Need,
  { fault, capabilities, maxFrameSize }: Probed,
  { contract }: PlayOptions,
): string | undefined {
  if (need === 'echo') return contract.answers?.isEcho === true ? undefined : 'no message echoes its argument';
  if (fault !== undefined) return undefined;
  if (need === 'pipelining') {
    return capabilities.includes('pipelining') ? undefined : 'the agent does not announce pipelining';
  }
  return maxFrameSize >= OFFERED ? undefined : `the agent announces a max-frame-size of ${maxFrameSize}`;
}

/** Whether other connections are still answered after a case. */
async function othersSuffer(after: Case, options: PlayOptions): Promise<string | undefined> {
  if (after.class === 'hygiene') await sleep(RECOVERY_MS);
  const fault = await askOnce(options);
  return fault === undefined ? undefined : `other connections suffered: ${fault}`;
}

/** Asks the agent on a new connection. @returns What came instead of its ACK; undefined for the ACK. */
async function askOnce(options: PlayOptions): Promise<string | undefined> {
  const words = new Vocabulary(options.contract);
  const acks = [words.ack(5)];
  const source = { send: [words.notify(5)], expect: [{ kind: 'acks', acks } as const] };
  return (await playCase(words.one('must', '3.2.6/others', '', '', source), options)).fault;
}

/** The bytes that a case sends, and its correct outcomes, for people. */
export function caseText({ scripts }: Case): string[] {
  const [first] = scripts;
  if (first === undefined) return [];
  const last = scripts.at(-1);
  const shown = last === undefined || scripts.length === 1 ? [first] : [first, last];
  const more = scripts.length > 2 ? [`(${scripts.length} connections at once; the first and the last are shown)`] : [];
  const lines = shown.flatMap(({ hello, send, ending, expect }) => [
    ...(hello === undefined ? [] : [`hello   ${hexOf(hello)}`]),
    ...send.slice(0, 20).map((piece) => `send    ${hexOf(piece)}`),
    ...(send.length > 20 ? [`        (${send.length - 20} more writes)`] : []),
    ...(ending === undefined ? [] : [`then    ${ending}`]),
    ...expect.map((outcome, index) => `${index === 0 ? 'expect ' : '    or '} ${outcomeText(outcome)}`),
  ]);
  return [...more, ...lines];
}
