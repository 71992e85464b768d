import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { Scope, type ScopeName } from '@spop/codec';
import { reasonOf, UsageError } from './usage-error.ts';

/** A declared argument of a message. */
export interface DeclaredArgument {
  readonly name: string;
  /** The kind of its type, such as `address`; the first kind of a `oneOf`. */
  readonly kind: string;
  /** All kinds of its type. */
  readonly kinds: readonly string[];
  /** Whether HAProxy may leave it out or send NULL. */
  readonly isOptional: boolean;
}

/** A message that an agent declares. */
export interface DeclaredMessage {
  readonly name: string;
  readonly args: readonly DeclaredArgument[];
}

/** A variable that an agent declares. */
export interface DeclaredVariable {
  readonly scope: ScopeName;
  readonly name: string;
}

/** The messages and variables that a module declares with `defineMessage` and `defineVariable`. */
export interface Definitions {
  readonly messages: readonly DeclaredMessage[];
  readonly variables: readonly DeclaredVariable[];
  /** The number that it exports as `processingTimeoutMs`, by itself or within an object such as the agent's options. */
  readonly deadlineMs?: number | undefined;
}

/** The characters that HAProxy takes in names (src/flt_spoe.c, src/vars.c). */
const NAME = /^[A-Za-z0-9_.:-]+$/;
const VARIABLE_NAME = /^[A-Za-z0-9_.]+$/;

/**
 * Imports a module, and finds the definitions among its exports, exported objects and lists included.
 *
 * @throws {UsageError} when it cannot be imported, has no messages, or has a name that HAProxy does not take.
 */
export async function definitionsOf(path: string): Promise<Definitions> {
  const found = { messages: new Map<string, DeclaredMessage>(), variables: new Map<string, DeclaredVariable>() };
  const exported = await load(path);
  const records = [exported, ...Object.values(exported).filter(isRecord)];
  for (const value of records.flatMap((record) => Object.values(record))) collect(value, found);
  if (found.messages.size === 0) {
    throw new UsageError(
      `${path} exports no message of defineMessage()`,
      'export the definitions of messages and variables, such as: export const checkClientIp = defineMessage(…)',
    );
  }
  return {
    messages: [...found.messages.values()],
    variables: [...found.variables.values()],
    deadlineMs: records.map(({ processingTimeoutMs }) => processingTimeoutMs).find((each) => typeof each === 'number'),
  };
}

async function load(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(
      `could not import ${path}: ${reasonOf(error)}`,
      'a module with the definitions alone is best: it opens no port',
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function collect(
  value: unknown,
  found: { messages: Map<string, DeclaredMessage>; variables: Map<string, DeclaredVariable> },
): void {
  if (!isRecord(value) || typeof value['name'] !== 'string') return;
  const { name, args, scope, kind } = value;
  if (isRecord(args) && Object.values(args).every((type) => isRecord(type) && typeof type['kind'] === 'string')) {
    found.messages.set(name, toMessage(name, args));
  } else if (typeof scope === 'string' && Object.hasOwn(Scope, scope) && typeof kind === 'string') {
    checkName('the variable', name, VARIABLE_NAME);
    found.variables.set(`${scope}.${name}`, { scope: scope as ScopeName, name });
  }
}

function toMessage(name: string, args: Record<string, unknown>): DeclaredMessage {
  checkName('the message', name, NAME);
  return {
    name,
    args: Object.entries(args).map(([argument, type]) => {
      checkName(`an argument of ${name}`, argument, NAME);
      return { name: argument, ...(isRecord(type) ? typeOf(type) : { kind: '', kinds: [], isOptional: true }) };
    }),
  };
}

function checkName(what: string, name: string, allowed: RegExp): void {
  if (allowed.test(name)) return;
  const hint = 'HAProxy takes letters, digits, _ and .; in names of messages and arguments : and - too';
  throw new UsageError(`HAProxy does not take the name ${JSON.stringify(name)} of ${what}`, hint);
}

function typeOf({ kind, kinds, optional }: Record<string, unknown>): Omit<DeclaredArgument, 'name'> {
  const all = kind === 'oneOf' && Array.isArray(kinds) ? (kinds as readonly unknown[]).map(String) : [String(kind)];
  return { kind: all[0] ?? String(kind), kinds: all, isOptional: optional === true };
}
