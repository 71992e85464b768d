/**
 * Load generator without a toolchain: worker threads, prebuilt NOTIFYs, every ACK checked. Takes the same options and
 * prints the same line of JSON as benchmarks/peers/c/generator.c.
 *
 *     node benchmarks/load/generator.ts --port 9000 --kind tiny [--connections 1] [--window 0] [--seconds 3]
 *          [--warm 0.5] [--count 0] [--threads 1] [--host 127.0.0.1] [--progress]
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram, type LatencySummary } from './histogram.ts';
import { LoadConnection } from './load-connection.ts';
import { traffic, type TrafficKind } from './traffic.ts';

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly kind: TrafficKind;
  readonly connections: number;
  /** NOTIFYs in flight on each connection; 0 for as many as the agent takes. */
  readonly window: number;
  /** Measured time after warming, in seconds. */
  readonly seconds: number;
  /** Time before measuring begins, in seconds. */
  readonly warm: number;
  /** NOTIFYs in all; 0 to go by time. */
  readonly count: number;
  readonly threads: number;
}

/** What one run saw. Latencies in microseconds. */
export interface LoadResult extends LatencySummary {
  readonly sent: number;
  readonly acked: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** The agent announced `pipelining`. */
  readonly pipelining: boolean;
  readonly errors: number;
  readonly missing: number;
  readonly firstError: string;
}

interface Share {
  readonly counts: Float64Array;
  readonly sent: number;
  readonly acked: number;
  readonly measured: number;
  readonly seconds: number;
  readonly pipelining: boolean;
  readonly errors: string[];
}

/** Runs the load in `threads` worker threads and sums what they saw. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const threads = Math.min(options.threads, options.connections);
  const shares = await Promise.all(Array.from({ length: threads }, (_, index) => runThread(options, threads, index)));
  const histogram = new Histogram();
  for (const share of shares) histogram.add(share.counts);
  const sum = (pick: (share: Share) => number): number => shares.reduce((total, share) => total + pick(share), 0);
  const errors = shares.flatMap((share) => share.errors);
  const missing = sum((share) => share.sent - share.acked);
  return {
    sent: sum((share) => share.sent),
    acked: sum((share) => share.acked),
    seconds: Math.max(...shares.map((share) => share.seconds)),
    perSecond: sum((share) => share.measured / share.seconds),
    pipelining: shares.every((share) => share.pipelining),
    errors: errors.length,
    missing,
    firstError: errors[0] ?? '',
    ...histogram.summary(),
  };
}

async function runThread(options: LoadOptions, threads: number, index: number): Promise<Share> {
  const connections = Math.floor((options.connections + threads - 1 - index) / threads);
  const count = Math.floor((options.count + threads - 1 - index) / threads);
  const share = { ...options, connections, count };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: share });
  return new Promise((resolve, reject) => {
    worker.once('message', (message: Share) => resolve(message));
    worker.once('error', reject);
  });
}

async function loadShare(options: LoadOptions): Promise<Share> {
  const variants = traffic(options.kind);
  const window = options.window === 0 ? Infinity : options.window;
  const counted = options.count > 0;
  const count = counted ? Math.ceil(options.count / options.connections) : Infinity;
  const connections = Array.from(
    { length: options.connections },
    () => new LoadConnection({ host: options.host, port: options.port, variants, window, count }),
  );
  const acked = (): number => connections.reduce((sum, connection) => sum + connection.checker.acked, 0);
  const finished = Promise.all(connections.map((connection) => connection.finished));
  if (!counted) {
    await Promise.race([sleep(options.warm * 1000), finished]);
    for (const connection of connections) connection.checker.histogram.reset();
  }
  const before = acked();
  const begun = performance.now();
  await Promise.race([sleep(options.seconds * 1000), finished]);
  const measured = acked() - before;
  const seconds = (performance.now() - begun) / 1000;
  for (const connection of connections) connection.stop();
  await Promise.race([sleep(3000), finished]);
  const errors = connections.flatMap((connection) => connection.checker.error ?? []);
  for (const connection of connections) connection.destroy();
  const histogram = new Histogram();
  for (const connection of connections) histogram.add(connection.checker.histogram.counts);
  const sent = connections.reduce((sum, connection) => sum + connection.checker.sent, 0);
  if (errors.length === 0 && sent > acked()) errors.push('NOTIFYs without an ACK');
  const pipelining = connections.every((connection) => connection.checker.pipelining);
  return { counts: histogram.counts, sent, acked: acked(), measured, seconds, pipelining, errors };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string' },
      kind: { type: 'string', default: 'tiny' },
      connections: { type: 'string', default: '1' },
      window: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '3' },
      warm: { type: 'string', default: '0.5' },
      count: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
      progress: { type: 'boolean', default: false },
    },
  });
  if (values.port === undefined) throw new Error('which --port does the agent listen on?');
  const options: LoadOptions = {
    host: values.host,
    port: Number(values.port),
    kind: values.kind === 'realistic' ? 'realistic' : 'tiny',
    connections: Number(values.connections),
    window: Number(values.window),
    seconds: Number(values.seconds),
    warm: Number(values.warm),
    count: Number(values.count),
    threads: Number(values.threads),
  };
  if (values.progress)
    process.stderr.write(`${options.kind}, ${options.connections} connections, ${options.seconds} s …\n`);
  const result = await runLoad(options);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = result.errors === 0 ? 0 : 1;
}

if (!isMainThread) parentPort?.postMessage(await loadShare(workerData as LoadOptions));
else if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
