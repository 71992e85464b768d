/** The agents that are measured side by side: how each is built and started. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { plainJsFlags } from '../harness/plain-js.ts';
import type { AgentCommand } from '../load/agent-process.ts';
import { BUILD } from '../load/load-tool.ts';

/** One agent, built and ready to start. */
export interface PeerLane {
  readonly name: string;
  readonly language: 'Node' | 'Go' | 'Rust' | 'C';
  /** `ours`, another library, or a yardstick, which is not a library. */
  readonly role: 'ours' | 'peer' | 'reference';
  readonly version: string;
  readonly command: AgentCommand;
}

/** An agent that could not be built, and why. */
export interface SkippedLane {
  readonly name: string;
  readonly reason: string;
}

type Built = Omit<PeerLane, 'name'>;

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 600_000;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs a build step and returns its output. A missing program is an error that says so: a reason to skip the lane. */
async function toolchain(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd, env: { ...process.env, ...env }, timeout: BUILD_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`no ${program} on this machine`, { cause: error });
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    throw new Error(`${program} ${args[0] ?? ''} failed: ${stderr || String(error)}`, { cause: error });
  }
}

const GO_ENV = { GOFLAGS: '-buildvcs=false -mod=readonly' };

interface GoModule {
  readonly Dir: string;
  readonly Version: string;
}

async function goModule(folder: string, path: string): Promise<GoModule> {
  return JSON.parse(await toolchain('go', ['list', '-m', '-json', path], folder, GO_ENV)) as GoModule;
}

/** The agent of a folder of peers/go, which serves with the module `path`. */
async function goLane(folder: string, path: string): Promise<Built> {
  const cwd = here(`go/${folder}/`);
  const program = `${BUILD}${folder}`;
  await toolchain('go', ['build', '-o', program, '.'], cwd, GO_ENV);
  const { Version: version } = await goModule(cwd, path);
  return { language: 'Go', role: 'peer', version, command: { program, args: [] } };
}

const HAPROXY_GO = 'github.com/dropmorepackets/haproxy-go';

/** Builds the agent against a copy of the module, to which haproxy-go.patch is applied. */
async function mendedHaproxyGo(): Promise<Built> {
  const cwd = here('go/dropmorepackets/');
  const copy = `${BUILD}haproxy-go-mended`;
  const { Dir, Version: version } = await goModule(cwd, HAPROXY_GO);
  rmSync(copy, { recursive: true, force: true });
  cpSync(Dir, copy, { recursive: true });
  await run('chmod', ['-R', 'u+w', copy]);
  await toolchain('patch', ['-p1', '-i', here('go/haproxy-go.patch')], copy, {});
  const modfile = `${BUILD}mended.mod`;
  writeFileSync(modfile, `${readFileSync(`${cwd}go.mod`, 'utf8')}\nreplace ${HAPROXY_GO} => ${copy}\n`);
  cpSync(`${cwd}go.sum`, `${BUILD}mended.sum`);
  const program = `${BUILD}dropmorepackets-mended`;
  await toolchain('go', ['build', `-modfile=${modfile}`, '-o', program, '.'], cwd, { GOFLAGS: '-buildvcs=false' });
  return { language: 'Go', role: 'peer', version, command: { program, args: [] } };
}

async function rustLane(...args: readonly string[]): Promise<Built> {
  const target = `${BUILD}cargo`;
  const folder = here('rust/spop-tokio/');
  await toolchain('cargo', ['build', '--release', '--quiet'], folder, { CARGO_TARGET_DIR: target });
  const version = /^spop = "=(.*)"$/m.exec(readFileSync(`${folder}Cargo.toml`, 'utf8'))?.[1] ?? '';
  return { language: 'Rust', role: 'peer', version, command: { program: `${target}/release/spop-tokio`, args } };
}

async function cLane(): Promise<Built> {
  const program = `${BUILD}reference`;
  await toolchain('cc', ['-O2', '-o', program, 'reference.c'], here('c/'), {});
  return { language: 'C', role: 'reference', version: 'cc -O2', command: { program, args: [] } };
}

/** An agent in Node, with the Node that runs this or with one of another version, which npx fetches. */
function nodeLane(role: PeerLane['role'], version: string, path: string, ...args: readonly string[]): Promise<Built> {
  let program = process.execPath;
  if (version !== process.versions.node) {
    const npx = ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'];
    program = execFileSync('npx', npx, { encoding: 'utf8', timeout: BUILD_TIMEOUT_MS }).trim();
  }
  const command = { program, args: [...plainJsFlags(), here(path), ...args] };
  return Promise.resolve({ language: 'Node', role, version: `Node ${version}`, command });
}

/** Builds every lane whose name contains `filter`, one after the other; not those named in `leftOut`. */
export async function buildLanes(
  nodes: string,
  filter: string,
  progress: (text: string) => void,
  leftOut: ReadonlySet<string> = new Set(),
): Promise<{ lanes: PeerLane[]; skipped: SkippedLane[] }> {
  mkdirSync(BUILD, { recursive: true });
  const ours = nodes.split(',').map((version): [string, () => Promise<Built>] => {
    const major = version.split('.')[0] ?? '';
    return [`@spop/agent, Node ${major}`, () => nodeLane('ours', version, '../load/spop-agent.ts')];
  });
  const { node } = process.versions;
  const builders: Readonly<Record<string, () => Promise<Built>>> = {
    ...Object.fromEntries(ours),
    'haproxy-go': () => goLane('dropmorepackets', HAPROXY_GO),
    'haproxy-go, mended': mendedHaproxyGo,
    'negasus/haproxy-spoe-go': () => goLane('negasus', 'github.com/negasus/haproxy-spoe-go'),
    'criteo/haproxy-spoe-go': () => goLane('criteo', 'github.com/criteo/haproxy-spoe-go'),
    'spop + tokio': () => rustLane(),
    'spop + tokio, batched': () => rustLane('--batch'),
    'naive Node': () => nodeLane('reference', node, '../naive/agent.ts'),
    'least Node': () => nodeLane('reference', node, '../load/least-node.ts', '512', 'told'),
    C: cLane,
  };
  const lanes: PeerLane[] = [];
  const skipped: SkippedLane[] = [];
  for (const [name, build] of Object.entries(builders)) {
    if (!name.includes(filter) || leftOut.has(name)) continue;
    progress(`building ${name}`);
    try {
      lanes.push({ name, ...(await build()) });
    } catch (error) {
      skipped.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { lanes, skipped };
}
