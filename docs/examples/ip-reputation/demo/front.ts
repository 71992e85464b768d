/** The peer that asks the agent in the demo: a real HAProxy, or the stand-in. */

/** One client's request and its result. */
export interface Answer {
  /** The agent's ip_score, or undefined without one. */
  readonly score: number | undefined;
  /** The answer that the client sees. */
  readonly outcome: string;
  /** True if the request does not reach the site. */
  readonly denied: boolean;
  /** The error between HAProxy and the agent, or undefined. */
  readonly error: string | undefined;
}

/** The program between the clients and the agent. */
export interface Front {
  /** Its name, for people. */
  readonly title: string;
  /** The path that the latency of an answer covers. */
  readonly measures: string;
  /** How to use it by hand while it is up. */
  readonly usage: readonly string[];
  /** Settles when it breaks down by itself; never otherwise. */
  readonly broken: Promise<string>;
  /** Sends one request of a client with this address. */
  ask(client: string): Promise<Answer>;
  close(): Promise<void>;
}
