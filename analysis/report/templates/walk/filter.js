// Filters of trials: verdicts, a cause, and what is written under the columns of the table.
// "0.01..0.1", ">= 4", "< 1e-3", or names and numbers with commas between them.
function condition(axis, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return () => true;
  const numberOf = (value) => {
    if (!listed(axis)) return value;
    if (axis.names) return NaN;
    return axis.numbers[value] ?? Infinity;
  };
  const range = /^(\S+?)\s*\.\.\s*(\S+)$/.exec(wanted);
  if (range) {
    const [low, high] = [Number(range[1]), Number(range[2])];
    return (value) => value !== null && numberOf(value) >= low && numberOf(value) <= high;
  }
  const bound = /^(<=|>=|<|>)\s*(\S+)$/.exec(wanted);
  if (bound) {
    const limit = Number(bound[2]);
    const holds = { "<": (v) => v < limit, "<=": (v) => v <= limit, ">": (v) => v > limit, ">=": (v) => v >= limit }[bound[1]];
    return (value) => value !== null && holds(numberOf(value));
  }
  const parts = wanted.split(",").map((part) => part.trim()).filter(Boolean);
  return (value) => value !== null && parts.some((part) =>
    listed(axis) ? axis.labels[value].toLowerCase() === part || numberOf(value) === Number(part) : value === Number(part));
}

function chosenRows(data, filter) {
  const { rows, axes } = data;
  const tests = axes.map((axis, index) => [rows.settings[index], filter.texts[axis.name] ?? ""])
    .map(([column, text], index) => (text.trim() ? [column, condition(axes[index], text)] : null)).filter(Boolean);
  const chosen = [];
  for (let row = 0; row < rows.trial.length; row += 1) {
    if (!filter.verdicts.has(rows.verdict[row])) continue;
    if (filter.cause >= 0 && rows.cause[row] !== filter.cause) continue;
    if (tests.every(([column, holds]) => holds(column[row]))) chosen.push(row);
  }
  return chosen;
}
