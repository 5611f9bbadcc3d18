// The stability model, evaluated in the page: probabilities of all verdicts with intervals.
// The arithmetic is told in analysis/stability_model/export.py.
const expit = (logit) => 1 / (1 + Math.exp(-logit));

// The columns of one hyperparameter for a value of the page's axis; null does not apply.
function columnsOf(modelAxis, axis, value) {
  const { knots, log, names, optional, beyond } = modelAxis;
  const columns = [];
  const number = value === null || axis.names ? NaN : listed(axis) ? (axis.numbers[value] ?? Infinity) : value;
  const name = value === null ? null : axis.names ? axis.names[value] : Number.isFinite(number) ? (knots.length ? null : String(number)) : "none";
  const code = name === null ? -1 : names.indexOf(name);
  const absent = value === null;
  if (knots.length) {
    const last = knots.length - 1;
    let position = 0.5;
    if (code >= 0) position = beyond;
    else if (!absent) {
      const scale = (each) => (log ? Math.log(each) : each);
      const at = scale(log ? Math.max(number, knots[0] * 1e-6) : number);
      let left = 0;
      while (left < last - 1 && at >= scale(knots[left + 1])) left += 1;
      position = (left + (at - scale(knots[left])) / (scale(knots[left + 1]) - scale(knots[left]))) / last;
    }
    columns.push(position);
  }
  names.forEach((_, index) => columns.push(index === code ? 1 : 0));
  if (optional) columns.push(absent ? 1 : 0);
  return columns;
}

function meanProbability({ nodes, weights }, mean, deviation) {
  let sum = 0;
  for (let node = 0; node < nodes.length; node += 1) sum += weights[node] * expit(mean + deviation * nodes[node]);
  return sum;
}

// Logits of each verdict to probabilities [p, low, high], written at `at` of the fields.
function share(model, logits, places, fields, at) {
  const { z, certain } = model;
  const said = logits.map(([mean, deviation]) => meanProbability(model, mean, deviation));
  const rest = Math.max(said.slice(1).reduce((sum, each) => sum + each, 0), 1e-12);
  const left = 1 - said[0];
  const ends = ([mean, deviation]) => [expit(mean - z * deviation), expit(mean + z * deviation)];
  const ofFirst = ends(logits[0]);
  logits.forEach((logit, index) => {
    // The others share what the first verdict leaves; their intervals have its doubt too.
    const part = index ? left / rest : 1;
    const p = said[index] * part;
    let [low, high] = ends(logit).map((end) => end * part);
    if (index) {
      const of = p / Math.max(left, 1e-12);
      low = Math.max(p - Math.hypot(p - low, of * (ofFirst[1] - said[0])), 0);
      high = Math.min(p + Math.hypot(high - p, of * (said[0] - ofFirst[0])), 1);
    }
    const place = places[index];
    fields.p[place][at] = p;
    fields.low[place][at] = Math.min(low < certain ? 0 : low, p);
    fields.high[place][at] = Math.max(high > 1 - certain ? 1 : high, p);
  });
}

// Values of a lattice between those that are known: the mean of both neighbours.
function fillBetween(values, knownAcross, knownUp) {
  const nx = knownAcross.length;
  knownUp.forEach((known, j) => knownAcross.forEach((there, i) => {
    if (known && !there) values[j * nx + i] = (values[j * nx + i - 1] + values[j * nx + i + 1]) / 2;
  }));
  knownUp.forEach((known, j) => {
    for (let i = 0; !known && i < nx; i += 1) values[j * nx + i] = (values[(j - 1) * nx + i] + values[(j + 1) * nx + i]) / 2;
  });
}

function makePredictor(model, axes, verdicts) {
  const own = model.axes.map(({ name }) => axes.findIndex((axis) => axis.name === name));
  const widths = model.axes.map(({ columns }) => columns);
  const latents = model.verdicts.map((each) => new Latent(each, widths));
  const places = model.verdicts.map(({ verdict }) => verdicts.findIndex(({ name }) => name === verdict));
  // What does not apply where another hyperparameter has some value is left out.
  const applies = (setting) => setting.map((value, index) => {
    const { owner, when } = axes[index];
    return owner >= 0 && !when.includes(setting[owner]) ? null : value;
  });
  const starts = widths.map((_, group) => widths.slice(0, group).reduce((sum, width) => sum + width, 0));
  // What the model knows and no trial of the page varies is as in every trial.
  const constant = (group) => model.verdicts[0].inducing[0].slice(starts[group], starts[group] + widths[group]);
  const columns = (group, value) => (own[group] < 0 ? constant(group) : columnsOf(model.axes[group], axes[own[group]], value));
  const empty = (count) => verdicts.map(() => new Float32Array(count));
  const fieldsOf = (count) => ({ p: empty(count), low: empty(count), high: empty(count) });

  function at(setting) {
    const there = applies(setting);
    const logits = latents.map((latent) => {
      const parts = own.map((index, group) => latent.part(group, columns(group, index < 0 ? null : there[index])));
      const similar = latent.covariance(parts, new Float64Array(latent.size));
      return [latent.mean(similar), latent.deviations(Array(BLOCK).fill(similar))[0]];
    });
    const fields = fieldsOf(1);
    share(model, logits, places, fields, 0);
    return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.map(([value]) => value)]));
  }

  // Means and deviations of all verdicts' logits on a lattice [latent][y * nx + x]; of a draft, deviations at every other place of a range.
  function lattice(x, y, xs, ys, setting, draft) {
    const count = xs.length * ys.length;
    const [knownAcross, knownUp] = [[x, xs], [y, ys]].map(([axis, values]) => values.map((_, index) => !draft || listed(axes[axis]) || index % 2 === 0 || index === values.length - 1));
    return latents.map((latent) => {
      const [means, deviations] = [new Float64Array(count), new Float64Array(count)];
      const block = Array.from({ length: BLOCK }, () => new Float64Array(latent.size));
      const waiting = [];
      const measure = () => latent.deviations(block).slice(0, waiting.length).forEach((deviation) => (deviations[waiting.shift()] = deviation));
      const seen = new Map();
      const known = (group, value) => {
        const key = `${group} ${value}`;
        if (!seen.has(key)) seen.set(key, latent.part(group, columns(group, value)));
        return seen.get(key);
      };
      const parts = (index, values) => values.map((value) => own.map((each, group) => (each === index ? latent.part(group, columns(group, value)) : null)).find((part) => part) ?? latent.merged([]));
      const [across, up] = [parts(x, xs), parts(y, ys)];
      // Only where an owner's value lies along an axis does the rest change on the way.
      const dependent = axes.some(({ owner }) => owner === x || owner === y) || [x, y].some((axis) => axes[axis].owner >= 0);
      const restOf = (there) => latent.merged(own.map((index, group) => (index === x || index === y ? null : latent.part(group, columns(group, index < 0 ? null : there[index])))).filter((part) => part));
      const fixed = dependent ? null : restOf(applies(setting));
      for (let j = 0; j < ys.length; j += 1) {
        const row = latent.merged([up[j], fixed ?? latent.merged([])]);
        for (let i = 0; i < xs.length; i += 1) {
          let all = [row, across[i]];
          if (dependent) {
            const there = setting.slice();
            [there[x], there[y]] = [xs[i], ys[j]];
            const applied = applies(there);
            all = own.map((index, group) => known(group, index < 0 ? null : applied[index]));
          }
          const place = j * xs.length + i;
          means[place] = latent.mean(latent.covariance(all, block[waiting.length]));
          if (knownAcross[i] && knownUp[j]) waiting.push(place);
          if (waiting.length === BLOCK) measure();
        }
      }
      if (waiting.length) measure();
      fillBetween(deviations, knownAcross, knownUp);
      return { means, deviations };
    });
  }

  // A map's fields on a lattice of `most` places along each range.
  function slice(x, y, setting, most, draft = false) {
    const [xs, ys] = [samples(axes[x], most), samples(axes[y], most)];
    const said = lattice(x, y, xs, ys, setting, draft);
    const [nx, ny] = [xs.length, ys.length];
    const fields = fieldsOf(nx * ny);
    for (let at = 0; at < nx * ny; at += 1) share(model, said.map(({ means, deviations }) => [means[at], deviations[at]]), places, fields, at);
    return { fields, nx, ny };
  }

  // The mean over settings of trials, each with its own values of the other hyperparameters.
  function averaged(x, y, others) {
    let sum = null;
    for (const setting of others) {
      const one = slice(x, y, setting, 14);
      if (!sum) sum = one;
      else for (const name of ["p", "low", "high"]) sum.fields[name].forEach((field, index) => one.fields[name][index].forEach((value, at) => (field[at] += value)));
    }
    for (const name of ["p", "low", "high"]) for (const field of sum.fields[name]) for (let at = 0; at < field.length; at += 1) field[at] /= others.length;
    return sum;
  }

  // Where both axes are ranges, fewer places along each: a slider waits for all of them. While it moves, half of those.
  function grid(x, y, setting, others, draft = false) {
    if (others) return averaged(x, y, others);
    const most = listed(axes[x]) || listed(axes[y]) ? 40 : 28;
    return slice(x, y, setting, draft ? most / 2 : most, draft);
  }
  return { at, grid };
}
