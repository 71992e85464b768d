/*
 * Runs each test again and again in one process: as the code is, then once for each mutant that it reaches and that no
 * earlier test noticed. The sources are instrumented by Stryker: all mutants are in them, and one is active at a time.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import {
  type RunnerTestCase,
  type RunnerTestFile,
  type RunnerTestSuite,
  TestRunner,
  type TestTryOptions,
} from 'vitest';
import { fileKey, Journal, type Plan } from './journal.ts';

/** What instrumented code reads and counts. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  isCounting?: boolean;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

type Step =
  | { readonly kind: 'first' | 'again' | 'verify' | 'end' }
  | { readonly kind: 'mutant'; readonly mutant: number };

/** A test that waits so long, for a process or a timer, has no turn with mutants. */
const MOST_IDLE_MS = 400;
/** A mutant may take this much longer than the code as it is, and this. */
const TIMES_LONGER = 10;
const LEAST_LIMIT_MS = 500;
/** So much longer it may do nothing at all: what it waits for will not come. */
const TIMES_IDLE = 3;
const LEAST_IDLE_MS = 300;
const LOOK_MS = 50;
/** So many mutants may fail a test before it runs without any, which has to pass. */
const MOST_FAILED = 16;
/** A place that ran 100 times as often is in a loop without end. */
const TIMES_OFTENER = 100;

// Tests replace these by clocks of their own.
const { setInterval, clearInterval, setImmediate } = globalThis;
const now = performance.now.bind(performance);
const utilization = performance.eventLoopUtilization.bind(performance);
const idle = (): number => utilization().idle;

// The instrumented code looks here.
const mutants = ((globalThis as { __stryker__?: Switch }).__stryker__ ??= {});
// Written by mutate.ts.
const plan = JSON.parse(readFileSync(process.env['MUTATION_PLAN'] ?? '', 'utf8')) as Plan;
const journal = new Journal(plan.journal);
const noticed = new Set(plan.noticed);
journal.write(['process', process.pid]);

/** How many mutants this process has run: what they left in it may disturb later tests. */
let ran = 0;
let uncaught = 0;
process.on('uncaughtException', () => uncaught++);
process.on('unhandledRejection', () => uncaught++);

/** Ends this process at once; a new one goes on with the same test. */
async function restart(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => {});
}

export default class MutantRunner extends TestRunner {
  #file = '';
  #key = '';
  #step: Step = { kind: 'first' };
  #queue: number[] = [];
  #failed: number[] = [];
  #disturbed = 0;
  /** Whether the mutant failed the test before, in a process that failed it without a mutant too. */
  #isSuspect = false;
  #isFailed = false;
  #reason = '';
  #limitMs = LEAST_LIMIT_MS;
  #idleLimitMs = LEAST_IDLE_MS;
  #begun = 0;
  #begunIdle = 0;
  #cpu = process.cpuUsage();

  override onCollectStart(file: RunnerTestFile): void {
    super.onCollectStart(file);
    this.#file = fileKey('.', file.name);
  }

  override async onBeforeRunTask(test: RunnerTestCase): Promise<void> {
    await super.onBeforeRunTask(test);
    // Cases of a table may have one name; their places differ.
    this.#key = `${this.#file} ${test.fullTestName} ${test.id.replace(/^[^_]*_/, '')}`;
    if (test.mode !== 'run' && test.mode !== 'queued') return;
    if (journal.isDone(this.#key, plan.round) || test.fails === true || test.concurrent === true) {
      test.mode = 'skip';
      return;
    }
    test.retry = 0;
    test.repeats = Number.MAX_SAFE_INTEGER;
    this.#step = { kind: 'first' };
    this.#limitMs = Number.POSITIVE_INFINITY;
    this.#queue = [];
    this.#failed = [];
    this.#disturbed = 0;
  }

  override onBeforeTryTask(test: RunnerTestCase, options: TestTryOptions): void {
    super.onBeforeTryTask(test, options);
    const { result } = test;
    if (result !== undefined) {
      delete result.errors;
      result.attempts = [];
    }
    const step = this.#step;
    uncaught = 0;
    this.#isFailed = false;
    mutants.currentTestId = this.#key;
    mutants.isCounting = step.kind === 'first';
    if (step.kind === 'mutant') {
      journal.write(['try', step.mutant, this.#key, Math.round(this.#limitMs)]);
      mutants.hitCount = 0;
      mutants.activeMutant = String(step.mutant);
      ran++;
    }
    this.#begun = now();
    this.#begunIdle = idle();
    this.#cpu = process.cpuUsage();
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    if (this.#step.kind === 'end') test.context.skip();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      if (this.#limitMs === Number.POSITIVE_INFINITY) return;
      timer = setInterval(() => {
        if (now() - this.#begun > this.#limitMs || idle() - this.#begunIdle > this.#idleLimitMs)
          reject(new Error('late'));
      }, LOOK_MS);
    });
    try {
      await Promise.race([TestRunner.getTestFn(test)(), late]);
    } catch (error) {
      if (this.#limitMs === Number.POSITIVE_INFINITY) throw error;
      // vitest would make a text of it, with a diff, which takes longer than most tests.
      this.#isFailed = true;
      // What the test has begun is ended by the code as it is, which does not hang.
      mutants.activeMutant = undefined;
      if (this.#step.kind !== 'mutant') this.#reason = String(error);
    } finally {
      clearInterval(timer);
    }
  }

  override async onAfterRetryTask(test: RunnerTestCase, options: TestTryOptions): Promise<void> {
    const ms = now() - this.#begun;
    const idleMs = idle() - this.#begunIdle;
    const { user, system } = process.cpuUsage(this.#cpu);
    await super.onAfterRetryTask(test, options);
    // Rejections that nobody handles are told of before this.
    await new Promise((resolve) => setImmediate(resolve));
    mutants.activeMutant = undefined;
    mutants.hitCount = undefined;
    mutants.currentTestId = undefined;
    mutants.isCounting = true;
    const { result } = test;
    if (result === undefined || result.state === 'skip') {
      journal.write(['done', this.#key, plan.round]);
      return;
    }
    const isNoticed = this.#isFailed || result.state === 'fail' || uncaught > 0;
    const message = (result.errors?.[0]?.message ?? this.#reason) || 'an error that nobody handled';
    result.state = 'pass';
    this.#step = await this.#next(isNoticed, message);
    if (this.#step.kind === 'first' && !isNoticed) {
      const isSlow = (user + system) / 1_000 > plan.cpuMs || idleMs > MOST_IDLE_MS;
      this.#limitMs = LEAST_LIMIT_MS + TIMES_LONGER * ms;
      this.#idleLimitMs = LEAST_IDLE_MS + TIMES_IDLE * idleMs;
      this.#queue = this.#reached();
      this.#step = { kind: isSlow || this.#queue.length === 0 ? 'end' : 'again' };
    }
    const next = this.#step;
    if (next.kind === 'mutant') mutants.hitLimit = TIMES_OFTENER * (this.#hits[next.mutant] ?? 1);
  }

  override onAfterRunFiles(files: RunnerTestFile[]): void {
    super.onAfterRunFiles(files);
    journal.reached('static', Object.keys(mutants.mutantCoverage?.static ?? {}).map(Number));
    for (const { name, result } of files) {
      const error = result?.errors?.[0];
      if (error !== undefined) journal.write(['unusable', name, error.message.split('\n')[0] ?? '']);
      journal.write(['file', fileKey('.', name), plan.round]);
    }
  }

  #hits: Record<string, number> = {};

  /** What to do after this step; 'first' where the first run passed. */
  async #next(isNoticed: boolean, message: string): Promise<Step> {
    const step = this.#step;
    switch (step.kind) {
      case 'first':
      case 'again':
        if (isNoticed && ran > 0) return this.#isDisturbed(message) ? restart() : step;
        if (isNoticed) journal.write(['unusable', this.#key, message.split('\n')[0] ?? '']);
        if (isNoticed) return { kind: 'end' };
        return step.kind === 'first' ? step : this.#nextMutant();
      case 'mutant':
        if (!isNoticed) return this.#nextMutant();
        journal.write(['failed', step.mutant, this.#key]);
        this.#failed.push(step.mutant);
        return this.#failed.length === MOST_FAILED || this.#isSuspect ? { kind: 'verify' } : this.#nextMutant();
      case 'verify':
        if (isNoticed && !this.#isDisturbed(message)) return step;
        // A test that fails without a mutant too says nothing, unless nothing but this mutant can have disturbed it.
        if (!isNoticed || ran === 1) journal.write(['killed', this.#failed, this.#key]);
        if (isNoticed) return restart();
        this.#failed = [];
        return this.#nextMutant();
      case 'end':
        return step;
    }
  }

  /** Whether the test has failed as the code is, and has again: what a mutant has begun may disturb it once. */
  #isDisturbed(reason: string): boolean {
    if (this.#disturbed++ < 2) return false;
    journal.write(['disturbed', this.#key, reason.split('\n')[0] ?? '']);
    return true;
  }

  #nextMutant(): Step {
    this.#disturbed = 0;
    const mutant = this.#queue.shift();
    if (mutant === undefined) return { kind: this.#failed.length > 0 ? 'verify' : 'end' };
    this.#isSuspect = journal.isAgain(mutant, this.#key);
    return { kind: 'mutant', mutant };
  }

  /** The mutants that this test reaches, and has to run with. */
  #reached(): number[] {
    this.#hits = mutants.mutantCoverage?.perTest[this.#key] ?? {};
    if (mutants.mutantCoverage !== undefined) mutants.mutantCoverage.perTest = {};
    const all = Object.keys(this.#hits).map(Number);
    journal.reached('covered', all);
    return journal.open(
      all.filter((mutant) => !noticed.has(mutant)),
      this.#key,
      plan,
    );
  }

  override async onBeforeRunSuite(suite: RunnerTestSuite): Promise<void> {
    mutants.currentTestId = undefined;
    await super.onBeforeRunSuite(suite);
  }
}
