import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, FrameType, HAPROXY_MAX_IN_FLIGHT, SpopError } from '@spop/codec';
import type { FrameBuilder, FrameOptions, KvBuilder, NotifyBuilder } from '../build/frame-builder.ts';
import {
  type DisconnectOptions,
  frame,
  haproxyDisconnect,
  haproxyHello,
  type HaproxyHelloOptions,
  notify,
  unset,
} from '../build/frames.ts';
import type { HaproxyLine } from '../data/haproxy-line.ts';
import { given } from '../data/options.ts';

/** How a HAProxy is configured, as far as an agent can see it. */
export interface HaproxyOptions {
  /** `tune.bufsize` - 4, in bytes; 16380 by default. */
  readonly maxFrameSize?: number | undefined;
  /** `option pipelining`; on by default. */
  readonly pipelining?: boolean | undefined;
  /** `option async` of 3.0 and older; on by default there, as in HAProxy with one thread. */
  readonly async?: boolean | undefined;
  /** HAProxy makes a random one at its start; here it is always the same unless given. */
  readonly engineId?: string | undefined;
  /** The first stream-id that is sent: 0 by default for 3.0 and older, always 1 later. */
  readonly firstStreamId?: number | bigint | undefined;
}

/** The bytes that HAProxy 3.0 and older keep free for a frame's header when they cut a payload (FRAME_HDR_SIZE). */
const APPLET_HEADER_BYTES = 32;

interface Counter {
  next: bigint;
}

/** Frames as one line of HAProxy sends them. Not immutable: every `notify()` takes the next ids. */
export class HaproxyPreset {
  readonly line: HaproxyLine;
  readonly options: HaproxyOptions;
  readonly #streams: Counter;
  #streamId = 0n;
  #frameId = 0n;

  /** Use {@link haproxy}. */
  /** @internal Made by {@link haproxy}. */
  constructor(line: HaproxyLine, options: HaproxyOptions, streams: Counter) {
    this.line = line;
    this.options = options;
    this.#streams = streams;
  }

  /** Whether this line fragments a large NOTIFY for agents that announce `fragmentation`. */
  get canFragment(): boolean {
    return this.line === '2.6' || this.line === '3.0';
  }

  /** Its max-frame-size, in bytes. */
  get maxFrameSize(): number {
    return this.options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE;
  }

  /** The capabilities that it announces. */
  get capabilities(): string {
    const { pipelining = true, async = true } = this.options;
    return [pipelining ? 'pipelining' : '', async && this.canFragment ? 'async' : '']
      .filter((capability) => capability !== '')
      .join(',');
  }

  /** How many NOTIFYs wait for their ACKs on one connection at most. */
  maxInFlight(agentCapabilities: readonly string[]): number {
    return (this.options.pipelining ?? true) && agentCapabilities.includes('pipelining') ? HAPROXY_MAX_IN_FLIGHT : 1;
  }

  /** The same HAProxy on another connection: 3.0 and older count stream-ids in the process, later ones per connection. */
  connection(): HaproxyPreset {
    return new HaproxyPreset(this.line, this.options, this.canFragment ? this.#streams : { next: 1n });
  }

  /** The HAPROXY-HELLO of a connection that will carry NOTIFYs. */
  hello(options: HaproxyHelloOptions = {}): KvBuilder {
    const { engineId = '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4' } = this.options;
    const usual = { maxFrameSize: this.maxFrameSize, capabilities: this.capabilities, engineId };
    return haproxyHello({ ...usual, ...given(options) });
  }

  /** The HAPROXY-HELLO of `option spop-check`: no capabilities, no engine-id, and 16380 whatever the buffers are. */
  healthcheck(): KvBuilder {
    return haproxyHello({ maxFrameSize: DEFAULT_MAX_FRAME_SIZE, capabilities: '', healthcheck: true });
  }

  /**
   * A NOTIFY with the next ids: stream-ids 0, 1, 2 … with frame-id 1 in 3.0 and older, where `sameStream` stays in the
   * stream and counts the frame-id; stream-ids 1, 3, 5 … with frame-id 1 later.
   */
  notify(options: FrameOptions & { readonly sameStream?: boolean | undefined } = {}): NotifyBuilder {
    const { sameStream = false, ...frameOptions } = options;
    if (sameStream && this.canFragment && this.#frameId > 0n) {
      this.#frameId++;
    } else {
      this.#streamId = this.#streams.next;
      this.#streams.next += this.canFragment ? 1n : 2n;
      this.#frameId = 1n;
    }
    return notify({ streamId: this.#streamId, frameId: this.#frameId, ...given(frameOptions) });
  }

  /**
   * The frames in which 3.0 and older send a NOTIFY that is larger than the negotiated max-frame-size: NOTIFY without
   * FIN, UNSET frames, the last with FIN. One frame where it fits.
   *
   * @throws {SpopError} SPOP_MISUSE on a line that never fragments.
   */
  fragments(whole: NotifyBuilder, maxFrameSize: number): FrameBuilder[] {
    const payload = whole.toPayload();
    const size = maxFrameSize - APPLET_HEADER_BYTES;
    if (payload.length <= size) return [whole];
    if (!this.canFragment) {
      throw new SpopError('SPOP_MISUSE', `HAProxy ${this.line} never fragments; use the preset '3.0' or '2.6'`);
    }
    return fragment(whole, size);
  }

  /** The frame with which a begun fragmented NOTIFY is given up: UNSET, FIN and ABORT, no payload. */
  abort(whole: NotifyBuilder): FrameBuilder {
    return unset({ ...ids(whole), flags: FrameFlag.Fin | FrameFlag.Abort });
  }

  /** A HAPROXY-DISCONNECT. */
  disconnect(options: DisconnectOptions = {}): KvBuilder {
    return haproxyDisconnect(options);
  }
}

function ids(builder: FrameBuilder): { streamId: number | bigint; frameId: number | bigint } {
  const { streamId = 0, frameId = 0 } = builder.options;
  return { streamId, frameId };
}

/**
 * Cuts a NOTIFY's payload into a NOTIFY without FIN and UNSET frames, `payloadBytes` (at least 1) in each; the last has
 * FIN. At least two frames come out, the second one empty where all fits into the first.
 */
export function fragment(whole: NotifyBuilder, payloadBytes: number): FrameBuilder[] {
  const payload = whole.toPayload();
  const size = Math.max(1, Math.floor(payloadBytes));
  const frames: FrameBuilder[] = [frame(FrameType.Notify, { ...ids(whole), flags: 0 }, payload.subarray(0, size))];
  for (let start = size; frames.length === 1 || start < payload.length; start += size) {
    const flags = start + size >= payload.length ? FrameFlag.Fin : 0;
    frames.push(unset({ ...ids(whole), flags }, payload.subarray(start, start + size)));
  }
  return frames;
}

/** Presets that look like one line of HAProxy: `haproxy('3.2').hello()`, `.healthcheck()`, `.notify()` … */
export function haproxy(line: HaproxyLine = '3.2', options: HaproxyOptions = {}): HaproxyPreset {
  const isApplet = line === '2.6' || line === '3.0';
  return new HaproxyPreset(line, options, { next: BigInt(isApplet ? (options.firstStreamId ?? 0) : 1) });
}
