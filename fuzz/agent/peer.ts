import type { AckFrame, ScriptedHaproxy } from '@spop/builder';
import { sendPieces } from '../support/haproxy.ts';
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
  readonly haproxy: ScriptedHaproxy;
  /** Whether a HAPROXY-HELLO was sent. */
  isGreeted: boolean = false;
  /** Whether no more bytes are sent: either side ended or reset the connection. */
  isEnded: boolean = false;
  isReading: boolean = true;
  /** Status of the AGENT-DISCONNECT that has to come. */
  expectedStatus: number | undefined;
  /** A fragmented NOTIFY that was begun, and its bytes that are still to be sent. */
  fragments: { readonly question: Question; readonly rest: Uint8Array } | undefined;
  #isClosed: boolean = false;
  #takenCount: number = 0;

  constructor(haproxy: ScriptedHaproxy) {
    this.haproxy = haproxy;
    void haproxy.closed().then(() => this.#close());
  }

  /** Status of the AGENT-DISCONNECT that came. */
  get status(): number | undefined {
    const last = this.haproxy.received.at(-1);
    if (last?.type !== 'AGENT-DISCONNECT') return undefined;
    const status = last.items.find(({ name }) => name === 'status-code')?.value;
    return status !== undefined && 'value' in status ? Number(status.value) : -1;
  }

  /** Whether the agent said AGENT-DISCONNECT, or either side reset the connection or the agent ended it. */
  get isOver(): boolean {
    return this.#isClosed || this.status !== undefined;
  }

  /** Whether NOTIFYs may be sent and are to be answered. */
  get isServed(): boolean {
    return this.isGreeted && !this.isOver;
  }

  send(bytes: Uint8Array, sizes: readonly number[] = []): void {
    if (!this.isEnded) sendPieces(this.haproxy, bytes, sizes);
  }

  /** Stops reading what the agent sends, or goes on. */
  setReading(isReading: boolean): void {
    this.isReading = isReading;
    if (isReading) this.haproxy.resume();
    else this.haproxy.pause();
  }

  end(): void {
    this.isEnded = true;
    this.haproxy.end();
  }

  reset(): void {
    this.#close();
    this.haproxy.close();
  }

  /** The ACKs that came since the last call. */
  takeAcks(): AckFrame[] {
    const came = this.haproxy.received.slice(this.#takenCount);
    this.#takenCount += came.length;
    return came.filter((frame) => frame.type === 'ACK');
  }

  #close(): void {
    this.#isClosed = true;
    this.isEnded = true;
  }
}
