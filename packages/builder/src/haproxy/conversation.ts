import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AckFrame, PlainFrame } from '../data/model.ts';
import { summarize } from '../data/summary.ts';
import { PendingBytes } from '../data/pending-bytes.ts';
import { concat, firstLines, quote } from '../data/text.ts';
import { explain } from '../read/explain.ts';
import { type BytesInput, bytesOf, parseStream } from '../read/parse.ts';
import { formatViolations, type SessionOptions, SessionValidator, type Violation } from '../validate/validate.ts';
import { noteReport, type ReportListener, startListening, stopListening, writeAs } from './agent-reports.ts';
import type { Link } from './link.ts';
import { PeerFailure, type PeerFailureKind } from './peer-failure.ts';
import { Transcript } from './transcript.ts';

/** The longest text of a DISCONNECT in a failure, in characters. */
const MAX_QUOTED_MESSAGE = 200;

/** A step that waits for one frame of the agent. */
interface Waiter {
  /** Takes the frame, and returns true, if the step waits for it; the step is then over. */
  offer(frame: PlainFrame): boolean;
  fail(error: PeerFailure): void;
}

/** Options of a {@link Conversation}. */
export interface ConversationOptions extends SessionOptions {
  readonly timeoutMs: number;
  /** The most bytes of one write. */
  readonly chunkBytes: number;
  /** HAProxy's max-frame-size, in bytes. */
  readonly maxFrameSize: number;
  /** Whether a broken rule ends the conversation. */
  readonly isStrict: boolean;
  /** The name of the agent, if several agents of this process may have answered. */
  readonly agentName: string | undefined;
}

interface Ending {
  readonly kind: PeerFailureKind;
  readonly text: string;
  readonly statusCode?: number | undefined;
}

/**
 * One connection to an agent, as frames: the transcript, the waiting steps, and the end. It knows the grammar of SPOP, and
 * leaves the other rules to {@link ScriptedHaproxy}.
 */
export class Conversation implements ReportListener {
  /** Every frame of the agent, in order of arrival. */
  readonly received: PlainFrame[] = [];
  /** Frames of the agent that no step waited for. */
  readonly unclaimed: PlainFrame[] = [];
  /** Every rule that the agent broke. */
  readonly violations: Violation[] = [];
  readonly timeoutMs: number;
  readonly localPort: number | undefined;
  readonly agentName: string | undefined;
  readonly #link: Link;
  readonly #options: ConversationOptions;
  readonly #validator: SessionValidator;
  readonly #transcript: Transcript = new Transcript();
  readonly #waiters: Set<Waiter> = new Set();
  readonly #closeListeners: Set<() => void> = new Set();
  readonly #pending: PendingBytes = new PendingBytes();
  /** The NOTIFYs that wait for their ACKs, by stream-id, with the agent's reports on them. */
  readonly #asked: Map<bigint, string | undefined> = new Map();
  #writing: Promise<void> = Promise.resolve();
  #ending: Ending | undefined;
  #isClosed: boolean = false;

  constructor(link: Link, options: ConversationOptions) {
    this.#link = link;
    this.#options = options;
    this.timeoutMs = options.timeoutMs;
    this.localPort = link.localPort;
    this.agentName = options.agentName;
    this.#validator = new SessionValidator({ ...options, areWholeWrites: link.areWholeWrites });
    link.stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
    link.stream.on('error', (error: Error) => this.#close(`the connection broke (${error.message})`));
    link.onClosed(() => this.#close('the agent closed the connection'));
    startListening(this);
  }

  /** Bytes that came and are not a whole frame yet. */
  get incompleteBytes(): number {
    return this.#pending.length;
  }

  /** Writes bytes unchanged, in one write or in pieces of `chunkBytes`. */
  send(pieces: readonly BytesInput[]): void {
    const bytes = concat(pieces.map(bytesOf));
    if (bytes.length === 0) return;
    const { frames, consumed, error } = parseStream(bytes, { maxFrameSize: 0xffffffff });
    for (const frame of frames) {
      this.#transcript.add(`HAProxy: ${summarize(frame)}`);
      if (frame.type === 'NOTIFY' || frame.type === 'NOTIFY-FRAGMENT') this.#asked.set(frame.streamId, undefined);
    }
    if (consumed < bytes.length) {
      this.#transcript.add(
        `HAProxy: ${bytes.length - consumed} bytes${error === undefined ? '' : ` (${error.message})`}`,
      );
    }
    this.#validator.push('haproxy', bytes);
    this.#enqueue(() => this.#write(bytes));
  }

  /** Sends nothing more, and goes on reading. */
  end(): void {
    this.#enqueue(() => {
      this.#link.stream.end();
      return Promise.resolve();
    });
  }

  /** Reads nothing until {@link resume}, so that the agent's bytes pile up on its side. */
  pause(): void {
    this.#link.stream.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#link.stream.resume();
  }

  /** Ends both directions at once. */
  reset(): void {
    this.#link.reset();
    this.#close('the scripted HAProxy closed the connection');
  }

  /**
   * Resolves with the result of `match` for the first frame that it takes; rejects after `timeoutMs`, or when no frame can
   * come.
   */
  expectFrame<T>(
    what: string,
    match: (frame: PlainFrame) => T | undefined,
    timeoutMs: number = this.timeoutMs,
  ): Promise<T> {
    if (this.#ending !== undefined) return Promise.reject(this.#endingFailure(this.#ending, what));
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = {
        offer: (frame) => {
          const result = match(frame);
          if (result === undefined) return false;
          done();
          resolve(result);
          return true;
        },
        fail: (error) => {
          done();
          reject(this.failure(error.kind, `expected ${what}, but ${error.message}`, error.statusCode));
        },
      };
      const timer = setTimeout(() => {
        done();
        reject(this.failure('timeout', `expected ${what} within ${timeoutMs} ms`));
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      this.#waiters.add(waiter);
    });
  }

  /** Resolves once no frame can come any more; rejects after `timeoutMs`. */
  closed(timeoutMs: number = this.timeoutMs): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#closeListeners.delete(listener);
        reject(this.failure('timeout', `expected the agent to close the connection within ${timeoutMs} ms`));
      }, timeoutMs);
      const listener = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#closeListeners.add(listener);
    });
  }

  /** A failure with the conversation so far in its text. */
  failure(kind: PeerFailureKind, text: string, statusCode?: number): PeerFailure {
    const conversation = `conversation with the ${this.#link.description}:\n${String(this.#transcript)}`;
    return new PeerFailure(kind, `${text}\n${conversation}`, statusCode);
  }

  isWaiting(streamId: bigint): boolean {
    return this.#asked.has(streamId) && this.#asked.get(streamId) === undefined;
  }

  report(streamId: bigint, text: string): void {
    this.#asked.set(streamId, text);
    this.#transcript.add(`agent, of NOTIFY ${streamId}: ${text}`);
  }

  #endingFailure(ending: Ending, what: string): PeerFailure {
    return this.failure(ending.kind, `expected ${what}, but ${ending.text}`, ending.statusCode);
  }

  #enqueue(step: () => Promise<void>): void {
    const previous = this.#writing;
    this.#writing = (async () => {
      await previous;
      await step();
    })();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length && !this.#link.stream.destroyed; start += this.#options.chunkBytes) {
      const piece = bytes.slice(start, start + this.#options.chunkBytes);
      writeAs(this, () => this.#link.stream.write(piece));
      // A turn of the event loop between the pieces, so that they arrive as pieces.
      if (this.#options.chunkBytes < bytes.length) await nextTurn();
    }
  }

  #take(chunk: Uint8Array): void {
    const found = this.#validator.push('agent', chunk);
    for (const violation of found) this.violations.push(violation);
    const errors = this.#options.isStrict ? found.filter(({ severity }) => severity === 'error') : [];
    this.#pending.add(chunk);
    const { maxFrameSize } = this.#options;
    const { bytes } = this.#pending;
    const { frames, offsets, consumed, error } = parseStream(bytes, { maxFrameSize, ackPadding: true });
    for (const [index, frame] of frames.entries()) {
      this.#receive(frame, bytes.subarray(offsets[index], offsets[index + 1] ?? consumed), errors);
    }
    this.#pending.take(consumed);
    const left = this.#pending.bytes;
    // The remaining bytes are wrong, or are the beginning of a frame that was split in a wrong place.
    const rest = errors.filter(({ frame }) => frame > this.received.length);
    if (error !== undefined) this.#transcript.add(`agent: ${left.length} bytes that are no valid frame`);
    if (rest.length > 0) this.#stop(brokenRules(rest, left));
    else if (error !== undefined)
      this.#stop({
        kind: 'violation',
        text: `the agent sent a wrong frame: ${error.message}\n${firstLines(explain(left))}`,
      });
  }

  #receive(frame: PlainFrame, bytes: Uint8Array, errors: readonly Violation[]): void {
    this.received.push(frame);
    this.#transcript.add(`agent: ${summarize(frame)}`);
    if (frame.type === 'ACK') this.#settle(frame);
    const broken = errors.filter((violation) => violation.frame === this.received.length);
    if (broken.length > 0) this.#stop(brokenRules(broken, bytes));
    const isClaimed = [...this.#waiters].some((waiter) => waiter.offer(frame));
    if (!isClaimed) this.unclaimed.push(frame);
    if (frame.type === 'AGENT-DISCONNECT') this.#stop(disconnected(frame.items));
  }

  /** Gives an ACK the report on its NOTIFY, for assertions on it. */
  #settle(ack: AckFrame): void {
    const report = this.#asked.get(ack.streamId);
    if (report !== undefined) noteReport(ack, report);
    this.#asked.delete(ack.streamId);
  }

  /** Fails all steps from now on. */
  #stop(ending: Ending): void {
    this.#ending ??= ending;
    for (const waiter of this.#waiters) waiter.fail(new PeerFailure(ending.kind, ending.text, ending.statusCode));
  }

  #close(text: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    stopListening(this);
    this.#transcript.add(`(${text})`);
    this.#stop({ kind: 'closed', text });
    for (const listener of this.#closeListeners) listener();
    // End this direction too, so that the agent sees the end.
    if (!this.#link.stream.writableEnded && !this.#link.stream.destroyed) this.#link.stream.end();
  }
}

function brokenRules(violations: readonly Violation[], bytes: Uint8Array): Ending {
  const rules = firstLines(formatViolations(violations));
  const text = `the agent broke a rule of SPOP:\n${rules}\n${firstLines(explain(bytes))}`;
  return { kind: 'violation', text };
}

function disconnected(items: readonly { readonly name: string; readonly value: unknown }[]): Ending {
  const find = (name: string): unknown => {
    const value = items.find((item) => item.name === name)?.value;
    return typeof value === 'object' && value !== null && 'value' in value ? value.value : undefined;
  };
  const statusCode = Number(find('status-code'));
  const message = find('message');
  const quoted = quote(typeof message === 'string' ? message : '', MAX_QUOTED_MESSAGE);
  const text = `the agent sent AGENT-DISCONNECT ${String(find('status-code'))} ${quoted}`;
  return { kind: 'disconnected', text, statusCode };
}
