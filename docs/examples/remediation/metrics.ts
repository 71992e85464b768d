/** The bouncer's metrics, under the names of CrowdSec's own. */
import { Histogram, type LabelledValue, type OwnMetric } from '@spop/agent';
import type { Decisions } from './decisions.ts';

const PREFIX = 'crowdsec_haproxy_spoa_bouncer_';

/** Buckets of a duration, in seconds. */
const SHORT = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1];
const LONG = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 1, 2];

type Labels = Readonly<Record<string, string>>;

/** A counter with labels. */
class Counter {
  readonly #values = new Map<string, { readonly labels: Labels; value: number }>();

  add(labels: Labels): void {
    const key = Object.values(labels).join('\0');
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { labels, value: 1 });
    else known.value++;
  }

  get values(): LabelledValue[] {
    return [...this.#values.values()];
  }
}

/** A histogram of durations. */
class Durations {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: Labels;
  readonly #seconds: Histogram;

  constructor(name: string, help: string, bounds: readonly number[], labels: Labels = {}) {
    this.#name = PREFIX + name;
    this.#help = help;
    this.#labels = labels;
    this.#seconds = new Histogram(bounds);
  }

  /** Adds the time since a moment of `performance.now()`. */
  addSince(startedAt: number): void {
    this.#seconds.record((performance.now() - startedAt) / 1_000);
  }

  toMetric(): OwnMetric {
    const value = [{ labels: this.#labels, value: this.#seconds }];
    return { name: this.#name, type: 'histogram', help: this.#help, value };
  }
}

function untyped(name: string, help: string, value: readonly LabelledValue[]): OwnMetric {
  return { name, type: 'untyped', help, value };
}

/** The bouncer's counters. */
export class BouncerMetrics {
  readonly #blocked = new Counter();
  readonly #processed = new Counter();
  readonly ipChecks: Durations = new Durations(
    'ip_check_duration_seconds',
    'Looking up an address, in seconds.',
    SHORT,
    {
      lookup_type: 'ip',
    },
  );
  readonly geoLookups: Durations = new Durations(
    'geo_lookup_duration_seconds',
    'Looking up a country, in seconds.',
    LONG,
  );
  readonly captchaValidations: Durations = new Durations(
    'captcha_validation_duration_seconds',
    'Having a captcha verified, in seconds.',
    LONG,
  );

  countProcessed(ipType: string): void {
    this.#processed.add({ ip_type: ipType });
  }

  countBlocked(origin: string, ipType: string, remediation: string): void {
    this.#blocked.add({ origin, ip_type: ipType, remediation });
  }

  toMetrics(decisions: Pick<Decisions, 'forEach' | 'polls'>): OwnMetric[] {
    const active = new Map<string, { labels: Labels; value: number }>();
    decisions.forEach(({ origin, ipType, scope }) => {
      const key = `${origin}\0${ipType}\0${scope}`;
      const known = active.get(key);
      if (known === undefined) active.set(key, { labels: { origin, ip_type: ipType, scope }, value: 1 });
      else known.value++;
    });
    const { asked, failed, ageMs } = decisions.polls;
    return [
      untyped(`${PREFIX}blocked_requests`, 'Requests and connections that were not allowed.', this.#blocked.values),
      untyped(`${PREFIX}processed_requests`, 'Requests and connections that were asked about.', this.#processed.values),
      { name: `${PREFIX}active_decisions`, type: 'gauge', help: 'Decisions in force.', value: [...active.values()] },
      ...[this.ipChecks, this.geoLookups, this.captchaValidations].map((durations) => durations.toMetric()),
      { name: 'lapi_requests', type: 'counter', help: 'Polls of the decisions API.', value: asked },
      { name: 'lapi_requests_failures', type: 'counter', help: 'Polls that gave no answer.', value: failed },
      {
        name: 'remediation_decisions_age_seconds',
        type: 'gauge',
        help: 'Time since the last answer of the decisions API; infinite before the first.',
        value: ageMs / 1_000,
      },
    ];
  }
}
