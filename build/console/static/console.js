"use strict";
// Keeps the page up to date: the server says that there is something new, htmx fetches what changes.

const connection = document.getElementById("connection");
const seen = new WeakMap();
const plots = new Map();
const SECONDS_BETWEEN_ATTEMPTS = 2;

function show(state, words) {
  connection.dataset.state = state;
  connection.querySelector(".words").textContent = words;
}

function follow() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => show("live", "live"));
  events.addEventListener("refresh", () => {
    htmx.trigger(document.body, "refresh");
    drawGraphs();
  });
  events.addEventListener("error", () => {
    show("lost", "connection lost, trying again");
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(follow, SECONDS_BETWEEN_ATTEMPTS * 1000);
    }
  });
}

// What did not change is left alone, so that nothing flickers, loses focus or is folded.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (seen.get(detail.target) === detail.serverResponse && detail.requestConfig.triggeringEvent?.type === "refresh") {
    detail.shouldSwap = false;
  }
  seen.set(detail.target, detail.serverResponse);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const refreshed = event.detail.requestConfig.triggeringEvent?.type === "refresh";
  const frozen = document.getElementById("follow")?.checked === false;
  if (refreshed && (document.hidden || (frozen && event.detail.elt.id === "live"))) {
    event.preventDefault();
  }
});

let folded = new Map();
let focused = "";
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  folded = new Map([...detail.target.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
  focused = detail.target.contains(document.activeElement) ? focusKey(document.activeElement) : "";
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "detail") detail.target.scrollIntoView({ block: "nearest" });
  for (const [id, open] of folded) {
    const part = document.getElementById(id);
    if (part) part.open = open;
  }
  if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
  markTab();
  drawGraphs();
});

function focusKey(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const label = element.getAttribute("aria-label");
  const link = element.getAttribute("href");
  if (label) return `[aria-label^="${CSS.escape(label.split(":")[0])}:"]`;
  return link ? `a[href="${CSS.escape(link)}"]` : "";
}

function markTab() {
  const current = document.querySelector("main [data-panel]")?.dataset.panel;
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.dataset.panel === current) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawing(place, graph) {
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const lines = graph.lines.map((line, number) => ({
    label: line.label, stroke: colour(`--series-${number % 6}`), width: 1.8, spanGaps: true, dash: number > 5 ? [4, 3] : [],
    points: { show: graph.times.length < 12, size: 5 },
  }));
  return {
    width: place.clientWidth, height: 176, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { y: false }, scales: { x: { range: () => graph.shown }, y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.1] } },
    axes: [{ ...axis, size: 28, values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toISOString().slice(11, 16)) }, { ...axis, size: 56 }],
    legend: { markers: { fill: (_, number) => (number > 6 ? "" : colour(`--series-${number - 1}`)), dash: (_, number) => (number > 6 ? "dashed" : "solid") } },
    series: [{}, ...lines],
  };
}

async function drawGraphs() {
  const grid = document.querySelector("[data-graphs]");
  if (!grid || document.hidden) return;
  const answer = await fetch(grid.dataset.graphs).catch(() => null);
  if (!answer?.ok) return;
  const graphs = await answer.json();
  for (const place of grid.querySelectorAll("[data-widget]")) {
    const graph = graphs[Number(place.dataset.widget)];
    if (graph) drawGraph(place, graph);
  }
}

function drawGraph(place, graph) {
  place.hidden = graph.lines.length === 0;
  place.parentElement.querySelector(".empty").hidden = !place.hidden;
  if (place.hidden) return;
  const data = [graph.times, ...graph.lines.map((line) => line.values)];
  const plot = plots.get(place);
  if (plot && plot.series.length === data.length) {
    plot.graph.shown = graph.shown;
    return plot.setData(data);
  }
  place.replaceChildren();
  const drawn = new uPlot(drawing(place, graph), data, place);
  drawn.graph = graph;
  plots.set(place, drawn);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  plots.clear();
  drawGraphs();
});
addEventListener("resize", () => {
  for (const [place, plot] of plots) {
    if (place.isConnected) plot.setSize({ width: place.clientWidth, height: 176 });
    else plots.delete(place);
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) htmx.trigger(document.body, "refresh");
});
follow();
