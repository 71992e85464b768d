/** The parts of a request or a response that rules look at, made at first use. */
import { type Exchange, valuesOf } from './exchange.ts';
import { plainPaths, plainTexts, toByteText } from './plain-text.ts';

/** A text, and the name of its argument, header or cookie. */
export interface Field {
  readonly name: string;
  readonly text: string;
}

/** The texts of a target. */
export class Texts {
  readonly list: readonly string[];
  #joined: string | undefined;

  constructor(list: readonly string[]) {
    this.list = list;
  }

  /** One line for each text: no text has a line end. One search covers any number of texts that a client sends. */
  get joined(): string {
    this.#joined ??= this.list.join('\n');
    return this.#joined;
  }
}

/** The parts that a rule can look at: of those with names a rule can choose one, such as `header.host`. */
export const TARGETS = {
  request: {
    plain: ['client', 'method', 'path', 'query', 'body', 'body-state', 'argument-names', 'header-names'],
    named: ['argument', 'header', 'cookie'],
  },
  response: {
    plain: ['status', 'response-body', 'response-body-state'],
    named: ['response-header'],
  },
} as const;

/** One exchange, seen by rules. */
export class Parts {
  readonly exchange: Exchange;
  readonly #fields: Map<string, readonly Field[]> = new Map();
  readonly #texts: Map<string, Texts> = new Map();
  #arguments: readonly (readonly [name: string, value: string])[] | undefined;
  #paths: ReturnType<typeof plainPaths> | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** The path as servers resolve it: decoded once, and decoded to the end if that differs. */
  get resolvedPaths(): readonly string[] {
    return this.#plainPaths.resolved;
  }

  /** The texts of a part, or of its fields of one name; without those of the names in `except`. */
  textsOf(part: string, name?: string, except: readonly string[] = []): Texts {
    const key = `${part}.${name ?? ''} ${except.join(' ')}`;
    let texts = this.#texts.get(key);
    if (texts === undefined) {
      const fields = this.#fieldsOf(part).filter(
        (field) => (name === undefined || field.name === name) && !except.includes(field.name),
      );
      texts = new Texts(fields.map((field) => field.text));
      this.#texts.set(key, texts);
    }
    return texts;
  }

  #fieldsOf(part: string): readonly Field[] {
    let fields = this.#fields.get(part);
    if (fields === undefined) {
      fields = this.#make(part);
      this.#fields.set(part, fields);
    }
    return fields;
  }

  get #plainPaths(): ReturnType<typeof plainPaths> {
    this.#paths ??= plainPaths(this.exchange.path);
    return this.#paths;
  }

  #make(part: string): Field[] {
    const { client, method, query, status, headers, body, bodyState } = this.exchange;
    switch (part) {
      case 'client':
      case 'method':
        return [{ name: '', text: (part === 'client' ? client : method).toLowerCase() }];
      case 'path':
        return unnamed(new Set([...this.#plainPaths.asSent, ...this.#plainPaths.resolved]));
      case 'query':
        return unnamed(plainTexts(query, true));
      case 'status':
        return unnamed([String(status ?? '')]);
      case 'body':
      case 'response-body':
        return unnamed(plainTexts(body, part === 'body'));
      case 'body-state':
      case 'response-body-state':
        return unnamed([bodyState]);
      case 'argument':
        return this.#pairs.flatMap(([name, value]) => {
          const plainName = plainTexts(name, true).at(-1) ?? '';
          return plainTexts(value, true).map((text) => ({ name: plainName, text }));
        });
      case 'argument-names':
        return unnamed(this.#pairs.flatMap(([name]) => plainTexts(name, true)));
      case 'header-names':
        return unnamed(headers.map(([name]) => name));
      case 'cookie':
        return valuesOf(headers, 'cookie')
          .flatMap((value) => value.split(';').map(splitPair))
          .flatMap(([name, value]) =>
            plainTexts(value, false).map((text) => ({ name: name.trim().toLowerCase(), text })),
          );
      default:
        return headers.flatMap(([name, value]) => plainTexts(value, false).map((text) => ({ name, text })));
    }
  }

  /** The arguments of the query and of the body, as received. */
  get #pairs(): readonly (readonly [name: string, value: string])[] {
    const { query, headers, body } = this.exchange;
    this.#arguments ??= [
      ...splitPairs(query),
      ...(body === '' ? [] : argumentsOfBody(body, valuesOf(headers, 'content-type')[0]?.toLowerCase() ?? '')),
    ];
    return this.#arguments;
  }
}

function unnamed(texts: Iterable<string>): Field[] {
  return [...texts].map((text) => ({ name: '', text }));
}

function splitPair(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  return at < 0 ? ['', pair] : [pair.slice(0, at), pair.slice(at + 1)];
}

function splitPairs(text: string): [name: string, value: string][] {
  return text === '' ? [] : text.split('&').map(splitPair);
}

function argumentsOfBody(body: string, type: string): [name: string, value: string][] {
  // Servers read JSON with any content type.
  const isJson = type.includes('json') || /^\s*[[{]/.test(body);
  const texts = isJson ? [...jsonTexts(body)] : [];
  if (type.startsWith('application/x-www-form-urlencoded')) return [...splitPairs(body), ...texts];
  // Anything else, such as text, XML and multipart forms, is one argument without a name.
  return type.includes('json') ? texts : [['', body], ...texts];
}

const JSON_TEXT = /"((?:[^"\\]|\\.)*)(?:"(\s*:)?|\\?$)/gs;
const JSON_ESCAPE = /((?:\\u[0-9a-f]{4})+)|\\(.)/gis;
const JSON_CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * All texts of a JSON body, each with the name before it; names as well, without one. Texts are found in cut-off or
 * malformed JSON, too, and in each of several members of the same name: readers of JSON use the first or the last.
 */
function* jsonTexts(body: string): Iterable<[name: string, value: string]> {
  let name = '';
  for (const [, escaped = '', colon] of body.matchAll(JSON_TEXT)) {
    const text = escaped.replace(JSON_ESCAPE, (_, units: string | undefined, character: string) =>
      units === undefined ? (JSON_CONTROLS[character] ?? character) : toByteText(unitsOf(units)),
    );
    if (colon === undefined) yield [name, text];
    else {
      name = text;
      yield ['', text];
    }
  }
}

function unitsOf(escapes: string): string {
  return escapes.replaceAll(/\\u(....)/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}
