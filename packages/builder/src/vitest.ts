/**
 * Matchers for vitest: `import '@spop/builder/vitest'` in a test file, or name it in `setupFiles`.
 */
import { expect } from 'vitest';
import { matchers, type SpopMatchers } from './assert/matchers.ts';

export type { SpopMatchers } from './assert/matchers.ts';

declare module 'vitest' {
  // The parameters must be spelled as vitest 5 spells them, or the declarations do not merge.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends SpopMatchers<R> {}
}

expect.extend(matchers);
