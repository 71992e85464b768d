/** Regular expressions whose time is proportional to the length of any text. */
import { RE2JS } from 're2js';

/**
 * The most steps of a pattern: a hostile text of 15 KB then takes some 10 ms, on a busy machine 30. `.{1,200}` has 400 of them,
 * `.*` a few, and here it takes 0.1 ms.
 */
const MAX_STEPS = 120;

/** @throws Error with the expected form, for a text that is not a pattern, never matches plain text, or is too long. */
export function compilePattern(source: string): RE2JS {
  const capital = /[A-Z]/.exec(source.replaceAll(/\\(?:[pP](?:\{[^}]*\}|.)|.)/g, ''))?.[0];
  if (capital !== undefined) throw new Error(`expected lower case, as all texts are; found "${capital}"`);
  let pattern: RE2JS;
  try {
    // Each text is a line: `.` stays within one, `^` and `$` are its ends.
    pattern = RE2JS.compile(source, RE2JS.MULTILINE);
  } catch (error) {
    const reason = String(error).replace(/.*error parsing regexp: /, '');
    throw new Error(`expected a pattern as RE2 has them: ${reason}`, { cause: error });
  }
  if (pattern.test('')) throw new Error('expected a pattern that does not match the empty text');
  const steps = pattern.programSize();
  if (steps > MAX_STEPS) {
    throw new Error(
      `expected a pattern of at most ${MAX_STEPS} steps; found ${steps}; \`.*\` has fewer than \`.{1,100}\``,
    );
  }
  return pattern;
}
