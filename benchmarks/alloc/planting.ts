import { forEach, prove, runWith } from './proof.ts';
import { type Site, hotFiles, sitesOf } from './sites.ts';

/** The functions that a case runs, as `cover.ts` prints them. */
export interface Covered {
  readonly file: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly sites: readonly string[];
}

/** The result of planting one object in one function after the other. */
export interface PlantingResult {
  /** The number of functions that made a proof fail. */
  seen: number;
  /** Functions whose proof held nevertheless, or could not be run. */
  readonly missed: string[];
  /** Functions that no proof passes through. */
  readonly untouched: string[];
}

/** The functions of the hot files whose `file:line name` contains one of the comma-separated parts of `filter`. */
export function findSites(filter: string = ''): Site[] {
  const parts = filter.split(',');
  return hotFiles.flatMap((file) => sitesOf(file)).filter((site) => parts.some((part) => keyOf(site).includes(part)));
}

/**
 * Plants an object in one function after the other, and runs the fastest proof that passes through it. The mode is the
 * unoptimised one: the object is never used, and only that mode can see it.
 */
export async function plantEach(sites: readonly Site[]): Promise<PlantingResult> {
  const cases = await coverage(sites);
  const result: PlantingResult = { seen: 0, missed: [], untouched: [] };
  await forEach(sites, async (site) => {
    const key = keyOf(site);
    const [proof] = cases
      .filter((each) => each.sites.includes(key))
      .toSorted((a, b) => a.milliseconds - b.milliseconds);
    if (proof === undefined) return void result.untouched.push(key);
    const fault = await faultOf(site, proof);
    if (fault === undefined) result.seen++;
    else result.missed.push(key);
    console.log(
      `${fault === undefined ? 'ok  ' : 'FAIL'} ${key}: '${proof.name}' ${fault ?? 'sees the planted object'}`,
    );
  });
  return result;
}

function keyOf({ file, name, line }: Site): string {
  return `${file}:${line + 1} ${name}`;
}

async function coverage(sites: readonly Site[]): Promise<Covered[]> {
  const insertions = sites.map((site) => ({
    file: site.file,
    line: site.line,
    statement: `globalThis.covered?.add(${JSON.stringify(keyOf(site))});`,
  }));
  return (await runWith(insertions, 'cover.ts', 'unoptimised')) as Covered[];
}

/** Why the proof of a case does not see an object planted at the site; undefined if it does. */
async function faultOf({ file, line }: Site, proof: Covered): Promise<string | undefined> {
  const insertion = { file, line, statement: 'const planted = { planted: 0 };' };
  try {
    const { expected, measured } = await prove(proof.file, proof.name, 'unoptimised', [insertion]);
    return measured === expected ? 'does not see the planted object' : undefined;
  } catch (error) {
    return `failed: ${String(error)}`;
  }
}
