import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { FrameFlag, HAPROXY_MAX_IN_FLIGHT } from '@spop/codec';
import type { AckFrame, PlainFrame } from '../data/model.ts';
import { splitList } from '../data/haproxy-line.ts';
import { FrameStream } from './capture/frame-stream.ts';
import type { SessionEvent } from './capture/session-file.ts';
import { openSocket, type AgentTarget } from './target.ts';

/** How long an agent may take to end a connection after the recorded side did, in milliseconds. */
const GOODBYE_MS = 500;

/** The frames in the bytes of one event; none for malformed bytes. */
export function framesOf(event: SessionEvent): PlainFrame[] {
  if (event.kind !== 'bytes') return [];
  return new FrameStream().push(event.bytes).flatMap(({ frame }) => (frame === undefined ? [] : [frame]));
}

/** Options for replaying a connection. */
export interface ReplayOptions {
  readonly target: AgentTarget;
  /** Whether to wait for answers only, and not for the recorded times. */
  readonly isFast: boolean;
  /** Ends the connection early. */
  readonly signal: AbortSignal;
}

/** Sends HAProxy's bytes of one recorded connection, and collects the agent's answers. */
export class ReplayedConnection {
  /** ACKs in the order in which they came. */
  readonly acks: AckFrame[] = [];
  /** The time from each NOTIFY to its ACK, in milliseconds. */
  readonly latencies: number[] = [];
  /** The status of the AGENT-DISCONNECT. */
  status: number | undefined;
  /** What ended the connection before all bytes were sent. */
  failure: string | undefined;
  readonly #options: ReplayOptions;
  readonly #events: readonly SessionEvent[];
  readonly #asked: Map<string, number> = new Map();
  #inFlight: number = 0;
  #limit: number = 1;
  #isGreeted: boolean = false;
  #isClosed: boolean = false;
  #wake: () => void = () => undefined;

  /** @param events The events of one connection. */
  constructor(events: readonly SessionEvent[], options: ReplayOptions) {
    this.#events = events;
    this.#options = options;
  }

  /** Resolves when all NOTIFYs are sent and answered, or the target's time is over. @throws {PeerFailure} when no agent listens. */
  async run(): Promise<void> {
    const socket = await openSocket(this.#options.target);
    this.#listen(socket);
    this.#options.signal.addEventListener('abort', () => socket.destroy());
    const start = performance.now();
    const began = this.#events[0]?.seconds ?? 0;
    for (const event of this.#events) {
      if (event.kind !== 'bytes' || event.from !== 'haproxy') continue;
      const pause = this.#options.isFast ? 0 : (event.seconds - began) * 1000 - (performance.now() - start);
      if (pause > 1) await sleep(pause, undefined, { signal: this.#options.signal });
      if (!(await this.#mayFollow(event))) break;
      this.#note(event);
      socket.write(event.bytes);
    }
    await this.#until(() => this.#inFlight === 0);
    socket.end();
    await this.#until(() => this.#isClosed, GOODBYE_MS);
    socket.destroy();
  }

  #listen(socket: Socket): void {
    const stream = new FrameStream();
    socket.on('data', (chunk: Buffer) => {
      for (const { frame, error } of stream.push(new Uint8Array(chunk))) {
        if (frame !== undefined) this.#take(frame);
        if (error !== undefined) this.failure ??= `the agent sent a wrong frame: ${error.message}`;
      }
      this.#wake();
    });
    const closed = (): void => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on('end', closed);
    socket.on('close', closed);
    socket.on('error', (error) => {
      if (this.#inFlight > 0) this.failure ??= `the connection broke: ${error.message}`;
      closed();
    });
  }

  #take(frame: PlainFrame): void {
    if (frame.type === 'AGENT-HELLO') {
      const value = frame.items.find(({ name }) => name === 'capabilities')?.value;
      const capabilities = value?.type === 'string' ? splitList(value.value) : [];
      this.#limit = capabilities.includes('pipelining') ? HAPROXY_MAX_IN_FLIGHT : 1;
      this.#isGreeted = true;
    } else if (frame.type === 'AGENT-DISCONNECT') {
      const value = frame.items.find(({ name }) => name === 'status-code')?.value;
      this.status = value !== undefined && 'value' in value ? Number(value.value) : Number.NaN;
    } else if (frame.type === 'ACK') {
      this.acks.push(frame);
      const start = this.#asked.get(idsOf(frame));
      if (start === undefined) return;
      this.latencies.push(performance.now() - start);
      this.#asked.delete(idsOf(frame));
      this.#inFlight--;
    }
  }

  /** Waits as HAProxy does: for the AGENT-HELLO, and for room for another NOTIFY. */
  #mayFollow(event: SessionEvent): Promise<boolean> {
    const type = framesOf(event)[0]?.type;
    if (type === 'HAPROXY-HELLO' || type === undefined) return Promise.resolve(!this.#isClosed);
    if (type === 'HAPROXY-DISCONNECT') return this.#until(() => this.#inFlight === 0 || !this.#options.isFast);
    const isBegun = type === 'UNSET';
    return this.#until(() => this.#isGreeted && (isBegun || this.#inFlight < this.#limit));
  }

  #note(event: SessionEvent): void {
    for (const frame of framesOf(event)) {
      const isWhole = frame.type === 'NOTIFY' || (frame.type === 'UNSET' && frame.flags === FrameFlag.Fin);
      if (!isWhole) continue;
      this.#asked.set(idsOf(frame), performance.now());
      this.#inFlight++;
    }
  }

  /** @returns Whether `isSo` holds within the time, and before the connection has closed. */
  async #until(isSo: () => boolean, timeoutMs: number = this.#options.target.timeoutMs): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!isSo()) {
      const left = deadline - performance.now();
      if (this.#isClosed || left <= 0) {
        if (timeoutMs !== GOODBYE_MS) {
          this.failure ??= this.#isClosed ? 'the agent closed the connection' : `no answer came within ${timeoutMs} ms`;
        }
        return false;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }
}

/** The ids of a NOTIFY and its ACK as text. */
export function idsOf({ streamId, frameId }: { readonly streamId: bigint; readonly frameId: bigint }): string {
  return `${streamId}:${frameId}`;
}
