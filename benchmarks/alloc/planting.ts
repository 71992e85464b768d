import { execFile } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exactHeapFlags } from '../harness/heap.ts';
import { type Findings, modes } from './findings.ts';
import type { Insertion } from './plant-hook.ts';
import { type Site, hotFiles, sitesOf } from './sites.ts';

const TIMEOUT_MS = 300_000;

interface Covered {
  file: string;
  name: string;
  milliseconds: number;
  sites: string[];
}

/** The result of planting one object in one function after the other. */
export interface PlantingResult {
  /** The number of functions that made a proof fail. */
  seen: number;
  /** Functions whose proof held nevertheless, or could not be run. */
  missed: string[];
  /** Functions that no proof passes through. */
  untouched: string[];
}

/** The functions of the hot files whose `file:line name` contains one of the comma-separated parts of `filter`. */
export function findSites(filter: string | undefined): Site[] {
  const parts = filter?.split(',') ?? [''];
  return hotFiles.flatMap((file) => sitesOf(file)).filter((site) => parts.some((part) => keyOf(site).includes(part)));
}

/**
 * Plants an object in one function after the other, and runs a proof that passes through it: the fastest, in the
 * unoptimised mode, since the object is never used and only that mode can see it.
 */
export async function plantEach(sites: readonly Site[]): Promise<PlantingResult> {
  const cases = await coverage(sites);
  const waiting = [...sites];
  const result: PlantingResult = { seen: 0, missed: [], untouched: [] };
  const worker = async (): Promise<void> => {
    for (let site = waiting.shift(); site !== undefined; site = waiting.shift()) {
      const key = keyOf(site);
      const [proof] = cases
        .filter((each) => each.sites.includes(key))
        .toSorted((a, b) => a.milliseconds - b.milliseconds);
      if (proof === undefined) {
        result.untouched.push(key);
        continue;
      }
      const fault = await faultOf(site, proof);
      console.log(
        `${fault === '' ? 'ok  ' : 'FAIL'} ${key}: '${proof.name}' ${fault === '' ? 'sees the planted object' : fault}`,
      );
      if (fault === '') result.seen++;
      else result.missed.push(key);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, os.availableParallelism()) }, worker));
  return result;
}

function keyOf({ file, name, line }: Site): string {
  return `${file}:${line + 1} ${name}`;
}

/** Which functions each case runs. */
async function coverage(sites: readonly Site[]): Promise<Covered[]> {
  const insertions = sites.map((site) => ({
    file: site.file,
    line: site.line,
    statement: `globalThis.covered?.add(${JSON.stringify(keyOf(site))});`,
  }));
  return (await runWith(insertions, ['cover.ts'])) as Covered[];
}

/** Why the proof of a case does not see an object planted at the site; empty if it does. */
async function faultOf({ file, line }: Site, proof: Covered): Promise<string> {
  const insertion = { file, line, statement: 'const planted = { planted: 0 };' };
  const script = ['prove.ts', proof.file, proof.name, 'unoptimised'];
  try {
    const { expected, measured } = (await runWith([insertion], script)) as Findings;
    return measured === expected ? 'does not see the planted object' : '';
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function runWith(insertions: readonly Insertion[], [script, ...args]: string[]): Promise<unknown> {
  const hook = new URL('plant-hook.ts', import.meta.url).href;
  const path = fileURLToPath(new URL(script!, import.meta.url));
  const flags = [
    ...exactHeapFlags,
    ...modes.unoptimised.flags,
    '--conditions=@spop/source',
    '--disable-warning=ExperimentalWarning',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, `--import=${hook}`, path, ...args], {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 16 * 2 ** 20,
    env: { ...process.env, SPOP_PLANT: JSON.stringify(insertions) },
  });
  return JSON.parse(stdout);
}
