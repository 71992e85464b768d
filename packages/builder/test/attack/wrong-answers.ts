/** The answers of an agent to a HELLO and to a NOTIFY, right except for one fault. */
import { ack, type AckBuilder, type KvFrame, type NotifyFrame, type TypedData } from '../../src/index.ts';

/** The faults of an agent. `no-…` refuses a correct frame, with status 4. */
export type Fault =
  | 'none'
  | 'acks-every-frame'
  | 'acks-malformed'
  | 'acks-unfinished'
  | 'announces-own-size'
  | 'answers-after-disconnect'
  | 'any-keys'
  | 'any-size'
  | 'any-types'
  | 'any-version'
  | 'closes-without-a-word'
  | 'empty-ack'
  | 'drops-split-frames'
  | 'flags-0'
  | 'forgets-abort'
  | 'hello-twice'
  | 'ids-of-one-byte'
  | 'ignores-disconnect'
  | 'ignores-errors'
  | 'ignores-fragments'
  | 'ignores-half-close'
  | 'ignores-ids-of-fragments'
  | 'last-message-only'
  | 'first-message-only'
  | 'no-answer-to-any-message'
  | 'lower-case'
  | 'names-in-an-object'
  | 'needs-engine-id'
  | 'needs-pipelining'
  | 'never-closes'
  | 'no-argument-twice'
  | 'no-ack-without-actions'
  | 'no-fragments-of-hello'
  | 'no-limit'
  | 'no-long-names'
  | 'no-other-capabilities'
  | 'no-other-order'
  | 'no-other-size'
  | 'no-other-versions'
  | 'no-reserved-flags'
  | 'no-stream-0'
  | 'no-unknown-keys'
  | 'no-unnamed-arguments'
  | 'no-utf8-errors'
  | 'one-answer-for-ids'
  | 'one-limit'
  | 'prefix-of-names'
  | 'serial'
  | 'small-limit'
  | 'speaks-after-health-check'
  | 'status-99'
  | 'stops-after-a-reset'
  | 'ten-connections'
  | 'three-arguments'
  | 'true-health-check'
  | 'unknown-frames-close'
  | 'wrong-pieces'
  | `no-type-${TypedData['type']}`;

/** The max-frame-size of HAProxy and of the agent, in bytes. */
export const OFFERED = 16_380;
const KEYS = ['supported-versions', 'max-frame-size', 'capabilities', 'engine-id', 'healthcheck'];

/** The status of a HELLO that is refused. */
export function helloStatus(hello: KvFrame, fault: Fault): number | undefined {
  const names = hello.items.map(({ name }) => name);
  const item = (name: string): TypedData | undefined => hello.items.find((one) => one.name === name)?.value;
  const [versions, size, capabilities] = [item('supported-versions'), item('max-frame-size'), item('capabilities')];
  if (hello.flags !== 1 && fault !== 'no-fragments-of-hello') return 4;
  if (fault !== 'any-keys') {
    if (versions === undefined) return 5;
    if (size === undefined) return 6;
    if (capabilities === undefined) return 7;
  }
  if (fault !== 'any-types') {
    if ((versions ?? { type: 'string' }).type !== 'string') return 4;
    if ((size ?? { type: 'uint32' }).type !== 'uint32') return 4;
    if ((capabilities ?? { type: 'string' }).type !== 'string') return 4;
  }
  const [list, words] = [textOf(versions), textOf(capabilities)];
  if (list !== undefined && fault !== 'any-version') {
    if (!list.split(',').some((one) => one.trim() === '2.0')) return 8;
  }
  if (size?.type === 'uint32' && size.value < 256 && fault !== 'any-size') return 9;
  const isMissed =
    (fault === 'no-other-versions' && list !== '2.0') ||
    (fault === 'no-other-capabilities' && !['', 'pipelining'].includes(words ?? '')) ||
    (fault === 'needs-pipelining' && words === '') ||
    (fault === 'needs-engine-id' && !names.includes('engine-id')) ||
    (fault === 'no-other-size' && size?.type === 'uint32' && size.value !== OFFERED) ||
    (fault === 'no-unknown-keys' && names.some((name) => !KEYS.includes(name))) ||
    (fault === 'no-other-order' && names[0] !== 'supported-versions');
  return isMissed ? 4 : undefined;
}

function textOf(data: TypedData | undefined): string | undefined {
  return data?.type === 'string' ? data.value : undefined;
}

/** Whether the agent is wrong about this NOTIFY. */
export function isRefused({ messages, flags, streamId }: NotifyFrame, fault: Fault): boolean {
  const args = messages.flatMap((message) => message.args);
  const names = [...messages, ...args].map(({ name }) => name);
  switch (fault) {
    case 'no-reserved-flags':
      return flags !== 1;
    case 'no-stream-0':
      return streamId === 0n;
    case 'no-long-names':
      return names.some((name) => name.length > 100);
    case 'no-unnamed-arguments':
      return args.some(({ name }) => name === '');
    case 'no-argument-twice':
      return messages.some((message) => new Set(message.args.map(({ name }) => name)).size < message.args.length);
    case 'names-in-an-object':
      return args.some(({ name }) => name in {});
    case 'no-utf8-errors':
      return names.some((name) => !name.isWellFormed());
    case 'three-arguments':
      return messages.some((message) => message.args.length > 1);
    default:
      return args.some(({ value }) => fault === `no-type-${value.type}`);
  }
}

/** The ACK of a NOTIFY: sets the variable `value` to the argument `value` of the message `echo`. */
export function answerTo({ messages, streamId, frameId }: NotifyFrame, fault: Fault): AckBuilder | undefined {
  const fits = (name: string, known: string): boolean => {
    if (fault === 'prefix-of-names') return name.startsWith(known) || known.startsWith(name);
    return fault === 'lower-case' ? name.toLowerCase() === known : name === known;
  };
  const first = messages.slice(0, 1);
  const read = fault === 'first-message-only' ? first : fault === 'last-message-only' ? messages.slice(-1) : messages;
  const message = read.find(({ name }) => fits(name, 'echo'));
  const known = message?.args.find(({ name }) => fits(name, 'value'))?.value;
  const value = fault === 'no-answer-to-any-message' ? undefined : known;
  const ids =
    fault === 'ids-of-one-byte' ? { streamId: streamId % 200n, frameId: frameId % 200n } : { streamId, frameId };
  if (value !== undefined) return ack(ids).setVar('txn', 'value', value);
  if (fault === 'no-ack-without-actions') return undefined;
  return fault === 'empty-ack' ? ack(ids) : ack(ids).raw('00');
}
