// A map of two hyperparameters on a canvas: colours of a model's probabilities, bands, lines, trials.
const CELLS = 44;
const BANDS = ["stable", "exploding", "vanishing"];
const MARGIN = { left: 58, right: 10, top: 10, bottom: 42 };
// Labels up a map have the room that the longest of them needs, as far as the map can spare it.
const marginsFor = (axis, width) => ({ ...MARGIN, left: clamp(32 + 7 * Math.max(...ticks(axis, 12).map(([, text]) => text.length)), 52, width / 3.4) });

// Where on a canvas the map itself lies.
function areaOf(canvas, yAxis) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const { left, right, top, bottom } = marginsFor(yAxis, width);
  return { x: left, y: top, width: width - left - right, height: height - top - bottom };
}

const rgb = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

function colorOf(scale, at) {
  for (let index = 1; index < scale.length; index += 1) {
    const [[low, first], [high, second]] = [scale[index - 1], scale[index]];
    if (at <= high || index === scale.length - 1) {
      const part = clamp((at - low) / (high - low), 0, 1);
      const [a, b] = [rgb(first), rgb(second)];
      return a.map((value, channel) => value + part * (b[channel] - value));
    }
  }
  return rgb(scale[0][1]);
}

// Values at which the model is asked along an axis: the entries of a list, or even steps.
const samples = (axis, most = CELLS) =>
  listed(axis) ? axis.labels.map((_, index) => index) : Array.from({ length: most }, (_, index) => valueAt({ ...axis, whole: false }, (index + 0.5) / most));

// For each pixel along an axis: the sample before it, and how far it is on to the next one.
function between(axis, count, pixels) {
  const before = new Int32Array(pixels);
  const part = new Float32Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const at = ((pixel + 0.5) / pixels) * count;
    if (listed(axis)) {
      before[pixel] = Math.min(count - 1, Math.floor(at));
      continue;
    }
    const place = clamp(at - 0.5, 0, count - 1);
    before[pixel] = Math.min(count - 2, Math.floor(place));
    part[pixel] = place - before[pixel];
  }
  return { before, part };
}

// Fills each pixel of an image with paint(values of the fields there, x, y) -> [r, g, b, a].
function raster(fields, { xAxis, yAxis, nx, ny, width, height }, paint) {
  const image = new ImageData(width, height);
  const [across, up] = [between(xAxis, nx, width), between(yAxis, ny, height)];
  const rows = fields.map(() => new Float32Array(nx));
  const here = new Float32Array(fields.length);
  for (let y = 0; y < height; y += 1) {
    const line = height - 1 - y;
    const [row, part] = [up.before[line], up.part[line]];
    fields.forEach((field, index) => {
      const [low, high] = [row * nx, part ? (row + 1) * nx : row * nx];
      for (let x = 0; x < nx; x += 1) rows[index][x] = field[low + x] + part * (field[high + x] - field[low + x]);
    });
    for (let x = 0; x < width; x += 1) {
      const [cell, along] = [across.before[x], across.part[x]];
      for (let index = 0; index < fields.length; index += 1) {
        const value = rows[index][cell];
        here[index] = along ? value + along * (rows[index][cell + 1] - value) : value;
      }
      paint(here, image.data, 4 * (y * width + x), x, y);
    }
  }
  return image;
}

function likeliest(verdicts, ink) {
  const colors = verdicts.map(({ color }) => rgb(color));
  const count = verdicts.length;
  const bands = BANDS.filter((name) => verdicts.some((verdict) => verdict.name === name));
  return (here, pixels, at, x, y) => {
    let best = 0;
    for (let index = 1; index < count; index += 1) if (here[index] > here[best]) best = index;
    const color = colors[best];
    pixels[at] = color[0];
    pixels[at + 1] = color[1];
    pixels[at + 2] = color[2];
    // From even odds to certain: the probability is the colour's strength.
    pixels[at + 3] = 255 * (0.08 + 0.86 * clamp((here[best] - 1 / count) / (1 - 1 / count), 0, 1));
    // The edge of what trains; where nothing does, the one between vanishing and exploding.
    const open = (band) => bands[band] !== undefined && here[count + 2 * band] < 0.5 && here[count + 2 * band + 1] > 0.5;
    if (open(0) ? (x + y) % 7 === 0 : here[0] < 0.5 && (open(1) || open(2)) && (x - y + 4096) % 11 === 0) pixels.set([...ink, 140], at);
  };
}

function shares(scale, ink) {
  const table = Array.from({ length: 256 }, (_, index) => colorOf(scale, index / 255));
  return (here, pixels, at, x, y) => {
    const color = table[Math.round(255 * clamp(here[0], 0, 1))];
    const hatched = here[1] < 0.5 && here[2] > 0.5 && (x + y) % 7 === 0;
    pixels.set(hatched ? [...ink, 150] : [...color, 255], at);
  };
}

// Everything but the colours: axes, theory's lines, trials, the place that is looked at.
function furnish(context, { area, width, height, xAxis, yAxis, lines, dots, place, ink, muted, paper }) {
  const across = (at) => area.x + at * area.width;
  const up = (at) => area.y + (1 - at) * area.height;
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = ink;
  context.textAlign = "center";
  for (const [at, text] of ticks(xAxis, Math.floor(area.width / 70))) context.fillText(text.slice(0, 14), across(at), area.y + area.height + 16);
  context.textAlign = "right";
  for (const [at, text] of ticks(yAxis, Math.floor(area.height / 26))) context.fillText(text.slice(0, Math.floor((area.x - 24) / 6.6)), area.x - 6, up(at) + 4);
  context.fillStyle = muted;
  context.textAlign = "center";
  context.fillText(xAxis.label, area.x + area.width / 2, height - 6);
  context.save();
  context.translate(11, area.y + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(yAxis.label, 0, 0);
  context.restore();
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  context.lineWidth = 2.2;
  context.strokeStyle = ink;
  for (const { dash, points } of lines) {
    context.setLineDash(dash);
    context.beginPath();
    points.forEach(([x, y, joined]) => context[joined ? "lineTo" : "moveTo"](across(x), up(y)));
    context.stroke();
  }
  context.setLineDash([]);
  for (const { x, y, color } of dots) {
    context.beginPath();
    context.arc(across(x), up(y), 3, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.strokeStyle = paper;
    context.lineWidth = 1;
    context.fill();
    context.stroke();
  }
  if (place && !Number.isNaN(place[0]) && !Number.isNaN(place[1])) {
    for (const [color, line] of [[paper, 4.5], [ink, 2]]) {
      context.strokeStyle = color;
      context.lineWidth = line;
      context.beginPath();
      context.arc(across(place[0]), up(place[1]), 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  context.restore();
}
