import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AckFrame } from '../../data/model.ts';
import type { Session, SessionEvent } from '../capture/session-file.ts';
import { type Call, type Command, disconnectCode, ExitCode } from '../command.ts';
import { compareAcks } from '../compared-acks.ts';
import { latencyShares, latencyText } from '../latency.ts';
import type { Output } from '../output.ts';
import { framesOf, ReplayedConnection } from '../replayed-connection.ts';
import { sessionIn } from '../session-input.ts';
import { parseTarget, readInput, STDIN, targetOptions, type AgentTarget } from '../target.ts';
import { UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

/** The most differences that are printed. */
const MAX_PRINTED = 20;
/** The most connections that are open at once with --fast. */
const CONNECTIONS_AT_ONCE = 20;

/** Sends a recording to an agent again. */
export const command: Command = {
  usage: 'replay FILE TARGET [options]',
  about: `Sends HAProxy's bytes of a session file (see "spop record") to an agent, and compares the ACKs with the recorded ones. The exit code is 0 if all are the same, and 1 if one is different or missing. Connections and NOTIFYs are sent at their recorded times, but not before the agent's HELLO, and at most 20 NOTIFYs are in flight on a connection.
Of a redacted session only the names and types of the variables are compared: with other addresses and texts, the agent may answer with other values.`,
  options: {
    fast: { about: 'do not wait for the recorded times, only for answers' },
    json: { about: 'a line of JSON for each difference, and one for the whole' },
    ...targetOptions,
  },
  completes: 'files',
  examples: [
    ['spop replay session.txt 127.0.0.1:9000', 'does the new agent answer as the old one did?'],
    ['spop replay session.txt 127.0.0.1:9000 --fast', 'and how fast?'],
  ],
  async run({ args, output }: Call): Promise<number> {
    const [file, address] = expectWords(args.words, 2, command.usage);
    if (file === undefined) throw new UsageError('expected a session file; found none', `usage: spop ${command.usage}`);
    const bytes = readInput(file === '-' ? STDIN : file, `the file ${JSON.stringify(file)}`);
    const session = sessionIn(bytes, file);
    const target = parseTarget(address, args);
    return replay(session, { target, isFast: args.has('fast') }, output);
  },
};

interface Replayed {
  readonly number: number;
  readonly events: readonly SessionEvent[];
  readonly connection: ReplayedConnection;
}

/** Replays all connections at their times, or 20 at once. If one cannot be opened, it gives up the others. */
async function replayAll(
  byConnection: ReadonlyMap<number, readonly SessionEvent[]>,
  { target, isFast }: { readonly target: AgentTarget; readonly isFast: boolean },
): Promise<Replayed[]> {
  const giveUp = new AbortController();
  // The signal has one listener for each connection.
  setMaxListeners(0, giveUp.signal);
  const waiting = [...byConnection];
  const replayed: Replayed[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [number, events] = next;
      const connection = new ReplayedConnection(events, { target, isFast, signal: giveUp.signal });
      replayed.push({ number, events, connection });
      if (!isFast) await sleep((events[0]?.seconds ?? 0) * 1000, undefined, { signal: giveUp.signal });
      await connection.run();
    }
  };
  const lanes = Array.from({ length: isFast ? CONNECTIONS_AT_ONCE : waiting.length }, async () => {
    try {
      await lane();
    } catch (error) {
      if (!giveUp.signal.aborted) giveUp.abort(error);
    }
  });
  await Promise.all(lanes);
  giveUp.signal.throwIfAborted();
  return replayed.toSorted((a, b) => a.number - b.number);
}

async function replay(
  session: Session,
  options: { readonly target: AgentTarget; readonly isFast: boolean },
  output: Output,
): Promise<number> {
  const byConnection = Map.groupBy(session.events, ({ connection }) => connection);
  const start = performance.now();
  const pairs = await replayAll(byConnection, options);
  const seconds = (performance.now() - start) / 1000;
  let [same, different, missing, added, shown] = [0, 0, 0, 0, 0];
  for (const { number, events, connection } of pairs) {
    const result = compareAcks(recordedAcks(events), connection.acks, session.isRedacted);
    same += result.same;
    added += result.added;
    for (const { notify, recorded, replayed } of result.differences) {
      if (replayed === undefined) missing++;
      else different++;
      output.json({ connection: number, notify, recorded, replayed });
      if (shown++ >= MAX_PRINTED) continue;
      output.print(
        `connection ${number}, NOTIFY ${notify}:\n  recorded  ${recorded}\n  now       ${replayed ?? 'no ACK'}`,
      );
    }
    if (connection.failure !== undefined) output.warn(`connection ${number}: ${connection.failure}`);
  }
  if (shown > MAX_PRINTED) output.print(`${shown - MAX_PRINTED} more are different or missing`);
  const latencies = Float64Array.from(pairs.flatMap(({ connection }) => connection.latencies));
  output.print(
    `${same} ACKs are the same, ${different} different, ${missing} missing, ${added} added; ${pairs.length} ${pairs.length === 1 ? 'connection' : 'connections'} in ${seconds.toFixed(2)} s`,
  );
  const milliseconds = latencies.length === 0 ? undefined : latencyShares(latencies);
  if (milliseconds !== undefined) output.print(latencyText(milliseconds));
  output.json({ same, different, missing, added, connections: pairs.length, seconds, milliseconds });
  const status = pairs.map(unexpectedStatus).find((found) => found !== undefined);
  if (status !== undefined) return disconnectCode(status);
  return different + missing + added === 0 ? ExitCode.Good : ExitCode.Negative;
}

function recordedAcks(events: readonly SessionEvent[]): AckFrame[] {
  return framesOfAgent(events).flatMap((frame) => (frame.type === 'ACK' ? [frame] : []));
}

function framesOfAgent(events: readonly SessionEvent[]): ReturnType<typeof framesOf> {
  return events.flatMap((event) => (event.kind === 'bytes' && event.from === 'agent' ? framesOf(event) : []));
}

/** The status of a DISCONNECT that was not recorded; 0 is a normal end. */
function unexpectedStatus({
  events,
  connection: { status },
}: {
  events: readonly SessionEvent[];
  connection: ReplayedConnection;
}): number | undefined {
  if (status === undefined || status === 0) return undefined;
  if (framesOfAgent(events).some(({ type }) => type === 'AGENT-DISCONNECT')) return undefined;
  return status;
}
