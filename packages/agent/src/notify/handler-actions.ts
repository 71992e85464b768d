import { type Actions, AckWriter, type Variable } from '@spop/codec';

/** Replaces the writer of an ACK that has ended: every action throws, since no ACK was begun. */
const ENDED: AckWriter = new AckWriter();

/** Replaces the writer of an ACK that was answered without its handler, while the handler's signal aborts: actions are lost. */
class DroppingWriter extends AckWriter {
  override set(): this {
    return this;
  }

  override setNull(): this {
    return this;
  }

  override unset(): this {
    return this;
  }

  override reset(): this {
    return this;
  }
}
const DROPPING: AckWriter = new DroppingWriter();

/** Replaces the writer of actions. */
let redirect: (actions: HandlerActions, writer: AckWriter) => void;

/** The ACK as a handler gets it: it can set actions, and nothing else. */
export class HandlerActions implements Actions {
  #writer: AckWriter;

  constructor(writer: AckWriter) {
    this.#writer = writer;
  }

  static {
    redirect = (actions, writer) => (actions.#writer = writer);
  }

  get remainingBytes(): number {
    return this.#writer.remainingBytes;
  }

  set<Write>(variable: Variable<Write>, value: Write): this {
    this.#writer.set(variable, value);
    return this;
  }

  setNull(variable: Variable<never>): this {
    this.#writer.setNull(variable);
    return this;
  }

  unset(variable: Variable<never>): this {
    this.#writer.unset(variable);
    return this;
  }

  reset(): this {
    this.#writer.reset();
    return this;
  }

  /** For logs. */
  toJSON(): object {
    return { remainingBytes: this.remainingBytes };
  }
}

/** Actions that are set from now on go to `writer`. */
export function redirectActions(actions: HandlerActions, writer: AckWriter): void {
  redirect(actions, writer);
}

/** Actions that are set from now on throw SPOP_VIEW_CLOSED. */
export function closeActions(actions: HandlerActions): void {
  redirect(actions, ENDED);
}

/** Actions that are set from now on are lost, and do not throw. */
export function dropActions(actions: HandlerActions): void {
  redirect(actions, DROPPING);
}
