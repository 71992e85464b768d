import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { integerSetting, listenSetting, readSettings, setting } from './settings.ts';

/** Refuses the content of every file, as a file's parser does. */
function readFileSetting(path: string): string {
  if (path !== '') throw new Error(`${path}: line 1: expected a; found "b"\nline 2: expected c; found "d"`);
  return path;
}

/** Reads settings from this environment. @returns the settings, and the printed lines. */
function read(env: Readonly<Record<string, string>>): { settings: () => unknown; printed: string[] } {
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line.replaceAll(/ +/g, ' ')));
  for (const name of ['SPOE_ADDR', 'METRICS_ADDR']) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  const definitions = {
    STORE: setting((text) => new URL(text).hostname),
    SECONDS: integerSetting(60, 1, 100),
    OTHER_ADDR: listenSetting(':9100'),
    FILE: setting(readFileSetting, ''),
  };
  return { settings: () => readSettings(definitions), printed };
}

describe('readSettings', () => {
  it('has the values and defaults, and prints them without passwords', () => {
    const { settings, printed } = read({ STORE: 'redis://me:secret@a.test/x', SECONDS: '100', METRICS_ADDR: '' });
    expect(settings()).toEqual({
      STORE: 'a.test',
      SECONDS: 100,
      OTHER_ADDR: ':9100',
      FILE: '',
      SPOE_ADDR: '127.0.0.1:9000',
      METRICS_ADDR: '',
    });
    expect(printed).toEqual([
      'STORE redis://me:…@a.test/x',
      'SECONDS 100',
      'OTHER_ADDR :9100',
      'FILE (off)',
      'SPOE_ADDR 127.0.0.1:9000',
      'METRICS_ADDR (off)',
    ]);
  });

  it.each(['0', '101', '1.5', '-1', '1e1', ' 1', 'x'])('refuses %j as a whole number from 1 to 100', (SECONDS) => {
    const { settings } = read({ STORE: 'redis://a.test/x', SECONDS });
    expect(settings).toThrow(`SECONDS: expected a whole number from 1 to 100; found "${SECONDS}"`);
  });

  it('keeps the errors of a file as they are', () => {
    const { settings } = read({ STORE: 'redis://a.test/x', FILE: '/rules' });
    expect(settings).toThrow(/^FILE: \/rules: line 1: expected a; found "b"\nline 2: expected c; found "d"$/);
  });

  it('names all errors at once, without passwords', () => {
    const { settings } = read({ SPOE_ADDR: '9000', OTHER_ADDR: 'http://me:secret@a.test' });
    expect(settings).toThrow(
      /^STORE: expected a value; found none\nOTHER_ADDR: expected .*; found "http:\/\/me:…@a\.test"\nSPOE_ADDR: expected an address .*; found "9000"$/,
    );
  });
});
