import type { Duplex } from 'node:stream';
import { agentHello, parseStream } from '@spop/builder';
import type { AckFrame, PlainFrame } from '@spop/builder';

/** What became of a connection, as HAProxy sees it. */
export type PeerState = 'silent' | 'greeted' | 'over';

/** HAProxy's end of one connection to the agent: writes what it is told, and keeps every frame that it gets. */
export class AgentPeer {
  readonly stream: Duplex;
  state: PeerState = 'silent';
  /** ACKs that came and were not taken yet. */
  readonly acks: AckFrame[] = [];
  /** Status code of the AGENT-DISCONNECT, once it came. */
  disconnectStatus: number | undefined;
  isReading: boolean = true;
  /** Whether the agent ended or reset the connection. */
  hasEnded: boolean = false;
  #received: Buffer = Buffer.alloc(0);
  #frameCount: number = 0;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('end', () => this.#end());
    stream.on('error', () => this.#end());
    stream.on('close', () => this.#end());
  }

  /** Whether NOTIFYs may be sent and are to be answered. */
  get isServed(): boolean {
    return this.state === 'greeted';
  }

  /** Writes the bytes in pieces, whose sizes start over at the end. */
  write(bytes: Uint8Array, sizes: readonly number[]): void {
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const size = Math.max(1, sizes[index % Math.max(sizes.length, 1)] ?? bytes.length);
      this.stream.write(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
  }

  /** Stops or goes on reading what the agent sends. */
  setReading(isReading: boolean): void {
    this.isReading = isReading;
    if (isReading) this.stream.resume();
    else this.stream.pause();
  }

  #take(chunk: Buffer): void {
    const { frames, consumed, error } = parseStream(Buffer.concat([this.#received, chunk]), { ackPadding: true });
    if (error !== undefined) throw new Error(`the agent sent what nobody can read: ${error.message}`);
    this.#received = Buffer.concat([this.#received, chunk]).subarray(consumed);
    for (const frame of frames) this.#takeFrame(frame);
  }

  #takeFrame(frame: PlainFrame): void {
    if (this.disconnectStatus !== undefined)
      throw new Error(`expected nothing after AGENT-DISCONNECT; found ${frame.type}`);
    if (frame.type === 'AGENT-DISCONNECT') {
      const status = frame.items.find(({ name }) => name === 'status-code')?.value;
      this.disconnectStatus = status !== undefined && 'value' in status ? Number(status.value) : -1;
      this.state = 'over';
    } else if ((frame.type === 'AGENT-HELLO') !== (this.#frameCount === 0)) {
      throw new Error(`expected one AGENT-HELLO, and first; found ${frame.type} as frame ${this.#frameCount + 1}`);
    } else if (frame.type === 'ACK') {
      this.acks.push(frame);
    } else if (frame.type !== agentHello().toFrame().type) {
      throw new Error(`expected AGENT-HELLO, ACK or AGENT-DISCONNECT; found ${frame.type}`);
    }
    this.#frameCount++;
  }

  #end(): void {
    this.hasEnded = true;
    this.state = 'over';
    if (!this.stream.writableEnded && !this.stream.destroyed) this.stream.end();
  }
}
