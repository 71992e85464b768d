import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describeTypedData } from '../data/describe.ts';
import type { AckFrame, PlainFrame } from '../data/model.ts';
import { summarize } from '../data/summary.ts';
import { AgentConnection } from './agent-connection.ts';
import type { Case, ExpectedAck, Outcome, Script } from './case.ts';
import { isSameValue, variableAfter, type Contract } from './contract.ts';
import { disconnectFault, helloFault, statusOf } from './handshake-faults.ts';

/** Options for playing cases. */
export interface PlayOptions {
  /** Opens a new connection to the agent. */
  open(): Promise<Socket>;
  readonly contract: Contract;
  /** How long an answer may take, in milliseconds. */
  readonly patienceMs: number;
}

/** The result of one case. */
export interface Played {
  /** What was wrong; undefined if nothing was. */
  readonly fault: string | undefined;
  /** The bytes sent and received, in order. */
  readonly trace: readonly string[];
}

/** The time between a few writes, in milliseconds: enough for separate reads, even if the agent has yet to accept. */
const PAUSE_MS = 20;
/** The time between many writes, in milliseconds. */
const SHORT_PAUSE_MS = 2;
/** Up to three writes are few. */
const FEW_WRITES = 3;
/** How long no frame may follow a correct answer, in milliseconds. */
const QUIET_MS = 60;
/** How long to wait for an ACK that must not come, in milliseconds. */
const SILENCE_MS = 200;

/** Plays a case: its scripts at the same time, each on a new connection. The first fault decides. */
export async function playCase({ scripts }: Case, options: PlayOptions): Promise<Played> {
  const connections: AgentConnection[] = [];
  try {
    const all = await Promise.all(scripts.map((script) => playScript(script, options, connections)));
    return all.find(({ fault }) => fault !== undefined) ?? all[0] ?? { fault: undefined, trace: [] };
  } finally {
    // Connections without further writes stay open until all are done.
    for (const connection of connections) connection.close();
  }
}

async function playScript(script: Script, options: PlayOptions, connections: AgentConnection[]): Promise<Played> {
  let connection: AgentConnection;
  try {
    connection = new AgentConnection(await options.open());
  } catch (error) {
    return { fault: error instanceof Error ? firstLine(error.message) : String(error), trace: [] };
  }
  connections.push(connection);
  const fault = await play(connection, script, options);
  return { fault, trace: connection.trace };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

async function play(connection: AgentConnection, script: Script, options: PlayOptions): Promise<string | undefined> {
  const { patienceMs } = options;
  if (script.hello !== undefined) {
    const fault = await greet(connection, script.hello, patienceMs);
    if (fault !== undefined) return `HELLO: ${fault}`;
  }
  for (const [index, piece] of script.send.entries()) {
    if (index > 0) {
      await sleep(script.send.length > FEW_WRITES ? SHORT_PAUSE_MS : PAUSE_MS);
      // An agent in this process reads before the next timer.
      await nextTurn();
    }
    connection.write(piece);
  }
  if (script.ending === 'reset') connection.reset();
  if (script.ending === 'half-close') connection.halfClose();
  if (script.expect.length === 0) return undefined;
  await answers(connection, script, patienceMs);
  if (connection.broken !== undefined) return connection.broken;
  if (script.wholeFrames && connection.isSplit) return 'a frame arrived in pieces';
  const faults = script.expect.map((outcome) => faultOf(outcome, connection, options.contract));
  if (!faults.includes(undefined)) return faults[0];
  if (script.payload && connection.received.some(({ isEmpty }) => isEmpty)) return 'the payload of the ACK is empty';
  if (!script.closes) return undefined;
  await connection.until(() => false, patienceMs);
  return connection.isEnded ? undefined : 'the agent does not close the connection';
}

/** The handshake before the case itself. */
async function greet(connection: AgentConnection, hello: Uint8Array, patienceMs: number): Promise<string | undefined> {
  connection.write(hello);
  await connection.until(() => connection.received.length > 0, patienceMs);
  const first = connection.received.shift();
  connection.isSplit = false;
  if (first === undefined) return connection.broken ?? nothing(connection);
  return first.frame.type === 'AGENT-HELLO' ? undefined : summarize(first.frame);
}

/** Waits until an answer may be complete, and a little longer for frames that must not follow. */
async function answers(connection: AgentConnection, script: Script, patienceMs: number): Promise<void> {
  const wanted = Math.max(...script.expect.map(framesOf));
  const { received } = connection;
  const isOver = (): boolean =>
    received.length >= wanted || received.some(({ frame }) => frame.type === 'AGENT-DISCONNECT');
  const isNegative = script.expect.every(({ kind }) => kind === 'no-ack');
  await connection.until(isOver, isNegative ? Math.min(SILENCE_MS, patienceMs) : patienceMs);
  await connection.until(() => received.length > wanted, QUIET_MS);
}

function framesOf(outcome: Outcome): number {
  if (outcome.kind === 'acks') return outcome.acks.length;
  return outcome.kind === 'no-ack' || outcome.kind === 'closed' ? Number.MAX_SAFE_INTEGER : 1;
}

function nothing({ isEnded }: AgentConnection): string {
  return isEnded ? 'the connection was closed without a word' : 'no answer';
}

function faultOf(outcome: Outcome, connection: AgentConnection, contract: Contract): string | undefined {
  const frames = connection.received.map(({ frame }) => frame);
  const [first, second] = frames;
  switch (outcome.kind) {
    case 'hello':
      if (first === undefined) return nothing(connection);
      return helloFault(first, outcome.offered) ?? (second === undefined ? undefined : `then ${summarize(second)}`);
    case 'no-ack':
      return frames.some(({ type }) => type === 'ACK') ? 'an ACK' : undefined;
    case 'closed': {
      const other = frames.find(({ type }) => type !== 'AGENT-DISCONNECT');
      if (other !== undefined) return summarize(other);
      return connection.isEnded ? undefined : 'the agent does not close the connection';
    }
    case 'disconnect':
      return first === undefined ? nothing(connection) : disconnectFaultOf(frames, outcome.status);
    case 'acks':
      return ackFault(outcome.acks, frames, connection.isEnded, contract);
  }
}

function disconnectFaultOf(frames: readonly PlainFrame[], status: readonly number[]): string | undefined {
  const other = frames.find(({ type }) => type !== 'AGENT-DISCONNECT');
  const [first] = frames;
  if (other !== undefined) return summarize(other);
  if (first === undefined) return undefined;
  return disconnectFault(first) ?? (status.includes(statusOf(first) ?? -1) ? undefined : summarize(first));
}

function ackFault(
  expected: readonly ExpectedAck[],
  frames: readonly PlainFrame[],
  isEnded: boolean,
  contract: Contract,
): string | undefined {
  const open = [...expected];
  for (const frame of frames) {
    if (frame.type !== 'ACK') return summarize(frame);
    if (frame.flags % 2 !== 1) return `an ACK without FIN: ${summarize(frame)}`;
    const index = open.findIndex((ack) => isAnswer(frame, ack, contract));
    if (index < 0) return unexpected(frame, open, contract);
    open.splice(index, 1);
  }
  if (open.length > 0) {
    return `${open.length} of ${expected.length} ACKs missing${isEnded ? ', and the connection was closed' : ''}`;
  }
  return isEnded ? 'the connection was closed after the ACK' : undefined;
}

function isAnswer(frame: AckFrame, { streamId, frameId, value }: ExpectedAck, { answers }: Contract): boolean {
  if (frame.streamId !== streamId || frame.frameId !== frameId) return false;
  return (
    value === undefined || answers === undefined || isSameValue(variableAfter(frame.actions, answers.variable), value)
  );
}

function unexpected(frame: AckFrame, open: readonly ExpectedAck[], { answers }: Contract): string {
  const same = open.find(({ streamId, frameId }) => streamId === frame.streamId && frameId === frame.frameId);
  if (same?.value === undefined || answers === undefined) return `an ACK without a NOTIFY: ${summarize(frame)}`;
  const found = describeTypedData(variableAfter(frame.actions, answers.variable));
  return `expected ${describeTypedData(same.value)} in the variable ${answers.variable}; found ${found}`;
}
