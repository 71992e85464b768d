/**
 * The agents that are measured side by side: how each is built, started, and what has to be said of it. What cannot be
 * built here is named with the reason and left out.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exactHeapFlags } from '../harness/heap.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { findNode } from '../codec/node-versions.ts';
import type { AgentCommand } from '../load/agent-process.ts';
import { BUILD, compileC } from '../load/load-tool.ts';

export interface PeerLane {
  readonly name: string;
  readonly language: 'Node' | 'Go' | 'Rust' | 'C';
  /** `ours`, another library, or a yardstick, which is not a library. */
  readonly role: 'ours' | 'peer' | 'reference';
  readonly version: string;
  readonly command: AgentCommand;
  /** Prints one line of JSON for each codec measurement, given the two traffic files; where its codec can be reached. */
  readonly codec?: AgentCommand;
  readonly note?: string;
}

/** A lane that is not there, and why. */
export interface SkippedLane {
  readonly name: string;
  readonly reason: string;
}

type Built = PeerLane | SkippedLane;
type Builder = () => Promise<Built>;

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 600_000;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs a build step; a missing tool becomes a reason to skip. */
async function toolchain(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
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
  const answer = await toolchain('go', ['list', '-m', '-json', path], folder, GO_ENV);
  return JSON.parse(answer) as GoModule;
}

async function goLane(name: string, folder: string, path: string, note?: string): Promise<Built> {
  const cwd = here(`go/${folder}/`);
  const program = `${BUILD}${folder}`;
  await toolchain('go', ['build', '-o', program, '.'], cwd, GO_ENV);
  const { Version: version } = await goModule(cwd, path);
  return {
    name,
    language: 'Go',
    role: 'peer',
    version,
    command: { program, args: [] },
    codec: { program, args: ['codec'] },
    ...(note === undefined ? {} : { note }),
  };
}

const HAPROXY_GO = 'github.com/dropmorepackets/haproxy-go';

/** A line of the published source and what takes its place. */
interface Mend {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * As published, several goroutines write an ACK in three writes each on one connection, and mix them up. One vectored
 * write in their place cannot be interleaved. `pipelining` is then announced, so that HAProxy makes use of it.
 */
const HAPROXY_GO_MENDS: readonly Mend[] = [
  { file: 'spop/frame.go', from: '\t"io"\n', to: '\t"io"\n\t"net"\n' },
  {
    file: 'spop/frame.go',
    from: '\tn, err := w.Write(f.length)\n',
    to: '\treturn (&net.Buffers{f.length, f.buf.ReadBytes(), payload}).WriteTo(w)\n\tn, err := w.Write(f.length)\n',
  },
  {
    file: 'spop/protocol.go',
    from: 'Capabilities: []string{},',
    to: 'Capabilities: []string{capabilityNamePipelining},',
  },
];

/** Builds the agent against a copy of the module, mended at build time in a folder that git ignores. */
async function mendedHaproxyGo(): Promise<Built> {
  const cwd = here('go/dropmorepackets/');
  const copy = `${BUILD}haproxy-go-mended`;
  const { Dir, Version } = await goModule(cwd, HAPROXY_GO);
  rmSync(copy, { recursive: true, force: true });
  cpSync(Dir, copy, { recursive: true });
  await run('chmod', ['-R', 'u+w', copy]);
  for (const { file, from, to } of HAPROXY_GO_MENDS) {
    const source = readFileSync(`${copy}/${file}`, 'utf8');
    if (source.split(from).length !== 2) throw new Error(`${file} is not as expected: ${JSON.stringify(from)}`);
    writeFileSync(`${copy}/${file}`, source.replace(from, to));
  }
  const modfile = `${BUILD}mended.mod`;
  writeFileSync(modfile, `${readFileSync(`${cwd}go.mod`, 'utf8')}\nreplace ${HAPROXY_GO} => ${copy}\n`);
  cpSync(`${cwd}go.sum`, `${BUILD}mended.sum`);
  const program = `${BUILD}dropmorepackets-mended`;
  await toolchain('go', ['build', `-modfile=${modfile}`, '-o', program, '.'], cwd, { GOFLAGS: '-buildvcs=false' });
  return {
    name: 'haproxy-go, mended',
    language: 'Go',
    role: 'peer',
    version: Version,
    command: { program, args: [] },
    note: 'one line changed at build time, so that an ACK is one write and can be pipelined; and `pipelining` announced',
  };
}

const SPOP_CRATE_VERSION = '0.13.1';

async function rustLane(batch: boolean): Promise<Built> {
  const target = `${BUILD}cargo`;
  await toolchain('cargo', ['build', '--release', '--quiet'], here('rust/spop-tokio/'), { CARGO_TARGET_DIR: target });
  const program = `${target}/release/agent`;
  return {
    name: batch ? 'spop + tokio, batched' : 'spop + tokio',
    language: 'Rust',
    role: 'peer',
    version: SPOP_CRATE_VERSION,
    command: { program, args: batch ? ['--batch'] : [] },
    ...(batch ? {} : { codec: { program: `${target}/release/codec`, args: [] } }),
    note: batch
      ? 'the same crate, but ACKs are flushed once no further frame has arrived; its examples do not do that'
      : 'a codec; the connection is served as its examples do it, one send for each ACK',
  };
}

/** Figures of a codec in Node, with a young generation so large that counting bytes is exact. */
function nodeCodec(program: string, which: 'spop' | 'naive'): AgentCommand {
  return { program, args: [...plainJsFlags(), ...exactHeapFlags, here('node/codec.ts'), which] };
}

function ours(list: string): Builder[] {
  return list.split(',').map((version) => () => {
    const program = findNode(version);
    return Promise.resolve({
      name: `@spop/agent, Node ${version.split('.')[0] ?? ''}`,
      language: 'Node',
      role: 'ours',
      version: `Node ${version}`,
      command: { program, args: [...plainJsFlags(), here('../load/spop-agent.ts')] },
      codec: nodeCodec(program, 'spop'),
    });
  });
}

/** A yardstick, which is not a library. */
function reference(lane: Omit<PeerLane, 'role'>): Builder {
  return () => Promise.resolve({ ...lane, role: 'reference' });
}

function cLane(): Promise<Built> {
  const name = 'C';
  const program = compileC('reference');
  if (program === undefined) return Promise.resolve({ name, reason: 'no C compiler on this machine' });
  const note = 'one epoll thread, parses and answers: the machine’s limit';
  return reference({ name, language: 'C', version: 'cc -O2', command: { program, args: [] }, note })();
}

/** Builds every lane whose name contains `filter`, one after the other; not those named in `leftOut`. */
export async function buildLanes(
  nodes: string,
  filter: string,
  progress: (text: string) => void,
  leftOut: ReadonlySet<string> = new Set(),
): Promise<{ lanes: PeerLane[]; skipped: SkippedLane[] }> {
  mkdirSync(BUILD, { recursive: true });
  const node = (path: string, ...args: readonly string[]): AgentCommand => ({
    program: process.execPath,
    args: [...plainJsFlags(), here(path), ...args],
  });
  const thisNode = { language: 'Node', version: `Node ${process.versions.node}` } as const;
  const builders: [string, Builder][] = [
    ...ours(nodes).map((builder): [string, Builder] => ['@spop/agent', builder]),
    ['haproxy-go', () => goLane('haproxy-go', 'dropmorepackets', HAPROXY_GO, 'does not announce `pipelining`')],
    ['haproxy-go, mended', mendedHaproxyGo],
    ...['negasus/haproxy-spoe-go', 'criteo/haproxy-spoe-go'].map((name): [string, Builder] => [
      name,
      () => goLane(name, name.split('/')[0] ?? '', `github.com/${name}`),
    ]),
    ['spop + tokio', () => rustLane(false)],
    ['spop + tokio, batched', () => rustLane(true)],
    [
      'naive Node',
      reference({
        ...thisNode,
        name: 'naive Node',
        command: node('node/naive-agent.ts'),
        codec: nodeCodec(process.execPath, 'naive'),
        note: 'a first attempt without a library',
      }),
    ],
    [
      'least Node',
      reference({
        ...thisNode,
        name: 'least Node',
        command: node('../load/least-node.ts', '512', 'told'),
        note: 'no library and no checks, given the offset of the arguments: the most that plain Node can do',
      }),
    ],
    ['C', cLane],
  ];
  const lanes: PeerLane[] = [];
  const skipped: SkippedLane[] = [];
  for (const [name, build] of builders) {
    if (!name.includes(filter) || leftOut.has(name)) continue;
    progress(`building ${name}`);
    try {
      const built = await build();
      if ('reason' in built) skipped.push(built);
      else lanes.push(built);
    } catch (error) {
      skipped.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { lanes, skipped };
}
