import {
  type ArgumentTypes,
  type MessageDefinition,
  type MessageReader,
  MessageSet,
  type MessageView,
  Notify,
} from '@spop/codec';
import type { NotifyContext } from '../notify-context.ts';

/** Replaces a NOTIFY that is closed: reading it throws. */
const CLOSED: Notify = new Notify(new MessageSet([]));

/** The owner of a context: an exchange, or one of its parts. */
export interface NotifyOwner {
  readonly notify: Notify;
  /** The context in use; contexts of earlier NOTIFYs are closed. */
  readonly context: NotifyContext;
  readonly engineId: string | undefined;
  /** The agreed max-frame-size in bytes. */
  readonly maxFrameSize: number;
  /** When the fallback answers, in ms on the clock of performance.now(). */
  readonly deadlineAt: number;
  /** A handler took the signal. */
  noteSignal(): void;
}

/** What this module can do with a context, and a handler cannot. */
interface Inside {
  hand(context: HandlerContext, owner: NotifyOwner): void;
  end(context: HandlerContext): void;
  abort(context: HandlerContext, reason: Error): void;
}
let inside: Inside;

/** The NOTIFY as a handler gets it. */
export class HandlerContext implements NotifyContext {
  #owner: NotifyOwner | undefined;
  #engineId: string | undefined;
  #abort: AbortController | undefined;
  #abortReason: Error | undefined;

  constructor(owner: NotifyOwner) {
    this.#owner = owner;
  }

  static {
    inside = {
      hand: (context, owner) => (context.#owner = owner),
      end: (context) => {
        context.#engineId = context.#owner?.engineId;
        context.#owner = undefined;
      },
      abort: (context, reason) => {
        context.#abortReason = reason;
        context.#abort?.abort(reason);
      },
    };
  }

  get streamId(): number {
    return this.#notify.streamId;
  }

  get frameId(): number {
    return this.#notify.frameId;
  }

  get engineId(): string | undefined {
    return this.#owner === undefined ? this.#engineId : this.#owner.engineId;
  }

  get maxFrameSize(): number {
    const owner = this.#owner;
    return owner === undefined || this.isAnswered ? 0 : owner.maxFrameSize;
  }

  get deadlineAt(): number {
    const owner = this.#owner;
    return owner === undefined || this.isAnswered ? 0 : owner.deadlineAt;
  }

  get isAnswered(): boolean {
    return this.#abortReason !== undefined || !this.#notify.isOpen;
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    if (this.#abortReason !== undefined) abort.abort(this.#abortReason);
    // A kept context must not get the signal of the next NOTIFY.
    if (this.#owner !== undefined && !this.#notify.isOpen) return abort.signal;
    this.#owner?.noteSignal();
    this.#abort = abort;
    return abort.signal;
  }

  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    return this.#notify.get(definition);
  }

  walk(): MessageReader {
    return this.#notify.walk();
  }

  /** For logs. */
  toJSON(): object {
    return { streamId: this.streamId, frameId: this.frameId, engineId: this.engineId };
  }

  get #notify(): Notify {
    const owner = this.#owner;
    return owner === undefined || owner.context !== this ? CLOSED : owner.notify;
  }
}

/** Hands the context to another owner. */
export function handContext(context: HandlerContext, owner: NotifyOwner): void {
  inside.hand(context, owner);
}

/** Closes the context: from now on it throws SPOP_VIEW_CLOSED, except for its engine-id and its signal. */
export function closeContext(context: HandlerContext): void {
  inside.end(context);
}

/** Aborts the context's signal: the handler's answer is no longer used. */
export function abortContext(context: HandlerContext, reason: Error): void {
  inside.abort(context, reason);
}
