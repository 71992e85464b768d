/** Recorded connections that are replayed to agents of the test. */
import type { Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import type { SessionEvent } from '../../src/cli/capture/session-file.ts';
import { ReplayedConnection, type ReplayOptions } from '../../src/cli/replayed-connection.ts';
import { ack, agentHello, haproxy, notify, parseStream, type BytesInput } from '../../src/index.ts';
import { bytesOf } from '../../src/read/parse.ts';
import { targetOf } from './peers.ts';

export const preset = haproxy('3.2');

/** Bytes that HAProxy has sent. */
export function sent(bytes: BytesInput, seconds: number = 0, connection: number = 1): SessionEvent {
  return { seconds, connection, kind: 'bytes', from: 'haproxy', bytes: bytesOf(bytes) };
}

/** Bytes that the recorded agent has sent. */
export function came(bytes: BytesInput, connection: number = 1): SessionEvent {
  return { seconds: 0, connection, kind: 'bytes', from: 'agent', bytes: bytesOf(bytes) };
}

export function asked(streamId: number, seconds?: number, connection?: number): SessionEvent {
  return sent(notify({ streamId }).message('m'), seconds, connection);
}

/** HAProxy's side of a recorded connection: its HELLO, and two NOTIFYs. */
export const EVENTS: readonly SessionEvent[] = [
  { seconds: 0, connection: 1, kind: 'open' },
  sent(preset.hello()),
  asked(1),
  asked(2),
  { seconds: 0, connection: 1, kind: 'close', from: 'haproxy' },
];

/** What an agent answers to a frame. */
export type Answer = (type: string, streamId: bigint, socket: Socket) => readonly BytesInput[];

export interface Replaying extends Partial<ReplayOptions> {
  readonly events?: readonly SessionEvent[];
  readonly timeoutMs?: number;
  /** Called when HAProxy's side ends; by default the agent's ends too. */
  readonly onEnd?: (socket: Socket) => void;
}

/** Replays {@link EVENTS} to an agent that answers each frame of HAProxy by `answer`. */
export async function replay(answer: Answer, options: Replaying = {}): Promise<ReplayedConnection> {
  const { events = EVENTS, timeoutMs = 20_000, isFast = true, signal = new AbortController().signal } = options;
  const { onEnd = (socket) => socket.end() } = options;
  const target = await targetOf((socket) => {
    socket.on('data', (chunk: Buffer) => {
      for (const { type, streamId } of parseStream(chunk).frames) {
        for (const one of answer(type, streamId, socket)) socket.write(bytesOf(one));
      }
    });
    socket.on('end', () => onEnd(socket));
  });
  const connection = new ReplayedConnection(events, { target: { ...target, timeoutMs }, isFast, signal });
  await connection.run();
  return connection;
}

/** A clock that can be set forward, until the test ends. @returns Sets it forward by milliseconds. */
export function movableClock(): (milliseconds: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  onTestFinished(() => clock.mockRestore());
  return (milliseconds) => void (ahead += milliseconds);
}

/** The answers of an agent, which keeps the names of all frames in `order`. */
export function noting(order: string[], answer: Answer): Answer {
  return (type, streamId, socket) => {
    order.push(type === 'HAPROXY-HELLO' ? type : `${type} ${streamId}`);
    return answer(type, streamId, socket);
  };
}

/** Greets, and answers each NOTIFY. */
export const greeting: Answer = (type, streamId) => (type === 'HAPROXY-HELLO' ? [agentHello()] : [ack({ streamId })]);
