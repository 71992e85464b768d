import { isIPv4 } from 'node:net';
import { SpopError } from '@spop/codec';
import { ipv6Bytes } from '../data/address.ts';
import { expectSpopError } from '../data/spop-error.ts';
import { fromHex } from '../data/text.ts';
import { address, binary, bool, int32, int64, ipv4, ipv6, nil, string, uint32, uint64 } from '../data/values.ts';
import type { TypedData } from '../data/typed-data.ts';
import { readInput, STDIN } from './target.ts';
import { nearest, UsageError } from './usage-error.ts';

/** An argument from a command line. */
type NamedValue = readonly [name: string, value: TypedData];

/** A message from a command line. */
export interface MessageWords {
  readonly name: string;
  readonly args: readonly NamedValue[];
}

const MAX_ARGUMENTS = 255;
const EXAMPLE = 'for instance: check-client-ip ip=192.0.2.1 port=443 name:string=42';

/** The functions that make a value of each type from a text. */
const TYPES: Readonly<Record<string, (text: string) => TypedData>> = {
  null: toNull,
  bool: toBool,
  int32: (text) => int32(toInteger(text)),
  uint32: (text) => uint32(toInteger(text)),
  int64: (text) => int64(toInteger(text)),
  uint64: (text) => uint64(toInteger(text)),
  ipv4: (text) => ipv4(text),
  ipv6: (text) => ipv6(text),
  ip: (text) => address(text),
  string: (text) => string(contents(text)),
  binary: (text) => binary(contents(text)),
  hex: (text) => binary(fromHex(text)),
};

/** The names of the types that `name:type=value` takes. */
export const typeNames: readonly string[] = Object.keys(TYPES);

/**
 * Parses messages: a word without `=` begins a message, and `name=value`, `name:type=value` or `=value` is an argument of it.
 *
 * @throws {UsageError} that names the wrong word.
 */
export function parseMessages(words: readonly string[]): MessageWords[] {
  const messages: { name: string; args: NamedValue[] }[] = [];
  for (const word of words) {
    const message = messages.at(-1);
    const end = word.indexOf('=');
    if (end < 0) {
      if (word === '') throw new UsageError('expected the name of a message; found an empty word', EXAMPLE);
      messages.push({ name: word, args: [] });
    } else if (message === undefined) {
      throw new UsageError(`expected the name of a message before ${JSON.stringify(word)}; found none`, EXAMPLE);
    } else {
      if (message.args.length === MAX_ARGUMENTS) {
        throw new UsageError(`expected at most ${MAX_ARGUMENTS} arguments of ${message.name}; found more`, EXAMPLE);
      }
      message.args.push(parseArgument(word.slice(0, end), word.slice(end + 1)));
    }
  }
  if (messages.length === 0) throw new UsageError('expected the name of a message; found none', EXAMPLE);
  return messages;
}

function parseArgument(left: string, text: string): NamedValue {
  const colon = left.lastIndexOf(':');
  if (colon < 0) return [left, plainValue(left, text)];
  const [name, typeName] = [left.slice(0, colon), left.slice(colon + 1)];
  const make = Object.hasOwn(TYPES, typeName) ? TYPES[typeName] : undefined;
  if (make === undefined) {
    const guess = nearest(typeName, typeNames);
    const hint = guess === undefined ? `types: ${typeNames.join(', ')}` : `did you mean ${name}:${guess}=?`;
    throw new UsageError(`there is no type ${JSON.stringify(typeName)} for argument ${JSON.stringify(name)}`, hint);
  }
  return [name, made(name, typeName, make, text)];
}

/** The typed data that HAProxy would send for a value without a type; see the help of `send`. */
function plainValue(name: string, text: string): TypedData {
  if (text === 'null') return nil;
  if (text === 'true' || text === 'false') return bool(text === 'true');
  if (isIPv4(text) || ipv6Bytes(text) !== undefined) return address(text);
  if (/^(?:0|-?[1-9]\d*)$/.test(text)) return made(name, 'int64', (digits) => int64(BigInt(digits)), text);
  return /^@(?!@)/.test(text) ? binary(contents(text)) : string(contents(text));
}

function made(name: string, typeName: string, make: (text: string) => TypedData, text: string): TypedData {
  try {
    return make(text);
  } catch (error) {
    expectSpopError(error);
    const hint = `write ${name}:string=… for text, or another type: ${typeNames.join(', ')}`;
    throw new UsageError(`argument ${JSON.stringify(name)} is not of type ${typeName}: ${error.reason}`, hint);
  }
}

/** The bytes of a file for `@path` (`@-` is stdin); otherwise the text, in which `@@` at the beginning is one `@`. */
function contents(text: string): string | Uint8Array {
  if (text.startsWith('@@')) return text.slice(1);
  if (!text.startsWith('@')) return text;
  const path = text.slice(1);
  return path === '-' ? readInput(STDIN, 'stdin') : readInput(path, `the file ${JSON.stringify(path)}`);
}

function toNull(text: string): TypedData {
  if (text === '' || text === 'null') return nil;
  throw new SpopError('SPOP_INVALID_VALUE', `expected nothing after the =; found ${JSON.stringify(text)}`);
}

function toBool(text: string): TypedData {
  if (text === 'true' || text === 'false') return bool(text === 'true');
  throw new SpopError('SPOP_INVALID_VALUE', `expected true or false; found ${JSON.stringify(text)}`);
}

function toInteger(text: string): bigint {
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text);
  throw new SpopError('SPOP_INVALID_VALUE', `expected a whole number; found ${JSON.stringify(text)}`);
}
