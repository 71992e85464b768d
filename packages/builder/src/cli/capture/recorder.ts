import type { PlainFrame } from '../../data/model.ts';
import { PendingBytes } from '../../data/pending-bytes.ts';
import { parseStream } from '../../read/parse.ts';
import type { Side } from '../../validate/connection-state.ts';
import { MAX_CAPTURED_FRAME_SIZE } from './frame-stream.ts';
import { FrameRedactor, Redactor } from './redactor.ts';
import { sessionLines } from './session-file.ts';

/** A frame with its bytes, or bytes that are not a frame. */
interface Part {
  readonly frame?: PlainFrame;
  readonly bytes: Uint8Array;
}

/** Writes the frames of connections as lines of a session file. */
export class Recorder {
  /** The number of frames written. */
  frames: number = 0;
  /** The number of bytes left out by redaction, since their content is not known. */
  leftOut: number = 0;
  readonly #write: (lines: string) => void;
  readonly #redactor: Redactor | undefined;
  readonly #start: number = performance.now();
  #connections: number = 0;

  constructor(write: (lines: string) => void, isRedacting: boolean) {
    this.#write = write;
    this.#redactor = isRedacting ? new Redactor() : undefined;
  }

  /** Begins a connection. */
  open(): RecordedConnection {
    const connection = ++this.#connections;
    this.#write(sessionLines({ seconds: this.#seconds(), connection, kind: 'open' }));
    const side = (from: Side): RecordedSide =>
      new RecordedSide(this.#redactor, (part) => this.#record(connection, from, part));
    const sides = { haproxy: side('haproxy'), agent: side('agent') };
    return {
      push: (from, piece) => sides[from].push(piece),
      close: (from) => {
        sides.haproxy.end();
        sides.agent.end();
        this.#write(sessionLines({ seconds: this.#seconds(), connection, kind: 'close', from }));
      },
    };
  }

  #record(connection: number, from: Side, { frame, bytes }: Part): void {
    if (frame === undefined && this.#redactor !== undefined) {
      this.leftOut += bytes.length;
      this.#write(`# ${bytes.length} bytes of the ${from} that are no frame, left out\n`);
      return;
    }
    if (frame !== undefined) this.frames++;
    this.#write(sessionLines({ seconds: this.#seconds(), connection, kind: 'bytes', from, bytes }, frame));
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }
}

/** One connection while it is recorded. */
export interface RecordedConnection {
  push(from: Side, piece: Uint8Array): void;
  /** Records which side ended the connection. */
  close(from: Side): void;
}

/** One side: its frames, and after a malformed one its bytes as they come. */
class RecordedSide {
  readonly #record: (part: Part) => void;
  readonly #redactor: FrameRedactor | undefined;
  readonly #pending: PendingBytes = new PendingBytes();
  #isLost: boolean = false;

  constructor(redactor: Redactor | undefined, record: (part: Part) => void) {
    this.#record = record;
    this.#redactor = redactor === undefined ? undefined : new FrameRedactor(redactor);
  }

  push(piece: Uint8Array): void {
    this.#pending.add(piece);
    if (this.#isLost) {
      this.#rest();
      return;
    }
    const { bytes } = this.#pending;
    const { frames, offsets, consumed, error } = parseStream(bytes, {
      maxFrameSize: MAX_CAPTURED_FRAME_SIZE,
      ackPadding: true,
    });
    for (const [index, frame] of frames.entries()) {
      const whole = { frame, bytes: bytes.slice(offsets[index], offsets[index + 1] ?? consumed) };
      for (const part of this.#redactor?.push(frame) ?? [whole]) this.#record(part);
    }
    this.#pending.take(consumed);
    if (error === undefined) return;
    this.#isLost = true;
    this.#rest();
  }

  end(): void {
    for (const part of this.#redactor?.end() ?? []) this.#record(part);
    this.#rest();
  }

  #rest(): void {
    const bytes = this.#pending.bytes.slice();
    this.#pending.take(bytes.length);
    if (bytes.length > 0) this.#record({ bytes });
  }
}
