import { type ScopeName, SpopError } from '@spop/codec';
import { toDeclaredData, type VariableSchema } from '../build/schema.ts';
import { describe, describeTypedData } from '../data/describe.ts';
import type { AckFrame, Action, KvFrame, Message, PlainFrame } from '../data/model.ts';
import { summarize, summarizeAction } from '../data/summary.ts';
import { firstLines, fromHex, toHex } from '../data/text.ts';
import { infer } from '../data/values.ts';
import type { TypedData, ValueInput } from '../data/typed-data.ts';
import { reportOf } from '../haproxy/agent-reports.ts';
import { explain } from '../read/explain.ts';
import { type BytesInput, bytesOf, parseFrame } from '../read/parse.ts';
import { formatViolations, validate, type ValidateOptions } from '../validate/validate.ts';

/** The outcome of an assertion; `expected` and `actual` are for the test runner's diff. */
export interface Outcome {
  readonly pass: boolean;
  /** The text of the failure; `not` says that the opposite was expected. */
  message(not: boolean): string;
  /** Whether it also fails when the opposite was expected, because the test itself has a mistake. */
  readonly isMistake?: boolean;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

/** A frame to assert on: a parsed frame, a frame builder, or bytes. */
export type Received = PlainFrame | BytesInput;

function isBytesLike(received: Received): received is BytesInput {
  return received instanceof Uint8Array || 'toBytes' in received;
}

function frameOf(received: Received): PlainFrame {
  if (!isBytesLike(received)) return received;
  const bytes = bytesOf(received);
  return parseFrame(bytes, { maxFrameSize: 0xffffffff, ackPadding: true });
}

function ackOf(received: Received): AckFrame | string {
  const frame = frameOf(received);
  return frame.type === 'ACK' ? frame : `expected an ACK; found ${summarize(frame)}`;
}

/** The outcome for a Promise instead of a frame, which the test did not await; undefined for anything else. */
function notAwaited(received: unknown): Outcome | undefined {
  if (!(received instanceof Promise)) return undefined;
  // The test fails here, with the reason. A rejection of the answer would only be reported in addition.
  received.catch(() => undefined);
  const text = 'expected a frame or bytes; found a Promise: await it first, as in expect(await haproxy.notify(…))';
  return { pass: false, isMistake: true, message: () => text };
}

function failed(reason: string): Outcome {
  return { pass: false, message: () => reason };
}

function listActions(ack: AckFrame): string {
  const lines = ack.actions.map((action) => `  ${summarizeAction(action)}`);
  const actions = lines.length === 0 ? ' It has no actions.' : ` Its actions:\n${firstLines(lines.join('\n'))}`;
  const report = reportOf(ack);
  return report === undefined ? actions : `${actions}\nThe agent reported that ${report}`;
}

/** A variable by its scope and name, such as the result of `defineVariable` of `@spop/codec`. */
export interface VariableReference {
  readonly scope: ScopeName;
  readonly name: string;
}

/** The variable and the value of a call with a declared variable and a value, or with scope, name and value. */
export function targetOf(
  target: VariableSchema | ScopeName,
  nameOrValue: ValueInput | undefined,
  value: ValueInput | undefined,
): { readonly variable: VariableReference; readonly value: ValueInput | undefined } {
  if (typeof target !== 'string') return { variable: target, value: declaredValue(target, nameOrValue) };
  if (typeof nameOrValue === 'string') return { variable: { scope: target, name: nameOrValue }, value };
  throw new SpopError('SPOP_INVALID_NAME', `expected the name of a variable; found ${describe(nameOrValue)}`);
}

/** Converts text and bytes to the type of a declared variable, such as an address. */
function declaredValue({ name, kind }: VariableSchema, value: ValueInput | undefined): ValueInput | undefined {
  const isText = typeof value === 'string' || value instanceof Uint8Array;
  return isText ? toDeclaredData(`variable ${name}`, kind, value) : value;
}

/** The action that decides the value of a variable after the ACK: the last one. */
function deciding(ack: AckFrame, { scope, name }: VariableReference): Action | undefined {
  return ack.actions.findLast((action) => action.scope === scope && action.name === name);
}

/** Whether typed data is as expected: equal to expected typed data, or of the same value as an expected plain value. */
function matches(data: TypedData, expected: ValueInput): boolean {
  if (typeof expected === 'number' || typeof expected === 'bigint') {
    const isInteger = /int/.test(data.type) && 'value' in data;
    return (
      isInteger &&
      (typeof data.value === 'bigint' || typeof data.value === 'number') &&
      BigInt(data.value) === BigInt(expected)
    );
  }
  const exact = infer(expected);
  if (exact.type === 'raw' || exact.type !== data.type || exact.flags !== data.flags) return false;
  if (exact.type === 'binary' && data.type === 'binary') return toHex(exact.value) === toHex(data.value);
  return !('value' in exact) || !('value' in data) || exact.value === data.value;
}

function describeValue(value: ValueInput): string {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return describe(value);
  return value.type === 'raw' ? 'raw bytes' : describeTypedData(value);
}

/** Whether an ACK sets a variable, to any value but NULL or to `expected`, and does not change it again. */
export function setsVariable(received: Received, variable: VariableReference, expected?: ValueInput): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const ack = ackOf(received);
  if (typeof ack === 'string') return failed(ack);
  const action = deciding(ack, variable);
  const isSet = action?.type === 'set-var' && action.value.type !== 'null';
  const what = `${variable.scope}.${variable.name}${expected === undefined ? '' : ` to ${describeValue(expected)}`}`;
  const but = isSet
    ? `it sets ${describeTypedData(action.value)}`
    : action === undefined
      ? 'it does not'
      : `it unsets it${action.type === 'set-var' ? ', by setting NULL' : ''}`;
  return {
    pass: isSet && (expected === undefined || matches(action.value, expected)),
    message: (not) =>
      `expected ACK ${ack.streamId}:${ack.frameId} ${not ? 'not ' : ''}to set ${what}${not ? '.' : `, but ${but}.`}${listActions(ack)}`,
    expected: expected ?? 'a value',
    actual: isSet ? action.value : undefined,
  };
}

/** Whether an ACK unsets a variable, by an unset-var or by setting NULL, and does not set it again. */
export function unsetsVariable(received: Received, variable: VariableReference): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const ack = ackOf(received);
  if (typeof ack === 'string') return failed(ack);
  const action = deciding(ack, variable);
  return {
    pass: action?.type === 'unset-var' || action?.value.type === 'null',
    message: (not) =>
      `expected ACK ${ack.streamId}:${ack.frameId} ${not ? 'not ' : ''}to unset ${variable.scope}.${variable.name}.${listActions(ack)}`,
  };
}

/** Whether an ACK has no actions. */
export function hasNoActions(received: Received): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const ack = ackOf(received);
  if (typeof ack === 'string') return failed(ack);
  return {
    pass: ack.actions.length === 0,
    message: (not) =>
      `expected ACK ${ack.streamId}:${ack.frameId} to have ${not ? '' : 'no '}actions.${listActions(ack)}`,
  };
}

/** The ids of a NOTIFY, given as any frame or as plain numbers. */
export interface Ids {
  /** 0 to 2^64-1. */
  readonly streamId: number | bigint;
  /** 0 to 2^64-1. */
  readonly frameId: number | bigint;
}

/** Whether a frame is an ACK, of any NOTIFY or of the one with these ids. */
export function isAck(received: Received, ids?: Ids): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const frame = frameOf(received);
  const expected = ids === undefined ? 'an ACK' : `the ACK of ${ids.streamId}:${ids.frameId}`;
  const hasIds =
    ids === undefined || (frame.streamId === BigInt(ids.streamId) && frame.frameId === BigInt(ids.frameId));
  return {
    pass: frame.type === 'ACK' && hasIds,
    message: (not) => `expected ${not ? 'anything but ' : ''}${expected}; found ${summarize(frame)}`,
  };
}

function statusOf(frame: KvFrame): bigint | undefined {
  const data = frame.items.findLast((item) => item.name === 'status-code')?.value;
  return data !== undefined && 'value' in data && /int/.test(data.type) ? BigInt(Number(data.value)) : undefined;
}

/** Whether a frame is a DISCONNECT of either side, with any status code or this one. */
export function isDisconnect(received: Received, statusCode?: number): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const frame = frameOf(received);
  const isOne = frame.type === 'AGENT-DISCONNECT' || frame.type === 'HAPROXY-DISCONNECT';
  const expected = `a DISCONNECT${statusCode === undefined ? '' : ` with status code ${statusCode}`}`;
  return {
    pass: isOne && (statusCode === undefined || statusOf(frame) === BigInt(statusCode)),
    message: (not) => `expected ${not ? 'anything but ' : ''}${expected}; found ${summarize(frame)}`,
  };
}

function hasArguments(message: Message, args: Readonly<Record<string, ValueInput>>): boolean {
  return Object.entries(args).every(([name, value]) =>
    message.args.some((argument) => argument.name === name && matches(argument.value, value)),
  );
}

/** Whether a NOTIFY has a message with this name and, among others, these arguments. */
export function hasMessage(received: Received, name: string, args: Readonly<Record<string, ValueInput>> = {}): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const frame = frameOf(received);
  const isFound =
    frame.type === 'NOTIFY' && frame.messages.some((message) => message.name === name && hasArguments(message, args));
  const wanted = Object.entries(args).map(([argument, value]) => `${argument}: ${describeValue(value)}`);
  return {
    pass: isFound,
    message: (not) =>
      `expected a NOTIFY with${not ? 'out' : ''} a message ${JSON.stringify(name)} { ${wanted.join(', ')} }; found ${summarize(frame)}`,
  };
}

/** Whether bytes break no rule; warnings do not count. */
export function isValid(received: Received, options: ValidateOptions): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const bytes = isBytesLike(received) ? bytesOf(received) : undefined;
  if (bytes === undefined) return failed('expected bytes to validate; found a frame that was read from them');
  const errors = validate(bytes, options).filter((violation) => violation.severity === 'error');
  return {
    pass: errors.length === 0,
    message: (not) =>
      not
        ? `expected bytes that break a rule of SPOP; found right ones:\n${firstLines(explain(bytes))}`
        : `expected bytes that break no rule of SPOP; found ${errors.length} errors:\n${firstLines(formatViolations(errors))}\n${firstLines(explain(bytes))}`,
  };
}

/** Whether bytes are exactly these, given as bytes or as hexadecimal digits. */
export function equalsBytes(received: BytesInput, expected: BytesInput | string): Outcome {
  const mistake = notAwaited(received);
  if (mistake !== undefined) return mistake;
  const actual = bytesOf(received);
  const wanted = typeof expected === 'string' ? fromHex(expected) : bytesOf(expected);
  return {
    pass: toHex(actual) === toHex(wanted),
    message: (not) => `expected ${not ? 'other bytes than these' : 'the same bytes'}`,
    expected: explain(wanted),
    actual: explain(actual),
  };
}
