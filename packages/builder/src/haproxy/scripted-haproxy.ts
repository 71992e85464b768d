import { setImmediate as nextTurn } from 'node:timers/promises';
import { LENGTH_BYTES } from '@spop/codec';
import { type ArgumentsInput, type FrameBuilder, type KvBuilder, NotifyBuilder } from '../build/frame-builder.ts';
import type { DisconnectOptions, HaproxyHelloOptions } from '../build/frames.ts';
import type { MessageSchema, SchemaParameters } from '../build/schema.ts';
import type { HaproxyLine } from '../data/haproxy-line.ts';
import type { AckFrame, KvFrame, PlainFrame } from '../data/model.ts';
import { summarize } from '../data/summary.ts';
import type { BytesInput } from '../read/parse.ts';
import type { Violation } from '../validate/validate.ts';
import { type ReceivedAgentHello, toAgentHello } from './agent-hello.ts';
import { Conversation } from './conversation.ts';
import { type Link, openLink, type Target } from './link.ts';
import { haproxy, HaproxyPreset } from './presets.ts';
import { runStep } from './step.ts';

const DEFAULT_TIMEOUT_MS = 2000;

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** The line of HAProxy; 3.2 by default. A preset that several connections share is one HAProxy process. */
  readonly haproxy?: HaproxyLine | HaproxyPreset | undefined;
  /** How long each step may take, in milliseconds; 2000 by default. */
  readonly timeoutMs?: number | undefined;
  /** The most bytes of one write, to test an agent with frames in pieces; whole frames by default. */
  readonly chunkBytes?: number | undefined;
  /**
   * Whether a step fails when the agent breaks a rule of the protocol or of this HAProxy (see `validate`); true by default.
   * `violations` has all of them in either case.
   */
  readonly strict?: boolean | undefined;
  /**
   * The `name` of the agent. With it a failure tells what this agent reported, where several agents of this process listen on unix
   * sockets, whose reports cannot be told apart otherwise.
   */
  readonly agentName?: string | undefined;
  /** HAProxy's `option var-prefix`. With it the length rule of variable names is exact. */
  readonly variablePrefix?: string | undefined;
}

/** A NOTIFY to send: a builder with ids of its own, or a function that gets a builder with HAProxy's next ids. */
export type NotifyInput = NotifyBuilder | ((notify: NotifyBuilder) => NotifyBuilder);

function toInput(input: MessageSchema | string | NotifyInput, args: ArgumentsInput): NotifyInput {
  if (input instanceof NotifyBuilder || typeof input === 'function') return input;
  return (notify) => notify.untypedMessage(input, args);
}

/**
 * The HAProxy side of one connection, played by a test; {@link connect} makes one. Each step has a deadline, and its failure
 * has the whole conversation in its text.
 */
export class ScriptedHaproxy {
  /** Builds this HAProxy's frames: `peer.send(peer.preset.notify().message(…))` sends one by hand. */
  readonly preset: HaproxyPreset;
  readonly #conversation: Conversation;
  readonly #roomWaiters: (() => void)[] = [];
  #inFlight: number = 0;
  #greeting: Promise<ReceivedAgentHello> | undefined;

  /** Use {@link connect}. */
  constructor(link: Link, options: ConnectOptions) {
    const preset = options.haproxy ?? '3.2';
    this.preset = preset instanceof HaproxyPreset ? preset.connection() : haproxy(preset);
    this.#conversation = new Conversation(link, {
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      chunkBytes: options.chunkBytes ?? Number.POSITIVE_INFINITY,
      maxFrameSize: this.preset.maxFrameSize,
      isStrict: options.strict ?? true,
      agentName: options.agentName,
      haproxy: this.preset.line,
      variablePrefix: options.variablePrefix,
    });
  }

  /** Every frame that the agent sent, in order of arrival. */
  get received(): readonly PlainFrame[] {
    return this.#conversation.received;
  }

  /** Every rule that the agent broke, warnings too. */
  get violations(): readonly Violation[] {
    return this.#conversation.violations;
  }

  /**
   * Sends the HAPROXY-HELLO and returns the agent's AGENT-HELLO. `notify()` and `burst()` do it if it was not done.
   *
   * @throws {PeerFailure} when the agent refuses, or sends an answer that HAProxy would refuse.
   */
  hello(options: HaproxyHelloOptions = {}): Promise<ReceivedAgentHello> {
    return runStep(() => (this.#greeting ??= this.#handshake(this.preset.hello(options))));
  }

  /**
   * Sends one NOTIFY with HAProxy's next ids and returns its ACK. Calls that are not awaited are pipelined, up to as many as
   * HAProxy would have in flight; the others wait for their turn.
   *
   * @throws {PeerFailure} when no ACK comes; {SpopError} when the message does not match its schema.
   */
  notify<Schema extends MessageSchema>(schema: Schema, ...args: SchemaParameters<Schema>): Promise<AckFrame>;
  /** Sends one message by its name, with arguments that no declaration checks. */
  notify(name: string, args?: ArgumentsInput): Promise<AckFrame>;
  /** Sends a NOTIFY of any messages. */
  notify(input: NotifyInput): Promise<AckFrame>;
  notify(input: MessageSchema | string | NotifyInput, args: ArgumentsInput = {}): Promise<AckFrame> {
    return runStep(async () => {
      const [ackFrame] = await this.#exchange([toInput(input, args)]);
      if (ackFrame === undefined) throw this.#conversation.failure('closed', 'no ACK came');
      return ackFrame;
    });
  }

  /**
   * Sends NOTIFYs, as many in one write as HAProxy would have in flight, and returns their ACKs in the order of the NOTIFYs.
   * `received` has the ACKs in the order in which they came.
   *
   * @throws {PeerFailure} when an ACK is missing.
   */
  burst(inputs: readonly NotifyInput[]): Promise<AckFrame[]> {
    return runStep(() => this.#exchange(inputs));
  }

  /**
   * Makes HAProxy's health check: its HELLO, an AGENT-HELLO with nothing after it, and a reset.
   *
   * @throws {PeerFailure} when HAProxy would mark the agent as down.
   */
  healthcheck(): Promise<ReceivedAgentHello> {
    return runStep(async () => {
      this.#greeting ??= this.#handshake(this.preset.healthcheck());
      const agreed = await this.#greeting;
      // By then bytes that came in the same write as the AGENT-HELLO were read.
      await nextTurn();
      const [extra] = this.#conversation.unclaimed;
      if (extra !== undefined || this.#conversation.incompleteBytes > 0) {
        const what = extra === undefined ? `${this.#conversation.incompleteBytes} bytes` : summarize(extra);
        const text = `expected nothing after the AGENT-HELLO of a health check; found ${what}`;
        throw this.#conversation.failure('violation', text);
      }
      this.close();
      return agreed;
    });
  }

  /**
   * Sends a HAPROXY-DISCONNECT, waits for the AGENT-DISCONNECT and for the end of the connection.
   *
   * @throws {PeerFailure} when either does not come.
   */
  disconnect(options: DisconnectOptions = {}): Promise<KvFrame> {
    return runStep(async () => {
      const answer = this.#conversation.expectFrame('the AGENT-DISCONNECT', (frame) =>
        frame.type === 'AGENT-DISCONNECT' ? frame : undefined,
      );
      this.send(this.preset.disconnect(options));
      const frame = await answer;
      await this.#conversation.closed();
      return frame;
    });
  }

  /** Writes frames or bytes unchanged, valid or not, in one write. */
  send(...pieces: readonly BytesInput[]): void {
    this.#conversation.send(pieces);
  }

  /**
   * Returns the next frame of the agent that no other step waited for.
   *
   * @throws {PeerFailure} when none comes.
   */
  receive(timeoutMs: number = this.#conversation.timeoutMs): Promise<PlainFrame> {
    return runStep(
      async () =>
        this.#conversation.unclaimed.shift() ??
        (await this.#conversation.expectFrame('a frame', (frame) => frame, timeoutMs)),
    );
  }

  /**
   * Resolves once the agent has ended the connection.
   *
   * @throws {PeerFailure} when it does not.
   */
  closed(timeoutMs: number = this.#conversation.timeoutMs): Promise<void> {
    return runStep(() => this.#conversation.closed(timeoutMs));
  }

  /** Sends nothing more, but goes on reading: a half-close. */
  end(): void {
    this.#conversation.end();
  }

  /** Stops reading, as a slow peer does, until {@link resume}. */
  pause(): void {
    this.#conversation.pause();
  }

  /** Reads on after {@link pause}. */
  resume(): void {
    this.#conversation.resume();
  }

  /** Resets the connection at once, as HAProxy 3.1 and later do; steps that still wait fail. */
  close(): void {
    this.#conversation.reset();
  }

  /** `await using peer = await connect(…)` closes the connection at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await nextTurn();
  }

  async #handshake(hello: KvBuilder): Promise<ReceivedAgentHello> {
    const answer = this.#conversation.expectFrame('the AGENT-HELLO', (frame) =>
      frame.type === 'AGENT-HELLO' ? frame : undefined,
    );
    this.send(hello);
    return toAgentHello(await answer, this.preset.maxFrameSize);
  }

  async #exchange(inputs: readonly NotifyInput[]): Promise<AckFrame[]> {
    const agreed = await (this.#greeting ??= this.#handshake(this.preset.hello()));
    const limit = this.preset.maxInFlight(agreed.capabilities);
    const acks: Promise<AckFrame>[] = [];
    let batch: FrameBuilder[] = [];
    for (const input of inputs) {
      if (this.#inFlight >= limit) {
        this.#conversation.send(batch);
        batch = [];
        // HAProxy holds back a NOTIFY until an ACK makes room for it.
        await this.#room(limit);
      }
      const whole = input instanceof NotifyBuilder ? input : input(this.preset.notify());
      batch = batch.concat(this.#framesOf(whole, agreed));
      const ack = this.#awaitAck(whole);
      // It may fail while this loop waits for room. The caller gets the failure below.
      ack.catch(() => undefined);
      acks.push(ack);
    }
    this.#conversation.send(batch);
    return Promise.all(acks);
  }

  #framesOf(whole: NotifyBuilder, agreed: ReceivedAgentHello): readonly FrameBuilder[] {
    const size = whole.toBytes().length - LENGTH_BYTES;
    if (size <= agreed.maxFrameSize) return [whole];
    if (this.preset.canFragment && agreed.capabilities.includes('fragmentation')) {
      return this.preset.fragments(whole, agreed.maxFrameSize);
    }
    throw this.#conversation.failure(
      'refused',
      `HAProxy ${this.preset.line} does not send a NOTIFY of ${size} bytes where ${agreed.maxFrameSize} were agreed; use send() to send it anyway`,
    );
  }

  async #awaitAck(whole: NotifyBuilder): Promise<AckFrame> {
    const streamId = BigInt(whole.options.streamId ?? 0);
    const frameId = BigInt(whole.options.frameId ?? 0);
    this.#inFlight++;
    try {
      return await this.#conversation.expectFrame(`the ACK of NOTIFY ${streamId}:${frameId}`, (frame) =>
        frame.type === 'ACK' && frame.streamId === streamId && frame.frameId === frameId ? frame : undefined,
      );
    } finally {
      this.#inFlight--;
      this.#roomWaiters.shift()?.();
    }
  }

  async #room(limit: number): Promise<void> {
    while (this.#inFlight >= limit) {
      await new Promise<void>((resolve) => {
        this.#roomWaiters.push(resolve);
      });
    }
  }
}

/**
 * Connects a scripted HAProxy to an agent: an object of this process with `handle(stream)`, an address (`{ host, port }` or
 * `{ path }`), or a stream. It sends nothing yet.
 *
 * @throws {PeerFailure} when the address cannot be reached in time.
 */
export function connect(target: Target, options: ConnectOptions = {}): Promise<ScriptedHaproxy> {
  const open = async (): Promise<ScriptedHaproxy> =>
    new ScriptedHaproxy(await openLink(target, options.timeoutMs ?? DEFAULT_TIMEOUT_MS), options);
  return runStep(open);
}
