import {
  type AnyValueType,
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
import { type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { checkRequest, scoreOf } from '../../load/spop-jobs.ts';
import { frameOf, many, manyNames, realistic, tiny } from '../frames.ts';
import { fromFrame } from '../operations.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });

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

const typedRealistic = (): Operation => fromFrame(realistic, checkRequest, scoreOf);

/** A handler without declarations: each name is compared with the known ones until one is equal. */
function walkRealistic(): Operation {
  const frame = frameOf(realistic);
  const messages = new MessageReader();
  return () => {
    let sum = 0;
    messages.read(frame);
    while (messages.next()) {
      if (!messages.name.equals('check-request')) continue;
      while (messages.nextArgument()) {
        const { argumentName: name, value } = messages;
        if (name.equals('method')) sum += value.byteLength;
        else if (name.equals('path')) sum += value.byteLength;
        else if (name.equals('query')) sum += value.byteLength;
        else if (name.equals('src')) sum += value.byteAt(3);
        else if (name.equals('src_port')) sum += value.toNumber();
        else if (name.equals('headers')) sum += value.byteLength;
        else if (name.equals('host')) sum += value.byteLength;
        else if (name.equals('ssl')) sum += value.boolean ? 1 : 0;
      }
    }
    return sum;
  };
}

/** Arguments of eight types. All 64 are found, and one of each type is read below. */
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

/** The type of each value of `many` in frames.ts. */
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

export const cases: readonly Case[] = [
  {
    name: 'access tiny',
    what: 'the declared argument of the tiny NOTIFY, from the frame on; and walked by hand',
    subjects: { spop: typedTiny, walk: walkTiny },
  },
  {
    name: 'access realistic',
    what: 'the eight declared arguments of the realistic NOTIFY, from the frame on; and walked by hand',
    subjects: { spop: typedRealistic, walk: walkRealistic },
  },
  spopCase('access 64 arguments', '64 declared arguments found, one of each type read', typedMany),
];
