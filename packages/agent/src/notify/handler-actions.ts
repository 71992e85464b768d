import { type Actions, AckWriter, type Variable } from '@spop/codec';

/** In the place of an ACK that is ended for good: none was begun. */
const ENDED: AckWriter = new AckWriter();

/** In the place of an ACK that somebody else answered, while its handlers are told so: what they set is lost. */
class DiscardingWriter extends AckWriter {
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
const DISCARDING: AckWriter = new DiscardingWriter();

/** Takes the actions from now on, instead of who did. */
let redirect: (actions: HandlerActions, writer: AckWriter) => void;

/** What a handler gets of an ACK: it can set actions, and nothing else. */
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

  /** For those who log it. */
  toJSON(): object {
    return { remainingBytes: this.remainingBytes };
  }
}

/** From now on what is set goes to another ACK. */
export function redirectActions(actions: HandlerActions, writer: AckWriter): void {
  redirect(actions, writer);
}

/** From now on and for ever what is set throws SPOP_VIEW_CLOSED. */
export function endActions(actions: HandlerActions): void {
  redirect(actions, ENDED);
}

/** From now on what is set is lost, and nothing throws. */
export function discardActions(actions: HandlerActions): void {
  redirect(actions, DISCARDING);
}
