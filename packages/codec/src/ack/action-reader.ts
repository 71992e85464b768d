import { ActionType, SCOPE_NAMES, type ScopeName } from '../constants.ts';
import { SpopError } from '../errors.ts';
import type { Frame } from '../frames/frame.ts';
import { Name } from '../frames/kv-list.ts';
import type { Value } from '../values/value-views.ts';
import { ValueView } from '../values/value.ts';
import { ViewSource } from '../values/view-source.ts';
import { Cursor } from '../wire/cursor.ts';

/**
 * Reads the actions of an ACK, and allocates nothing (SPOE.txt §3.4):
 *
 *     ACTION-SET-VAR   : <SET-VAR:1 byte><NB-ARGS:1 byte><VAR-SCOPE:1 byte><VAR-NAME><VAR-VALUE>
 *     ACTION-UNSET-VAR : <UNSET-VAR:1 byte><NB-ARGS:1 byte><VAR-SCOPE:1 byte><VAR-NAME>
 *
 * Here an unknown action is an error. HAProxy silently ignores it and all actions after it, which is why a payload of one byte 00
 * is an ACK without actions.
 */
export class ActionReader {
  /** The action's type. */
  type: ActionType = ActionType.SetVar;
  /** The variable's scope. */
  scope: ScopeName = 'proc';
  /** The variable's name: the same object for each action. */
  readonly name: Name;
  /** The value of a set-var: the same object for each action. After an unset-var, reading it throws SPOP_VIEW_CLOSED. */
  readonly value: Value;
  readonly #value: ValueView;
  readonly #cursor: Cursor = new Cursor();
  readonly #source: ViewSource = new ViewSource();

  constructor() {
    this.name = new Name(this.#source);
    this.#value = new ValueView(this.#source);
    this.value = this.#value;
  }

  /** Begins before the first action of an ACK frame. */
  read(frame: Frame): void {
    const { bytes, payloadStart, start, end } = frame;
    this.#source.open(bytes, start, end);
    const isEmpty = end - payloadStart === 1 && bytes[payloadStart] === 0;
    this.#cursor.moveTo(bytes, isEmpty ? end : payloadStart, end, start);
  }

  /**
   * Moves to the next action; returns false after the last.
   *
   * @throws {SpopError} SPOP_BAD_ACTION for an unknown type or scope, or a wrong number of arguments; SPOP_TRUNCATED and the codes
   * of a malformed name or value.
   */
  next(): boolean {
    const cursor = this.#cursor;
    if (cursor.position >= cursor.limit) return false;
    const type = readByte(cursor);
    if (type !== ActionType.SetVar && type !== ActionType.UnsetVar) {
      throw invalidAction(cursor, `an action type of ${ActionType.SetVar} or ${ActionType.UnsetVar}`, type);
    }
    const expected = type === ActionType.SetVar ? 3 : 2;
    const count = readByte(cursor);
    if (count !== expected) throw invalidAction(cursor, `${expected} arguments for action ${type}`, count);
    const scope = readByte(cursor);
    const scopeName = SCOPE_NAMES[scope];
    if (scopeName === undefined) throw invalidAction(cursor, 'a scope from 0 to 4', scope);
    this.type = type;
    this.scope = scopeName;
    this.name.read(cursor);
    const value = this.#value;
    value.recall();
    if (type === ActionType.SetVar) {
      cursor.position = value.read(cursor, cursor.bytes, cursor.position, cursor.limit);
      value.lend();
    }
    return true;
  }
}

function readByte(cursor: Cursor): number {
  const position = cursor.position;
  if (position >= cursor.limit) throw cursor.truncated(position, 'an action that does not end before it');
  cursor.position = position + 1;
  return cursor.bytes[position]!;
}

function invalidAction(cursor: Cursor, expected: string, found: number): SpopError {
  return new SpopError('SPOP_BAD_ACTION', `expected ${expected}; found ${found}`, cursor.position - 1 - cursor.origin);
}
