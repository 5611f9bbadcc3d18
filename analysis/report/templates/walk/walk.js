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
  const maps = [...document.querySelectorAll("canvas[data-map]")];
  const grids = new Map();

  const themed = () => ({ ink: style("--text"), muted: style("--muted"), paper: style("--paper") });
  const scale = () => data.scales[window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];

  function grid() {
    const key = JSON.stringify([state.x, state.y, state.average, state.average ? 0 : state.setting.map((v, i) => (i === state.x || i === state.y ? 0 : v))]);
    if (!grids.has(key)) {
      if (grids.size > 40) grids.clear();
      grids.set(key, predictor.grid(state.x, state.y, state.setting, state.average ? data.others : null));
    }
    return grids.get(key);
  }

  // Theory's medians over the trials that are like the setting in what theory heeds, cell by cell.
  function theoryLines() {
    const heeded = ["activation", "initialization", "init_gain", "normalization", "connections", "optimizer"];
    const alike = (row) => axes.every((axis, index) => !heeded.includes(axis.name) || index === state.x || index === state.y || !listed(axis) || rows.settings[index][row] === state.setting[index]);
    const own = state.average ? [...rows.trial.keys()] : [...rows.trial.keys()].filter(alike);
    return Object.entries(data.theory).flatMap(([name, { on, values }]) => {
      if (on !== state.x && on !== state.y) return [];
      const across = on === state.x ? state.y : state.x;
      const cells = listed(axes[across]) ? axes[across].labels.length : 8;
      const found = Array.from({ length: cells }, () => []);
      for (const row of own) {
        const at = position(axes[across], rows.settings[across][row]);
        if (!Number.isNaN(at) && values[row] !== null) found[Math.min(cells - 1, Math.floor(at * cells))].push(values[row]);
      }
      const points = [];
      let joined = false;
      found.forEach((some, cell) => {
        if (some.length < 2) return (joined = false);
        const middle = some.sort((one, other) => one - other)[Math.floor(some.length / 2)];
        const at = numberPosition(axes[on], middle);
        if (at < 0 || at > 1) return (joined = false);
        const ends = listed(axes[across]) ? [cell / cells, (cell + 1) / cells] : [(cell + 0.5) / cells];
        for (const end of ends) {
          points.push(on === state.x ? [at, end, joined] : [end, at, joined]);
          joined = true;
        }
      });
      return [{ dash: name === "trainable depth" ? [9, 5] : [2, 4], points }];
    });
  }

  function paintMap(canvas) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [xAxis, yAxis] = [axes[state.x], axes[state.y]];
    const colors = themed();
    const area = areaOf(canvas, yAxis);
    if (predictor) {
      const { fields, nx, ny } = grid();
      const size = { xAxis, yAxis, nx, ny, width: Math.round(area.width), height: Math.round(area.height) };
      const stable = canvas.dataset.map === "stable";
      const wanted = stable ? [fields.p[0], fields.low[0], fields.high[0]] : [...fields.p, ...bandFields(fields)];
      const ink = rgb(colors.ink);
      const image = raster(wanted, size, stable ? shares(scale(), ink) : likeliest(verdicts, ink));
      const buffer = new OffscreenCanvas(size.width, size.height);
      buffer.getContext("2d").putImageData(image, 0, 0);
      context.drawImage(buffer, area.x, area.y);
    }
    furnish(context, {
      ...colors, area, width, height, xAxis, yAxis, lines: theoryLines(), dots: state.dots ? dots() : [],
      place: [position(xAxis, state.setting[state.x]), position(yAxis, state.setting[state.y])],
    });
  }
  const bandFields = (fields) => BANDS.map((name) => verdicts.findIndex((verdict) => verdict.name === name)).filter((index) => index >= 0)
    .flatMap((index) => [fields.low[index], fields.high[index]]);

  function dots() {
    const stride = Math.max(1, Math.floor(chosen.length / 1200));
    return chosen.filter((_, index) => index % stride === 0).map((row) => {
      const jitter = (axis, salt) => (listed(axis) ? (((row * salt) % 1) - 0.5) / (1.5 * axis.labels.length) : 0);
      const at = (index, salt) => position(axes[index], rows.settings[index][row]) + jitter(axes[index], salt);
      return { x: at(state.x, 0.618), y: at(state.y, 0.414), color: verdicts[rows.verdict[row]].color };
    });
  }

  function nearest(setting, most) {
    const scored = chosen.map((row) => [axes.reduce((sum, axis, index) => sum + distance(axis, setting[index], rows.settings[index][row]) ** 2, 0), row]);
    return scored.sort((one, other) => one[0] - other[0]).slice(0, most).map(([, row]) => row);
  }

  // What is known of a place: probabilities with intervals, and the trials next to it.
  function tell(setting) {
    const where = axes.map((axis, index) => `${axis.label} ${valueLabel(axis, setting[index])}`).join(", ");
    byId("walk-where").textContent = where;
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
    byId("walk-near").replaceChildren(...nearest(setting, 5).map((row) => {
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

  function redraw() {
    for (const canvas of maps) paintMap(canvas);
    tell(state.setting);
    say();
  }
  // One sentence for those who hear the map.
  function say() {
    const [xAxis, yAxis] = [axes[state.x], axes[state.y]];
    for (const canvas of maps) canvas.setAttribute("aria-label", `Map of ${xAxis.label} and ${yAxis.label}. At ${xAxis.label} ${valueLabel(xAxis, state.setting[state.x])}, ${yAxis.label} ${valueLabel(yAxis, state.setting[state.y])}: ${byId("walk-odds").textContent || "no model"}. Arrow keys move, Enter shows the nearest trial.`);
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
  for (const canvas of maps) pointing(canvas, { state, axes, tell, redraw, open: () => show(nearest(state.setting, 1)[0]) });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refilter);
  new ResizeObserver(refilter).observe(byId("walk-parallel"));
  for (const canvas of maps) new ResizeObserver(redraw).observe(canvas);
  for (const details of document.querySelectorAll("#walk details")) details.addEventListener("toggle", refilter);
  document.documentElement.classList.add("walking");
  refilter();
  if (chosen.length) show(nearest(state.setting, 1)[0], false);
  window.gradscape = { data, state, predictor, redraw };
}
