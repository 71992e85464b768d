/** Writes the API reference of the packages as Markdown pages, from their docstrings. */
import { resolve } from 'node:path';
import { Application, Converter, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';

const packages = resolve(import.meta.dirname, '../../packages');

/** Where the pages go; it is out of git. */
export const REFERENCE: string = resolve(import.meta.dirname, '../reference');

const options: TypeDocOptions & PluginOptions & { docsRoot: string } = {
  basePath: packages,
  entryPoints: [
    'agent/src/index.ts',
    'builder/src/index.ts',
    'builder/src/allocations.ts',
    'builder/src/arbitraries.ts',
    'builder/src/vitest.ts',
    'codec/src/index.ts',
  ].map((file) => `${packages}/${file}`),
  tsconfig: resolve(import.meta.dirname, 'tsconfig.json'),
  plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
  out: REFERENCE,
  docsRoot: resolve(import.meta.dirname, '../..'),
  name: 'API reference',
  readme: 'none',
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  preservedTypeAnnotationTags: ['@throws'],
  treatValidationWarningsAsErrors: true,
  validation: { invalidLink: true, notExported: false, notDocumented: false, rewrittenLink: true },
};

/** `builder/src/vitest` is what users import as `@spop/builder/vitest`. */
function importName(path: string): string {
  return `@spop/${path.replace('/src', '')}`;
}

/** Writes the pages anew. @throws Error when a docstring links to something that does not exist. */
export async function writeReference(): Promise<void> {
  const app = await Application.bootstrapWithPlugins(options);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = importName(module.name);
    // The pages would leave out the first type of `@throws {RangeError} for a number out of range, {TypeError} for …`.
    for (const { comment } of Object.values(project.reflections)) {
      for (const { content, typeAnnotation } of comment?.blockTags ?? []) {
        if (typeAnnotation !== undefined) content.unshift({ kind: 'text', text: `${typeAnnotation} ` });
      }
    }
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('the packages do not compile for the reference');
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('the reference has problems, see above');
}
