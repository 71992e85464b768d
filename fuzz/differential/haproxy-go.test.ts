import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toBytes, writeFrame } from '@spop/builder';
import type { Argument } from '@spop/builder';
import { DataType, Frame, KvListReader, type Value } from '@spop/codec';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { argument } from '../support/arbitraries.ts';

// github.com/dropmorepackets/haproxy-go reads typed data in Go, from the same specification. It neither counts NB-ARGS nor checks
// lengths. Therefore only well-formed KV-lists are compared.

const source = fileURLToPath(new URL('haproxy-go', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'spop-haproxy-go-'));
const program = join(folder, 'decode');

// Only what is on the machine: tests download nothing.
const built = spawnSync('go', ['build', '-o', program, '.'], {
  cwd: source,
  env: { ...process.env, GOPROXY: 'off' },
  encoding: 'utf8',
  timeout: 60_000,
});
const reason =
  built.error?.message ??
  (built.status === 0 ? undefined : (built.stderr.split('\n').find((line) => line !== '') ?? 'it failed'));
if (reason !== undefined) console.log(`haproxy-go is not compared with, since it could not be built: ${reason}`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A value as the Go program prints it. */
function describeValue(value: Value): string {
  if (value.type === DataType.Null) return '';
  if (value.type === DataType.Bool) return String(value.boolean);
  // Go keeps all integers in a signed variable.
  if (value.type <= DataType.Uint64) return BigInt.asIntN(64, value.toBigInt()).toString();
  return value.toBytes().toString('hex');
}

/** What the codec reads in a frame of these items. */
function readItems(bytes: Buffer, items: readonly Argument[]): { payload: string; line: string } {
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  const list = new KvListReader();
  list.read(frame);
  let line = '';
  for (const { name } of items) {
    expect(list.next()).toBe(true);
    line += `${Buffer.from(toBytes(name)).toString('hex')}:${list.value.type}:${describeValue(list.value)} `;
  }
  return { payload: bytes.toString('hex', frame.payloadStart, frame.end), line };
}

describe('haproxy-go', () => {
  it.skipIf(reason !== undefined)(
    'reads the same names, types and values in any KV-list',
    () => {
      const lists = fc.sample(fc.array(argument(), { maxLength: 8 }), 2_000);
      const expected = lists.map((items) => {
        const bytes = writeFrame({ type: 'AGENT-HELLO', flags: 1, streamId: 0n, frameId: 0n, items });
        return readItems(Buffer.from(bytes), items);
      });
      const input = expected.map(({ payload }) => `${payload}\n`).join('');
      const { stdout, stderr } = spawnSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 30_000 });
      expect(stderr).toBe('');
      expect(stdout.split('\n').slice(0, -1)).toEqual(expected.map(({ line }) => line));
    },
    60_000,
  );
});
