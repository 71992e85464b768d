import { data, parseAck, toText, type TypedData } from '@spop/builder';
import { AckWriter, address, type AnyValueType, bool, defineVariable, integer, interned, string } from '@spop/codec';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { text, uint64 } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';
import { codeOf } from '../support/value-checks.ts';
import { frameWithIds, open, wireTypes } from '../support/writing.ts';

/** All types: some are written as another one. */
const types: Readonly<Record<string, AnyValueType>> = { ...wireTypes, integer, address, interned: interned(string) };

/** Fails unless what was written is the value that was given, as the wire type of its kind. */
function expectWritten(written: TypedData, kind: string, given: unknown): void {
  if (kind === 'address') expect(['ipv4', 'ipv6']).toContain(written.type);
  else expect(written.type).toBe({ integer: 'int64', interned: 'string' }[kind] ?? kind);
  if (!('value' in written)) return;
  const found = written.value;
  if (typeof found === 'number' || typeof found === 'bigint')
    expect(BigInt(found)).toBe(BigInt(given as number | bigint));
  else if (found instanceof Uint8Array)
    expect(found).toEqual(Uint8Array.from(Buffer.from(given as string | Uint8Array)));
  else if (written.type === 'ipv4') expect(found).toBe(data.ipv4(given as string | Uint8Array).value);
  else if (written.type === 'ipv6') expect(found).toBe(data.ipv6(given as string | Uint8Array).value);
  else if (given instanceof Uint8Array) expect(found).toBe(toText(given));
  else expect(found).toBe(typeof given === 'string' ? given.toWellFormed() : given);
}

/** Values of which some fit no type. */
function anything(): fc.Arbitrary<unknown> {
  const strange = [null, undefined, Number.NaN, Infinity, -0.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -1, {}, []];
  const address = fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
  const bytes = fc.oneof(address, fc.uint8Array({ maxLength: 20 }));
  const number = uint64().map((id) => id * 3n - 5n);
  const texts = fc.oneof(fc.ipV4(), fc.ipV6(), text());
  return fc.oneof(texts, bytes, fc.constantFrom(...strange), number, fc.double(), fc.boolean());
}

it('a value that its variable cannot hold is refused and leaves the ACK as it was; any other reads back as itself', () => {
  fc.assert(
    fc.property(anything(), fc.constantFrom(...Object.keys(types)), (given, kind) => {
      const writer = new AckWriter();
      const buffer = Buffer.alloc(2_000);
      writer.beginAck(buffer, 0, buffer.length, frameWithIds({ streamId: 1n, frameId: 1n }));
      writer.unset(defineVariable('txn', 'before', bool));
      const size = writer.byteLength;
      const code = codeOf(() => writer.set(defineVariable('sess', 'v', open(types[kind])), given));
      expect([undefined, 'SPOP_INVALID_VALUE']).toContain(code);
      if (code !== undefined) expect(writer.byteLength).toBe(size);
      const [before, set] = parseAck(buffer.subarray(0, writer.end())).actions;
      expect(before?.name).toBe('before');
      expect(set === undefined).toBe(code !== undefined);
      if (set?.type === 'set-var') expectWritten(set.value, kind, given);
    }),
    runs(1_500),
  );
});
