import type { Duplex } from 'node:stream';
import { type AckFrame, parseStream, type PlainFrame } from '@spop/builder';
import type { Job } from './jobs.ts';

/** A NOTIFY that was sent, at least in part. */
export interface Question {
  readonly peer: AgentPeer;
  readonly streamId: bigint;
  readonly frameId: bigint;
  readonly jobs: readonly Job[];
  startedAt: number;
  isAnswered: boolean;
  isWhole: boolean;
}

/** HAProxy's end of one connection to the agent. */
export class AgentPeer {
  readonly stream: Duplex;
  /** Whether a HAPROXY-HELLO was sent. */
  isGreeted: boolean = false;
  /** Whether the agent said AGENT-DISCONNECT, or either side ended or reset the connection. */
  isOver: boolean = false;
  isReading: boolean = true;
  /** ACKs that came and were not taken yet. */
  readonly acks: AckFrame[] = [];
  /** Status of the AGENT-DISCONNECT that came. */
  status: number | undefined;
  /** Status of the AGENT-DISCONNECT that has to come. */
  expectedStatus: number | undefined;
  /** A fragmented NOTIFY that was begun, and its bytes that are still to be sent. */
  fragments: { readonly question: Question; readonly rest: Uint8Array } | undefined;
  #received: Buffer = Buffer.alloc(0);
  #frameCount: number = 0;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const event of ['end', 'error', 'close']) stream.on(event, () => this.#end());
  }

  /** Whether NOTIFYs may be sent and are to be answered. */
  get isServed(): boolean {
    return this.isGreeted && !this.isOver;
  }

  /** Stops reading what the agent sends, or goes on. */
  setReading(isReading: boolean): void {
    this.isReading = isReading;
    if (isReading) this.stream.resume();
    else this.stream.pause();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    const { frames, consumed, error } = parseStream(this.#received, { ackPadding: true });
    if (error !== undefined) throw new Error(`expected frames of the agent; found ${error.message}`);
    this.#received = this.#received.subarray(consumed);
    for (const frame of frames) this.#takeFrame(frame);
  }

  #takeFrame(frame: PlainFrame): void {
    const expected = this.#frameCount++ === 0 ? ['AGENT-HELLO', 'AGENT-DISCONNECT'] : ['ACK', 'AGENT-DISCONNECT'];
    if (this.status !== undefined || !expected.includes(frame.type)) {
      const what = this.status === undefined ? expected.join(' or ') : 'nothing after AGENT-DISCONNECT';
      throw new Error(`expected ${what}; found ${frame.type} as frame ${this.#frameCount}`);
    }
    if (frame.type === 'ACK') this.acks.push(frame);
    if (frame.type !== 'AGENT-DISCONNECT') return;
    const status = frame.items.find(({ name }) => name === 'status-code')?.value;
    this.status = status !== undefined && 'value' in status ? Number(status.value) : -1;
    this.isOver = true;
  }

  #end(): void {
    this.isOver = true;
    if (!this.stream.writableEnded && !this.stream.destroyed) this.stream.end();
  }
}
