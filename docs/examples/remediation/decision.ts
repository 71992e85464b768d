/** A decision as CrowdSec's API sends it, and as the agent uses it. */
import { JSONParser } from '@streamparser/json';

/** The remediations of a request, the mildest first; `unknown` is a type that this agent does not know. */
export const REMEDIATIONS = ['allow', 'unknown', 'captcha', 'challenge', 'ban'] as const;

/** One of {@link REMEDIATIONS}. */
export type Remediation = (typeof REMEDIATIONS)[number];

/** Compares two by severity: positive if `a` is more severe. */
export function compareRemediations(a: Remediation, b: Remediation): number {
  return REMEDIATIONS.indexOf(a) - REMEDIATIONS.indexOf(b);
}

/** The remediation of that name. */
export function toRemediation(type: string): Remediation {
  const name = type.toLowerCase();
  return REMEDIATIONS.find((each) => each === name) ?? 'unknown';
}

/** The scopes of a decision. */
export type Scope = 'ip' | 'range' | 'country';

const SCOPES: readonly string[] = ['ip', 'range', 'country'] satisfies readonly Scope[];

/** A decision about an address, a range or a country. */
export interface Decision {
  readonly scope: Scope;
  /** `192.0.2.1`, `192.0.2.0/24`, `FR`. */
  readonly value: string;
  readonly remediation: Remediation;
  /** Its source: `crowdsec`, `cscli`, `CAPI`, `lists:NAME`. */
  readonly origin: string;
  /** Its remaining duration. */
  readonly durationMs: number;
}

/** Decisions that were deleted and added. */
export interface Changes {
  readonly deleted: readonly Decision[];
  readonly added: readonly Decision[];
}

const PATHS = ['$', '$.new.*', '$.deleted.*'];

/** Reads an answer of `/v1/decisions/stream` as it arrives, since one of a million decisions would take a GB as a whole. */
export class ChangeReader {
  /** The number of decisions left out because they could not be read, and the first reason. */
  bad = 0;
  firstProblem: string | undefined;
  #added: Decision[] = [];
  #deleted: Decision[] = [];
  #isWhole = false;
  readonly #parser = new JSONParser({ paths: PATHS });

  constructor() {
    this.#parser.onValue = ({ value, key, parent, stack }) => {
      if (parent === undefined) this.#finish(value);
      else if (Array.isArray(parent)) {
        this.#read(value, stack[1]?.key === 'new' ? this.#added : this.#deleted);
        // The list would keep it until the end.
        parent[Number(key)] = null;
      }
    };
  }

  /** @throws Error if it is not JSON. */
  write(bytes: Uint8Array): void {
    this.#parser.write(bytes);
  }

  /** The number of decisions that `take` would return. */
  get size(): number {
    return this.#added.length + this.#deleted.length;
  }

  /** What was read since the last call. */
  take(): Changes {
    const changes = { deleted: this.#deleted, added: this.#added };
    this.#added = [];
    this.#deleted = [];
    return changes;
  }

  /** @throws Error if the answer was not whole. */
  end(): void {
    if (!this.#isWhole) throw new Error('expected JSON with the lists new and deleted; found its end');
  }

  #finish(answer: unknown): void {
    if (!isRecord(answer)) throw new Error('expected an object with the lists new and deleted');
    for (const name of ['new', 'deleted']) {
      // Go writes an empty list as null.
      if (!Array.isArray(answer[name] ?? [])) throw new Error(`expected a list of decisions as ${name}`);
    }
    this.#isWhole = true;
  }

  #read(raw: unknown, list: Decision[]): void {
    const decision = readDecision(raw);
    if (typeof decision !== 'string') {
      list.push(decision);
      return;
    }
    this.bad++;
    this.firstProblem ??= decision;
  }
}

/**
 * The changes that have an effect. Of several decisions of one type about the same value, the longest counts. One that is deleted
 * and added in one answer is only added: it stays in force all the time.
 */
export function effectOf({ deleted, added }: Changes): Changes {
  const longest = new Map<string, Decision>();
  for (const decision of added) {
    const key = keyOf(decision);
    if ((longest.get(key)?.durationMs ?? -Infinity) < decision.durationMs) longest.set(key, decision);
  }
  return { deleted: deleted.filter((decision) => !longest.has(keyOf(decision))), added: [...longest.values()] };
}

/** A decision, or the reason why it cannot be read. */
function readDecision(raw: unknown): Decision | string {
  if (!isRecord(raw)) return 'expected a decision';
  const { scope, value, type, origin, duration, scenario } = raw;
  if (
    typeof scope !== 'string' ||
    typeof value !== 'string' ||
    typeof type !== 'string' ||
    typeof origin !== 'string'
  ) {
    return 'expected a decision with scope, value, type and origin';
  }
  const lowerScope = scope.toLowerCase();
  if (!isScope(lowerScope)) return `expected a decision about an ip, a range or a country; found ${scope}`;
  const durationMs = typeof duration === 'string' ? parseDuration(duration) : undefined;
  if (durationMs === undefined) return `expected a duration such as 3h59m58.5s; found ${String(duration)}`;
  return {
    scope: lowerScope,
    value: lowerScope === 'country' ? value.toUpperCase() : value,
    // The page of such a challenge does not exist.
    remediation: toRemediation(type) === 'challenge' ? 'ban' : toRemediation(type),
    origin: origin === 'lists' && typeof scenario === 'string' ? `lists:${scenario}` : origin,
    durationMs,
  };
}

function keyOf({ scope, value, remediation }: Decision): string {
  return `${scope} ${value} ${remediation}`;
}

function isScope(text: string): text is Scope {
  return SCOPES.includes(text);
}

/** Whether it is an object with readable properties. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** A duration as Go writes it, `-1h2m3.5s`, in milliseconds; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const [, sign, parts = ''] = /^([+-]?)((?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+|0)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of parts.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    ms += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return sign === '-' ? -ms : ms;
}
