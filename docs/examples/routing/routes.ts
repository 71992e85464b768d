/** Backends of requests, read from a text. */
import { hash } from 'node:crypto';
import { readLines } from '../shared/reloadable.ts';

/** The backends of one host or tenant. */
export interface Route {
  readonly backend: string;
  readonly canary: string | undefined;
  /** The percentage of users that go to the canary, 0 to 100. */
  readonly percent: number;
}

/** The parts of a request that decide its backend. */
export interface Request {
  readonly host: string | undefined;
  readonly tenant: string | undefined;
}

const TENANT = 'tenant:';
const OTHERS = '*';
const NAME = /^[\w.:-]{1,64}$/;
const PERCENT = /^(?:100|\d{1,2}(?:\.\d{1,3})?)$/;

/** Routes by host and tenant. */
export class Routes {
  readonly #routes: ReadonlyMap<string, Route>;

  /** @throws Error that names a line that is not a route, or is there twice. */
  constructor(text: string) {
    const routes = new Map<string, Route>();
    readLines(text, ([who = '', backend = '', canary, percent = '', ...rest]) => {
      const isRoute = NAME.test(backend) && rest.length === 0;
      const isCanary = canary === undefined || (NAME.test(canary) && PERCENT.test(percent));
      if (!isRoute || !isCanary) {
        throw new Error('expected a host, tenant:NAME or *, and a backend, and perhaps a canary and its percentage');
      }
      if (routes.has(who.toLowerCase())) throw new Error(`expected ${who} once`);
      routes.set(who.toLowerCase(), { backend, canary, percent: Number(percent) });
    });
    this.#routes = routes;
  }

  /** The route of the tenant, else that of the host, else that of all others, if there is one. */
  find({ host, tenant }: Request): Route | undefined {
    const byTenant = tenant === undefined ? undefined : this.#routes.get(`${TENANT}${tenant.toLowerCase()}`);
    // The port is not part of the name; an IPv6 address has colons of its own.
    const name = host?.toLowerCase().replace(/:\d+$/, '') ?? '';
    return byTenant ?? (name.startsWith(TENANT) ? undefined : this.#routes.get(name)) ?? this.#routes.get(OTHERS);
  }
}

/**
 * Whether a user goes to the canary. It is always the same for the same user and canary, and a user who goes there at one
 * percentage also does at each larger one.
 */
export function goesToCanary({ canary, percent }: Route, user: string | undefined): boolean {
  if (canary === undefined || user === undefined) return false;
  const share = hash('sha256', `${canary}\0${user}`, 'buffer').readUInt32BE(0) / 2 ** 32;
  return share * 100 < percent;
}
