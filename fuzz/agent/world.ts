import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Agent, createAgent } from '@spop/agent';
import { data, haproxyDisconnect, haproxyHello, notify, unset } from '@spop/builder';
import type { Action, NotifyBuilder } from '@spop/builder';
import type { Actions } from '@spop/codec';
import { vi } from 'vitest';
import { expectSame } from '../support/plain-frames.ts';
import { streamPair } from '../support/stream-pair.ts';
import {
  answerJob,
  expectedActions,
  FALLBACK,
  fellBack,
  type HandledMessage,
  type Job,
  type JobInput,
  MAX_PLACES,
  other,
  work,
} from './jobs.ts';
import { AgentPeer } from './peer.ts';

const PROCESSING_TIMEOUT_MS = 1_000;
/** A deadline may come so much later, in ms. */
const TIMER_SLACK_MS = 20;
const MAX_IN_FLIGHT_PER_CONNECTION = 6;

interface Question {
  readonly peer: AgentPeer;
  readonly streamId: bigint;
  readonly frameId: bigint;
  readonly jobs: readonly Job[];
  startedAt: number;
  isAnswered: boolean;
  /** Whether all of it was sent. */
  isWhole: boolean;
}

const STREAM_IDS: readonly bigint[] = [0n, 1n, 3n, 240n, 2_288n, 1n << 32n, (1n << 63n) + 5n];

/** An agent, the HAProxys before it, and all that is known about what they asked. */
export class AgentWorld {
  readonly agent: Agent;
  readonly peers: AgentPeer[] = [];
  readonly #jobs: Map<bigint, Job> = new Map();
  readonly #questions: Question[] = [];
  /** A fragmented NOTIFY that was begun, by its connection: bytes that are still to be sent. */
  readonly #fragments: Map<AgentPeer, { readonly question: Question; rest: Uint8Array }> = new Map();
  /** Connections that have to end, with the status that they end with. */
  readonly #expectedStatus: Map<AgentPeer, number> = new Map();
  /** What handlers saw and should not have. */
  readonly #problems: unknown[] = [];
  #lastToken: bigint = 0n;
  #closing: Promise<void> | undefined;

  constructor() {
    this.agent = createAgent({
      processingTimeoutMs: PROCESSING_TIMEOUT_MS,
      maxInFlightPerConnection: MAX_IN_FLIGHT_PER_CONNECTION,
      maxInFlight: 2 * MAX_IN_FLIGHT_PER_CONNECTION,
      maxReassembledBytes: 100_000,
      helloTimeoutMs: 0,
      partialFrameTimeoutMs: 0,
      fallback: (_, ack) => void ack.set(fellBack, true),
    });
    this.agent.onMessage(work, (message, ack) => this.#handle(message, ack));
    this.agent.onMessage(other, (message, ack) => this.#handle(message, ack));
  }

  /** The peers in a state. */
  peersIn(state: AgentPeer['state']): AgentPeer[] {
    return this.peers.filter((peer) => peer.state === state);
  }

  connect(): void {
    const [ours, theirs] = streamPair();
    this.peers.push(new AgentPeer(ours));
    this.agent.handle(theirs);
  }

  greet(peer: AgentPeer, capabilities: string, maxFrameSize: number, sizes: readonly number[]): void {
    peer.state = 'greeted';
    peer.write(haproxyHello({ capabilities, maxFrameSize }).toBytes(), sizes);
  }

  /** Sends NOTIFYs in one go, each with its messages. */
  ask(peer: AgentPeer, inputs: readonly (readonly JobInput[])[], sizes: readonly number[]): void {
    const frames = inputs.map((jobs) => this.#build(peer, jobs, 1).frame.toBytes());
    peer.write(Buffer.concat(frames), sizes);
  }

  /** Whether a fragmented NOTIFY is under way. */
  hasFragments(peer: AgentPeer): boolean {
    return this.#fragments.has(peer);
  }

  /** Sends the beginning of a fragmented NOTIFY. */
  beginFragments(peer: AgentPeer, jobs: readonly JobInput[], part: number, sizes: readonly number[]): void {
    const { frame, question } = this.#build(peer, jobs, 0);
    const payload = frame.toPayload();
    const { streamId, frameId } = question;
    const cut = Math.floor(part * payload.length);
    question.isWhole = false;
    this.#fragments.set(peer, { question, rest: payload.subarray(cut) });
    peer.write(notify({ streamId, frameId, flags: 0 }).raw(payload.subarray(0, cut)).toBytes(), sizes);
  }

  /** Sends a part of what is left of a fragmented NOTIFY: all of it with FIN where `part` is 1. */
  continueFragments(peer: AgentPeer, part: number, sizes: readonly number[]): void {
    const fragments = this.#fragments.get(peer)!;
    const { streamId, frameId } = fragments.question;
    const cut = Math.ceil(part * fragments.rest.length);
    const piece = fragments.rest.subarray(0, cut);
    fragments.rest = fragments.rest.subarray(cut);
    const isLast = part === 1;
    if (isLast) {
      fragments.question.isWhole = true;
      this.#fragments.delete(peer);
    }
    peer.write(unset({ streamId, frameId, flags: isLast ? 1 : 0 }, piece).toBytes(), sizes);
  }

  /** Begins a fragmented NOTIFY that is under way once more, with or without FIN: no HAProxy does. */
  repeatBeginning(peer: AgentPeer, flags: number): void {
    const { streamId, frameId } = this.#fragments.get(peer)!.question;
    this.sendWrong(peer, notify({ streamId, frameId, flags }).toBytes(), 11);
  }

  /** Aborts a fragmented NOTIFY: its ACK is no longer expected. */
  abortFragments(peer: AgentPeer): void {
    const { question } = this.#fragments.get(peer)!;
    this.#fragments.delete(peer);
    question.isAnswered = true;
    peer.write(unset({ streamId: question.streamId, frameId: question.frameId, flags: 3 }).toBytes(), []);
  }

  /** Handlers that wait to be let go on. */
  get waitingJobs(): Job[] {
    return [...this.#jobs.values()].filter(({ open }) => open !== undefined);
  }

  /** Lets one handler go on, to do well or to fail. */
  settle(job: Job, isFine: boolean): void {
    job.outcome = isFine && job.mode === 'gate' ? 'fine' : 'failed';
    job.open?.(isFine);
    job.open = undefined;
  }

  /** Lets time pass for everything but the event loop. */
  advance(milliseconds: number): void {
    vi.advanceTimersByTime(milliseconds);
  }

  /** Lets the deadlines of all that was asked pass. */
  expireAll(): void {
    this.advance(PROCESSING_TIMEOUT_MS + TIMER_SLACK_MS);
  }

  /** Sends what no HAProxy sends; the connection has to end with that status, and no other. */
  sendWrong(peer: AgentPeer, bytes: Uint8Array, status: number): void {
    this.#expectStatus(peer, status);
    peer.write(bytes, []);
  }

  /** Says HAPROXY-DISCONNECT: nothing that was asked there has to be answered. */
  disconnect(peer: AgentPeer): void {
    this.#expectStatus(peer, 0);
    peer.write(haproxyDisconnect().toBytes(), []);
  }

  /** Resets the connection. */
  reset(peer: AgentPeer): void {
    peer.state = 'over';
    peer.stream.destroy();
  }

  /** Lets everything happen that needs no time and no further bytes, and checks what came of it. */
  async check(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await nextTurn();
    for (const peer of this.peers) for (const ack of peer.acks.splice(0)) this.#takeAck(peer, ack);
    for (const question of this.#questions) this.#checkIsAnswered(question);
    for (const peer of this.peers) this.#checkStatus(peer);
    if (this.#problems.length > 0) throw this.#problems[0];
  }

  /** Ends every wait, closes the agent, and checks that nothing is left of anything. */
  async finish(): Promise<void> {
    for (const peer of this.peers) {
      peer.setReading(true);
      if (this.hasFragments(peer) && peer.isServed) this.continueFragments(peer, 1, []);
    }
    // Handlers start as others end, where too many were in flight.
    for (let round = 0; round < 200 && this.#questions.some((each) => this.#isOpen(each)); round++) {
      for (const job of this.waitingJobs) this.settle(job, true);
      await this.check();
      this.expireAll();
      await this.check();
    }
    expectSame(this.#questions.filter((each) => this.#isOpen(each)).length, 0);
    await this.#closeAndWait();
  }

  /** Whether the agent was told to close. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Tells the agent to close: it answers what it was asked, and takes leave of every peer. */
  close(): void {
    this.#closing ??= this.agent.close({ graceMs: 60_000 });
  }

  async #closeAndWait(): Promise<void> {
    this.close();
    let isDone = false;
    void this.#closing?.then(() => (isDone = true));
    for (let turn = 0; turn < 50 && !isDone; turn++) {
      for (const job of this.waitingJobs) this.settle(job, true);
      await this.check();
      this.expireAll();
    }
    if (!isDone) throw new Error(`expected the agent to close; found ${this.agent.connectionCount} connections open`);
    expectSame([this.agent.connectionCount, this.agent.inFlightCount], [0, 0]);
  }

  /** What is wrong first counts: HAProxy may not have read yet that its connection is over. */
  #expectStatus(peer: AgentPeer, status: number): void {
    if (!this.#expectedStatus.has(peer)) this.#expectedStatus.set(peer, status);
  }

  /** A connection ends when it has to, and with the right status; others do not end. */
  #checkStatus(peer: AgentPeer): void {
    const expected = this.#expectedStatus.get(peer) ?? (this.isClosed ? 0 : undefined);
    if (peer.disconnectStatus !== undefined) {
      // Where the agent closes, its leave may come before it reads what is wrong.
      if (peer.disconnectStatus !== 0 || !this.isClosed) expectSame(peer.disconnectStatus, expected);
      return;
    }
    const isDue = this.#expectedStatus.has(peer) && peer.isReading && !this.#isHeldBack(peer);
    if (isDue && peer.isServed) throw new Error(`expected an AGENT-DISCONNECT with status ${expected}; found none`);
  }

  #isOpen({ peer, isAnswered }: Question): boolean {
    return !isAnswered && peer.isServed;
  }

  #build(peer: AgentPeer, inputs: readonly JobInput[], flags: number): { frame: NotifyBuilder; question: Question } {
    // Stream-ids come again on every connection, and mean other streams there.
    const index = this.#questions.filter((each) => each.peer === peer).length;
    const streamId = STREAM_IDS[index % STREAM_IDS.length]!;
    const frameId = BigInt(index + 1);
    const jobs = inputs.slice(0, MAX_PLACES).map((input): Job => {
      const job: Job = { ...input, token: ++this.#lastToken, isStarted: false, open: undefined, outcome: undefined };
      this.#jobs.set(job.token, job);
      return job;
    });
    let frame = notify({ streamId, frameId, flags });
    for (const [place, { mode, token, word, name }] of jobs.entries()) {
      frame = frame.message(name, { place, mode: data.string(mode), token, more: null, word: data.string(word) });
    }
    const question: Question = { peer, streamId, frameId, jobs, startedAt: 0, isAnswered: false, isWhole: true };
    this.#questions.push(question);
    return { frame, question };
  }

  #handle(message: HandledMessage, ack: Actions): Promise<void> | undefined {
    const token = message.token.toBigInt();
    const job = this.#jobs.get(token);
    if (job === undefined || job.mode !== message.mode)
      throw new Error(`a handler was given a message that nobody sent`);
    if (job.isStarted) throw new Error(`the handler of message ${token} was called twice`);
    job.isStarted = true;
    const question = this.#questions.find(({ jobs }) => jobs.includes(job))!;
    question.startedAt = performance.now();
    return answerJob(job, message, ack, () => question.isAnswered || !question.peer.isServed, this.#problems);
  }

  #takeAck(
    peer: AgentPeer,
    { streamId, frameId, actions }: { streamId: bigint; frameId: bigint; actions: readonly Action[] },
  ): void {
    const question = this.#questions.find(
      (each) => each.peer === peer && each.streamId === streamId && each.frameId === frameId,
    );
    if (question === undefined) throw new Error(`an ACK for ${streamId}:${frameId}, which nobody sent here`);
    if (question.isAnswered) throw new Error(`a second ACK for ${streamId}:${frameId}`);
    question.isAnswered = true;
    const isLate = performance.now() - question.startedAt >= PROCESSING_TIMEOUT_MS;
    const expected = question.jobs.flatMap((job, place) => {
      if (isPassedOver(question, place)) return [];
      const isAnswered = actions.some(({ name }) => name === `token${place}`);
      if (isAnswered ? job.outcome !== 'fine' : job.outcome !== 'failed' && !isLate) {
        throw new Error(`an answer ${isAnswered ? 'without its handler' : 'that lacks what a handler has set'}`);
      }
      return isAnswered ? expectedActions(job, place) : [FALLBACK];
    });
    expectSame(byName(actions), byName(expected));
  }

  #checkIsAnswered(question: Question): void {
    const { peer, startedAt, isWhole } = question;
    if (!this.#isOpen(question) || !isWhole || !peer.isReading) return;
    const jobs = question.jobs.filter((_, place) => !isPassedOver(question, place));
    // Whether a NOTIFY without messages was read cannot be seen.
    if (!jobs.every((job) => job.isStarted) || jobs.length === 0) {
      if (this.#isHeldBack(peer)) return;
      throw new Error(`NOTIFY ${question.streamId}:${question.frameId} was not handled, or not answered`);
    }
    const isDone = jobs.every(({ outcome }) => outcome !== undefined);
    const isLate = performance.now() - startedAt > PROCESSING_TIMEOUT_MS + TIMER_SLACK_MS;
    if (isDone || isLate) throw new Error(`NOTIFY ${question.streamId}:${question.frameId} was not answered`);
  }

  /** Whether the agent does not read from that connection, because it has too much to do already. */
  #isHeldBack(peer: AgentPeer): boolean {
    const started = this.#questions.filter((each) => this.#isOpen(each) && each.jobs.some((job) => job.isStarted));
    const own = started.filter((each) => each.peer === peer);
    return own.length >= MAX_IN_FLIGHT_PER_CONNECTION || this.agent.inFlightCount >= 2 * MAX_IN_FLIGHT_PER_CONNECTION;
  }
}

/** Whether a message came again in its NOTIFY after its handler threw at once: it is not handed to it. */
function isPassedOver({ jobs }: Question, place: number): boolean {
  const { name } = jobs[place]!;
  return jobs.slice(0, place).some((job) => job.name === name && (job.mode === 'throw' || job.mode === 'huge'));
}

function byName(actions: readonly Action[]): Action[] {
  return actions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
