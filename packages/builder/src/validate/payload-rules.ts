import { Key, MAX_VARIABLE_NAME_BYTES, MIN_MAX_FRAME_SIZE, SPOP_VERSION } from '@spop/codec';
import { type HaproxyLine, splitList } from '../data/haproxy-line.ts';
import type { AckFrame, KvFrame, PlainFrame } from '../data/model.ts';
import { quote, toBytes } from '../data/text.ts';
import type { TypedData } from '../data/typed-data.ts';
import type { Field } from '../read/byte-reader.ts';
import type { RuleId } from './rules.ts';

/** Takes a broken rule; `offset` counts from the frame's start. */
export type Report = (rule: RuleId, offset: number, message: string) => void;

interface Item {
  readonly name: string;
  readonly value: TypedData;
  readonly nameOffset: number;
  readonly valueOffset: number;
}

function itemsOf(frame: KvFrame, fields: readonly Field[]): Item[] {
  const names = fields.filter((field) => field.label === 'item name');
  const values = fields.filter((field) => field.label === 'item value');
  return frame.items.map((item, index) => ({
    ...item,
    nameOffset: names[index]?.offset ?? 0,
    valueOffset: values[index]?.offset ?? 0,
  }));
}

/** The item of a name that counts, which is the last one as in HAProxy; checks its type. */
function find(items: readonly Item[], name: string, types: readonly string[], report: Report): Item | undefined {
  const found = items.filter((item) => item.name === name);
  if (found[1] !== undefined) report('item-twice', found[1].nameOffset, `expected item ${name} once; found it again`);
  const item = found.at(-1);
  if (item === undefined) return undefined;
  if (types.includes(item.value.type)) return item;
  report(
    'item-type',
    item.valueOffset,
    `expected type ${types.join(' or ')} for item ${name}; found ${item.value.type}`,
  );
  return { ...item, value: { type: 'null' } };
}

const integers = ['uint32', 'int32', 'int64', 'uint64'];

/** The number in an item, if it has one. */
function numberOf(item: Item): number | undefined {
  return 'value' in item.value && integers.includes(item.value.type) ? Number(item.value.value) : undefined;
}

function checkVersion(items: readonly Item[], key: string, end: number, report: Report): void {
  const item = find(items, key, ['string'], report);
  if (item === undefined) return report('version-missing', end, `expected item ${key}; found none`);
  if (item.value.type !== 'string') return undefined;
  const versions = key === Key.Version ? [item.value.value.trim()] : splitList(item.value.value);
  if (versions.length === 0 || versions.some((version) => !/^\d+\.\d+$/.test(version))) {
    return report(
      'version-format',
      item.valueOffset,
      `expected Major.Minor in ${key}; found ${quote(item.value.value)}`,
    );
  }
  const isKnown = versions.some((version) =>
    key === Key.Version ? version === SPOP_VERSION : version.startsWith('2.'),
  );
  if (!isKnown) {
    report(
      'version-unsupported',
      item.valueOffset,
      `expected ${SPOP_VERSION} in ${key}; found ${quote(item.value.value)}`,
    );
  }
  return undefined;
}

function checkMaxFrameSize(items: readonly Item[], end: number, offered: number, report: Report): void {
  const item = find(items, Key.MaxFrameSize, integers, report);
  if (item === undefined) return report('max-frame-size-missing', end, `expected item ${Key.MaxFrameSize}; found none`);
  const size = numberOf(item);
  if (size === undefined) return undefined;
  if (item.value.type !== 'uint32') {
    report(
      'max-frame-size-type',
      item.valueOffset,
      `expected a UINT32; found ${item.value.type}, which HAProxy takes too`,
    );
  }
  if (size < MIN_MAX_FRAME_SIZE || size > offered) {
    const expected = `${MIN_MAX_FRAME_SIZE} to ${offered} bytes`;
    report('max-frame-size-range', item.valueOffset, `expected a max-frame-size of ${expected}; found ${size}`);
  }
  return undefined;
}

/** The rules of a HELLO of either side; `offered` is its largest allowed max-frame-size, in bytes. */
export function checkHello(
  frame: KvFrame,
  fields: readonly Field[],
  size: number,
  offered: number,
  report: Report,
): void {
  const items = itemsOf(frame, fields);
  const end = size;
  const isAgent = frame.type === 'AGENT-HELLO';
  checkVersion(items, isAgent ? Key.Version : Key.SupportedVersions, end, report);
  checkMaxFrameSize(items, end, offered, report);
  const capabilities = find(items, Key.Capabilities, ['string'], report);
  if (capabilities === undefined) report('capabilities-missing', end, `expected item ${Key.Capabilities}; found none`);
  else if (isAgent && capabilities.value.type === 'string' && splitList(capabilities.value.value).includes('async')) {
    const text = 'expected no async: HAProxy 3.0 and older then take ACKs from any connection, later ones from none';
    report('async-announced', capabilities.valueOffset, text);
  }
  find(items, Key.EngineId, ['string'], report);
  find(items, Key.Healthcheck, ['bool'], report);
  checkItemNames(items, isAgent ? [Key.Version, Key.MaxFrameSize, Key.Capabilities] : [], report);
}

function checkItemNames(items: readonly Item[], known: readonly string[], report: Report): void {
  for (const { name, nameOffset } of items) {
    if (name === '') report('item-name-empty', nameOffset, 'expected a name for every item; found an empty one');
    const prefix = known.find((key) => name !== key && name.startsWith(key));
    if (prefix !== undefined) {
      report(
        'item-name-prefix',
        nameOffset,
        `expected a name that does not begin with ${prefix}; found ${quote(name)}`,
      );
    }
  }
}

/** The rules of a DISCONNECT of either side. */
export function checkDisconnect(frame: KvFrame, fields: readonly Field[], size: number, report: Report): void {
  const items = itemsOf(frame, fields);
  const status = find(items, Key.StatusCode, integers, report);
  const code = status && numberOf(status);
  if (status === undefined) report('status-code-missing', size, `expected item ${Key.StatusCode}; found none`);
  else if (code !== undefined && code > 99) {
    report('status-code-above-99', status.valueOffset, `expected a status code of 0 to 99; found ${code}`);
  }
  const message = find(items, Key.Message, ['string'], report);
  if (message === undefined) report('message-missing', size, `expected item ${Key.Message}; found none`);
}

/** The HAProxy that receives an ACK. */
export interface AckReceiver {
  readonly line: HaproxyLine | undefined;
  /** HAProxy's own max-frame-size, in bytes. */
  readonly bufferLimit: number;
  /** `option var-prefix`, by default the name in `spoe-agent`. */
  readonly variablePrefix: string | undefined;
}

function checkVariableName(
  scope: string,
  name: string,
  offset: number,
  prefix: string | undefined,
  report: Report,
): void {
  if (name === '') report('variable-name-empty', offset, 'expected the name of a variable; found an empty one');
  if (/[^A-Za-z0-9_.]/.test(name)) {
    report(
      'variable-name-characters',
      offset,
      `expected letters, digits, _ and . in a variable name; found ${quote(name)}`,
    );
  }
  const full = prefix === undefined ? `${scope}.${name}` : `${scope}.${prefix}.${name}`;
  // HAProxy adds a prefix of at least one byte and a dot.
  const bytes = toBytes(full).length + (prefix === undefined ? 2 : 0);
  if (bytes > MAX_VARIABLE_NAME_BYTES) {
    const what = prefix === undefined ? `${scope}.<prefix>.${name}` : full;
    report(
      'variable-name-too-long',
      offset,
      `expected at most ${MAX_VARIABLE_NAME_BYTES} bytes in ${quote(what)}; found ${bytes}`,
    );
  }
}

/** The rules of an ACK for its receiver; `size` is the length of the frame with its length field, in bytes. */
export function checkAck(
  frame: AckFrame,
  fields: readonly Field[],
  size: number,
  receiver: AckReceiver,
  report: Report,
): void {
  const names = fields.filter((field) => field.label === 'variable name');
  for (const [index, action] of frame.actions.entries()) {
    checkVariableName(action.scope, action.name, names[index]?.offset ?? 0, receiver.variablePrefix, report);
  }
  for (const field of fields) {
    if (field.data?.type === 'uint64' && field.data.value >= 2n ** 63n) {
      report('integer-turns-negative', field.offset, `expected less than 2^63; found ${field.data.value}`);
    }
  }
  const isEmpty = fields.at(-1)?.label === 'frame-id';
  if (receiver.line === '3.1' && isEmpty) {
    report('ack-empty', size, 'expected a payload of at least one byte (00 for no action); found none');
  }
  const isMux = receiver.line === '3.1' || receiver.line === '3.2';
  if (isMux && size >= receiver.bufferLimit + 4) {
    report('ack-fills-buffer', 0, `expected an ACK of at most ${receiver.bufferLimit - 1} bytes; found ${size - 4}`);
  }
}

/** The rules of typed data in any frame. */
export function checkTypedData(fields: readonly Field[], report: Report): void {
  for (const { data, offset } of fields) {
    if (data?.flags === undefined) continue;
    const consequence = data.type === 'bool' ? '; HAProxy reads such a BOOL as false' : '';
    report('typed-data-flags', offset, `expected flags 0; found ${data.flags}${consequence}`);
  }
}

/** The rules of a frame's flags and ids that need no state. */
export function checkHeader(frame: PlainFrame, report: Report): void {
  const { flags } = frame;
  if (flags > 3) report('reserved-flags', 5, `expected flags of 0 to 3; found ${flags}`);
  const isKv = 'items' in frame;
  if ((isKv || frame.type === 'ACK') && flags % 2 === 0) {
    report('fin-missing', 5, `expected FIN on a frame of type ${frame.type}; found flags ${flags}`);
  }
  if (frame.type !== 'UNSET' && Math.floor(flags / 2) % 2 === 1) {
    report('abort-without-fragments', 5, `expected no ABORT on a frame of type ${frame.type}; found flags ${flags}`);
  }
  if (isKv && (frame.streamId !== 0n || frame.frameId !== 0n)) {
    report('ids-not-zero', 9, `expected stream-id 0 and frame-id 0; found ${frame.streamId} and ${frame.frameId}`);
  }
}
