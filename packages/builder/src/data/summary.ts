import type { Action, Argument, PlainFrame } from './model.ts';
import { describeTypedData } from './describe.ts';
import { quote } from './text.ts';

function summarizeArguments(args: readonly Argument[]): string {
  return args.map(({ name, value }) => `${name === '' ? '(unnamed)' : name}: ${describeTypedData(value)}`).join(', ');
}

/** One action in one line, with the variable's name as in HAProxy's configuration: `set-var sess.score = INT32 42`. */
export function summarizeAction(action: Action): string {
  const variable = `${action.scope}.${action.name}`;
  return action.type === 'set-var'
    ? `set-var ${variable} = ${describeTypedData(action.value)}`
    : `unset-var ${variable}`;
}

function summarizePayload(frame: PlainFrame): string {
  switch (frame.type) {
    case 'NOTIFY':
      return frame.messages
        .map((message) => `${quote(message.name)} { ${summarizeArguments(message.args)} }`)
        .join(' ');
    case 'ACK':
      return frame.actions.length === 0 ? 'no actions' : frame.actions.map(summarizeAction).join('; ');
    case 'NOTIFY-FRAGMENT':
    case 'UNSET':
    case 'UNKNOWN':
      return `${frame.payload.length} bytes of payload`;
    default:
      return summarizeArguments(frame.items);
  }
}

/** The longest summary, in characters. */
const MAX_LENGTH = 2_000;

/** A frame in one line, for the text of failures: `ACK 1:1 set-var sess.score = INT32 42`. Cut after 2,000 characters. */
export function summarize(frame: PlainFrame): string {
  const ids = frame.streamId === 0n && frame.frameId === 0n ? '' : ` ${frame.streamId}:${frame.frameId}`;
  const flags = frame.flags === 1 ? '' : ` flags ${frame.flags}`;
  const summary = `${frame.type}${ids}${flags} ${summarizePayload(frame)}`;
  return summary.length > MAX_LENGTH ? `${summary.slice(0, MAX_LENGTH)}… (${summary.length} characters)` : summary;
}
