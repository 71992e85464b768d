import type { Duplex } from 'node:stream';
import { connect, type PlainFrame, type ScriptedHaproxy, type StreamHandler } from '@spop/builder';
import { expectSame } from './plain-frames.ts';

/** The longest delay of a timer: steps of these HAProxys have no deadline. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

/** Connects a scripted HAProxy to the agent, which finds the bytes of each chunk overwritten once it has returned. */
export function connectTo(agent: StreamHandler): Promise<ScriptedHaproxy> {
  const handle = (stream: Duplex): void => {
    // A socket reads into the same memory again.
    stream.on('data', (chunk: Buffer) => process.nextTick(() => chunk.fill(0x08)));
    agent.handle(stream);
  };
  return connect({ handle }, { strict: false, timeoutMs: NO_DEADLINE_MS });
}

/** Sends the bytes in pieces whose sizes start over at the end; without sizes at once. */
export function sendPieces(haproxy: ScriptedHaproxy, bytes: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = at + Math.max(1, sizes[index % sizes.length] ?? bytes.length);
    haproxy.send(bytes.subarray(at, end));
    at = end;
  }
}

/** Fails if the agent broke a rule of the protocol: a frame that is wrong, out of order, or an ACK that nobody asked for. */
export function expectNoViolation({ violations }: ScriptedHaproxy): void {
  // After a second HAPROXY-HELLO the answer to the first is judged by it. The target `handshake` states this rule.
  const broken = violations.filter(({ rule, severity }) => severity === 'error' && rule !== 'max-frame-size-range');
  expectSame(broken, []);
}

/** The ids of a frame as text. */
export function idsOf({ streamId, frameId }: PlainFrame): string {
  return `${streamId}:${frameId}`;
}
