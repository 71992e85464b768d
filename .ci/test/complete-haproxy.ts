/** Completes a part of HAProxy's configuration so that it can be checked alone, for instance with the backends that it names. */

/** Both files, ready for `haproxy -c`. */
export interface CompleteConfiguration {
  readonly haproxy: string;
  /** By the names in `filter` lines. */
  readonly spoe: Readonly<Record<string, string>>;
}

/** The first group of each match. */
function all(pattern: RegExp, text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, first = '']) => first))];
}

function words(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.trim().split(/\s+/));
}

const DEFAULTS = 'defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n';
/** Without a listener `haproxy -c` fails. */
const LISTENER = 'frontend of-the-check\n  bind 127.0.0.1:1\n';
const SECTION = /^(?:global|defaults|frontend|backend|listen)\b/m;

function withoutComments(part: string): string {
  return part.replaceAll(/^\s*#.*\n|\s+#.*$/gm, '');
}

/** The name of the engine of a part of a SPOE configuration. */
export function engineOf(part: string): string {
  return /^\[(.+)\]/m.exec(part)?.[1] ?? /^\s*spoe-agent (\S+)/m.exec(part)?.[1] ?? 'part';
}

/** A SPOE configuration from a part of one, with an agent that sends the part's messages, and the messages that it names. */
export function completeSpoe(part: string): string {
  const engine = engineOf(part);
  let text = withoutComments(part).replace(/^\[.*\]\n/m, '');
  const sections = text.split(/^(?=\s*spoe-)/m);
  const namesOf = (kind: string): string[] => all(new RegExp(`^\\s*spoe-${kind} (\\S+)`, 'gm'), text);
  if (namesOf('agent').length === 0) {
    const ofEvents = sections.filter((section) => /^\s*event /m.test(section));
    const lines = [
      ...all(/^\s*spoe-message (\S+)/gm, ofEvents.join('')).map((name) => `messages ${name}`),
      ...namesOf('group').map((name) => `groups ${name}`),
    ];
    text = `spoe-agent ${engine}\n${lines.map((line) => `  ${line}\n`).join('')}${text}`;
  }
  // HAProxy 3.0 and older crash on an agent that sends nothing.
  if (!/^\s*(messages|groups) /m.test(text)) text = text.replace(/^\s*spoe-agent .*/m, '$&\n  messages any');
  const missing = Object.entries({ 'use-backend': 'agents', 'option var-prefix': 'part', 'timeout processing': '1s' });
  const more = missing.filter(([line]) => !text.includes(line)).map(([line, value]) => `\n  ${line} ${value}`);
  text = text.replace(/^\s*spoe-agent .*/m, (line) => line + more.join(''));
  const groups = sections.filter((section) => /^\s*spoe-group/.test(section)).join('');
  for (const name of words(all(/^\s*messages (.*)/gm, text)).filter((name) => !namesOf('message').includes(name))) {
    const event = words(all(/^\s*messages (.*)/gm, groups)).includes(name) ? '' : '\n  event on-client-session';
    text += `\nspoe-message ${name}\n  args ip=src${event}\n`;
  }
  return `[${engine}]\n${text}\n`;
}

/** Both files from a part of the main one. `known` are whole SPOE configurations by engine. */
export function completeHaproxy(part: string, known: Readonly<Record<string, string>>): CompleteConfiguration {
  let text = withoutComments(part);
  if (!SECTION.test(text)) text = `${/^\s*server /m.test(text) ? 'backend' : 'frontend'} part\n${text}`;
  const groups = [...text.matchAll(/send-spoe-group (\S+) (\S+)/g)];
  for (const engine of all(/send-spoe-group (\S+)/g, text).filter((name) => !text.includes(`spoe engine ${name} `))) {
    text = text.replace(/^(frontend|listen) .*/m, `$&\n  filter spoe engine ${engine} config ${engine}.conf`);
  }
  const spoe: Record<string, string> = {};
  for (const [, engine = '', file = ''] of text.matchAll(/filter spoe engine (\S+) config (\S+)/g)) {
    const ownGroups = new Set(groups.filter(([, of]) => of === engine).map(([, , group]) => group));
    const stubs = [...ownGroups].map((group) => `spoe-group ${group}\n  messages of-${group}\n`);
    if (stubs.length === 0) stubs.push('spoe-message any\n  args ip=src\n  event on-client-session\n');
    const own = known[engine];
    const isWhole = own !== undefined && [...ownGroups].every((group) => own.includes(`spoe-group ${group}`));
    spoe[file] = (spoe[file] ?? '') + (isWhole ? own : completeSpoe(`[${engine}]\n${stubs.join('')}`));
  }
  const missing = (names: readonly string[]): string[] =>
    names.filter((name) => !new RegExp(`^(?:backend|listen) ${name}$`, 'm').test(text));
  const servers = 'server s 127.0.0.1:9\n';
  const sections = [
    ...missing(all(/^\s*(?:use|default)_backend ([\w-]+)/gm, text)).map((name) => `backend ${name}\n  ${servers}`),
    ...missing(all(/use-backend (\S+)/g, Object.values(spoe).join(''))).map(
      (name) => `backend ${name}\n  mode tcp\n  ${servers}`,
    ),
    ...missing(all(/\stable ([\w-]+)/g, text)).map(
      (name) => `backend ${name}\n  stick-table type string size 1k store gpt(2)\n`,
    ),
  ];
  // DEFAULTS goes before the first section other than "global".
  if (!/^defaults\b/m.test(text)) text = text.replace(/^(?=frontend|backend|listen)|(?![^])/m, DEFAULTS);
  if (!/^global\b/m.test(text)) text = `global\n  default-path config\n${text}`;
  else if (!text.includes('default-path')) text = text.replace(/^global\n/m, '$&  default-path config\n');
  return { haproxy: `${text}\n${sections.join('')}${LISTENER}`, spoe };
}
