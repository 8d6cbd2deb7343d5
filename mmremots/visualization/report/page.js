'use strict';
// The player and the timeline: one state, drawn anew when it changes.
(() => {
  const clips = JSON.parse(document.getElementById('data').textContent);
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const canvas = find('#canvas'), context = canvas.getContext('2d');
  const slider = find('#slider'), output = find('#frame');
  const panel = find('#panel'), playButton = find('#play');
  const state = {video: 0, index: 0, track: null, timer: null};
  const images = new Map();

  const clip = () => clips[state.video];
  const section = () => find(`.of-video[data-video="${state.video}"]`);

  // Index of the shown frame that is nearest to a frame of the video.
  function nearest(frame) {
    const frames = clip().frames;
    let best = 0;
    frames.forEach((shown, k) => {
      if (Math.abs(shown - frame) < Math.abs(frames[best] - frame)) best = k;
    });
    return best;
  }

  function image(index) {
    const key = `${state.video}/${index}`;
    if (!images.has(key)) {
      const made = new Image();
      made.src = clip().images[index];
      images.set(key, made);
      if (images.size > 60) images.delete(images.keys().next().value);
    }
    return images.get(key);
  }

  function draw() {
    const now = clip(), picture = image(state.index);
    if (!picture.complete) {
      picture.onload = draw;
      return;
    }
    context.drawImage(picture, 0, 0, now.width, now.height);
    for (const [track, outline] of now.masks[state.index]) {
      const path = new Path2D(outline), chosen = track === state.track;
      const faint = state.track !== null && !chosen;
      context.globalAlpha = faint ? 0.15 : 0.45;
      context.fillStyle = now.colors[track];
      context.fill(path, 'evenodd');
      context.globalAlpha = faint ? 0.4 : 1;
      if (chosen) {
        context.strokeStyle = '#fff';
        context.lineWidth = 4.5;
        context.stroke(path);
      }
      context.strokeStyle = now.colors[track];
      context.lineWidth = chosen ? 2.5 : 1.2;
      context.stroke(path);
      context.globalAlpha = 1;
    }
  }

  function show() {
    const now = clip(), frame = now.frames[state.index];
    slider.value = state.index;
    output.textContent = `frame ${frame} of ${now.total}`;
    slider.setAttribute('aria-valuetext', output.textContent);
    const rows = section().querySelector('.rows');
    if (rows) rows.style.setProperty('--at', (frame - 0.5) / now.total);
    draw();
  }

  function seek(index) {
    state.index = Math.max(0, Math.min(clip().frames.length - 1, index));
    show();
  }

  function element(name, text, parent, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    Object.assign(made, attributes);
    parent.append(made);
    return made;
  }

  function goTo(frame, track) {
    follow(track);
    seek(nearest(frame));
  }

  // The panel: the track that is followed, or where to look for a start.
  function describe() {
    const now = clip();
    panel.replaceChildren();
    const known = now.tracks[state.track];
    if (state.track === null) {
      element('h3', now.name, panel);
      element('p', 'Click somebody in the frame, or a row of the timeline.',
        panel, {className: 'small'});
    } else {
      const head = element('h3', '', panel);
      element('b', '', head).style.background = now.colors[state.track];
      head.append(document.body.dataset.unit + ' ' + state.track);
      element('p', known
        ? `${known.name}, frames ${known.first} to ${known.last}, `
          + `${known.masks} masks`
        : 'not among the longest, which the timeline shows', panel,
      {className: 'small'});
      const row = element('div', '', panel, {className: 'row-of'});
      if (known) {
        element('button', 'first frame', row, {
          type: 'button', onclick: () => seek(nearest(known.first))});
        element('button', 'last frame', row, {
          type: 'button', onclick: () => seek(nearest(known.last))});
      }
      element('button', 'let go', row, {
        type: 'button', onclick: () => follow(null)});
    }
    const marks = state.track === null
      ? Object.entries(now.tracks).flatMap(([track, entry]) =>
        entry.marks.map((mark) => [Number(track), ...mark]))
        .sort((a, b) => a[1] - b[1])
      : (known ? known.marks : []).map((mark) => [state.track, ...mark]);
    if (marks.length) {
      element('h4', `${marks.length} merge${marks.length > 1 ? 's' : ''} `
        + 'and cuts', panel);
      const list = element('ul', '', panel);
      for (const [track, frame, kind, text] of marks.slice(0, 200)) {
        const item = element('li', '', list);
        element('button', String(frame), item, {
          type: 'button', className: 'to-mark', title: 'go there',
          onclick: () => goTo(frame, track)}).dataset.kind = kind;
        const what = text.replace(/^frame \d+: /, '');
        element('span', state.track === null
          ? `${document.body.dataset.unit} ${track}: ${what}` : what, item);
      }
    }
  }

  function follow(track) {
    state.track = track;
    for (const row of section().querySelectorAll('.row')) {
      const chosen = Number(row.dataset.track) === track;
      row.classList.toggle('chosen', chosen);
      row.querySelector('.name').setAttribute('aria-pressed', chosen);
      if (chosen) {
        const box = row.closest('.timeline'), top = row.offsetTop;
        if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 50)
          box.scrollTop = top - box.clientHeight / 2;
      }
    }
    document.body.dataset.track = track === null ? '' : track;
    describe();
    draw();
  }

  function choose(video) {
    state.video = video;
    state.index = 0;
    images.clear();
    for (const part of all('.of-video'))
      part.hidden = Number(part.dataset.video) !== video;
    for (const button of all('.video'))
      button.setAttribute('aria-pressed', Number(button.dataset.video) === video);
    canvas.width = clip().width;
    canvas.height = clip().height;
    slider.max = clip().frames.length - 1;
    follow(null);
    show();
  }

  function stop() {
    clearInterval(state.timer);
    state.timer = null;
    playButton.textContent = '▶';
    playButton.setAttribute('aria-label', 'Play');
  }

  function play() {
    if (state.timer !== null) return stop();
    const now = clip();
    if (state.index === now.frames.length - 1) seek(0);
    const step = now.total / now.frames.length / now.rate;
    playButton.textContent = '❚❚';
    playButton.setAttribute('aria-label', 'Stop');
    state.timer = setInterval(() => {
      if (state.index >= clip().frames.length - 1) stop();
      else seek(state.index + 1);
    }, Math.max(40, Math.min(250, 1000 * step)));
  }

  slider.addEventListener('input', () => { stop(); seek(Number(slider.value)); });
  playButton.addEventListener('click', play);
  canvas.addEventListener('click', (event) => {
    const box = canvas.getBoundingClientRect(), now = clip();
    // The picture is as large as fits, in the middle of its box.
    const scale = Math.min(box.width / now.width, box.height / now.height);
    const x = (event.clientX - box.left - box.width / 2) / scale + now.width / 2;
    const y = (event.clientY - box.top - box.height / 2) / scale + now.height / 2;
    const hit = now.masks[state.index].find(([, outline]) =>
      context.isPointInPath(new Path2D(outline), x, y, 'evenodd'));
    follow(hit && hit[0] !== state.track ? hit[0] : null);
  });
  canvas.addEventListener('keydown', (event) => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step) seek(state.index + step);
    else if (event.key === ' ') play();
    else return;
    event.preventDefault();
  });
  for (const button of all('.video'))
    button.addEventListener('click', () => {
      stop();
      choose(Number(button.dataset.video));
    });
  for (const button of all('.jump'))
    button.addEventListener('click', () => {
      stop();
      choose(Number(button.dataset.video));
      goTo(Number(button.dataset.frame), Number(button.dataset.track));
      find('#watch').scrollIntoView();
    });
  for (const rows of all('.rows'))
    rows.addEventListener('click', (event) => {
      const row = event.target.closest('.row');
      if (!row) return;
      const track = Number(row.dataset.track);
      const mark = event.target.closest('.mark');
      stop();
      if (mark) return goTo(Number(mark.dataset.frame), track);
      const lane = row.querySelector('.lane').getBoundingClientRect();
      const at = (event.clientX - lane.left) / lane.width;
      follow(track);
      if (event.detail && at > 0 && at < 1)
        seek(nearest(Math.ceil(at * clip().total)));
      else seek(nearest(clip().tracks[track].first));
    });
  choose(0);
})();
