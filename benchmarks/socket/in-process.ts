import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { createAgent, type MessageHandler } from '@spop/agent';
import { address, type Actions, defineMessage, defineVariable, int32 } from '@spop/codec';
import { hello, tiny } from '../codec/frames.ts';

/** HAProxy has at most 20 NOTIFYs in flight on a connection. */
const WINDOW = 20;

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

/** Handlers await this. */
const settled: Promise<void> = Promise.resolve();

type Handler = MessageHandler<typeof checkClientIp>;

function score(message: { readonly ip: { byteAt(index: number): number } }, ack: Actions): void {
  ack.set(ipScore, message.ip.byteAt(3));
}

/** A function that is not `async`, and returned a promise the first time. */
function atOnce(): Handler {
  let isFirst = true;
  return (message, ack) => {
    if (!isFirst) return score(message, ack);
    isFirst = false;
    return Promise.resolve().then(() => score(message, ack));
  };
}

/** The kinds of handlers. */
export const handlers = {
  sync: () => score,
  async: () => async (message, ack) => {
    await settled;
    score(message, ack);
  },
  'at once': atOnce,
  signal:
    () =>
    async (message, ack, { signal }) => {
      await settled;
      if (!signal.aborted) score(message, ack);
    },
} as const satisfies Record<string, () => Handler>;

/** The agent's end of a stream in memory: NOTIFYs come by `push`, and the bytes that the agent writes are counted. */
class Wire extends Duplex {
  #received = 0;
  #wanted = Infinity;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#received += chunk.length;
    callback();
    if (this.#wanted === Infinity || this.#received === this.#wanted) this.emit('answered', this.#received);
  }

  /** Sends frames and waits for `wanted` bytes, or for any number of them; returns their number. */
  async ask(frames: Buffer, wanted: number = Infinity): Promise<number> {
    this.#received = 0;
    this.#wanted = wanted;
    const answered = once(this, 'answered') as Promise<[number]>;
    this.push(frames);
    const [received] = await answered;
    return received;
  }
}

/** An agent whose peer is in the same process: 20 tiny NOTIFYs come at once, and the next 20 when these are answered. */
export async function inProcess(kind: keyof typeof handlers): Promise<(count: number) => Promise<void>> {
  const agent = createAgent();
  agent.onMessage(checkClientIp, handlers[kind]());
  const wire = new Wire();
  agent.handle(wire);
  await wire.ask(hello);
  const ackLength = await wire.ask(tiny);
  const frames = Buffer.concat(Array.from({ length: WINDOW }, () => tiny));
  return async (count) => {
    for (let left = count; left > 0; left -= WINDOW) {
      const inFlight = Math.min(left, WINDOW);
      await wire.ask(frames.subarray(0, inFlight * tiny.length), inFlight * ackLength);
    }
  };
}
