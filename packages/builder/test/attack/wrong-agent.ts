/** A small agent that passes the suite except for one chosen fault. */
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpopError } from '@spop/codec';
import {
  ack,
  agentDisconnect,
  agentHello,
  frame,
  parseFrame,
  type FrameBuilder,
  type KvFrame,
  type NotifyFrame,
  type PlainFrame,
  type TypedData,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { answerTo, type Fault, helloStatus, isRefused, OFFERED } from './wrong-answers.ts';

/** The common state of all connections of an agent. */
interface Shared {
  readonly fault: Fault;
  connections: number;
  isDead: boolean;
  readonly lastWith: Map<bigint, Connection>;
}

/** Listens on a free port of 127.0.0.1. @returns its port, and a function that stops it. */
export async function wrongAgent(fault: Fault): Promise<{ port: number; stop(): Promise<void> }> {
  const shared: Shared = { fault, connections: 0, isDead: false, lastWith: new Map() };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    shared.connections++;
    socket.on('close', () => {
      sockets.delete(socket);
      shared.connections--;
    });
    new Connection(socket, shared).start();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

class Connection {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly #fault: Fault;
  #bytes: Uint8Array = new Uint8Array(0);
  #state: 'new' | 'open' | 'over' = 'new';
  #limit = OFFERED;
  #fragments: { readonly streamId: bigint; readonly frameId: bigint; payload: Uint8Array } | undefined;
  #isBusy = false;
  readonly #seen = new Set<string>();

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.#fault = shared.fault;
  }

  /** Starts reading from its peer. */
  start(): void {
    const [socket, shared] = [this.#socket, this.#shared];
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('error', () => {
      if (this.#fault === 'stops-after-a-reset') shared.isDead = true;
      socket.destroy();
    });
    socket.on('end', () => {
      if (this.#fault !== 'ignores-half-close') socket.end();
    });
  }

  #take(chunk: Uint8Array): void {
    if (this.#shared.isDead || (this.#fault === 'ten-connections' && this.#shared.connections > 10)) return;
    this.#bytes = concat([this.#bytes, chunk]);
    while (this.#state !== 'over' || this.#fault === 'answers-after-disconnect') {
      if (this.#bytes.length < 4) break;
      const length = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(0);
      if (length < 7) return this.#refuse(4);
      if (length > this.#limit && this.#fault !== 'no-limit') return this.#refuse(3);
      if (this.#bytes.length < length + 4) break;
      const whole = this.#bytes.slice(0, length + 4);
      this.#bytes = this.#bytes.slice(length + 4);
      this.#read(whole);
    }
    if (this.#fault === 'drops-split-frames') this.#bytes = new Uint8Array(0);
  }

  #read(bytes: Uint8Array): void {
    try {
      this.#receive(parseFrame(bytes, { maxFrameSize: 0xffffffff }));
    } catch (error) {
      if (!(error instanceof SpopError)) throw error;
      if (this.#fault === 'acks-malformed') this.#send(ack());
      else this.#refuse(4);
    }
  }

  #receive(received: PlainFrame): void {
    const { streamId, frameId } = received;
    if (this.#fault === 'acks-every-frame' && this.#state !== 'new') return this.#send(ack({ streamId, frameId }));
    if (received.type === 'HAPROXY-DISCONNECT') return this.#leave();
    if (received.type === 'HAPROXY-HELLO' && (this.#state === 'new' || this.#fault === 'hello-twice')) {
      return this.#greet(received);
    }
    if (this.#state === 'new') return this.#refuse(4);
    if (received.type === 'NOTIFY') return this.#notify(received);
    if (received.type === 'NOTIFY-FRAGMENT' || received.type === 'UNSET') return this.#join(received);
    if (received.type !== 'UNKNOWN') return this.#refuse(4);
    if (this.#fault === 'unknown-frames-close') this.#socket.end();
  }

  #greet(hello: KvFrame): void {
    const fault = this.#fault;
    const status = helloStatus(hello, fault);
    if (status !== undefined) return this.#refuse(status);
    const item = (name: string): TypedData | undefined => hello.items.find((one) => one.name === name)?.value;
    const size = item('max-frame-size');
    const offered = size?.type === 'uint32' ? size.value : OFFERED;
    const isCheck = item('healthcheck');
    const isHealthCheck = isCheck?.type === 'bool' && (isCheck.value || fault === 'true-health-check');
    const agreed = Math.min(OFFERED, offered);
    if (fault !== 'one-limit') this.#limit = fault === 'small-limit' ? Math.min(200, agreed) : agreed;
    const flags = fault === 'flags-0' ? 0 : 1;
    const maxFrameSize = fault === 'announces-own-size' ? OFFERED : agreed;
    this.#send(agentHello({ flags, maxFrameSize, capabilities: 'pipelining,fragmentation' }));
    this.#state = 'open';
    if (!isHealthCheck) return;
    if (fault === 'speaks-after-health-check') this.#send(agentDisconnect());
    this.#state = 'over';
    this.#socket.end();
  }

  #join(part: Extract<PlainFrame, { type: 'NOTIFY-FRAGMENT' | 'UNSET' }>): void {
    const fault = this.#fault;
    const { streamId, frameId, payload, flags } = part;
    if (fault === 'ignores-fragments') return;
    if (fault === 'acks-unfinished') return this.#send(ack({ streamId, frameId }));
    if (part.type === 'NOTIFY-FRAGMENT') {
      this.#fragments = { streamId, frameId, payload };
      return;
    }
    const begun = this.#fragments;
    if (begun === undefined) return this.#refuse(12);
    const isSame = begun.streamId === streamId && begun.frameId === frameId;
    if (!isSame && fault !== 'ignores-ids-of-fragments') return this.#refuse(11);
    begun.payload = concat([begun.payload, payload]);
    if (flags % 2 === 0) return;
    this.#fragments = undefined;
    if (flags % 4 === 3 && fault !== 'forgets-abort') return;
    this.#read(frame(3, { streamId: begun.streamId, frameId: begun.frameId }, begun.payload).toBytes());
  }

  #notify(received: NotifyFrame): void {
    const fault = this.#fault;
    const ids = `${received.streamId}:${received.frameId}`;
    if (fault === 'one-answer-for-ids' && (this.#seen.has(ids) || this.#shared.lastWith.has(received.streamId))) return;
    this.#seen.add(ids);
    if (fault === 'one-answer-for-ids') this.#shared.lastWith.set(received.streamId, this);
    if (fault === 'serial') {
      if (this.#isBusy) return;
      this.#isBusy = true;
      setTimeout(() => (this.#isBusy = false), 60);
    }
    if (isRefused(received, fault)) return this.#refuse(4);
    const answer = answerTo(received, fault);
    if (answer !== undefined) this.#send(answer);
  }

  #leave(): void {
    if (this.#fault === 'ignores-disconnect') return;
    this.#send(agentDisconnect({ statusCode: this.#fault === 'status-99' ? 99 : 0, message: 'bye' }));
    this.#end();
  }

  #refuse(statusCode: number): void {
    if (this.#fault === 'ignores-errors') {
      this.#bytes = new Uint8Array(0);
      return;
    }
    if (this.#fault !== 'closes-without-a-word')
      this.#send(agentDisconnect({ statusCode: this.#fault === 'status-99' ? 99 : statusCode }));
    this.#end();
  }

  #end(): void {
    this.#state = 'over';
    if (this.#fault !== 'never-closes' && this.#fault !== 'answers-after-disconnect') this.#socket.end();
  }

  #send(answer: FrameBuilder): void {
    const bytes = answer.toBytes();
    if (this.#fault !== 'wrong-pieces') {
      this.#socket.write(bytes);
      return;
    }
    this.#socket.write(bytes.subarray(0, 11));
    void sleep(10).then(() => this.#socket.write(bytes.subarray(11)));
  }
}
