import { basename } from 'node:path';
import type { Definitions } from '../definitions.ts';
import { hasVariable, valueOf } from './configuration-text.ts';
import { parseHaproxyFile, type HaproxyFile, type Proxy, type SpoeFilter } from './haproxy-file.ts';
import { parseSpoeFile, type Engine } from './spoe-file.ts';

/** An engine, with the parts of HAProxy's configuration that name it. */
export interface LinkedEngine extends Engine {
  /** Its name for `send-spoe-group`: the engine of `filter spoe`, or the agent if that names none. */
  readonly engineName: string;
  readonly filters: readonly SpoeFilter[];
  /** The proxy of `use-backend`, if it is in the same file. */
  readonly backend: Proxy | undefined;
  /** Whether the given definitions belong to this engine's agent. */
  readonly isDeclared: boolean;
}

/** The input of all rules. */
export interface Subject {
  readonly haproxy: HaproxyFile;
  readonly engines: readonly LinkedEngine[];
  /** Filters of HAProxy's configuration that name another SPOE configuration. */
  readonly otherFilters: readonly SpoeFilter[];
  /** Filters that name this one. */
  readonly filters: readonly SpoeFilter[];
  readonly definitions: Definitions | undefined;
  /** The release of HAProxy, such as `3.2`; undefined for any. */
  readonly release: string | undefined;
  /** The agent's `processingTimeoutMs`; undefined if it was not given. */
  readonly deadlineMs: number | undefined;
}

/** The sources of {@link subjectOf}. */
export interface Sources {
  readonly haproxyText: string;
  readonly spoeText: string;
  /** The path of the SPOE configuration; a filter with another file name is not about it. */
  readonly spoePath: string;
  readonly definitions?: Definitions | undefined;
  readonly release?: string | undefined;
  readonly deadlineMs?: number | undefined;
}

/** Parses both configurations, and links them. Takes any text. */
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

/**
 * Whether both paths have the same file name, since folders differ between machines; one from the environment counts as the
 * same.
 */
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

/** Whether the release is known to be this one or later. */
export function isFrom(subject: Subject, release: string): boolean {
  return subject.release !== undefined && Number(subject.release) >= Number(release);
}

/** Whether the release is known to be older than this one. */
export function isBefore(subject: Subject, release: string): boolean {
  return subject.release !== undefined && Number(subject.release) < Number(release);
}
