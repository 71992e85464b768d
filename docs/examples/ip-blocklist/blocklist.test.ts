import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AddressWords } from '../shared/entry.ts';
import { layOut } from './address-set.ts';
import { Blocklist } from './blocklist.ts';
import { parseList } from './parse-list.ts';

const { ipv4, ipv6 } = layOut(parseList(Buffer.from('10.0.0.0/8')).ranges);

/** A thread that puts 10.0.0.0/8 in force, fails when it is told to read, and reports the lists in force at its start. */
const FAILING = `
  import { parentPort, workerData } from 'node:worker_threads';
  const source = { name: 'a', entries: 1, badLines: 0, goodAt: 1, failures: 0 };
  parentPort.postMessage({ type: 'log', line: 'in force before: ' + workerData.inForce.join() });
  parentPort.postMessage({ type: 'status', sources: [source] });
  const int32 = (words) => Int32Array.from(words);
  if (workerData.inForce.length === 0) parentPort.postMessage({ type: 'lists', names: ['a'], tables: {
    ipv4: { used: int32(${JSON.stringify([...ipv4.used])}), ranges: Uint16Array.from([${String(ipv4.ranges)}]),
      index: int32([${String(ipv4.index)}]) },
    ipv6: { ranges: int32([]), nodes: int32([${String(ipv6.nodes)}]) } } });
  parentPort.on('message', () => { throw new Error('out of memory'); });`;

const listed: AddressWords = { family: 4, wordAt: () => 0x0a_01_02_03 };

describe('Blocklist', () => {
  it('keeps the lists in force while its thread has failed, says so, and starts another one', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const error = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => void vi.restoreAllMocks());
    const program = new URL(`data:text/javascript,${encodeURIComponent(FAILING)}`);
    const blocklist = new Blocklist({ sources: ['a', 'b'], refreshMs: 60_000 }, program);
    onTestFinished(() => blocklist.close());
    expect(blocklist.has(listed)).toBe(false);
    await blocklist.inForce;
    expect([blocklist.has(listed), blocklist.isComplete]).toEqual([true, false]);
    expect(log.mock.calls).toEqual([[expect.stringMatching(/^in force +a: 1 entries$/)]]);
    blocklist.refresh();
    const said = (): string => error.mock.calls.join('\n');
    await expect.poll(said).toContain('has failed, and is started again: out of memory');
    await expect.poll(said).toMatch(/in force before: \n[^]*in force before: a$/);
    expect(blocklist.has(listed)).toBe(true);
  });
});
