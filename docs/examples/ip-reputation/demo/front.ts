/** Who asks the agent in the demo: a real HAProxy, or the stand-in. */

/** One client's request and what became of it. */
export interface Answer {
  /** The agent's ip_score, or undefined where there was none. */
  readonly score: number | undefined;
  /** What the client gets to see. */
  readonly outcome: string;
  /** True where the request is kept from the site. */
  readonly denied: boolean;
  /** What went wrong between HAProxy and the agent, or undefined. */
  readonly error: string | undefined;
}

/** Something that stands between clients and the agent. */
export interface Front {
  /** What it is, for people. */
  readonly title: string;
  /** What the latency of an answer is the latency of. */
  readonly measures: string;
  /** How to use it by hand while it is up. */
  readonly usage: readonly string[];
  /** Settles when it breaks down by itself; never otherwise. */
  readonly broken: Promise<string>;
  /** Sends one request of a client with this address. */
  ask(client: string): Promise<Answer>;
  close(): Promise<void>;
}
