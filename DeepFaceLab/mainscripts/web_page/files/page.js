// Shows /state once a second and fetches a picture when it has changed. Every key and button is a
// POST; the answer is the new state.
'use strict';

const POLL_MS = 1000;           // while the page is looked at
const HIDDEN_POLL_MS = 10000;
const TIMEOUT_MS = 15000;
const ARMED_MS = 5000;          // within which "save and exit" has to be asked for a second time
const LABELS = {
  save: 'Save', backup: 'Backup', preview: 'Update preview', next: 'Next preview',
  range: 'Chart range', close: 'Save and exit',
};
const ORDER = ['save', 'backup', 'preview', 'next', 'range', 'close'];

let state = null;
let buttons = {};               // op -> button
let armedUntil = 0;
let isLost = false;
let loaded = {};                // what the pictures show: element id -> address
let timer = 0;

const find = (id) => document.getElementById(id);

async function ask(path, method) {
  const control = new AbortController();
  const alarm = setTimeout(() => control.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(path, {
      method: method, headers: {'X-Trainer-Page': '1'}, signal: control.signal,
    });
    if (!answer.ok) {
      throw new Error(answer.status === 403 ? 'refused' : (await answer.text()));
    }
    return await answer.json();
  } finally {
    clearTimeout(alarm);
  }
}

async function update(path, method) {
  try {
    const answer = await ask(path, method);
    isLost = false;
    if (state === null || answer.version >= state.version) {
      state = answer;
    }
    show();
    return true;
  } catch (error) {
    isLost = true;
    armedUntil = 0;
    showPhase(error.message === 'refused');
    return false;
  }
}

function poll() {
  clearTimeout(timer);
  update('state', 'GET').then(() => {
    timer = setTimeout(poll, document.hidden ? HIDDEN_POLL_MS : POLL_MS);
  });
}

function send(path) {
  return update(path, 'POST');
}

async function press(key, op) {
  if (op === 'close' && Date.now() > armedUntil) {      // a tap is easily made
    armedUntil = Date.now() + ARMED_MS;
    showButtons();
    setTimeout(showButtons, ARMED_MS + 50);
    return;
  }
  armedUntil = 0;
  const isDone = await send('press?key=' + encodeURIComponent(key));
  if (isDone && buttons[op]) {
    buttons[op].classList.add('done');
    setTimeout(() => buttons[op].classList.remove('done'), 800);
  }
}

// ---------------------------------------------------------------- what is shown

function setText(id, text) {
  if (find(id).textContent !== text) {
    find(id).textContent = text;
  }
}

function showPhase(isRefused) {
  let name = 'training', text = 'training';
  if (isLost && state !== null && state.is_closing) {
    name = 'ended';
    text = 'ended';
  } else if (isLost) {
    name = 'lost';
    text = isRefused ? 'refused: open the address that the trainer printed'
                     : 'no contact, trying again';
  } else if (state.is_closing) {
    name = 'closing';
    text = 'saving, then the end';
  } else if (!state.model_name) {
    name = 'waiting';
    text = 'starting';
  } else if (state.is_waiting) {
    name = 'waiting';
    text = 'preview asked for';
  } else if (state.target_iter > 0 && state.iteration >= state.target_iter) {
    name = 'waiting';
    text = 'target reached';
  }
  find('phase').className = 'phase ' + name;
  setText('phase', text);
  showButtons();
}

function showButtons() {
  for (const op of Object.keys(buttons)) {
    const button = buttons[op];
    const isOff = isLost || state === null || state.is_closing;
    button.disabled = isOff || (op === 'preview' && state.is_waiting) ||
      (op === 'next' && state.previews.length < 2) || (op === 'range' && !state.has_chart);
    if (op === 'close') {
      const isArmed = Date.now() <= armedUntil;
      button.classList.toggle('armed', isArmed);
      button.firstChild.textContent = isArmed ? 'Once more to save and exit' : LABELS.close;
    }
  }
}

function describeRange(count) {
  return count === 0 ? 'all' : count.toLocaleString('en');
}

function showCounts() {
  setText('model', state.model_name || 'Training');
  document.title = state.model_name ?
    '#' + state.iteration + ' ' + state.model_name : 'Training';
  setText('iteration', state.iteration.toLocaleString('en'));
  let text = state.target_iter > 0 ?
    'of ' + state.target_iter.toLocaleString('en') + ' iterations' : 'iterations';
  if (state.saved_iter > 0) {
    text += ', last save at ' + state.saved_iter.toLocaleString('en');
  }
  setText('target', text);
  find('progress').hidden = state.target_iter === 0;
  find('progress').value = state.target_iter > 0 ? state.iteration / state.target_iter : 0;
  setText('status', state.status_line);
  find('warning').hidden = state.warning === '';
  setText('warning', 'At iteration ' + state.warning_iter.toLocaleString('en') + ': ' +
    state.warning);
}

function showPicture(id, path, isThere) {
  const image = find(id);
  image.hidden = !isThere;
  if (isThere && loaded[id] !== path) {
    loaded[id] = path;
    image.src = path;
  }
}

function showNames() {
  const box = find('names');
  const names = JSON.stringify(state.previews);
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    box.textContent = '';
    state.previews.forEach((name, index) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => send('select?index=' + index));
      box.append(button);
    });
  }
  box.hidden = state.previews.length < 2;
  Array.from(box.children).forEach((button, index) => {
    button.setAttribute('aria-pressed', String(index === state.selected));
  });
}

function showRange() {
  const select = find('range');
  if (select.options.length === 0) {
    for (const count of state.ranges) {
      select.append(new Option(describeRange(count), String(count)));
    }
  }
  if (document.activeElement !== select) {
    select.value = String(state.range);
  }
  select.disabled = !state.has_chart;
  setText('chart-title', state.has_chart ? 'Losses up to iteration ' +
    state.iter.toLocaleString('en') : 'Losses');
}

function showPictures() {
  const isThere = state.previews.length > 0;
  find('empty').hidden = isThere;
  find('hint').hidden = !isThere;
  setText('selection', isThere ? state.selection_text : 'No preview yet');
  find('preview').alt = isThere ? state.previews[state.selected] : '';
  showPicture('preview', 'preview/' + state.selected + '.png?shown=' + state.shown, isThere);
  const chart = find('chart');
  chart.hidden = !(isThere && state.has_chart);
  // as wide as the page, in steps: the text of the chart keeps its size
  const width = Math.max(160, Math.ceil(chart.parentElement.clientWidth / 32) * 32);
  showPicture('chart', 'chart.png?width=' + width + '&range=' + state.range + '&shown=' +
    state.shown, isThere && state.has_chart);
}

function makeButtons() {
  if (Object.keys(buttons).length > 0) {
    return;
  }
  for (const op of ORDER) {
    const help = state.keys.find((entry) => entry.op === op);
    const button = document.createElement('button');
    button.type = 'button';
    button.id = 'do-' + op;
    button.className = op;
    button.title = help.text;
    const label = document.createElement('span');
    label.textContent = LABELS[op];
    const key = document.createElement('kbd');
    key.textContent = help.label;
    button.append(label, key);
    button.addEventListener('click', (event) => {
      if (event.detail > 0) {
        button.blur();          // by mouse or finger: the keys stay those of the page
      }
      press(help.key, op);
    });
    buttons[op] = button;
    find('buttons').append(button);
  }
  setText('keys', state.keys_text.join(' '));
}

function show() {
  makeButtons();
  showCounts();
  showNames();
  showRange();
  showPictures();
  showPhase(false);
}

// ---------------------------------------------------------------- keys

function handleKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || state === null) {
    return;
  }
  const isOnControl = ['BUTTON', 'SELECT'].includes(event.target.tagName);
  if (isOnControl && (event.target.tagName === 'SELECT' || [' ', 'Enter'].includes(event.key))) {
    return;                     // they work the control that has the focus
  }
  const key = event.key === 'Enter' ? '\r' : event.key.toLowerCase();
  const help = state.keys.find((entry) => entry.key === key);
  if (help === undefined) {
    if (/^[0-9]$/.test(key)) {
      press(key, '');           // the digits of the gray models' window
    }
    return;
  }
  event.preventDefault();
  if (!buttons[help.op].disabled) {
    press(help.key, help.op);
  }
}

history.replaceState(null, '', location.pathname);      // the token does not stay in the address
document.addEventListener('keydown', handleKey);
document.addEventListener('visibilitychange', () => document.hidden || poll());
window.addEventListener('resize', () => state !== null && showPictures());
find('range').addEventListener('change', (event) => {
  send('range?count=' + event.target.value);
  event.target.blur();
});
find('preview').addEventListener('click', () => find('frame').classList.toggle('real'));
poll();
