/** The page: its workers search for the number, it shows their progress, and loads the address again after a right solution. */
'use strict';

/** After this time without a message of any worker, the page itself searches. */
const SILENCE_MS = 3_000;
/** Between two turns of the page's own search, so that it stays usable. */
const TURN_NUMBERS = 5_000;
const WORKERS = Math.max(1, (navigator.hardwareConcurrency || 2) - 1);
/** A cookie set within this time, and missing now, was refused by the browser. */
const JUST_MS = 60_000;
const SOLVED_AT = 'browser-validation';

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const texts = find('check').dataset;
const progress = /** @type {HTMLProgressElement} */ (find('progress'));
const bits = Number(texts.bits);

let triedByAll = 0;
let shownQuarter = -1;
let isOver = false;
/** @type {Worker[]} */
const workers = [];

/** @param {string | undefined} text */
function say(text) {
  find('status').textContent = text ?? '';
}

/** Ends with a sentence, and a link to try it again. @param {string | undefined} text */
function end(text) {
  stop();
  progress.hidden = true;
  say(text);
  find('again').hidden = false;
}

function stop() {
  isOver = true;
  for (const worker of workers) worker.terminate();
}

/** The bar shows how likely it was to be done by now; it is announced at each quarter. @param {number} tried */
function count(tried) {
  triedByAll += tried;
  const percent = 100 * (1 - Math.exp(-triedByAll / 2 ** bits));
  progress.value = percent;
  const quarter = Math.floor(percent / 25);
  if (quarter === shownQuarter) return;
  shownQuarter = quarter;
  say(`${texts.working} ${quarter * 25} %`);
}

/** @param {number} number */
async function hand(number) {
  if (isOver) return;
  stop();
  progress.value = 100;
  try {
    const answer = await fetch('/browser-validation/solution', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `challenge=${texts.challenge}&number=${number}`,
      credentials: 'same-origin',
    });
    if (!answer.ok) return end(texts.failed);
  } catch {
    return end(texts.failed);
  }
  remember();
  if (texts.isLost === 'yes') {
    // Sending the request again would be one that the visitor has not asked for.
    progress.hidden = true;
    say(texts.doneLost);
    find('back').hidden = false;
    find('back').addEventListener('click', () => history.back());
    return;
  }
  say(texts.done);
  location.reload();
}

/** Storage may be switched off with the cookies. */
function remember() {
  try {
    sessionStorage.setItem(SOLVED_AT, String(Date.now()));
  } catch {}
}

function areCookiesOff() {
  if (!navigator.cookieEnabled) return true;
  try {
    const wasJustSolved = Date.now() - Number(sessionStorage.getItem(SOLVED_AT)) < JUST_MS;
    return wasJustSolved && texts.hasCookie === 'no';
  } catch {
    return true;
  }
}

function startOwnSearch() {
  const search = new Search(texts.challenge ?? '', bits, WORKERS);
  const turn = () => {
    if (isOver) return;
    const number = search.run(TURN_NUMBERS);
    count(TURN_NUMBERS);
    if (number === undefined) setTimeout(turn);
    else void hand(number);
  };
  turn();
}

function startWorkers() {
  let alive = WORKERS;
  let isHelping = false;
  const help = () => {
    if (isOver || isHelping) return;
    isHelping = true;
    startOwnSearch();
  };
  let silence = setTimeout(help, SILENCE_MS);
  // If a worker dies, only its own numbers are lost.
  const lose = () => {
    alive--;
    if (alive === 0) help();
  };
  for (let index = 0; index < WORKERS; index++) {
    try {
      const worker = new Worker('/browser-validation/solver.js');
      let tried = 0;
      worker.addEventListener('message', (/** @type {MessageEvent<Progress>} */ { data }) => {
        clearTimeout(silence);
        silence = setTimeout(help, SILENCE_MS);
        count(data.tried - tried);
        tried = data.tried;
        if (data.number !== undefined) void hand(data.number);
      });
      worker.addEventListener('error', lose);
      worker.postMessage({ challenge: texts.challenge, bits, index });
      workers.push(worker);
    } catch {
      lose();
    }
  }
}

find('by-script').hidden = false;
if (areCookiesOff()) {
  end(texts.cookies);
} else {
  count(0);
  startWorkers();
}
