// The maps: colours from the model's grid, theory's lines, trials; what does not change with a slider is kept.
const HEEDED = ["activation", "initialization", "init_gain", "normalization", "connections", "optimizer"];
const MOST_GRIDS = 40;

// What a key had the last time, or made new.
function kept(most = 1) {
  const known = new Map();
  return (key, make) => {
    if (!known.has(key)) {
      if (known.size >= most) known.clear();
      known.set(key, make());
    }
    return known.get(key);
  };
}

function mapPainter({ data, state, predictor, style, chosen }) {
  const { axes, verdicts, rows } = data;
  const [grids, lines, points, looks] = [new Map(), kept(MOST_GRIDS), kept(), kept(2)];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function grid(draft) {
    const key = JSON.stringify([state.x, state.y, state.average, state.average ? 0 : state.setting.map((v, i) => (i === state.x || i === state.y ? 0 : v))]);
    if (grids.has(key) && (draft || grids.get(key).fine)) return grids.get(key);
    if (grids.size > MOST_GRIDS) grids.clear();
    grids.set(key, { ...predictor.grid(state.x, state.y, state.setting, state.average ? data.others : null, draft), fine: !draft || state.average });
    return grids.get(key);
  }

  // Theory's medians over the trials that are like the setting in what theory heeds, cell by cell.
  function theoryLines() {
    const alike = axes.map((axis, index) => index).filter((index) => HEEDED.includes(axes[index].name) && index !== state.x && index !== state.y && listed(axes[index]) && !state.average);
    return lines(JSON.stringify([state.x, state.y, alike.map((index) => [index, state.setting[index]])]), () => {
      const own = [...rows.trial.keys()].filter((row) => alike.every((index) => rows.settings[index][row] === state.setting[index]));
      return Object.entries(data.theory).flatMap(([name, theory]) => theoryLine(name, theory, own));
    });
  }

  function theoryLine(name, { on, values }, own) {
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
  }

  function dots(some) {
    const stride = Math.max(1, Math.floor(some.length / 1200));
    return some.filter((_, index) => index % stride === 0).map((row) => {
      const jitter = (axis, salt) => (listed(axis) ? (((row * salt) % 1) - 0.5) / (1.5 * axis.labels.length) : 0);
      const at = (index, salt) => position(axes[index], rows.settings[index][row]) + jitter(axes[index], salt);
      return { x: at(state.x, 0.618), y: at(state.y, 0.414), color: verdicts[rows.verdict[row]].color };
    });
  }

  function colored(canvas, area, ink, draft) {
    const { fields, nx, ny } = grid(draft);
    // While a slider moves, a quarter of the pixels.
    const [width, height] = [area.width, area.height].map((length) => Math.round(length / (draft ? 2 : 1)));
    const hatches = HATCHES[draft ? "draft" : "fine"];
    const line = canvas.dataset.map === "stable" ? shares(fields, data.scales[dark.matches ? "dark" : "light"], ink, width, hatches) : likeliest(fields, verdicts, ink, width, hatches);
    const buffer = new OffscreenCanvas(width, height);
    buffer.getContext("2d").putImageData(raster({ xAxis: axes[state.x], yAxis: axes[state.y], nx, ny, width, height }, line), 0, 0);
    return buffer;
  }

  function paint(canvas, draft) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const context = canvas.getContext("2d");
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const [xAxis, yAxis] = [axes[state.x], axes[state.y]];
    const look = looks(dark.matches, () => ({ ink: style("--text"), muted: style("--muted"), paper: style("--paper") }));
    const area = areaOf(canvas, yAxis);
    if (predictor) context.drawImage(colored(canvas, area, rgb(look.ink), draft), area.x, area.y, Math.round(area.width), Math.round(area.height));
    const some = chosen();
    furnish(context, {
      ...look, area, width, height, xAxis, yAxis, lines: theoryLines(),
      dots: state.dots ? points(JSON.stringify([state.x, state.y, some.length, some[0]]), () => dots(some)) : [],
      place: [position(xAxis, state.setting[state.x]), position(yAxis, state.setting[state.y])],
    });
  }
  return { paint };
}

// The trials that are nearest to a setting: nearest(rows to choose from, setting, how many).
function nearestTrials(axes, rows) {
  const apart = axes.map((axis, index) => Float32Array.from(rows.settings[index], (value) => (value === null ? NaN : axis.names ? value : position(axis, value))));
  return (some, setting, most) => {
    const sums = new Float64Array(some.length);
    axes.forEach((axis, index) => {
      const own = setting[index] === null ? NaN : axis.names ? setting[index] : position(axis, setting[index]);
      const values = apart[index];
      for (let each = 0; each < some.length; each += 1) {
        const there = values[some[each]];
        let far = axis.names ? (there === own ? 0 : 0.6) : there - own;
        if (there !== there || own !== own) far = there !== there && own !== own ? 0 : 0.5;
        sums[each] += far * far;
      }
    });
    const best = [];
    for (let each = 0; each < some.length; each += 1) {
      if (best.length === most && sums[each] >= sums[best[most - 1]]) continue;
      let at = best.length;
      while (at > 0 && sums[best[at - 1]] > sums[each]) at -= 1;
      best.splice(at, 0, each);
      if (best.length > most) best.pop();
    }
    return best.map((each) => some[each]);
  };
}
