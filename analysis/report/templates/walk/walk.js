// How long a slider has to rest until the maps are fine.
const SETTLED_MS = 150;
const inView = (canvas) => {
  const { top, bottom } = canvas.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
};

// The walkable map: a place in the space, two axes to look along, trials, and what is chosen of them.
async function walk() {
  const source = document.getElementById("walk-data");
  if (!source) return;
  const data = JSON.parse(await unpack("walk-data"));
  const { axes, verdicts, rows } = data;
  const byId = (id) => document.getElementById(id);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const predictor = data.model ? makePredictor(data.model, axes, verdicts) : null;
  const state = {
    x: data.start.x,
    y: data.start.y,
    setting: data.start.setting.slice(),
    average: false,
    dots: !predictor,
    filter: { verdicts: new Set(verdicts.keys()), cause: -1, texts: {} },
  };
  let chosen = chosenRows(data, state.filter);
  const canvases = [...document.querySelectorAll("canvas[data-map]")];
  const maps = mapPainter({ data, state, predictor, style, chosen: () => chosen });
  const nearest = nearestTrials(axes, rows);

  const settingText = (setting, wanted = () => true) => axes.map((axis, index) => (wanted(index) ? `${axis.label} ${valueLabel(axis, setting[index])}` : "")).filter((text) => text).join(", ");

  // What is known of a place: probabilities with intervals, and the trials next to it.
  function tell(setting) {
    byId("walk-where").textContent = settingText(setting);
    const list = byId("walk-odds");
    if (predictor) {
      const { p, low, high } = predictor.at(setting);
      const order = [...verdicts.keys()].sort((one, other) => p[other] - p[one]);
      list.replaceChildren(...order.map((index) => {
        const item = document.createElement("li");
        item.className = `verdict-${verdicts[index].name}`;
        const text = `${verdicts[index].name} ${percent(p[index])} (${(100 * low[index]).toFixed(0)}–${(100 * high[index]).toFixed(0)} %)`;
        item.append(Object.assign(document.createElement("span"), { className: "track", innerHTML: "<span></span>" }), text);
        item.querySelector(".track span").style.width = `${100 * p[index]}%`;
        return item;
      }));
    }
    byId("walk-near").replaceChildren(...nearest(chosen, setting, 5).map((row) => {
      const item = document.createElement("li");
      item.className = `verdict-${verdicts[rows.verdict[row]].name}`;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Trial ${rows.trial[row]}: ${verdicts[rows.verdict[row]].name}` });
      button.addEventListener("click", () => show(row));
      const unlike = axes.map((axis, index) => [distance(axis, setting[index], rows.settings[index][row]), `${axis.label} ${valueLabel(axis, rows.settings[index][row])}`])
        .filter(([apart]) => apart > 0.03).sort((one, other) => other[0] - one[0]).slice(0, 3).map(([, text]) => text).join(", ");
      item.append(Object.assign(document.createElement("span"), { className: "dot" }), button, Object.assign(document.createElement("span"), { className: "quiet", textContent: unlike ? ` ${unlike}` : " the same setting" }));
      return item;
    }));
  }

  function show(row, focus = true) {
    const title = trialCard(byId("walk-trial"), data, row, { first: style("--muted"), last: style("--accent") });
    if (focus) title.focus();
  }

  // While a slider moves the maps are coarse, at most once a frame; a moment later they are fine.
  let [asked, later] = [0, 0];
  function redraw({ draft = false } = {}) {
    clearTimeout(later);
    if (draft) {
      later = setTimeout(redraw, SETTLED_MS);
      if (!asked) asked = requestAnimationFrame(() => paint(true));
      return;
    }
    paint(false);
  }
  function paint(draft) {
    cancelAnimationFrame(asked);
    asked = 0;
    for (const canvas of canvases) if (!draft || inView(canvas)) maps.paint(canvas, draft);
    tell(state.setting);
    say();
    const others = byId("map-at");
    if (others) others.textContent = state.average ? "the average over the other settings" : settingText(state.setting, (index) => index !== state.x && index !== state.y);
  }
  // One sentence for those who hear the map.
  function say() {
    const [xAxis, yAxis] = [axes[state.x], axes[state.y]];
    for (const canvas of canvases) canvas.setAttribute("aria-label", `Map of ${xAxis.label} and ${yAxis.label}. At ${xAxis.label} ${valueLabel(xAxis, state.setting[state.x])}, ${yAxis.label} ${valueLabel(yAxis, state.setting[state.y])}: ${byId("walk-odds").textContent || "no model"}. Arrow keys move, Enter shows the nearest trial.`);
  }

  const table = trialTable(byId("walk-table"), data, { onFilter: filterBy, onTrial: show });
  const parallel = parallelCoordinates(byId("walk-parallel"), data, {
    ink: () => style("--text"), muted: () => style("--muted"), paper: () => style("--paper"),
    onFilter: (axis, text) => {
      table.write(axis, text);
      filterBy(axis, text);
    },
  });
  function filterBy(axis, text) {
    state.filter.texts[axis.name] = text;
    refilter();
  }
  function refilter() {
    chosen = chosenRows(data, state.filter);
    byId("walk-count").textContent = `${chosen.length.toLocaleString("en")} of ${rows.trial.length.toLocaleString("en")} trials`;
    table.show(chosen);
    parallel.draw(chosen);
    redraw();
  }

  controls({ data, state, redraw, refilter, byId });
  for (const canvas of canvases) pointing(canvas, { state, axes, tell, redraw, open: () => show(nearest(chosen, state.setting, 1)[0]) });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refilter);
  new ResizeObserver(refilter).observe(byId("walk-parallel"));
  for (const canvas of canvases) new ResizeObserver(() => redraw()).observe(canvas);
  for (const details of document.querySelectorAll("#walk details")) details.addEventListener("toggle", refilter);
  document.documentElement.classList.add("walking");
  refilter();
  if (chosen.length) show(nearest(chosen, state.setting, 1)[0], false);
  window.gradscape = { data, state, predictor, redraw };
}
