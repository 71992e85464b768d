/** Forged cookies and wrong answers from many addresses, and true visitors at the same time. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, proxyLine } from '@spop-internal/testbed/http-client';
import { Path } from '../../docs/examples/browser-validation/messages.ts';
import { readPage, solve } from '../../docs/examples/browser-validation/solving.ts';

const ADDRESSES = 100_000;
const TICK_MS = 10;
/** 1,000 requests of each kind a second. */
const EACH_TICK = 10;
/** So many addresses that none of them asks often enough for a higher level. */
const VISITORS = 20;
const VISIT_MS = 20;
const TIMEOUT_MS = 10_000;

/** The results of a flood. */
export interface FloodResult {
  readonly sent: number;
  readonly passed: number;
  /** Requests without any answer, or with HAProxy's answer that the agent did not answer in time. */
  readonly unanswered: number;
  readonly visits: number;
  /** Visits of true visitors that did not end at the site. */
  readonly turnedAway: number;
  readonly p99Ms: number;
  readonly elapsedS: number;
}

interface TrueVisitor {
  readonly client: HttpClient;
  readonly cookie: string;
}

/** Sends each request from another address. */
export class Flood {
  readonly #socketPath: string;
  readonly #visitors: readonly TrueVisitor[];
  /** A valid cookie and a valid answer of one visitor. */
  readonly #cookie: string;
  readonly #answer: string;
  #address = 0;

  private constructor(socketPath: string, visitors: readonly TrueVisitor[], cookie: string, answer: string) {
    this.#socketPath = socketPath;
    this.#visitors = visitors;
    this.#cookie = cookie;
    this.#answer = answer;
  }

  /** Takes the true visitors through the page. */
  static async prepare(socketPath: string): Promise<Flood> {
    const visitors: TrueVisitor[] = [];
    let answer = '';
    for (let index = 0; index < VISITORS; index++) {
      const client = new HttpClient(socketPath, { from: `192.0.2.${index + 1}` });
      const { challenge, bits } = readPage(await client.request());
      answer = `challenge=${challenge}&number=${solve(challenge, bits)}`;
      const passed = await client.request({ path: Path.solution, body: answer });
      visitors.push({ client, cookie: /bv=[^;]*/.exec(passed.headers['set-cookie'] ?? '')?.[0] ?? '' });
    }
    return new Flood(socketPath, visitors, visitors[0]?.cookie ?? '', answer);
  }

  async run(seconds: number): Promise<FloodResult> {
    const startedAt = performance.now();
    const untilMs = startedAt + 1_000 * seconds;
    const answers: Promise<string>[] = [];
    const visiting = this.#visit(untilMs);
    let ticks = 0;
    while (performance.now() < untilMs) {
      for (; ticks < (performance.now() - startedAt) / TICK_MS; ticks++) {
        for (let index = 0; index < EACH_TICK; index++) answers.push(this.#sendCookie(index), this.#sendAnswer(index));
      }
      await sleep(TICK_MS / 2);
    }
    const statuses = await Promise.all(answers);
    const { timesMs, turnedAway } = await visiting;
    const times = timesMs.toSorted((a, b) => a - b);
    return {
      sent: statuses.length,
      passed: statuses.filter((status) => /^[23]/.test(status)).length,
      unanswered: statuses.filter((status) => !/^[234]/.test(status)).length,
      visits: times.length,
      turnedAway,
      p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
      elapsedS: (performance.now() - startedAt) / 1_000,
    };
  }

  /** Half of the cookies are another visitor's, half have a wrong signature. */
  #sendCookie(index: number): Promise<string> {
    const cookie = index % 2 === 0 ? this.#cookie : this.#cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    return this.#send(`GET / HTTP/1.1\r\nhost: example.test\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`);
  }

  #sendAnswer(index: number): Promise<string> {
    const body = index % 2 === 0 ? this.#answer : this.#answer.replace(/.&/, (last) => (last === 'A&' ? 'B&' : 'A&'));
    const head = `POST ${Path.solution} HTTP/1.1\r\nhost: example.test\r\ncontent-length: ${body.length}\r\n`;
    return this.#send(`${head}connection: close\r\n\r\n${body}`);
  }

  /** @returns the status of the answer; empty without one. */
  #send(request: string): Promise<string> {
    const number = this.#address++ % ADDRESSES;
    const from = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    return new Promise((resolve) => {
      let start = '';
      const socket = connect(this.#socketPath);
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
      socket.write(proxyLine(from) + request, 'latin1');
      socket.on('data', (chunk) => (start ||= chunk.toString('latin1', 0, 12)));
      socket.on('error', () => {});
      socket.on('close', () => resolve(start.slice(9, 12)));
    });
  }

  /** Sends requests of true visitors, one after the other. @returns how long each took, and how many did not get the site. */
  async #visit(untilMs: number): Promise<{ timesMs: number[]; turnedAway: number }> {
    const timesMs: number[] = [];
    let turnedAway = 0;
    for (let index = 0; performance.now() < untilMs; index++) {
      const { client, cookie } = this.#visitors[index % VISITORS]!;
      const askedAt = performance.now();
      // If HAProxy closes the connection while a request is on its way, the request is sent again.
      const ask = (): ReturnType<typeof client.request> => client.request({ headers: { cookie } });
      const answer = await ask()
        .catch(ask)
        .catch(() => undefined);
      timesMs.push(performance.now() - askedAt);
      if (answer?.status !== 200) turnedAway++;
      await sleep(VISIT_MS);
    }
    return { timesMs, turnedAway };
  }
}
