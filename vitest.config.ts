import { stripTypeScriptTypes } from 'node:module';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const roots = ['packages/*/test', 'docs', 'benchmarks', '.ci/test'];
const e2e = '**/*.e2e.test.ts';
const attacks = 'packages/*/test/attack/**/*.test.ts';
const programs = ['packages/agent/test/cli/**/*.test.ts', '**/*.program.test.ts'];
const examples = 'docs/examples/**/*.test.ts';
const fuzz = 'fuzz/**/*.test.ts';
/** What coverage counts. */
const sources = /\/packages\/(?:codec|builder|agent)\/src\/.*\.ts$/;
const ignored = ['**/node_modules/**', '**/dist/**', '**/fixtures/**'];

interface Files {
  readonly include: string[];
  readonly exclude?: readonly string[];
}

/** Tests without HAProxy. */
function project(name: string, { include, exclude = [] }: Files): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      name,
      include,
      exclude: [...ignored, ...exclude],
      // Far above what any of them takes on a machine of its own.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      sequence: { groupOrder: 0 },
    },
  };
}

export default defineConfig({
  // As Node does it, every character stays in its place. Otherwise the same branch would have one end in a test and another in
  // a process that a test starts, and would count twice.
  plugins: [
    {
      name: 'strip-types',
      enforce: 'pre',
      transform: { filter: { id: sources }, handler: (code) => ({ code: stripTypeScriptTypes(code), map: null }) },
    },
  ],
  oxc: { exclude: sources },
  // Imports of @spop/* lead to the sources, so that no test depends on a build.
  ssr: { resolve: { conditions: ['@spop/source', 'module', 'node', 'development|production'] } },
  test: {
    // By default one core is left idle, which is half of a small machine.
    maxWorkers: '100%',
    slowTestThreshold: 5000,
    setupFiles: process.argv.includes('--coverage') ? ['.ci/whole-coverage.ts'] : [],
    // What a test waits for comes at once on a machine of its own.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', './.ci/closing-line.ts'],
    coverage: {
      include: ['packages/{codec,builder,agent}/src/**/*.ts'],
      // Processes that tests start count as well.
      autoAttachSubprocess: true,
      thresholds: Object.fromEntries(
        ['codec', 'builder', 'agent'].map((name) => [`packages/${name}/src/**`, { lines: 99, branches: 98 }]),
      ),
      reporter: [['text', { skipFull: true }], 'html'],
    },
    projects: [
      project('unit', {
        include: roots.map((root) => `${root}/**/*.test.ts`),
        exclude: [e2e, attacks, ...programs, examples],
      }),
      // What hostile peers and handlers do, in rounds, and what wrong agents do to the conformance suite.
      project('attack', { include: [attacks] }),
      // The command line and other programs, started as processes again and again.
      project('program', { include: programs, exclude: [e2e] }),
      // The examples' agents, most of them started as processes.
      project('example', { include: [examples], exclude: [e2e] }),
      // Properties with many runs.
      project('fuzz', { include: [fuzz] }),
      {
        // With a real HAProxy, after the unit tests. Two files at a time: they wait for programs more than they compute.
        extends: true,
        test: {
          name: 'e2e',
          include: roots.map((root) => `${root}/**/*.e2e.test.ts`),
          exclude: ignored,
          maxWorkers: 2,
          globalSetup: './packages/testbed/src/vitest-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
