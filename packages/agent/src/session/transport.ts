import type { Output } from '../output.ts';

/** What a session asks of the connection that it speaks over. */
export interface Transport {
  /** Counts the agent's connections, from 1 on. */
  readonly id: number;
  /** The peer's address, as far as the stream has one. */
  readonly remote: string | undefined;
  readonly output: Output;
  /** Bytes that have come since the beginning. */
  readonly bytesRead: number;
  /** Whether bytes have come that were not received as a frame yet. */
  readonly hasUnread: boolean;
  /** Whether bytes may have come that were not read, since reading was paused. */
  readonly wasHeldBack: boolean;
  /** Frames are waiting in `output`: write them by the end of this turn of the event loop. */
  scheduleFlush(): void;
  /** The last frame was written: close this side, read on until the peer closes, for a bounded time. */
  leave(): void;
  /** Fewer NOTIFYs are in flight than before, or none count any more: reading may go on. Returns whether it does. */
  mayResume(): boolean;
  /** The longest frame to accept from now on. */
  setMaxFrameSize(bytes: number): void;
}
