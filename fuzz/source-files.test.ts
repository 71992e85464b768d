import { describe, expect, it } from 'vitest';
import { uncountedFiles } from './coverage-guided/instrument.ts';
import { mutatedFiles } from './mutation/mutated-files.ts';
import { sourceFile, sourceFiles } from './support/source-files.ts';

describe('tools that read the sources', () => {
  it('find one file by its name, and no other', () => {
    expect(sourceFile('codec', 'varint')).toMatch(/^packages\/codec\/src\/(.+\/)?varint\.ts$/);
    expect(() => sourceFile('codec', 'no-such-file')).toThrow(
      'expected one source file no-such-file.ts in codec; found none',
    );
  });

  it('count what every file of codec and agent does', () => {
    expect(uncountedFiles()).toEqual([]);
  });

  it('mutate every file of the codec, but for names and numbers', () => {
    expect(
      sourceFiles('codec').length - mutatedFiles().filter((file) => file.startsWith('packages/codec/')).length,
    ).toBe(2);
  });
});
