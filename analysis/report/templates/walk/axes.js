// Hyperparameters: where a value lies along its axis, between 0 and 1, and back.
// A value is the index of an entry of a list, or the number itself of a range.
const listed = (axis) => axis.labels.length > 0;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function position(axis, value) {
  if (value === null || value === undefined) return NaN;
  if (listed(axis)) return (value + 0.5) / axis.labels.length;
  if (axis.low === axis.high) return 0.5;
  if (!axis.log) return (value - axis.low) / (axis.high - axis.low);
  return Math.log(value / axis.low) / Math.log(axis.high / axis.low);
}

function valueAt(axis, at) {
  at = clamp(at, 0, 1);
  if (listed(axis)) return Math.min(axis.labels.length - 1, Math.floor(at * axis.labels.length));
  const value = axis.log ? axis.low * (axis.high / axis.low) ** at : axis.low + at * (axis.high - axis.low);
  return axis.whole ? Math.round(value) : value;
}

function numberLabel(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e5) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return String(Number(value.toPrecision(3)));
  return value.toExponential(1).replace(/\.0e/, "e").replace("e+", "e");
}

// As analysis/labels.py writes a share.
function percent(share) {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share >= 0.995 && share < 1) return "> 99 %";
  return `${(100 * share).toFixed(0)} %`;
}

function valueLabel(axis, value) {
  if (value === null || value === undefined) return "not applicable";
  return listed(axis) ? axis.labels[value] : numberLabel(value);
}

// Where labels stand along an axis: [position, text].
function ticks(axis, most) {
  if (listed(axis)) {
    const stride = Math.ceil(axis.labels.length / most);
    return axis.labels.map((label, index) => [position(axis, index), label]).filter((_, index) => index % stride === 0);
  }
  if (axis.log) {
    const first = Math.ceil(Math.log10(axis.low) - 1e-9);
    const last = Math.floor(Math.log10(axis.high) + 1e-9);
    const stride = Math.max(1, Math.ceil((last - first) / Math.max(1, most - 1)));
    const made = [];
    for (let power = first; power <= last; power += stride) made.push([position(axis, 10 ** power), numberLabel(10 ** power)]);
    if (made.length > 1) return made;
  }
  return [0, 0.25, 0.5, 0.75, 1].map((at) => [at, numberLabel(valueAt(axis, at))]);
}

// How far two settings lie apart: names differ or not, numbers by their share of the axis.
function distance(axis, one, other) {
  if (one === null || other === null) return one === other ? 0 : 0.5;
  if (axis.names) return one === other ? 0 : 0.6;
  return Math.abs(position(axis, one) - position(axis, other));
}
