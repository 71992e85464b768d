import {
  type ArgumentTypes,
  type MessageDefinition,
  type MessageReader,
  MessageSet,
  type MessageView,
  Notify,
} from '@spop/codec';
import type { NotifyContext } from '../notify-context.ts';

/** In the place of a NOTIFY that is closed for good: nothing was read. */
const CLOSED: Notify = new Notify(new MessageSet([]));

/** The NOTIFY that a context is of, as long as it is. */
export interface NotifyOwner {
  readonly notify: Notify;
  /** The context that is in use; others that were given out are late. */
  readonly context: NotifyContext;
  readonly engineId: string | undefined;
  /** When it is answered in the handlers' place, in ms on the clock of performance.now(). */
  readonly deadlineAt: number;
  /** A signal was given out. */
  noteSignal(): void;
}

/** What the module can do with a context, and its holder cannot. */
interface Inside {
  hand(context: HandlerContext, owner: NotifyOwner): void;
  end(context: HandlerContext): void;
  abort(context: HandlerContext, reason: Error): void;
}
let inside: Inside;

/** What a handler gets of its NOTIFY. */
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
    // One that was kept is not to have the signal of the next NOTIFY.
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

  /** For those who log it. */
  toJSON(): object {
    return { streamId: this.streamId, frameId: this.frameId, engineId: this.engineId };
  }

  get #notify(): Notify {
    const owner = this.#owner;
    return owner === undefined || owner.context !== this ? CLOSED : owner.notify;
  }
}

/** From now on it is of another owner. */
export function handContext(context: HandlerContext, owner: NotifyOwner): void {
  inside.hand(context, owner);
}

/** From now on and for ever it throws SPOP_VIEW_CLOSED, but for its engine-id and its signal. */
export function endContext(context: HandlerContext): void {
  inside.end(context);
}

/** Tells who holds it that nobody waits for them any more. */
export function abortContext(context: HandlerContext, reason: Error): void {
  inside.abort(context, reason);
}
