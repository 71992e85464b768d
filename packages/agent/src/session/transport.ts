import type { Output } from '../output.ts';

/** What a session needs of its connection. */
export interface Transport {
  /** The number of the connection; an agent counts them from 1. */
  readonly id: number;
  /** The peer's address; undefined for streams without one. */
  readonly remote: string | undefined;
  readonly output: Output;
  /** Bytes read since the connection was opened. */
  readonly bytesRead: number;
  /** Whether bytes were read that the session has not received as a frame. */
  readonly hasUnread: boolean;
  /** Whether unread bytes may wait in the kernel because reading was paused. */
  readonly wasHeldBack: boolean;
  /** Frames wait in `output`: write them by the end of this turn of the event loop. */
  scheduleFlush(): void;
  /** The last frame was written: close this side, and read on until the peer closes, for up to `lingerTimeoutMs`. */
  leave(): void;
  /** Fewer NOTIFYs are in flight than before, or the session is over: reading may go on. Returns whether it does. */
  mayResume(): boolean;
  /** Sets the longest frame to accept from now on, in bytes without the length field. */
  setMaxFrameSize(bytes: number): void;
}
