import { MessageSet, Notify, SpopError, defineMessage, string } from '@spop/codec';
// The makers of the errors, to measure an error alone.
import { Cursor } from '../../../packages/codec/src/wire/cursor.ts';
import { skipTypedData } from '../../../packages/codec/src/wire/typed-data.ts';
import { viewClosed } from '../../../packages/codec/src/values/view-source.ts';
import type { Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { bytesOf, frameOf, many, question } from '../frames.ts';

const declared = defineMessage('many', { argument_0: string });

/** The 64 arguments with a reserved type in the last one. */
const lastWrong = Buffer.from(many);
lastWrong[lastWrong.length - 1] = 0x0f;

/** One argument, of a reserved type: the earliest error in a payload. */
const firstWrong = bytesOf(question.message('many', { argument_0: null }));
firstWrong[firstWrong.length - 1] = 0x0f;

/** An operation that ends in an error, of which it reads the offset. */
function caught(work: () => unknown): Operation {
  return () => {
    try {
      work();
      return 0;
    } catch (error) {
      return error instanceof SpopError ? error.offset & 1 : 0;
    }
  };
}

function refuse(bytes: Buffer): Operation {
  const frame = frameOf(bytes);
  const notify = new Notify(new MessageSet([declared]));
  return caught(() => notify.read(frame));
}

/** Only the error, from the function that finds it. */
function reservedType(bytes: Buffer): Operation {
  const cursor = new Cursor();
  return caught(() => {
    cursor.read(bytes, bytes.length - 1);
    skipTypedData(cursor);
  });
}

/** A view used after its frame was closed. */
function useLate(): Operation {
  const notify = new Notify(new MessageSet([declared]));
  notify.read(frameOf(many));
  const view = notify.get(declared)!.argument_0;
  notify.close();
  return caught(() => view.byteLength);
}

function closedView(): Operation {
  return caught(() => {
    throw viewClosed();
  });
}

function errorCase(name: string, what: string, spop: () => Operation, like: () => Operation): Case {
  return { name, what, subjects: { spop }, throws: true, unoptimised: { why: 'the error itself', like } };
}

export const cases: readonly Case[] = [
  errorCase(
    'refuse early',
    'a NOTIFY whose only argument has a reserved type: what the error takes',
    () => refuse(firstWrong),
    () => reservedType(firstWrong),
  ),
  errorCase(
    'refuse late',
    'a NOTIFY whose last of 64 arguments has a reserved type',
    () => refuse(lastWrong),
    () => reservedType(lastWrong),
  ),
  errorCase('late use', 'a view read after its NOTIFY was closed', useLate, closedView),
];
