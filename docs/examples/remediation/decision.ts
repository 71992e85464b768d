/** A decision as CrowdSec's API sends it, and as the agent uses it. */

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

/** The changes of one poll of the decisions stream. */
export interface Changes {
  readonly deleted: readonly Decision[];
  readonly added: readonly Decision[];
  /** The number of decisions left out because they could not be read, and the first reason. */
  readonly bad: number;
  readonly firstProblem: string | undefined;
}

/**
 * Reads an answer of `/v1/decisions/stream`. Of several decisions of one type about the same value, the longest counts. A
 * decision that is deleted and added in one answer is only added: it stays in force all the time.
 *
 * @throws Error for any other answer.
 */
export function readChanges(answer: unknown): Changes {
  if (!isRecord(answer)) throw new Error('expected an object with the lists new and deleted');
  const problems: string[] = [];
  const added = new Map<string, Decision>();
  for (const decision of readList(answer, 'new', problems)) {
    const key = keyOf(decision);
    if ((added.get(key)?.durationMs ?? -Infinity) < decision.durationMs) added.set(key, decision);
  }
  const deleted = readList(answer, 'deleted', problems).filter((decision) => !added.has(keyOf(decision)));
  return { deleted, added: [...added.values()], bad: problems.length, firstProblem: problems[0] };
}

function readList(answer: Readonly<Record<string, unknown>>, name: string, problems: string[]): Decision[] {
  // Go writes an empty list as null.
  const list = answer[name] ?? [];
  if (!Array.isArray(list)) throw new Error(`expected a list of decisions as ${name}`);
  return list.flatMap((each: unknown) => {
    const decision = readDecision(each);
    if (typeof decision !== 'string') return [decision];
    problems.push(decision);
    return [];
  });
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
