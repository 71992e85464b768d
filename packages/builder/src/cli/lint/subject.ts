import { basename } from 'node:path';
import type { Definitions } from '../definitions.ts';
import { hasVariable, valueOf } from './configuration-text.ts';
import { parseHaproxyFile, type HaproxyFile, type Proxy, type SpoeFilter } from './haproxy-file.ts';
import { parseSpoeFile, type Engine } from './spoe-file.ts';

/** An engine, and what names it in HAProxy's configuration. */
export interface LinkedEngine extends Engine {
  /** As `send-spoe-group` names it: the engine of `filter spoe`, or the agent where it names none. */
  readonly engineName: string;
  readonly filters: readonly SpoeFilter[];
  /** The proxy of `use-backend`, where it is in the same file. */
  readonly backend: Proxy | undefined;
  /** Whether the agent's definitions are of this engine's agent. */
  readonly isDeclared: boolean;
}

/** What is looked at by all rules. */
export interface Subject {
  readonly haproxy: HaproxyFile;
  readonly engines: readonly LinkedEngine[];
  /** Filters of HAProxy's configuration that name another SPOE configuration. */
  readonly otherFilters: readonly SpoeFilter[];
  /** Filters that name this one. */
  readonly filters: readonly SpoeFilter[];
  readonly definitions: Definitions | undefined;
  /** Such as `3.2`; undefined where it may be any. */
  readonly release: string | undefined;
  /** The agent's `processingTimeoutMs`; undefined where nobody said it. */
  readonly deadlineMs: number | undefined;
}

/** What {@link subjectOf} is made of. */
export interface Sources {
  readonly haproxyText: string;
  readonly spoeText: string;
  /** The path of the SPOE configuration: filters that name a file of another name are not about it. */
  readonly spoePath: string;
  readonly definitions?: Definitions | undefined;
  readonly release?: string | undefined;
  readonly deadlineMs?: number | undefined;
}

/** Reads both configurations, and links them. Takes any text. */
export function subjectOf({ haproxyText, spoeText, spoePath, definitions, ...rest }: Sources): Subject {
  const haproxy = parseHaproxyFile(haproxyText);
  const engines = parseSpoeFile(spoeText);
  const isOurs = ({ config }: SpoeFilter): boolean => isSameFile(config, spoePath);
  const filters = haproxy.filters.filter(isOurs);
  return {
    haproxy,
    engines: engines.map((engine) => linked(engine, { filters, haproxy, definitions, isOnly: engines.length === 1 })),
    otherFilters: haproxy.filters.filter((filter) => !isOurs(filter)),
    filters,
    definitions,
    release: rest.release,
    deadlineMs: rest.deadlineMs,
  };
}

/** Folders differ from machine to machine: the names of files decide. One that the environment has is taken for ours. */
function isSameFile(config: string, path: string): boolean {
  return hasVariable(basename(config)) || basename(config) === basename(path);
}

function linked(
  engine: Engine,
  context: {
    readonly filters: readonly SpoeFilter[];
    readonly haproxy: HaproxyFile;
    readonly definitions: Definitions | undefined;
    readonly isOnly: boolean;
  },
): LinkedEngine {
  const { filters, haproxy, definitions, isOnly } = context;
  const backendName = engine.agent === undefined ? undefined : valueOf(engine.agent, 'use-backend');
  const declared = new Set(definitions?.messages.map(({ name }) => name));
  return {
    ...engine,
    engineName: engine.scope ?? engine.agent?.name ?? '',
    filters: filters.filter((filter) => filter.engine === engine.scope),
    backend: haproxy.proxies.find(({ kind, name }) => kind !== 'frontend' && name === backendName),
    isDeclared: definitions !== undefined && (isOnly || engine.messages.some(({ name }) => declared.has(name))),
  };
}

/** Whether all HAProxys that may be meant are of this release or later. */
export function isFrom(subject: Subject, release: string): boolean {
  return subject.release !== undefined && Number(subject.release) >= Number(release);
}

/** Whether all HAProxys that may be meant are older than this release. */
export function isBefore(subject: Subject, release: string): boolean {
  return subject.release !== undefined && Number(subject.release) < Number(release);
}
