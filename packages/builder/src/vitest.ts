/** Matchers for vitest: `import '@spop/builder/vitest'` in a test file, or name it in `setupFiles`. */
import { expect } from 'vitest';
import { matchers, type SpopMatchers } from './assert/matchers.ts';

export type { SpopMatchers } from './assert/matchers.ts';

declare module 'vitest' {
  // The declarations merge only if the type parameters are spelled as in vitest 5.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends SpopMatchers<R> {}
}

expect.extend(matchers);
