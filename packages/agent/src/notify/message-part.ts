import type { Notify, Variable } from '@spop/codec';
import { type AckRoom, InternalAckWriter } from '@spop/codec/internal';
import type { Deadline } from './deadlines.ts';
import { discardActions, endActions, HandlerActions, redirectActions } from './handler-actions.ts';
import { abortContext, endContext, handContext, HandlerContext, type NotifyOwner } from './handler-context.ts';
import type { HandlerEntry } from './handler-entry.ts';
import { Link } from './linked-list.ts';

const NO_MEMORY: Buffer = Buffer.alloc(0);
/** What a part takes, beside its memory: its objects and those of its handler's promise. */
const PART_BYTES = 1_024;

/** What a part asks of the exchange whose NOTIFY its message came in. */
export interface PartOwner {
  readonly notify: Notify;
  readonly engineId: string | undefined;
  readonly deadlineAt: number;
  readonly startedAt: number;
  /** Bytes that the ACK may still grow by, with the actions of all parts in it. */
  readonly remainingAckBytes: number;
  noteSignal(): void;
  /** The part's actions take so many bytes more. */
  noteActions(bytes: number): void;
  takeMemory(size: number): Buffer;
  giveMemory(memory: Buffer): void;
  settlePart(part: MessagePart, error: unknown, isError: boolean): void;
  expirePart(part: MessagePart): void;
}

/** Writes the actions of a part, and keeps account of their length: parts that are written to in turn share one ACK's room. */
class PartWriter extends InternalAckWriter {
  readonly #part: MessagePart;

  constructor(part: MessagePart) {
    super();
    this.#part = part;
  }

  override get remainingBytes(): number {
    this.#share();
    return super.remainingBytes;
  }

  override set<Write>(variable: Variable<Write>, value: Write): this {
    const before = this.#share();
    super.set(variable, value);
    return this.#note(before);
  }

  override setNull(variable: Variable<never>): this {
    const before = this.#share();
    super.setNull(variable);
    return this.#note(before);
  }

  override unset(variable: Variable<never>): this {
    const before = this.#share();
    super.unset(variable);
    return this.#note(before);
  }

  override reset(): this {
    const before = this.byteLength;
    super.reset();
    return this.#note(before);
  }

  /** Has its room end where that of the whole ACK does; returns its length. */
  #share(): number {
    this.mayGrow(this.#part);
    return this.byteLength;
  }

  #note(before: number): this {
    this.#part.owner.noteActions(this.byteLength - before);
    return this;
  }
}

/**
 * One of several messages of a NOTIFY (or the NOTIFY as a whole) whose handler may settle later than those of the others: its
 * actions, which stand apart until all have settled, and its own deadline.
 */
export class MessagePart implements AckRoom, NotifyOwner, Deadline {
  readonly owner: PartOwner;
  readonly entry: HandlerEntry;
  /** Which of the NOTIFY's messages it is; -1 for the whole. */
  readonly place: number;
  readonly ack: InternalAckWriter;
  actions: HandlerActions;
  context: HandlerContext;
  /** Whether its handler has not settled, and nobody answered for it. */
  isPending: boolean = false;
  readonly deadlineLink: Link<Deadline> = new Link<Deadline>(this);
  #memory: Buffer = NO_MEMORY;

  constructor(owner: PartOwner, entry: HandlerEntry, place: number) {
    this.owner = owner;
    this.entry = entry;
    this.place = place;
    this.ack = new PartWriter(this);
    this.ack.beginActions(this);
    this.actions = new HandlerActions(this.ack);
    this.context = new HandlerContext(this);
  }

  get notify(): Notify {
    return this.owner.notify;
  }

  get engineId(): string | undefined {
    return this.owner.engineId;
  }

  get deadlineAt(): number {
    return this.owner.deadlineAt;
  }

  get startedAt(): number {
    return this.owner.startedAt;
  }

  get timeoutMs(): number {
    return this.entry.timeoutMs;
  }

  get maxAckBytes(): number {
    return this.ack.byteLength + this.owner.remainingAckBytes;
  }

  /** What it takes of memory, its objects included. */
  get heldBytes(): number {
    return PART_BYTES + this.#memory.length;
  }

  /** Takes over what a handler was given that turned out to settle later, and the actions that it has set at the end of `ack`. */
  takeOver(ack: InternalAckWriter, actions: HandlerActions, context: HandlerContext): void {
    this.owner.noteActions(this.ack.takeActions(ack));
    redirectActions(actions, this.ack);
    this.actions = actions;
    handContext(context, this);
    this.context = context;
  }

  /** Waits for what its handler returned. */
  waitFor(result: PromiseLike<unknown>): void {
    this.isPending = true;
    // Not `promise.then`, which an object that is a promise can have replaced.
    void Promise.prototype.then.call(
      Promise.resolve(result),
      () => this.owner.settlePart(this, undefined, false),
      (error: unknown) => this.owner.settlePart(this, error, true),
    );
  }

  expire(): void {
    this.owner.expirePart(this);
  }

  noteSignal(): void {
    this.owner.noteSignal();
  }

  moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer {
    const former = this.#memory;
    const memory = this.owner.takeMemory(size);
    bytes.copy(memory, 0, start, end);
    this.#memory = memory;
    if (former !== NO_MEMORY) this.owner.giveMemory(former);
    return memory;
  }

  /** Tells its handler that nobody waits for it any more. What it does to the ACK from now on is lost. */
  abort(reason: Error): void {
    discardActions(this.actions);
    abortContext(this.context, reason);
  }

  /** Ends all that its handler has. */
  close(): void {
    this.isPending = false;
    endActions(this.actions);
    endContext(this.context);
    if (this.#memory !== NO_MEMORY) this.owner.giveMemory(this.#memory);
    this.#memory = NO_MEMORY;
  }
}
