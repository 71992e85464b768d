import { DEFAULT_MAX_FRAME_SIZE, FrameType, LENGTH_BYTES, MAX_VARINT_BYTES, type SpopErrorCode } from '@spop/codec';
import type { HaproxyLine } from '../data/haproxy-line.ts';
import type { PlainFrame } from '../data/model.ts';
import { PendingBytes } from '../data/pending-bytes.ts';
import { expectSpopError } from '../data/spop-error.ts';
import { type BytesInput, bytesOf, frameLength } from '../read/parse.ts';
import { PlainReader } from '../read/plain-reader.ts';
import { ConnectionState, type Side } from './connection-state.ts';
import { checkAck, checkDisconnect, checkHeader, checkHello, checkTypedData, type Report } from './payload-rules.ts';
import { readerRule, type RuleId, rules } from './rules.ts';

/** One broken rule. */
export interface Violation {
  /** The id of the broken rule; `rules` has them all. */
  readonly rule: RuleId;
  /**
   * `error` if the other side refuses, ignores or misreads the bytes; `warning` if they are legal, but careful peers do not
   * send them.
   */
  readonly severity: 'error' | 'warning';
  /** The sender. */
  readonly from: Side;
  /** The number of the sender's frame, counted from 1. */
  readonly frame: number;
  /** The wrong byte, counted from the sender's first byte. */
  readonly offset: number;
  /** The wrong byte, counted from the start of its frame's length field, as in a `SpopError`. */
  readonly frameOffset: number;
  /** What was expected and what was found. */
  readonly message: string;
  /** The source of the rule: a section of HAProxy's doc/SPOE.txt, or a HAProxy source file and version. */
  readonly source: string;
  /** The code of a strict reader's `SpopError`; undefined for rules that a reader need not check. */
  readonly code: SpopErrorCode | undefined;
}

/** Options of a session: facts about the two sides of the connection. */
export interface SessionOptions {
  /** Adds the rules of this line of HAProxy to those of the protocol. */
  readonly haproxy?: HaproxyLine | undefined;
  /** HAProxy's max-frame-size in bytes, if its HELLO is not seen; 16380 by default. */
  readonly maxFrameSize?: number | undefined;
  /** HAProxy's `option var-prefix`, by default the name in `spoe-agent`. With it the length rule of variable names is exact. */
  readonly variablePrefix?: string | undefined;
  /** The state before the first byte: `start` (default), or `established` after both HELLOs. */
  readonly state?: 'start' | 'established' | undefined;
  /** The only side whose bytes are seen. Rules that relate both sides are then off. */
  readonly onlySide?: Side | undefined;
  /** Whether bytes that are pushed at once were written at once; false switches the rules on pieces off. */
  readonly areWholeWrites?: boolean | undefined;
}

/** The most bytes of both ids. */
const MAX_IDS_BYTES = 2 * MAX_VARINT_BYTES;

interface Direction {
  readonly pending: PendingBytes;
  /** Offset of `pending` from the first byte of this side. */
  offset: number;
  frames: number;
  /** Whether the beginning of a frame can no longer be found. */
  isLost: boolean;
  /** The number of the last frame that was reported to come in pieces. */
  splitFrame: number;
}

/** Checks both sides of one connection as their bytes come. */
export class SessionValidator {
  readonly #options: SessionOptions;
  readonly #state: ConnectionState;
  readonly #directions: Readonly<Record<Side, Direction>>;

  constructor(options: SessionOptions = {}) {
    this.#options = options;
    const { haproxy, maxFrameSize = DEFAULT_MAX_FRAME_SIZE, onlySide } = options;
    this.#state = new ConnectionState(haproxy, maxFrameSize, onlySide === undefined);
    if (options.state === 'established') this.#state.establish();
    const direction = (): Direction => ({
      pending: new PendingBytes(),
      offset: 0,
      frames: 0,
      isLost: false,
      splitFrame: 0,
    });
    this.#directions = { haproxy: direction(), agent: direction() };
  }

  /** Takes bytes that one side wrote at once, and returns every rule that the frames broke that are now complete. */
  push(from: Side, input: BytesInput): Violation[] {
    const chunk = bytesOf(input);
    const direction = this.#directions[from];
    direction.pending.add(chunk);
    const { bytes } = direction.pending;
    const found: Violation[][] = [];
    let read = 0;
    while (!direction.isLost) {
      const length = frameLength(bytes, read);
      if (length === undefined) break;
      const size = LENGTH_BYTES + length;
      const isWhole = bytes.length - read >= size;
      const tooLong = length > this.#state.limit(from);
      if (!isWhole && !tooLong) break;
      const violations = this.#frame(from, direction, bytes.subarray(read, read + size));
      // The rest of a frame that is too long may be on its way: it is not missing.
      found.push(isWhole ? violations : violations.filter(({ rule }) => rule !== 'truncated'));
      direction.isLost = !isWhole;
      direction.offset += size;
      read += size;
    }
    direction.pending.take(direction.isLost ? bytes.length : read);
    found.push(this.#pieces(from, direction, chunk.length));
    return found.flat();
  }

  /** Reports frames that are not complete; nothing may be pushed afterwards. */
  end(): Violation[] {
    return (['haproxy', 'agent'] as const).flatMap((from) => {
      const direction = this.#directions[from];
      const { bytes } = direction.pending;
      if (bytes.length === 0 || direction.isLost) return [];
      const missing = LENGTH_BYTES + (frameLength(bytes, 0) ?? 0) - bytes.length;
      const message = `expected a whole frame; found one without its last ${missing} bytes`;
      return [violation('truncated', from, direction.frames + 1, direction.offset, 0, message)];
    });
  }

  #frame(from: Side, direction: Direction, bytes: Uint8Array): Violation[] {
    direction.frames++;
    const violations: Violation[] = [];
    const report: Report = (rule, offset, message) => {
      violations.push(violation(rule, from, direction.frames, direction.offset, offset, message));
    };
    const reader = new PlainReader(bytes, { strict: false, ackPadding: true });
    const frame = readTolerantly(reader, this.#state.limit(from));
    for (const problem of reader.problems) report(readerRule(problem.code), problem.offset, problem.reason);
    checkTypedData(reader.fields, report);
    if (frame !== undefined) {
      checkHeader(frame, report);
      this.#checkPayload(frame, reader, bytes.length, report);
    }
    const isUnknown = frame === undefined || (reader.isPartial && 'items' in frame);
    if (!isUnknown) this.#state.advance(from, frame, bytes.length, report);
    if (isUnknown || reader.isPartial) this.#state.misses(from);
    return violations.toSorted((a, b) => a.offset - b.offset);
  }

  #checkPayload(frame: PlainFrame, reader: PlainReader, size: number, report: Report): void {
    const { fields } = reader;
    // Items that seem missing may be in the part that could not be read.
    if ('items' in frame && reader.isPartial) return;
    if (frame.type === 'HAPROXY-HELLO') checkHello(frame, fields, size, 0xffffffff, report);
    if (frame.type === 'AGENT-HELLO') checkHello(frame, fields, size, this.#state.offered, report);
    if (frame.type === 'HAPROXY-DISCONNECT' || frame.type === 'AGENT-DISCONNECT') {
      checkDisconnect(frame, fields, size, report);
    }
    if (frame.type === 'NOTIFY' && frame.messages.length === 0 && !reader.isPartial) {
      report('notify-without-messages', size, 'expected at least one message; found none');
    }
    if (frame.type === 'ACK') {
      const { haproxy: line, variablePrefix } = this.#options;
      checkAck(frame, fields, size, { line, bufferLimit: this.#state.offered, variablePrefix }, report);
    }
  }

  /** The rules on how an agent cuts its bytes into writes. */
  #pieces(from: Side, direction: Direction, size: number): Violation[] {
    const line = this.#options.haproxy;
    const { areWholeWrites = true } = this.#options;
    if (!areWholeWrites || from !== 'agent' || (line !== '3.1' && line !== '3.2')) return [];
    const place = (rule: RuleId, message: string): Violation =>
      violation(rule, from, direction.frames + 1, direction.offset, 0, message);
    const buffer = this.#state.offered + LENGTH_BYTES;
    const found =
      size >= buffer ? [place('agent-bytes-at-once', `expected less than ${buffer} bytes at once; found ${size}`)] : [];
    const rule = splitRule(line, direction.pending.bytes);
    if (rule === undefined || direction.splitFrame > direction.frames) return found;
    direction.splitFrame = direction.frames + 1;
    return [...found, place(rule, 'expected the whole frame in one write; found a part of it')];
  }
}

/** The rule that the beginning of a frame breaks when its rest comes in another write. */
function splitRule(line: HaproxyLine, bytes: Uint8Array): RuleId | undefined {
  const type = bytes[LENGTH_BYTES];
  if (line === '3.2' && type === FrameType.AgentHello) return 'agent-hello-split';
  return type === FrameType.Ack && !hasIds(bytes) ? 'ack-header-split' : undefined;
}

/** Whether the beginning of a frame reaches beyond its two ids. */
function hasIds(bytes: Uint8Array): boolean {
  let ends = 0;
  let isFirst = true;
  for (const byte of bytes.subarray(LENGTH_BYTES + 5, LENGTH_BYTES + 5 + MAX_IDS_BYTES)) {
    const isLast: boolean = byte < (isFirst ? 240 : 128);
    isFirst = isLast;
    if (isLast) ends++;
    if (ends === 2) return true;
  }
  return false;
}

function readTolerantly(reader: PlainReader, limit: number): PlainFrame | undefined {
  try {
    return reader.readFrame(limit);
  } catch (error) {
    expectSpopError(error);
    return undefined;
  }
}

function violation(
  rule: RuleId,
  from: Side,
  frame: number,
  frameStart: number,
  frameOffset: number,
  message: string,
): Violation {
  const { severity, source, code } = rules[rule];
  return { rule, severity, from, frame, offset: frameStart + frameOffset, frameOffset, message, source, code };
}

/** Options of {@link validate}. */
export interface ValidateOptions extends Omit<SessionOptions, 'onlySide'> {
  /** The sender of the bytes. */
  readonly from: Side;
}

/**
 * Every rule that one side's bytes break, in their order. Only {@link validateSession} checks rules that depend on the other side's
 * frames, such as an ACK for a NOTIFY that was never sent.
 */
export function validate(input: BytesInput, options: ValidateOptions): Violation[] {
  const validator = new SessionValidator({ ...options, onlySide: options.from });
  return [...validator.push(options.from, input), ...validator.end()];
}

/** One write of one side, as {@link validateSession} takes it. */
export interface Write {
  /** The side that wrote. */
  readonly from: Side;
  /** What it wrote; frames may be cut anywhere. */
  readonly bytes: BytesInput;
}

/** Every rule that both sides of one connection break; `writes` are in the order in which they happened. */
export function validateSession(writes: readonly Write[], options: SessionOptions = {}): Violation[] {
  const validator = new SessionValidator(options);
  return [...writes.flatMap(({ from, bytes }) => validator.push(from, bytes)), ...validator.end()];
}

/** Violations as text for people, one a line. */
export function formatViolations(violations: readonly Violation[]): string {
  return violations
    .map(
      ({ rule, severity, from, frame, offset, message, source }) =>
        `${severity} ${rule}: ${message} (${from}'s frame ${frame}, byte ${offset}; ${source})`,
    )
    .join('\n');
}
