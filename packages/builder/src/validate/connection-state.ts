import { FrameFlag, HAPROXY_MAX_IN_FLIGHT, Key, LENGTH_BYTES } from '@spop/codec';
import { type HaproxyLine, splitList } from '../data/haproxy-line.ts';
import type { FragmentFrame, KvFrame, PlainFrame } from '../data/model.ts';
import type { Report } from './payload-rules.ts';

/** The side of a connection that wrote some bytes. */
export type Side = 'haproxy' | 'agent';

function itemValue(frame: KvFrame, name: string): unknown {
  const data = frame.items.findLast((item) => item.name === name)?.value;
  return data !== undefined && 'value' in data ? data.value : undefined;
}

function idsOf(frame: PlainFrame): string {
  return `${frame.streamId}:${frame.frameId}`;
}

/**
 * The state of a connection after the frames of both sides (SPOE.txt §3.2.3):
 *
 *     start ── HAPROXY-HELLO ──> greeted ── AGENT-HELLO ──> established ── DISCONNECT ──> over
 *                                   └── healthcheck ──> AGENT-HELLO, then nothing
 *
 * Each side is followed by its own frames. Rules that relate both sides apply only if both were seen.
 */
export class ConnectionState {
  /** HAProxy's max-frame-size, in bytes. */
  offered: number;
  #agreed: number | undefined;
  readonly #line: HaproxyLine | undefined;
  readonly #greeted: Set<Side> = new Set();
  readonly #disconnected: Set<Side> = new Set();
  #isHealthcheck: boolean = false;
  #agentCapabilities: string[] = [];
  #begun: FragmentFrame | undefined;
  readonly #waiting: WaitingIds = new WaitingIds();
  readonly #answered: Set<string> = new Set();
  /** Whether all frames of both sides so far are known. */
  #knowsBoth: boolean;

  constructor(line: HaproxyLine | undefined, offered: number, seesBoth: boolean) {
    this.#line = line;
    this.offered = offered;
    this.#knowsBoth = seesBoth;
  }

  /** Begins after both HELLOs. */
  establish(): void {
    this.#greeted.add('haproxy').add('agent');
    this.#knowsBoth = false;
  }

  /** Notes that a frame of this side could not be read. */
  misses(side: Side): void {
    this.#greeted.add(side);
    this.#knowsBoth = false;
  }

  /** The longest frame that this side may send now, in bytes without the length field. */
  limit(side: Side): number {
    // HAProxy 3.1.0 ignores an agent's smaller limit.
    return side === 'haproxy' && this.#line === '3.1' ? this.offered : (this.#agreed ?? this.offered);
  }

  /** Follows one frame, and reports the rules that it breaks in this state. */
  advance(from: Side, frame: PlainFrame, size: number, report: Report): void {
    if (frame.type === 'UNKNOWN') {
      return report('unknown-frame-type', LENGTH_BYTES, `expected a known frame type; found ${frame.typeByte}`);
    }
    const isAgents = frame.type === 'ACK' || frame.type.startsWith('AGENT-');
    if (isAgents !== (from === 'agent')) {
      return report('wrong-direction', LENGTH_BYTES, `expected no ${frame.type} from ${nameOf(from)}; found one`);
    }
    this.#checkOrder(from, frame, report);
    switch (frame.type) {
      case 'HAPROXY-HELLO':
        return this.#haproxyHello(frame, size, report);
      case 'AGENT-HELLO':
        return this.#agentHello(frame, report);
      case 'NOTIFY':
        return this.#notify(frame, report);
      case 'NOTIFY-FRAGMENT':
      case 'UNSET':
        return this.#fragment(frame, report);
      case 'ACK':
        return this.#ack(frame, report);
      default:
        this.#disconnected.add(from);
        return undefined;
    }
  }

  #checkOrder(from: Side, frame: PlainFrame, report: Report): void {
    const isHello = frame.type === 'HAPROXY-HELLO' || frame.type === 'AGENT-HELLO';
    const isDisconnect = frame.type === 'AGENT-DISCONNECT' || frame.type === 'HAPROXY-DISCONNECT';
    if (this.#disconnected.has(from)) {
      report('after-disconnect', LENGTH_BYTES, `expected nothing after the DISCONNECT; found ${frame.type}`);
    } else if (isHello && this.#greeted.has(from)) {
      report('hello-twice', LENGTH_BYTES, `expected one ${frame.type}; found another`);
    } else if (this.#isHealthcheck && !isHello && !isDisconnect) {
      report(
        'after-healthcheck',
        LENGTH_BYTES,
        `expected nothing after the HELLO of a health check; found ${frame.type}`,
      );
    } else if (!isHello && !this.#greeted.has(from) && !(isDisconnect && from === 'agent')) {
      const hello = from === 'agent' ? 'AGENT-HELLO' : 'HAPROXY-HELLO';
      report('hello-not-first', LENGTH_BYTES, `expected ${hello} first; found ${frame.type}`);
    }
  }

  #haproxyHello(frame: KvFrame, size: number, report: Report): void {
    this.#greeted.add('haproxy');
    this.#isHealthcheck = itemValue(frame, Key.Healthcheck) === true;
    const offered = itemValue(frame, Key.MaxFrameSize);
    if (typeof offered !== 'number' && typeof offered !== 'bigint') return;
    this.offered = Number(offered);
    if (size - LENGTH_BYTES > this.offered) {
      const text = `expected a HAPROXY-HELLO of at most its own ${this.offered} bytes; found ${size - LENGTH_BYTES}`;
      report('hello-above-own-limit', 0, text);
    }
  }

  #agentHello(frame: KvFrame, report: Report): void {
    if (this.#knowsBoth && !this.#greeted.has('haproxy')) {
      report('agent-hello-unasked', LENGTH_BYTES, 'expected a HAPROXY-HELLO before the AGENT-HELLO; found none');
    }
    this.#greeted.add('agent');
    const size = itemValue(frame, Key.MaxFrameSize);
    if (typeof size === 'number' || typeof size === 'bigint') this.#agreed = Math.min(Number(size), this.offered);
    const capabilities = itemValue(frame, Key.Capabilities);
    this.#agentCapabilities = typeof capabilities === 'string' ? splitList(capabilities) : [];
  }

  #notify(frame: PlainFrame, report: Report): void {
    if (this.#begun !== undefined) {
      report('fragments-interlaced', LENGTH_BYTES, `expected a fragment of ${idsOf(this.#begun)}; found a NOTIFY`);
    }
    this.#begin(frame, report);
  }

  #begin(frame: PlainFrame, report: Report): void {
    const ids = idsOf(frame);
    if (this.#knowsBoth && !this.#greeted.has('agent')) {
      report(
        'notify-before-agent-hello',
        LENGTH_BYTES,
        `expected the AGENT-HELLO before any NOTIFY; found ${frame.type}`,
      );
    }
    if (this.#waiting.has(ids) && this.#knowsBoth) {
      report('ids-in-use', 9, `expected new ids; found ${ids}, which wait for an ACK`);
    }
    this.#answered.delete(ids);
    this.#waiting.add(ids);
    const most = this.#agentCapabilities.includes('pipelining') ? HAPROXY_MAX_IN_FLIGHT : 1;
    if (this.#knowsBoth && this.#greeted.has('agent') && this.#waiting.count > most) {
      report(
        'too-many-in-flight',
        LENGTH_BYTES,
        `expected at most ${most} NOTIFYs without ACK; found ${this.#waiting.count}`,
      );
    }
  }

  #fragment(frame: FragmentFrame, report: Report): void {
    if (this.#line === '3.1' || this.#line === '3.2') {
      report('fragment-deprecated', 5, `expected no fragments from HAProxy ${this.#line}; found one`);
    }
    if (frame.type === 'NOTIFY-FRAGMENT') return this.#firstFragment(frame, report);
    if (this.#begun === undefined) {
      return report(
        'fragment-not-begun',
        LENGTH_BYTES,
        'expected a NOTIFY without FIN before a continuation; found none',
      );
    }
    if (idsOf(this.#begun) !== idsOf(frame)) {
      report('fragments-interlaced', 9, `expected a fragment of ${idsOf(this.#begun)}; found one of ${idsOf(frame)}`);
    }
    const isAborted = (frame.flags & FrameFlag.Abort) !== 0;
    if (isAborted && (frame.flags & FrameFlag.Fin) === 0)
      report('fin-missing', 5, 'expected FIN with ABORT; found ABORT alone');
    if (isAborted) this.#waiting.delete(idsOf(this.#begun));
    if (isAborted || (frame.flags & FrameFlag.Fin) !== 0) this.#begun = undefined;
    return undefined;
  }

  #firstFragment(frame: FragmentFrame, report: Report): void {
    if (this.#knowsBoth && !this.#agentCapabilities.includes('fragmentation')) {
      report(
        'fragment-not-announced',
        5,
        'expected FIN, since the agent did not announce fragmentation; found a fragment',
      );
    }
    if (this.#begun !== undefined) {
      report(
        'fragments-interlaced',
        LENGTH_BYTES,
        `expected a fragment of ${idsOf(this.#begun)}; found another NOTIFY`,
      );
    }
    this.#begun = frame;
    this.#begin(frame, report);
  }

  #ack(frame: PlainFrame, report: Report): void {
    const ids = idsOf(frame);
    if (this.#waiting.delete(ids)) {
      this.#answered.add(ids);
    } else if (this.#knowsBoth) {
      const rule = this.#answered.has(ids) ? 'ack-twice' : 'ack-unknown';
      report(
        rule,
        9,
        `expected the ids of a NOTIFY that waits for its ACK (${this.#waiting.describe()}); found ${ids}`,
      );
    }
  }
}

/** The ids of the NOTIFYs that wait for an ACK, where the same ids may occur several times. */
class WaitingIds {
  count: number = 0;
  readonly #counts: Map<string, number> = new Map();

  has(ids: string): boolean {
    return this.#counts.has(ids);
  }

  add(ids: string): void {
    this.#counts.set(ids, (this.#counts.get(ids) ?? 0) + 1);
    this.count++;
  }

  /** Removes one NOTIFY with these ids; returns whether there was one. */
  delete(ids: string): boolean {
    const count = this.#counts.get(ids);
    if (count === undefined) return false;
    if (count === 1) this.#counts.delete(ids);
    else this.#counts.set(ids, count - 1);
    this.count--;
    return true;
  }

  /** The oldest ids, and the number of others. */
  describe(): string {
    const quoted: string[] = [];
    for (const ids of this.#counts.keys()) {
      if (quoted.length === HAPROXY_MAX_IN_FLIGHT) break;
      quoted.push(ids);
    }
    const omitted = this.#counts.size - quoted.length;
    return `${quoted.join(', ') || 'none'}${omitted > 0 ? ` and ${omitted} more` : ''}`;
  }
}

function nameOf(side: Side): string {
  return side === 'agent' ? 'an agent' : 'HAProxy';
}
