/** Plays the scripts of protocol cases against an agent's port and says what was wrong, or nothing. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { haproxyHello } from '../load/wire.ts';
import type { ExpectedAck, Outcome, ProtocolCase, Script } from './cases.ts';
import { type AgentFrame, describeFrame, helloFault, readAck, splitFrames } from './agent-frames.ts';

/** `undefined`: as expected. Else what came instead. */
export type Verdict = string | undefined;

const PATIENCE_MS = 1500;
const QUIET_MS = 60;

class Client {
  readonly frames: AgentFrame[] = [];
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  broken: string | undefined;
  closed = false;
  /** A read that did not end with a frame's end. */
  split = false;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const { frames, rest, broken } = splitFrames(this.#bytes);
    this.frames.push(...frames);
    this.#bytes = rest;
    this.broken ??= broken;
    this.split ||= rest.length > 0;
    this.#wake();
  }

  async write(pieces: readonly Buffer[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await sleep(2);
      if (this.closed) return;
      this.#socket.write(piece);
    }
  }

  /** Waits until `done()` or the connection is over or patience ends. */
  async until(done: () => boolean, patienceMs: number = PATIENCE_MS): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!done() && !this.closed && this.broken === undefined && Date.now() < end) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, end - Date.now());
      await promise;
      clearTimeout(timer);
    }
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Whether a fresh connection gets a right AGENT-HELLO, and which capabilities it announces. */
export async function probe(port: number): Promise<{ readonly fault: Verdict; readonly capabilities: string }> {
  const client = new Client(port);
  await client.write([haproxyHello()]);
  await client.until(() => client.frames.length > 0);
  client.destroy();
  const first = client.frames[0];
  if (first === undefined) return { fault: client.closed ? 'connection closed' : 'no answer', capabilities: '' };
  return { fault: helloFault(first, 16_380), capabilities: first.payload.toString('latin1') };
}

/** Plays a case; the first script that goes wrong decides. */
export async function playCase(port: number, test: ProtocolCase): Promise<Verdict> {
  const verdicts = await Promise.all(test.scripts.map((script) => playScript(port, script)));
  return verdicts.find((verdict) => verdict !== undefined);
}

async function playScript(port: number, script: Script): Promise<Verdict> {
  const client = new Client(port);
  try {
    return await play(client, script);
  } finally {
    client.destroy();
  }
}

async function play(client: Client, script: Script): Promise<Verdict> {
  if (script.hello !== null) {
    await client.write([script.hello ?? haproxyHello()]);
    await client.until(() => client.frames.length > 0);
    const first = client.frames.shift();
    if (first === undefined) return `HELLO: ${client.closed ? 'connection closed' : 'no answer'}`;
    if (first.type !== 101) return `HELLO: ${describeFrame(first)}`;
    client.split = false;
  }
  await client.write(script.send);
  if (script.reset) {
    client.reset();
    return undefined;
  }
  const enough = Math.max(...script.expect.map((outcome) => wanted(outcome)));
  const negative = script.expect.every((outcome) => outcome.kind === 'no-ack');
  await client.until(
    () => client.frames.length >= enough || client.frames.some((frame) => frame.type === 102),
    negative ? 200 : PATIENCE_MS,
  );
  await client.until(() => client.frames.length > enough, QUIET_MS);
  if (client.broken !== undefined) return client.broken;
  if (script.wholeFrames && client.split) return 'a frame arrived in pieces';
  const verdicts = script.expect.map((outcome) => judge(outcome, client, script));
  return verdicts.includes(undefined) ? undefined : verdicts[0];
}

function wanted(outcome: Outcome): number {
  if (outcome.kind === 'acks') return outcome.acks.length;
  return outcome.kind === 'no-ack' ? Number.MAX_SAFE_INTEGER : 1;
}

function judge(outcome: Outcome, client: Client, script: Script): Verdict {
  const { frames } = client;
  const first = frames[0];
  const nothing = client.closed ? 'connection closed without a word' : 'no answer';
  switch (outcome.kind) {
    case 'hello':
      if (first === undefined) return nothing;
      return helloFault(first, 16_380) ?? (frames.length > 1 ? `then ${describeFrame(frames[1] ?? first)}` : undefined);
    case 'no-ack':
      return frames.some((frame) => frame.type === 103) ? 'answered with an ACK' : undefined;
    case 'disconnect': {
      const last = frames.at(-1);
      if (last === undefined) return nothing;
      const extra = frames.find((frame) => frame.type !== 102);
      if (extra !== undefined) return `answered with ${describeFrame(extra)}`;
      return outcome.status.includes(last.status ?? -1) ? undefined : describeFrame(last);
    }
    case 'acks':
      return judgeAcks(outcome.acks, client, script);
    default:
      return outcome satisfies never;
  }
}

function judgeAcks(expected: readonly ExpectedAck[], client: Client, script: Script): Verdict {
  const open = new Map<string, number>();
  const key = (ack: ExpectedAck): string => `${ack.streamId}:${ack.frameId} → ${ack.score ?? 'no score'}`;
  for (const ack of expected) open.set(key(ack), (open.get(key(ack)) ?? 0) + 1);
  for (const frame of client.frames) {
    if (frame.type !== 103) return describeFrame(frame);
    const ack = readAck(frame);
    if (typeof ack === 'string') return ack;
    const left = open.get(key(ack));
    if (left === undefined || left === 0) return `unexpected ACK ${key(ack)}`;
    if (script.payload && frame.payload.length === 0) return 'the payload is empty';
    open.set(key(ack), left - 1);
  }
  const missing = expected.length - client.frames.length;
  if (missing > 0) return `${missing} of ${expected.length} ACKs missing${client.closed ? ', connection closed' : ''}`;
  return client.closed ? 'connection closed after the ACK' : undefined;
}
