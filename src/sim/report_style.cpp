// How the page looks, and what it does under the mouse. Colours are those of Okabe and Ito, which
// everybody can tell apart; shapes and heights say the same again without colour.
#include "sim/report.h"

namespace holdfast::sim {

std::string_view page_style() {
    return R"(
:root {
  --paper: #fcfcfa; --ink: #1d2328; --soft: #5c6770; --line: #dfe3e6; --card: #ffffff;
  --leader: #0072b2; --candidate: #e69f00; --follower: #a9bccb; --learner: #009e73;
  --abstaining: #f0e442; --starting: #d5d9dc; --down: #b9c0c5;
  --network: #56b4e9; --process: #d55e00; --disk: #cc79a7; --clock: #8a7a00; --membership: #1d2328;
  --broken: #c8371b; --held: #00795a; --healed: #00795a12; --on-leader: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --ink: #e8ebed; --soft: #98a4ad; --line: #2b3238; --card: #1b2125;
    --leader: #3fa0de; --follower: #4c6071; --learner: #22b98e; --starting: #3a4248;
    --down: #4a545c; --membership: #e8ebed; --clock: #c8b83a; --broken: #ff7a59; --held: #3ecfa0;
    --healed: #3ecfa014; --on-leader: #0c1216;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums }
main { max-width: 1320px; margin: 0 auto; padding: 36px 28px 80px }
.over { color: var(--soft); font-size: 13px; letter-spacing: .02em; margin: 0 }
h1 { font-size: 32px; line-height: 1.2; margin: 4px 0 8px; font-weight: 650;
  letter-spacing: -.015em; text-wrap: balance }
h1.broken { color: var(--broken) } h1.held { color: var(--held) }
h2 { font-size: 18px; margin: 44px 0 10px; font-weight: 650 }
.what { font-size: 18px; max-width: 75ch; margin: 0 0 6px; overflow-wrap: anywhere }
.rule-text { color: var(--soft); max-width: 75ch; margin: 0 0 14px }
dl.facts { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 20px 0 }
dl.facts dt { color: var(--soft); font-size: 12.5px }
dl.facts dd { margin: 0; font-size: 17px; font-weight: 550 }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace }
.command { display: flex; gap: 12px; align-items: center; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; max-width: max-content }
.command code { overflow-wrap: anywhere }
button { font: inherit; font-size: 13px; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 3px 12px; cursor: pointer }
button:hover { border-color: var(--soft) }
:focus-visible { outline: 2px solid var(--leader); outline-offset: 2px }
.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0 }
.tools span { color: var(--soft); font-size: 13px }
.stage { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 10px 4px 4px; overflow-x: auto }
svg#timeline { display: block; width: 100%; min-width: 860px; height: auto; outline-offset: -2px;
  cursor: crosshair; user-select: none; touch-action: pan-y }
svg text { fill: var(--ink); font-size: 12px; pointer-events: none }
.lane-name { text-anchor: end; font-weight: 550 }
svg .lane-name[data-node] { pointer-events: auto; cursor: default }
svg text.small { text-anchor: end; fill: var(--soft); font-size: 11px }
.ticks line { stroke: var(--line) } .ticks text { text-anchor: middle; fill: var(--soft) }
.rule { stroke: var(--line) }
.z rect, .z path { vector-effect: non-scaling-stroke }
.role { stroke: var(--card); stroke-width: .75 }
.leader { fill: var(--leader) } .candidate { fill: var(--candidate) }
.follower { fill: var(--follower) } .learner { fill: var(--learner) }
.abstaining { fill: var(--abstaining) } .starting { fill: var(--starting) }
.down { fill: var(--down) } .paused { fill: url(#hatch) }
.hatch { stroke: var(--ink); stroke-width: 2.5 }
svg .word text { fill: var(--on-leader); font-size: 11px; font-weight: 600 }
svg .word text.on-candidate { fill: #1d2328 }
.spell { stroke-width: 1.2 }
.spell.network { fill: var(--network); stroke: var(--network) }
.spell.process { fill: var(--process); stroke: var(--process) }
.spell.disk { fill: var(--disk); stroke: var(--disk) }
.spell.clock { fill: var(--clock); stroke: var(--clock) }
.spell.side-b { fill: none }
.mark { stroke-width: 2.2; fill: var(--card) }
.mark.network { stroke: var(--network); fill: var(--network) }
.mark.process { stroke: var(--process); fill: none }
.mark.disk { stroke: var(--disk); fill: var(--disk) } .mark.clock { stroke: var(--clock) }
.mark.membership { stroke: var(--membership); fill: none }
.mark.process, .mark.membership { paint-order: stroke }
.refused { opacity: .28 }
.height { fill: none; stroke: var(--soft); stroke-width: 1; opacity: .5 }
.height.all { stroke: var(--leader); stroke-width: 2; opacity: 1 }
.height.lit { stroke: var(--process); stroke-width: 2.5; opacity: 1 }
.healed { fill: var(--healed) }
.healed-flag line { stroke: var(--held) } svg .healed-flag text { fill: var(--held) }
.broken-flag line { stroke: var(--broken); stroke-width: 2 }
svg .broken-flag text { fill: var(--broken); font-weight: 650 }
.cross { stroke: var(--ink); stroke-dasharray: 2 3; visibility: hidden }
.chosen { fill: var(--leader); opacity: .15; visibility: hidden }
#tip { position: fixed; pointer-events: none; background: var(--ink); color: var(--paper);
  border-radius: 6px; padding: 5px 10px; font-size: 13px; max-width: 380px; opacity: 0; z-index: 2 }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 12px 2px; padding: 0;
  list-style: none; font-size: 13px; color: var(--soft) }
.legend li { display: flex; gap: 6px; align-items: center }
.legend svg { width: 22px; height: 16px }
table { border-collapse: collapse; width: 100%; font-size: 14px }
td, th { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 500; font-size: 12.5px }
td.time, td.node { white-space: nowrap; color: var(--soft) } td.time { text-align: right }
tr[data-us]:hover { background: var(--line) } tr.now td { color: var(--broken); font-weight: 600 }
.events { max-height: 480px; overflow: auto; border: 1px solid var(--line); border-radius: 8px;
  background: var(--card); padding: 0 14px }
.events th { position: sticky; top: 0; background: var(--card) }
.campaign td:first-child { white-space: nowrap; color: var(--soft) }
details { margin-top: 40px } summary { cursor: pointer; font-size: 18px; font-weight: 650 }
details pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 14px; max-height: 560px; overflow: auto }
@media (max-width: 700px) { main { padding: 20px 14px 60px } h1 { font-size: 25px } }
)";
}

std::string_view page_script() {
    return R"js(
(() => {
const svg = document.getElementById('timeline'), tip = document.getElementById('tip');
const left = +svg.dataset.left, width = +svg.dataset.width, total = +svg.dataset.us / 1e6;
const bottom = +svg.dataset.bottom, top = +svg.dataset.top;
const scaled = svg.querySelectorAll('.z'), fixed = svg.querySelectorAll('.f');
const ticks = svg.querySelector('.ticks'), cross = svg.querySelector('.cross');
const chosen = svg.querySelector('.chosen'), ns = 'http://www.w3.org/2000/svg';
let from = 0, to = total;
for (const title of svg.querySelectorAll('title')) {
  title.parentNode.dataset.tip = title.textContent;
  title.remove();
}
const place = seconds => (seconds - from) / (to - from) * width;
function show(a, b) {
  const least = Math.min(total, 0.002);
  if (b - a < least) { const mid = (a + b) / 2; a = mid - least / 2; b = mid + least / 2; }
  const span = Math.min(b - a, total);
  from = Math.max(0, Math.min(a, total - span)); to = from + span;
  const k = total / span, shift = -from / span * width;
  for (const group of scaled) group.setAttribute('transform', `matrix(${k} 0 0 1 ${shift} 0)`);
  for (const item of fixed) {
    const x = item.dataset.x * k + shift, hidden = x < -150 || x > width + 150;
    item.setAttribute('transform', `translate(${x},0)`);
    const room = item.dataset.w === undefined ? Infinity : item.dataset.w * k;
    const need = item.textContent.length * 7 + 7;
    item.style.visibility = hidden || room < need ? 'hidden' : 'visible';
  }
  drawTicks(span);
}
function drawTicks(span) {
  let step = 0.000001;
  for (let i = 0; span / step > 12; ++i) step *= i % 3 === 1 ? 2.5 : 2;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  ticks.replaceChildren();
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to + 1e-9; ++n) {
    const group = document.createElementNS(ns, 'g');
    group.setAttribute('transform', `translate(${place(n * step)},0)`);
    const line = document.createElementNS(ns, 'line'), text = document.createElementNS(ns, 'text');
    line.setAttribute('y2', bottom - top + 6);
    text.setAttribute('y', bottom - top + 22);
    text.textContent = (n * step).toFixed(digits) + ' s';
    group.append(line, text);
    ticks.append(group);
  }
}
function seconds(event) {
  const box = svg.getBoundingClientRect(), all = svg.viewBox.baseVal.width;
  const x = (event.clientX - box.left) / box.width * all - left;
  return from + Math.max(0, Math.min(1, x / width)) * (to - from);
}
function line(at) {
  const inside = at >= from && at <= to;
  cross.style.visibility = inside ? 'visible' : 'hidden';
  cross.setAttribute('x1', place(at)); cross.setAttribute('x2', place(at));
}
function say(event, text) {
  tip.textContent = text;
  tip.style.opacity = 1;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - box.width - 8, event.clientX + 14)) + 'px';
  tip.style.top = (event.clientY + box.height + 24 > innerHeight
    ? event.clientY - box.height - 12 : event.clientY + 18) + 'px';
}
function light(node) {
  for (const path of svg.querySelectorAll('.height'))
    path.classList.toggle('lit', node !== undefined && path.dataset.node === node);
}
let grabbed = null;
svg.addEventListener('pointerdown', event => { if (event.button === 0) grabbed = seconds(event); });
addEventListener('pointerup', event => {
  if (grabbed === null) return;
  const other = seconds(event), start = grabbed;
  grabbed = null;
  chosen.style.visibility = 'hidden';
  const [a, b] = [Math.min(start, other), Math.max(start, other)];
  if (place(b) - place(a) > 6) show(a, b);
});
svg.addEventListener('pointermove', event => {
  const at = seconds(event);
  line(at);
  const text = event.target.dataset?.tip;
  say(event, (text ? text + '\u2002·\u2002' : '') + at.toFixed(3) + ' s');
  light(event.target.dataset?.node);
  if (grabbed === null) return;
  const a = place(Math.min(grabbed, at)), b = place(Math.max(grabbed, at));
  chosen.setAttribute('x', a); chosen.setAttribute('width', b - a);
  chosen.style.visibility = 'visible';
});
svg.addEventListener('pointerleave', () => {
  tip.style.opacity = 0; cross.style.visibility = 'hidden'; light();
});
svg.addEventListener('dblclick', () => show(0, total));
svg.addEventListener('wheel', event => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const at = seconds(event), by = event.deltaY > 0 ? 1.25 : 0.8;
  show(at - (at - from) * by, at + (to - at) * by);
}, {passive: false});
svg.addEventListener('keydown', event => {
  const span = to - from, middle = (from + to) / 2, keys = {
    ArrowLeft: () => show(from - span / 5, to - span / 5),
    ArrowRight: () => show(from + span / 5, to + span / 5),
    '+': () => show(middle - span / 4, middle + span / 4),
    '-': () => show(middle - span, middle + span), '0': () => show(0, total)};
  if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
});
for (const button of document.querySelectorAll('button[data-from]'))
  button.onclick = () => show(+button.dataset.from / 1e6, +button.dataset.to / 1e6);
for (const button of document.querySelectorAll('button[data-copy]'))
  button.onclick = () => navigator.clipboard?.writeText(button.dataset.copy)
    .then(() => { button.textContent = 'copied'; });
for (const row of document.querySelectorAll('tr[data-us]'))
  row.onmouseenter = () => line(+row.dataset.us / 1e6);
const events = document.querySelector('.events');
if (events) events.scrollTop = events.scrollHeight;
show(0, total);
})();
)js";
}

}  // namespace holdfast::sim
