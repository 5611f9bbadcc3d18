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

// An image whose line(values, pixels, y, cells) is called for each row of pixels, top down; values(field, into, first, step)
// writes a field's values there at each `step`th pixel from the `first` on, all of them from `cells`, a field's first and end.
function raster({ xAxis, yAxis, nx, ny, width, height }, line) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [across, up] = [between(xAxis, nx, width), between(yAxis, ny, height)];
  const cells = new Float32Array(nx + 1);
  for (let y = 0; y < height; y += 1) {
    const row = up.before[height - 1 - y];
    const part = up.part[height - 1 - y];
    const [low, high] = [row * nx, part ? (row + 1) * nx : row * nx];
    line((field, into, first = 0, step = 1) => {
      for (let x = 0; x < nx; x += 1) cells[x] = field[low + x] + part * (field[high + x] - field[low + x]);
      cells[nx] = cells[nx - 1];
      const { before, part: along } = across;
      for (let x = first; x < width; x += step) into[x] = cells[before[x]] + along[x] * (cells[before[x] + 1] - cells[before[x]]);
    }, pixels.subarray(y * width, (y + 1) * width), y, [low, Math.max(low, high) + nx]);
  }
  return image;
}

// A pixel as one number: every machine that has a browser today puts its lowest byte first.
const packedColor = ([red, green, blue], alpha) => ((Math.round(alpha) << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;

// The first pixel of a row that a hatching of `stride` has, falling or rising.
const hatchStart = (y, stride, rising) => (rising ? y % stride : (stride - (y % stride)) % stride);

// The likeliest verdict's colour, as strong as it is probable; hatched where an edge may be, in lines so far apart.
const HATCHES = { fine: [7, 11], draft: [4, 6] };
function likeliest({ p, low, high }, verdicts, ink, width, [apart, wider] = HATCHES.fine) {
  const count = verdicts.length;
  // From even odds to certain: the probability is the colour's strength.
  const colors = verdicts.map(({ color }) => Uint32Array.from({ length: 256 }, (_, at) => packedColor(rgb(color), 255 * (0.08 + 0.86 * clamp((at / 255 - 1 / count) / (1 - 1 / count), 0, 1)))));
  const [top, row, best, trains] = [new Float32Array(width), new Float32Array(width), new Uint8Array(width), new Float32Array(width)];
  // Probabilities sum to 1: what is nowhere above even odds is nowhere the likeliest.
  const contends = (field, [first, end]) => {
    for (let cell = first; cell < end; cell += 1) if (field[cell] > 1 / count - 1e-6) return true;
    return false;
  };
  const ends = [0, 1, 2, 3].map(() => new Float32Array(width));
  const [stable, ...others] = BANDS.map((name) => verdicts.findIndex((verdict) => verdict.name === name));
  const mark = packedColor(ink, 140);
  const open = ([below, above], x) => below[x] < 0.5 && above[x] > 0.5;
  const read = (values, band, [below, above], first, step) => {
    values(low[band], below, first, step);
    values(high[band], above, first, step);
  };
  return (values, pixels, y, cells) => {
    top.fill(-1);
    values(p[stable], trains);
    for (let index = 0; index < count; index += 1) {
      if (!contends(p[index], cells)) continue;
      values(p[index], row);
      for (let x = 0; x < width; x += 1) {
        if (row[x] <= top[x]) continue;
        top[x] = row[x];
        best[x] = index;
      }
    }
    for (let x = 0; x < width; x += 1) pixels[x] = colors[best[x]][(255 * clamp(top[x], 0, 1) + 0.5) | 0];
    // The edge of what trains; where nothing does, the one between vanishing and exploding.
    const [own, other] = [ends.slice(0, 2), ends.slice(2)];
    const rising = hatchStart(y, wider, true);
    read(values, stable, own, rising, wider);
    for (const band of others) {
      read(values, band, other, rising, wider);
      for (let x = rising; x < width; x += wider) if (open(other, x) && !open(own, x) && trains[x] < 0.5) pixels[x] = mark;
    }
    const falling = hatchStart(y, apart, false);
    read(values, stable, own, falling, apart);
    for (let x = falling; x < width; x += apart) if (open(own, x)) pixels[x] = mark;
  };
}

function shares({ p, low, high }, scale, ink, width, [apart] = HATCHES.fine) {
  const colors = Uint32Array.from({ length: 256 }, (_, index) => packedColor(colorOf(scale, index / 255), 255));
  const [row, below, above] = [0, 1, 2].map(() => new Float32Array(width));
  const mark = packedColor(ink, 150);
  return (values, pixels, y) => {
    values(p[0], row);
    for (let x = 0; x < width; x += 1) pixels[x] = colors[Math.round(255 * clamp(row[x], 0, 1))];
    const first = hatchStart(y, apart, false);
    values(low[0], below, first, apart);
    values(high[0], above, first, apart);
    for (let x = first; x < width; x += apart) if (below[x] < 0.5 && above[x] > 0.5) pixels[x] = mark;
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
