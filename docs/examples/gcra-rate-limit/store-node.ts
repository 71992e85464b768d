/** One server of the store: its connection, and the breaker that drops it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'iovalkey';
import { messageOf } from '../shared/message-of.ts';
import { monotonicUs } from './memory-limiter.ts';
import { SCRIPT, SCRIPT_DIGEST } from './store-script.ts';

const TICK_MS = 25;
/** The server hangs if it gives no answer for this time, or for the deadline, while calls wait. */
const MIN_STILL_MS = 100;
/** The breaker opens after this number of errors or late answers in a row. */
const MAX_FAILURES = 20;
/** Calls that wait for their answers at once, each until the deadline at most. */
const MAX_IN_FLIGHT = 1_000;
const CONNECT_TIMEOUT_MS = 1_000;
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 1_000;

/** The time that the store kept for a client when it decided, in µs of its clock. */
export interface Kept {
  readonly nowUs: number;
  readonly arrivalUs: number;
}

/** The script's arguments in each call. */
export interface ScriptSettings {
  readonly intervalUs: number;
  readonly burstUs: number;
  readonly ttlMs: number;
  readonly deadlineMs: number;
}

/**
 * A server, connected to again and again while it does not answer. Until it answers, no request waits for it: the connection
 * is dropped, since the server would execute unread calls later, for clients that have had another answer.
 */
export class StoreNode {
  /** Host and port. */
  readonly address: string;
  /** Times that the connection was dropped. */
  openings = 0;
  readonly #options: RedisOptions;
  readonly #script: ScriptSettings;
  readonly #onChange: () => void;
  readonly #mayReturn: () => Promise<boolean>;
  readonly #timer: NodeJS.Timeout;
  #redis: Redis | undefined;
  #isReady = false;
  #isClosed = false;
  #isReported = false;
  #pauseMs = MIN_PAUSE_MS;
  #inFlight = 0;
  #idleTicks = 0;
  #failures = 0;
  /** The least that the server's clock is ahead of ours. */
  #offsetUs = 0;

  /** @param mayReturn says whether a server that failed, and answers again, may decide again; asked until it may. */
  constructor(
    address: string,
    options: RedisOptions,
    script: ScriptSettings,
    onChange: () => void,
    mayReturn: () => Promise<boolean> = () => Promise.resolve(true),
  ) {
    this.address = address;
    this.#options = options;
    this.#script = script;
    this.#onChange = onChange;
    this.#mayReturn = mayReturn;
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
    void this.#connect();
  }

  get isReady(): boolean {
    return this.#isReady && this.#inFlight < MAX_IN_FLIGHT;
  }

  /**
   * Decides about a request of the client with this key; `isMoving` if the server that has the slot said ASK.
   *
   * @throws Error if the server did not decide: the client is not charged, or it is unknown whether it was.
   */
  async decide(key: string, { isMoving = false } = {}): Promise<Kept> {
    const { intervalUs, burstUs, ttlMs, deadlineMs } = this.#script;
    const sentUs = monotonicUs();
    const until = sentUs + deadlineMs * 1_000 + this.#offsetUs;
    const args = [1, key, intervalUs, burstUs, ttlMs, until] as const;
    let answer: unknown;
    try {
      answer = await this.ask((redis) => {
        this.#cork(redis);
        // ASKING is valid for the next command only.
        if (isMoving) return Promise.all([redis.asking(), redis.eval(SCRIPT, ...args)]).then(([, said]) => said);
        return redis.evalsha(SCRIPT_DIGEST, ...args);
      });
    } catch (error) {
      // The server was restarted, or SCRIPT FLUSH was called. The call had no effect.
      if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
      answer = await this.ask((redis) => redis.eval(SCRIPT, ...args));
    }
    if (!Array.isArray(answer)) throw new Error('expected an array');
    const [nowUs, arrivalUs] = answer as readonly unknown[];
    const isLate = this.#learnClock(Number(nowUs), sentUs) > deadlineMs * 1_000;
    this.#count(isLate ? 'answers come too late' : undefined);
    if (arrivalUs === undefined) throw new Error('the store was asked too late');
    return { nowUs: Number(nowUs), arrivalUs: Number(arrivalUs) };
  }

  /** Sends a command while there is a connection. @throws Error if there is none, or the server's error. */
  async ask<T>(call: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = this.#redis;
    if (redis === undefined) throw new Error(`${this.address} is not connected`);
    this.#inFlight++;
    try {
      return await call(redis);
    } catch (error) {
      // These are not failures of the server.
      if (!/^(MOVED|ASK|NOSCRIPT) /.test(messageOf(error)) && redis === this.#redis) this.#count(messageOf(error));
      throw error;
    } finally {
      if (redis === this.#redis) {
        this.#inFlight--;
        this.#idleTicks = 0;
      }
    }
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#disconnect();
  }

  async #connect(): Promise<void> {
    const redis = new Redis({
      ...this.#options,
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    let reason: Error | undefined;
    redis.on('error', (error: Error) => (reason ??= error));
    redis.once('end', () => {
      if (redis === this.#redis) this.#open(reason?.message ?? 'the connection has ended');
    });
    this.#redis = redis;
    this.#inFlight = 0;
    this.#idleTicks = 0;
    this.#failures = 0;
    const timer = setTimeout(() => {
      if (redis === this.#redis) this.#open(`not connected within ${CONNECT_TIMEOUT_MS} ms`);
    }, CONNECT_TIMEOUT_MS);
    try {
      await redis.connect();
      const sentUs = monotonicUs();
      const [seconds, us] = await redis.time();
      clearTimeout(timer);
      if (redis !== this.#redis) return;
      this.#offsetUs = -Infinity;
      this.#learnClock(Number(seconds) * 1e6 + Number(us), sentUs);
      while (redis === this.#redis && this.#isReported && !(await this.#mayReturn())) await sleep(MIN_PAUSE_MS);
      if (redis !== this.#redis) return;
      this.#isReady = true;
      if (this.#isReported) console.error(`store ${this.address} answers again`);
      else console.log(`store ${this.address} answers`);
      this.#isReported = false;
      this.#onChange();
    } catch (error) {
      if (redis === this.#redis) this.#open((reason ?? (error as Error)).message);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Delays writing until the other handlers of this turn of the event loop have run: one write for all. */
  #cork({ stream }: Redis): void {
    if (stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  #tick(): void {
    if (!this.#isReady || this.#inFlight === 0) return;
    // It counts ticks, not time: a process that hangs has no ticks.
    const stillMs = Math.max(MIN_STILL_MS, this.#script.deadlineMs);
    if (++this.#idleTicks > stillMs / TICK_MS) this.#open(`no answer for ${stillMs} ms`);
  }

  #count(failure: string | undefined): void {
    if (failure === undefined) {
      this.#failures = 0;
      this.#pauseMs = MIN_PAUSE_MS;
    } else if (++this.#failures >= MAX_FAILURES && this.#isReady) {
      this.#open(`${MAX_FAILURES} failures one after the other: ${failure}`);
    }
  }

  /** Opens the breaker: drops the connection and all waiting calls; a new one is made after a pause. */
  #open(reason: string): void {
    this.#disconnect();
    if (this.#isClosed) return;
    if (!this.#isReported) {
      console.error(`store ${this.address} is not asked for now: ${reason}`);
      this.#isReported = true;
      this.openings++;
    }
    setTimeout(() => {
      if (!this.#isClosed) void this.#connect();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs);
    this.#onChange();
  }

  #disconnect(): void {
    const redis = this.#redis;
    this.#redis = undefined;
    this.#isReady = false;
    redis?.disconnect();
    // At once, with all unwritten bytes.
    redis?.stream?.destroy();
  }

  /** Learns how far the server's clock is ahead from an answer to a call sent at `sentUs`. @returns its round trip, in µs. */
  #learnClock(serverUs: number, sentUs: number): number {
    const receivedUs = monotonicUs();
    // The clock was read during the round trip: short ones are the most exact. An impossible value means that the clock was set.
    const isSetBack = serverUs - sentUs < this.#offsetUs;
    if (isSetBack || serverUs - receivedUs > this.#offsetUs) this.#offsetUs = serverUs - receivedUs;
    return receivedUs - sentUs;
  }
}
