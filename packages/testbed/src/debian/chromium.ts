import type { DebianPackages } from './unpack.ts';

/** What has the browser: `chromium` in the folder of its launchers, and a font. */
export const CHROMIUM: DebianPackages = { packages: ['chromium', 'fonts-dejavu-core'], suites: ['bookworm'] };
