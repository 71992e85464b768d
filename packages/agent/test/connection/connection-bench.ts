/** Connections of one agent over streams of the test, without the agent's servers and its clock. */
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BytesInput, haproxyHello, parseStream, type PlainFrame } from '@spop/builder';
import { onTestFinished } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import type { AgentOptions } from '../../src/index.ts';
import { Handlers } from '../../src/notify/handlers.ts';
import { EVENT_NAMES } from '../../src/observe/events.ts';
import { resolveOptions } from '../../src/options.ts';
import { Shared } from '../../src/shared.ts';

/** The agent's end of a connection. */
class AgentEnd extends Duplex {
  readonly written: Buffer[] = [];

  constructor() {
    super({ allowHalfOpen: true });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

export interface ConnectionBench {
  readonly connection: Connection;
  readonly stream: Duplex;
  /** Sends bytes to the agent in one piece, and waits until it has read and answered them. */
  readonly send: (...pieces: readonly BytesInput[]) => Promise<void>;
  /** The whole frames that the agent has written. */
  readonly frames: () => PlainFrame[];
  /** The types of these frames. */
  readonly types: () => string[];
}

export interface AgentBench {
  readonly shared: Shared;
  /** The events so far: their names, and what was told. */
  readonly events: [name: string, info: object][];
  readonly namesOfEvents: () => string[];
  /** Opens a connection. */
  readonly open: () => ConnectionBench;
  /** Opens a connection, and shakes hands. */
  readonly greet: (hello?: BytesInput) => Promise<ConnectionBench>;
}

/** An agent with the handlers that `setup` adds. `onEvent` is called as a hook for each event. */
export function openAgent(
  setup: (handlers: Handlers) => void = () => {},
  { onEvent = () => {}, ...options }: AgentOptions & { readonly onEvent?: (name: string) => void } = {},
): AgentBench {
  const events: [string, object][] = [];
  const hooks = Object.fromEntries(
    EVENT_NAMES.map((name) => [
      name,
      (info: object): void => {
        events.push([name, info]);
        onEvent(name);
      },
    ]),
  );
  const resolved = resolveOptions({ processingTimeoutMs: 30_000, ...options, hooks });
  const handlers = new Handlers(resolved);
  setup(handlers);
  const shared = new Shared(resolved, handlers);
  let count = 0;
  const open = (): ConnectionBench => {
    const stream = new AgentEnd();
    const connection = new Connection(shared, stream, ++count, undefined, () => {});
    onTestFinished(() => connection.destroy());
    const frames = (): PlainFrame[] =>
      parseStream(Buffer.concat(stream.written), { ackPadding: true, maxFrameSize: 1_048_576 }).frames;
    return {
      connection,
      stream,
      frames,
      types: () => frames().map(({ type }) => type),
      send: async (...pieces) => {
        stream.push(Buffer.concat(pieces.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece))));
        await nextTurn();
        await nextTurn();
      },
    };
  };
  return {
    shared,
    events,
    namesOfEvents: () => events.map(([name]) => name),
    open,
    greet: async (hello = haproxyHello({ capabilities: 'pipelining' })) => {
      const bench = open();
      await bench.send(hello);
      return bench;
    },
  };
}
