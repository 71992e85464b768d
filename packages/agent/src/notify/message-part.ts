import type { Notify, Variable } from '@spop/codec';
import { type AckRoom, InternalAckWriter } from '@spop/codec/internal';
import type { Deadline } from './deadlines.ts';
import { dropActions, closeActions, HandlerActions, redirectActions } from './handler-actions.ts';
import { abortContext, closeContext, handContext, HandlerContext, type NotifyOwner } from './handler-context.ts';
import type { HandlerEntry } from './handler-entry.ts';
import { Link } from './linked-list.ts';

const NO_MEMORY: Buffer = Buffer.alloc(0);
/** Bytes of a part without its memory: its objects and those of its handler's promise. */
const PART_BYTES = 1_024;

/** What a part needs of its exchange. */
export interface PartOwner {
  readonly notify: Notify;
  readonly engineId: string | undefined;
  readonly maxFrameSize: number;
  readonly deadlineAt: number;
  readonly startedAt: number;
  /** Bytes by which the ACK may still grow, the actions of all parts included. */
  readonly remainingAckBytes: number;
  noteSignal(): void;
  /** The part's actions take `bytes` more. */
  noteActions(bytes: number): void;
  takeMemory(size: number): Buffer;
  giveMemory(memory: Buffer): void;
  settlePart(part: MessagePart, error: unknown, isError: boolean): void;
  expirePart(part: MessagePart): void;
}

/** Writes the actions of a part, and counts their bytes, since all parts share the room of one ACK. */
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

  /** Sets its limit to the room that the whole ACK has left; returns its length in bytes. */
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
 * One of several messages of a NOTIFY, or the NOTIFY as a whole, whose handler may settle later than the others. It has its
 * own deadline, and its actions are kept apart until all handlers have settled.
 */
export class MessagePart implements AckRoom, NotifyOwner, Deadline {
  readonly owner: PartOwner;
  readonly entry: HandlerEntry;
  /** The index of its message in the NOTIFY; -1 for the whole. */
  readonly place: number;
  readonly ack: InternalAckWriter;
  actions: HandlerActions;
  context: HandlerContext;
  /** Whether its handler has not settled, and no fallback has answered for it. */
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

  get maxFrameSize(): number {
    return this.owner.maxFrameSize;
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

  /** Bytes of memory that it holds, its objects included. */
  get heldBytes(): number {
    return PART_BYTES + this.#memory.length;
  }

  /** Takes over the objects of a handler that returned a promise, and its actions, the last ones in `ack`. */
  takeOver(ack: InternalAckWriter, actions: HandlerActions, context: HandlerContext): void {
    this.owner.noteActions(this.ack.takeActions(ack));
    redirectActions(actions, this.ack);
    this.actions = actions;
    handContext(context, this);
    this.context = context;
  }

  /** Waits for the promise that its handler returned. */
  waitFor(result: PromiseLike<unknown>): void {
    this.isPending = true;
    // Not `promise.then`, which user code may have replaced.
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

  /** Aborts the signal of its handler. Actions that the handler sets from now on are lost. */
  abort(reason: Error): void {
    dropActions(this.actions);
    abortContext(this.context, reason);
  }

  /** Closes all objects that its handler has. */
  close(): void {
    this.isPending = false;
    closeActions(this.actions);
    closeContext(this.context);
    if (this.#memory !== NO_MEMORY) this.owner.giveMemory(this.#memory);
    this.#memory = NO_MEMORY;
  }
}
