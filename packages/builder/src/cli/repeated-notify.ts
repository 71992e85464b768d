import type { NotifyBuilder } from '../build/frame-builder.ts';
import type { AckFrame } from '../data/model.ts';
import type { HaproxyPreset } from '../haproxy/presets.ts';
import type { ScriptedHaproxy } from '../haproxy/scripted-haproxy.ts';
import type { Violation } from '../validate/validate.ts';
import { leave, openPeer } from './peer.ts';
import type { AgentTarget } from './target.ts';

/** After 10,000 NOTIFYs a new connection follows, since a connection keeps all its frames. */
const NOTIFIES_PER_CONNECTION = 10_000;
/** The most different answers that are kept. */
const MAX_ANSWERS = 10;

/** The NOTIFY to send, and how often. */
export interface Plan {
  readonly target: AgentTarget;
  /** One HAProxy process on all connections. */
  readonly preset: HaproxyPreset;
  readonly variablePrefix: string | undefined;
  readonly build: (notify: NotifyBuilder) => NotifyBuilder;
  readonly repeat: number;
  /** The number of NOTIFYs that wait for their ACKs at the same time. */
  readonly concurrency: number;
}

/** An answer, and how often it came. */
export interface CountedAnswer {
  readonly ack: AckFrame;
  count: number;
}

/** Sends the same NOTIFY repeatedly, `concurrency` at a time, on as many connections as HAProxy would need. */
export class RepeatedNotify {
  /** The different answers, ids apart, in the order in which they first came. */
  readonly answers: CountedAnswer[] = [];
  /** The number of ACKs. */
  done: number = 0;
  /** The number of connections opened. */
  connections: number = 0;
  /** What was wrong at the ends of connections, in words. */
  readonly complaints: Set<string> = new Set();
  readonly #plan: Plan;
  readonly #latencies: Float64Array;
  readonly #violations: Map<string, Violation> = new Map();
  readonly #counts: Map<string, CountedAnswer> = new Map();
  #begun: number = 0;
  #isStopped: boolean = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#latencies = new Float64Array(plan.repeat);
  }

  /** The time from each NOTIFY to its ACK, in milliseconds, in the order in which they came. */
  get latencies(): Float64Array {
    return this.#latencies.subarray(0, this.done);
  }

  /** The rules that the agent broke, each once. */
  get violations(): Violation[] {
    return [...this.#violations.values()];
  }

  /** Sends no further NOTIFY; {@link run} resolves when the waiting ones are answered. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when all NOTIFYs are answered. @throws {PeerFailure} of the first one that is not; earlier answers are kept. */
  async run(): Promise<void> {
    const { concurrency, preset } = this.#plan;
    const first = await this.#open();
    const { capabilities } = await this.#greet(first);
    const inFlight = preset.maxInFlight(capabilities);
    const lanes: Promise<void>[] = [];
    for (let left = concurrency, peer: ScriptedHaproxy | undefined = first; left > 0; left -= inFlight) {
      lanes.push(this.#connection(peer, Math.min(left, inFlight)));
      peer = undefined;
    }
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #open(): Promise<ScriptedHaproxy> {
    this.connections++;
    const { target, preset, variablePrefix } = this.#plan;
    return openPeer(target, { haproxy: preset, strict: false, variablePrefix });
  }

  async #greet(peer: ScriptedHaproxy): Promise<{ readonly capabilities: readonly string[] }> {
    try {
      return await peer.hello();
    } catch (error) {
      this.#collect(peer);
      peer.close();
      throw error;
    }
  }

  /** One connection after the other, with `inFlight` NOTIFYs in flight. */
  async #connection(opened: ScriptedHaproxy | undefined, inFlight: number): Promise<void> {
    let peer = opened;
    try {
      while (!this.#isOver()) {
        peer ??= await this.#open();
        const limit = { left: NOTIFIES_PER_CONNECTION };
        const current = peer;
        await Promise.all(Array.from({ length: inFlight }, () => this.#lane(current, limit)));
        const complaint = await leave(peer);
        if (complaint !== undefined) this.complaints.add(complaint);
        this.#collect(peer);
        peer = undefined;
      }
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      if (peer !== undefined) this.#collect(peer);
      peer?.close();
    }
  }

  #isOver(): boolean {
    return this.#isStopped || this.#begun >= this.#plan.repeat;
  }

  /** One NOTIFY after the other. */
  async #lane(peer: ScriptedHaproxy, limit: { left: number }): Promise<void> {
    while (!this.#isOver() && limit.left > 0) {
      this.#begun++;
      limit.left--;
      const start = performance.now();
      const ack = await peer.notify(this.#plan.build);
      this.#latencies[this.done++] = performance.now() - start;
      this.#count(ack);
    }
  }

  #count(ack: AckFrame): void {
    const key = JSON.stringify(ack.actions, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const answer = { ack, count: 1 };
    if (this.answers.length === MAX_ANSWERS) return;
    this.answers.push(answer);
    this.#counts.set(key, answer);
  }

  #collect(peer: ScriptedHaproxy): void {
    for (const violation of peer.violations) {
      const key = `${violation.rule} ${violation.message}`;
      if (!this.#violations.has(key)) this.#violations.set(key, violation);
    }
  }
}
