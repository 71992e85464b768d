import { describe, expect, it } from 'vitest';
import { uncountedFiles } from './coverage-guided/instrument.ts';
import { mutatedFiles, packageOf, testsOf } from './mutation/mutated-files.ts';
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

  it('mutate every file of codec, agent and builder, but for names and numbers', () => {
    const all = (['codec', 'agent', 'builder'] as const).flatMap((name) => sourceFiles(name));
    const left = all.filter((file) => !mutatedFiles().includes(file));
    expect(left.map((file) => file.replace(/^packages\/(\w+)\/src/, '$1'))).toEqual([
      'codec/constants.ts',
      'codec/index.ts',
      'agent/index.ts',
      'builder/arbitraries.ts',
      'builder/index.ts',
    ]);
  });

  it('run tests that are there against each of them', () => {
    for (const file of mutatedFiles()) expect(testsOf(packageOf(file)).length).toBeGreaterThan(0);
  });
});
