import type { DebianPackages } from './unpack.ts';

/** Debian's packages with the browser, `chromium` in the folder of launchers, and a font. */
export const CHROMIUM: DebianPackages = { packages: ['chromium', 'fonts-dejavu-core'], suites: ['bookworm'] };
