import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Agent, createAgent } from '@spop/agent';
import { type Action, data, haproxyDisconnect, haproxyHello, notify, type NotifyBuilder, unset } from '@spop/builder';
import type { Actions } from '@spop/codec';
import { vi } from 'vitest';
import { expectSame } from '../support/plain-frames.ts';
import { connectTo, expectNoViolation } from '../support/haproxy.ts';
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
import { AgentPeer, type Question } from './peer.ts';

const PROCESSING_TIMEOUT_MS = 1_000;
/** A deadline may come so much later, in ms. */
const TIMER_SLACK_MS = 20;
const MAX_IN_FLIGHT_PER_CONNECTION = 6;
const STREAM_IDS: readonly bigint[] = [0n, 1n, 3n, 240n, 2_288n, 1n << 32n, (1n << 63n) + 5n];

const ignore = (): void => {};

/** An agent, the HAProxys before it, and all that is known about what they asked. */
export class AgentWorld {
  readonly agent: Agent;
  readonly peers: AgentPeer[] = [];
  readonly #questions: Question[] = [];
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
      // Without hooks errors are warnings of the process.
      hooks: { protocolError: ignore, handlerError: ignore, handlerTimeout: ignore, transportError: ignore },
    });
    this.agent.onMessage(work, (message, ack) => this.#handle(message, ack));
    this.agent.onMessage(other, (message, ack) => this.#handle(message, ack));
  }

  /** Whether the agent was told to close. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  get #jobs(): Job[] {
    return this.#questions.flatMap(({ jobs }) => jobs);
  }

  /** Handlers that wait before their gates. */
  get waitingJobs(): Job[] {
    return this.#jobs.filter(({ open }) => open !== undefined);
  }

  async connect(): Promise<AgentPeer> {
    const peer = new AgentPeer(await connectTo(this.agent));
    this.peers.push(peer);
    return peer;
  }

  greet(peer: AgentPeer, capabilities: string, maxFrameSize: number, sizes: readonly number[]): void {
    peer.isGreeted = true;
    peer.send(haproxyHello({ capabilities, maxFrameSize }).toBytes(), sizes);
  }

  /** Sends NOTIFYs in one go, each with its messages. */
  ask(peer: AgentPeer, inputs: readonly (readonly JobInput[])[], sizes: readonly number[]): void {
    const frames = inputs.map((jobs) => this.#build(peer, jobs).frame.toBytes());
    peer.send(Buffer.concat(frames), sizes);
  }

  /** Sends the beginning of a fragmented NOTIFY. */
  beginFragments(peer: AgentPeer, jobs: readonly JobInput[], part: number, sizes: readonly number[]): void {
    const { frame, question } = this.#build(peer, jobs);
    const payload = frame.toPayload();
    const cut = Math.floor(part * payload.length);
    question.isWhole = false;
    peer.fragments = { question, rest: payload.subarray(cut) };
    const first = notify({ ...idsOf(question), flags: 0 }).raw(payload.subarray(0, cut));
    peer.send(first.toBytes(), sizes);
  }

  /** Sends a part of what is left of a fragmented NOTIFY: all of it with FIN if `part` is 1. */
  continueFragments(peer: AgentPeer, part: number, sizes: readonly number[]): void {
    const { question, rest } = peer.fragments!;
    const cut = Math.ceil(part * rest.length);
    question.isWhole = part === 1;
    peer.fragments = question.isWhole ? undefined : { question, rest: rest.subarray(cut) };
    const flags = question.isWhole ? 1 : 0;
    peer.send(unset({ ...idsOf(question), flags }, rest.subarray(0, cut)).toBytes(), sizes);
  }

  /** Begins a fragmented NOTIFY that is under way once more, with or without FIN: no HAProxy does. */
  repeatBeginning(peer: AgentPeer, flags: number): void {
    this.sendWrong(peer, notify({ ...idsOf(peer.fragments!.question), flags }).toBytes(), 11);
  }

  /** Aborts a fragmented NOTIFY: its ACK is no longer expected. */
  abortFragments(peer: AgentPeer): void {
    const { question } = peer.fragments!;
    peer.fragments = undefined;
    question.isAnswered = true;
    peer.send(unset({ ...idsOf(question), flags: 3 }).toBytes());
  }

  /** Opens the gate of a handler, which then does well or fails. */
  settle(job: Job, isFine: boolean): void {
    job.outcome = isFine && job.mode === 'gate' ? 'fine' : 'failed';
    job.open?.();
    job.open = undefined;
  }

  /** Lets the deadlines of all that was asked pass. */
  expireAll(): void {
    vi.advanceTimersByTime(PROCESSING_TIMEOUT_MS + TIMER_SLACK_MS);
  }

  /** Sends what no HAProxy sends; the connection has to end with that status, unless it has to with another already. */
  sendWrong(peer: AgentPeer, bytes: Uint8Array, status: number): void {
    peer.expectedStatus ??= status;
    peer.send(bytes);
  }

  /** Says HAPROXY-DISCONNECT: nothing that was asked there has to be answered. */
  disconnect(peer: AgentPeer): void {
    this.sendWrong(peer, haproxyDisconnect().toBytes(), 0);
  }

  /** Tells the agent to close: it answers what it was asked, and takes leave of every peer. */
  close(): void {
    this.#closing ??= this.agent.close({ graceMs: 60_000 });
  }

  /** Lets everything happen that needs no time and no further bytes, and checks what came of it. */
  async check(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await nextTurn();
    for (const peer of this.peers) {
      expectNoViolation(peer.haproxy);
      for (const ack of peer.takeAcks()) this.#takeAck(peer, ack);
    }
    for (const question of this.#questions) this.#checkIsAnswered(question);
    for (const peer of this.peers) this.#checkStatus(peer);
    expectSame(
      this.#jobs.flatMap(({ problem }) => problem ?? []),
      [],
    );
  }

  /** Ends every wait, closes the agent, and checks that nothing is left of anything. */
  async finish(): Promise<void> {
    for (const peer of this.peers) {
      peer.setReading(true);
      if (peer.fragments !== undefined && peer.isServed) this.continueFragments(peer, 1, []);
    }
    // As handlers end, others start that had to wait for room.
    for (let round = 0; round < 200 && this.#questions.some(isOpen); round++) await this.#settleAll();
    expectSame(this.#questions.filter(isOpen).length, 0);
    this.close();
    let isDone = false;
    void this.#closing?.then(() => (isDone = true));
    for (let round = 0; round < 50 && !isDone; round++) await this.#settleAll();
    expectSame([isDone, this.agent.connectionCount, this.agent.inFlightCount], [true, 0, 0]);
  }

  async #settleAll(): Promise<void> {
    for (const job of this.waitingJobs) this.settle(job, true);
    await this.check();
    this.expireAll();
    await this.check();
  }

  #build(peer: AgentPeer, inputs: readonly JobInput[]): { frame: NotifyBuilder; question: Question } {
    // Stream-ids come again on every connection, and mean other streams there.
    const index = this.#questions.filter((each) => each.peer === peer).length;
    const ids = { streamId: STREAM_IDS[index % STREAM_IDS.length]!, frameId: BigInt(index + 1) };
    const unseen = { isStarted: false, open: undefined, outcome: undefined, problem: undefined };
    const jobs = inputs.slice(0, MAX_PLACES).map((input): Job => ({ ...input, ...unseen, token: ++this.#lastToken }));
    let frame = notify(ids);
    for (const [place, { mode, token, word, name }] of jobs.entries()) {
      frame = frame.message(name, { place, mode: data.string(mode), token, more: null, word: data.string(word) });
    }
    const question: Question = { peer, ...ids, jobs, startedAt: 0, isAnswered: false, isWhole: true };
    this.#questions.push(question);
    return { frame, question };
  }

  #handle(message: HandledMessage, ack: Actions): Promise<void> | undefined {
    const token = message.token.toBigInt();
    const question = this.#questions.find(({ jobs }) => jobs.some((job) => job.token === token));
    const job = question?.jobs.find((each) => each.token === token);
    if (question === undefined || job === undefined || job.mode !== message.mode || job.isStarted) {
      throw new Error(`expected a message that was sent and not handled yet; found ${message.mode} ${token}`);
    }
    job.isStarted = true;
    question.startedAt = performance.now();
    return answerJob(job, message, ack, () => question.isAnswered || !question.peer.isServed);
  }

  #takeAck(peer: AgentPeer, ack: { streamId: bigint; frameId: bigint; actions: readonly Action[] }): void {
    const { streamId, frameId, actions } = ack;
    const question = this.#questions.find(
      (each) => each.peer === peer && each.streamId === streamId && each.frameId === frameId,
    );
    if (question === undefined || question.isAnswered) {
      throw new Error(`expected an ACK of an open NOTIFY; found one of ${streamId}:${frameId}`);
    }
    question.isAnswered = true;
    const isLate = performance.now() - question.startedAt >= PROCESSING_TIMEOUT_MS;
    const expected = question.jobs.flatMap((job, place) => {
      if (isPassedOver(question, place)) return [];
      const isAnswered = actions.some(({ name }) => name === `token${place}`);
      if (isAnswered ? job.outcome !== 'fine' : job.outcome !== 'failed' && !isLate) {
        throw new Error(
          `expected the answer of a handler whose outcome is ${job.outcome}; found the ${isAnswered ? 'other' : 'fallback'}`,
        );
      }
      return isAnswered ? expectedActions(job, place) : [FALLBACK];
    });
    expectSame(byName(actions), byName(expected));
  }

  #checkIsAnswered(question: Question): void {
    const { peer, startedAt, isWhole, streamId, frameId } = question;
    if (!isOpen(question) || !isWhole || !peer.isReading) return;
    const jobs = question.jobs.filter((_, place) => !isPassedOver(question, place));
    // It cannot be seen whether a NOTIFY without messages was read.
    const isStarted = jobs.length > 0 && jobs.every((job) => job.isStarted);
    const isDone = jobs.every(({ outcome }) => outcome !== undefined);
    const isLate = performance.now() - startedAt > PROCESSING_TIMEOUT_MS + TIMER_SLACK_MS;
    if (isStarted ? isDone || isLate : !this.#isHeldBack(peer)) {
      throw new Error(`expected an ACK of NOTIFY ${streamId}:${frameId}; found none`);
    }
  }

  /** A connection ends when it has to, and with the right status; others do not end. */
  #checkStatus(peer: AgentPeer): void {
    const expected = peer.expectedStatus ?? (this.isClosed ? 0 : undefined);
    if (peer.status === undefined) {
      const isDue = peer.expectedStatus !== undefined && peer.isReading && !this.#isHeldBack(peer);
      if (isDue && peer.isServed) throw new Error(`expected an AGENT-DISCONNECT with status ${expected}; found none`);
    } else if (peer.status !== 0 || !this.isClosed) {
      // An agent that closes may take leave before it reads what is wrong.
      expectSame(peer.status, expected);
    }
  }

  /** Whether the agent does not read from that connection, because it has too much to do already. */
  #isHeldBack(peer: AgentPeer): boolean {
    const own = this.#questions.filter((each) => each.peer === peer && isOpen(each));
    const started = own.filter(({ jobs }) => jobs.some((job) => job.isStarted)).length;
    return started >= MAX_IN_FLIGHT_PER_CONNECTION || this.agent.inFlightCount >= 2 * MAX_IN_FLIGHT_PER_CONNECTION;
  }
}

function idsOf({ streamId, frameId }: Question): { streamId: bigint; frameId: bigint } {
  return { streamId, frameId };
}

/** Whether an ACK has still to come. */
function isOpen({ peer, isAnswered }: Question): boolean {
  return !isAnswered && peer.isServed;
}

/** Whether a message came again in its NOTIFY after its handler threw at once: it is not handed to it. */
function isPassedOver({ jobs }: Question, place: number): boolean {
  const { name } = jobs[place]!;
  return jobs.slice(0, place).some((job) => job.name === name && (job.mode === 'throw' || job.mode === 'huge'));
}

function byName(actions: readonly Action[]): Action[] {
  return actions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
