import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AddressBytes } from './table.ts';
import { TableFile, type TableFileOptions } from './table-file.ts';

const client: AddressBytes = { family: 4, byteAt: (index) => [10, 1, 2, 3][index] ?? 0 };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spop-table-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function openTable(text: string, options: TableFileOptions = {}): Promise<TableFile> {
  const path = join(folder, 'scores.txt');
  await writeFile(path, text);
  const file = await TableFile.open(path, { intervalMs: 5, ...options });
  onTestFinished(() => file.close());
  return file;
}

/** Replaces the file in one step, as the README says. */
async function replace(text: string): Promise<void> {
  await writeFile(join(folder, 'next'), text);
  await rename(join(folder, 'next'), join(folder, 'scores.txt'));
}

describe('TableFile', () => {
  it('reads a file that was replaced', async () => {
    const onReload = vi.fn<(file: TableFile) => void>();
    const file = await openTable('10.0.0.0/8 100', { onReload });
    expect(file.score(client)).toBe(100);
    await replace('10.0.0.0/8 20\n192.0.2.0/24 30');
    await vi.waitFor(() => expect(file.score(client)).toBe(20));
    expect(file.size).toBe(2);
    expect(onReload).toHaveBeenCalledWith(file);
  });

  it('keeps the old scores while the file is wrong, gives the reason, and reads it when it is right again', async () => {
    const onError = vi.fn<(problem: string) => void>();
    const file = await openTable('10.0.0.0/8 100', { onError });
    await replace('10.0.0.0/8 100\n10.0.0.0/99 100');
    await vi.waitFor(() => expect(onError).toHaveBeenCalled());
    expect(onError.mock.calls[0]?.[0]).toBe(
      `${file.path} is no table of scores:\nline 2: "/99" is no prefix length of an IPv4 address; it is 0 to 32`,
    );
    expect(file.score(client)).toBe(100);
    await replace('10.0.0.0/8 7');
    await vi.waitFor(() => expect(file.score(client)).toBe(7));
  });

  it('keeps the old scores when the file is gone', async () => {
    const onError = vi.fn<(problem: string) => void>();
    const file = await openTable('10.0.0.0/8 100', { onError });
    await rm(file.path);
    await vi.waitFor(() => expect(onError).toHaveBeenCalled());
    expect(onError.mock.calls[0]?.[0]).toContain('ENOENT');
    expect(file.score(client)).toBe(100);
  });

  it.each([
    ['longer', '10.0.0.0/8 20 # worse'],
    ['as long', '10.0.0.0/8 020'],
  ])('reads a file of the same age, as cp -p and mv leave it, that is %s', async (_, text) => {
    const path = join(folder, 'scores.txt');
    const next = join(folder, 'next');
    await writeFile(path, '10.0.0.0/8 100');
    await writeFile(next, text);
    for (const each of [path, next]) await utimes(each, 1_000, 1_000);
    const file = await TableFile.open(path, { intervalMs: 5 });
    onTestFinished(() => file.close());
    await rename(next, path);
    await vi.waitFor(() => expect(file.score(client)).toBe(20));
  });

  it('reads no change after it was closed, while others of the same file do', async () => {
    const onReload = vi.fn<(file: TableFile) => void>();
    const closed = await openTable('10.0.0.0/8 100', { onReload });
    const open = await TableFile.open(closed.path, { intervalMs: 5 });
    onTestFinished(() => open.close());
    closed.close();
    for (const score of [20, 30]) {
      await replace(`10.0.0.0/8 ${score}\n192.0.2.0/24 ${score}`);
      await vi.waitFor(() => expect(open.score(client)).toBe(score));
    }
    expect(closed.score(client)).toBe(100);
    expect(onReload).not.toHaveBeenCalled();
  });

  it('refuses to start without a table', async () => {
    await expect(TableFile.open(join(folder, 'none'))).rejects.toThrow(/none is no table of scores:\nENOENT/);
  });

  it('reads the table of the example', async () => {
    const file = await TableFile.open(fileURLToPath(new URL('ip-scores.txt', import.meta.url)));
    onTestFinished(() => file.close());
    expect(file.score(client)).toBe(100);
    expect(file.score({ family: 4, byteAt: (index) => [192, 0, 2, 1][index] ?? 0 })).toBe(0);
  });
});
