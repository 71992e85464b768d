import { toBytes } from '@spop/builder';
import type { Argument } from '@spop/builder';

const integerTypes: readonly string[] = ['int32', 'uint32', 'int64', 'uint64'];

function utf8(value: string): string {
  return Buffer.from(toBytes(value)).toString('utf8');
}

/**
 * A HELLO by the words of SPOE.txt §3.2.4 and §3.2.5, as the codec gives it; or the code of the first thing that is
 * wrong, in the order of the items.
 */
export function expectedHello(items: readonly Argument[], type: 'HAPROXY-HELLO' | 'AGENT-HELLO'): unknown {
  const versionKey = type === 'HAPROXY-HELLO' ? 'supported-versions' : 'version';
  const texts = new Map<string, string>();
  let maxFrameSize: number | undefined;
  let healthcheck = false;
  for (const { name, value } of items) {
    if (name === 'healthcheck') {
      if (value.type !== 'bool') return 'SPOP_BAD_ITEM';
      healthcheck = value.value;
    } else if (name === 'max-frame-size') {
      if (!integerTypes.includes(value.type) || !('value' in value)) return 'SPOP_BAD_ITEM';
      maxFrameSize = Number(value.value);
      if (maxFrameSize < 256 || maxFrameSize > 0xffff_ffff) return 'SPOP_BAD_MAX_FRAME_SIZE';
    } else if (name === versionKey || name === 'capabilities' || name === 'engine-id') {
      if (value.type !== 'string') return 'SPOP_BAD_ITEM';
      texts.set(name, utf8(value.value));
    }
  }
  const version = texts.get(versionKey);
  const list = texts.get('capabilities');
  if (version === undefined) return 'SPOP_NO_VERSION';
  if (maxFrameSize === undefined) return 'SPOP_NO_MAX_FRAME_SIZE';
  if (list === undefined) return 'SPOP_NO_CAPABILITIES';
  const capabilities = list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return type === 'AGENT-HELLO'
    ? { version, maxFrameSize, capabilities }
    : { supportedVersions: version, maxFrameSize, capabilities, healthcheck, engineId: texts.get('engine-id') };
}

/** A DISCONNECT by the words of SPOE.txt §3.2.8, with the codec's lenience: the last status code and message count. */
export function expectedDisconnect(items: readonly Argument[]): { statusCode: number; message: string } {
  let statusCode = 99;
  let message = '';
  for (const { name, value } of items) {
    if (name === 'status-code' && integerTypes.includes(value.type) && 'value' in value) {
      statusCode = Number(value.value);
    } else if (name === 'message') {
      if (value.type === 'null') message = '';
      else if (value.type === 'string') message = utf8(value.value);
      else if (value.type === 'binary') message = Buffer.from(value.value).toString('utf8');
      else message = String(value.value);
    }
  }
  return { statusCode, message };
}
