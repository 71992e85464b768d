import {
  type AnyValueType,
  DataType,
  MessageReader,
  address,
  binary,
  bool,
  defineMessage,
  int64,
  integer,
  ipv6,
  optional,
  string,
} from '@spop/codec';
import type { Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { frameOf, many, manyNames, realistic, tiny } from '../frames.ts';
import { fromFrame } from '../operations.ts';
import { addUp, naivePayload } from './yardsticks.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });

const checkRequest = defineMessage('check-request', {
  method: string,
  path: string,
  query: string,
  src: address,
  port: integer,
  headers: string,
  host: string,
  ssl: bool,
});

const typedTiny = (): Operation => fromFrame(tiny, checkClientIp, ({ ip }) => ip.byteAt(3));

function walkTiny(): Operation {
  const frame = frameOf(tiny);
  const messages = new MessageReader();
  return () => {
    let sum = 0;
    messages.read(frame);
    while (messages.next()) {
      if (!messages.name.equals('check-client-ip')) continue;
      while (messages.nextArgument()) {
        if (messages.argumentName.equals('ip')) sum += messages.value.byteAt(3);
      }
    }
    return sum;
  };
}

const typedRealistic = (): Operation =>
  fromFrame(
    realistic,
    checkRequest,
    (message) =>
      message.method.byteLength +
      message.path.byteLength +
      message.query.byteLength +
      message.src.byteAt(3) +
      message.port +
      message.headers.byteLength +
      message.host.byteLength +
      (message.ssl ? 1 : 0),
  );

/** What one writes without declarations: each name compared with each that is known, until one is it. */
function walkRealistic(): Operation {
  const frame = frameOf(realistic);
  const messages = new MessageReader();
  return () => {
    let sum = 0;
    messages.read(frame);
    while (messages.next()) {
      if (!messages.name.equals('check-request')) continue;
      while (messages.nextArgument()) {
        const name = messages.argumentName;
        const value = messages.value;
        if (name.equals('method')) sum += value.byteLength;
        else if (name.equals('path')) sum += value.byteLength;
        else if (name.equals('query')) sum += value.byteLength;
        else if (name.equals('src')) sum += value.byteAt(3);
        else if (name.equals('port')) sum += value.toNumber();
        else if (name.equals('headers')) sum += value.byteLength;
        else if (name.equals('host')) sum += value.byteLength;
        else if (name.equals('ssl')) sum += value.boolean ? 1 : 0;
      }
    }
    return sum;
  };
}

/** Of every type; a property of each is read below, and all 64 are found. */
const manyArguments = defineMessage('many', {
  ...Object.fromEntries(manyNames.map((name, index) => [name, typeOf(index)] as const)),
  argument_0: string,
  argument_17: integer,
  argument_26: bool,
  argument_35: address,
  argument_44: binary,
  argument_53: ipv6,
  argument_62: int64,
  argument_63: optional(string),
});

/** As `manyValue` in frames.ts writes them. */
function typeOf(index: number): AnyValueType {
  return [string, integer, bool, address, binary, ipv6, int64, optional(string)][index % 8]!;
}

const typedMany = (): Operation =>
  fromFrame(
    many,
    manyArguments,
    (message) =>
      message.argument_0.byteLength +
      message.argument_17 +
      (message.argument_26 ? 1 : 0) +
      message.argument_35.byteAt(3) +
      message.argument_44.byteLength +
      message.argument_53.byteAt(15) +
      message.argument_62.lo +
      (message.argument_63 === undefined ? 1 : 0),
  );

/** All 64 passed and looked at, none of them found by its name. */
function walkMany(): Operation {
  const frame = frameOf(many);
  const messages = new MessageReader();
  return () => {
    let sum = 0;
    messages.read(frame);
    while (messages.next()) {
      while (messages.nextArgument()) {
        sum += messages.argumentName.byteLength;
        if (messages.value.type === DataType.String) sum += messages.value.byteLength;
      }
    }
    return sum;
  };
}

export const cases: readonly Case[] = [
  {
    name: 'access tiny',
    what: 'the declared argument of the tiny NOTIFY, against walking by hand, from the frame on',
    frameBytes: tiny.length,
    subjects: { spop: typedTiny, walk: walkTiny, naive: () => naivePayload(tiny), floor: () => addUp(tiny) },
  },
  {
    name: 'access realistic',
    what: 'the eight declared arguments of the realistic NOTIFY, against walking by hand, from the frame on',
    frameBytes: realistic.length,
    subjects: {
      spop: typedRealistic,
      walk: walkRealistic,
      naive: () => naivePayload(realistic),
      floor: () => addUp(realistic),
    },
  },
  {
    name: 'access 64 arguments',
    what: '64 declared arguments found, one of each type read; by hand: all 64 passed, no name compared',
    frameBytes: many.length,
    subjects: { spop: typedMany, walk: walkMany, naive: () => naivePayload(many), floor: () => addUp(many) },
  },
];
