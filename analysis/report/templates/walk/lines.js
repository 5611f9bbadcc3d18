// Small line charts as SVG: the curves of one trial.
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// series: [{name, x, y, color, dash}]; y is drawn logarithmically, what is not positive is left out.
function lineChart({ series, xTitle, yTitle, label }) {
  const [width, height, left, bottom, top, right] = [420, 216, 52, 34, 30, 10];
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "chart" });
  const points = series.map(({ x, y }) => x.map((at, index) => [at, y[index]]).filter(([, value]) => value > 0));
  const all = points.flat();
  if (!all.length) return null;
  const xs = all.map(([x]) => x);
  const logs = all.map(([, y]) => Math.log10(y));
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  let [y0, y1] = [Math.min(...logs), Math.max(...logs)];
  if (y1 - y0 < 0.5) [y0, y1] = [(y0 + y1) / 2 - 0.25, (y0 + y1) / 2 + 0.25];
  const across = (x) => left + (x1 > x0 ? (x - x0) / (x1 - x0) : 0.5) * (width - left - right);
  const up = (log) => height - bottom - ((log - y0) / (y1 - y0)) * (height - bottom - top);
  const decades = Math.max(1, Math.ceil((y1 - y0) / 4));
  for (let power = Math.ceil(y0); power <= y1; power += decades) {
    root.append(svg("line", { x1: left, x2: width - right, y1: up(power), y2: up(power), class: "grid" }));
    root.append(svg("text", { x: left - 6, y: up(power) + 4, "text-anchor": "end" }, numberLabel(10 ** power)));
  }
  if (Math.ceil(y0) > y1) {
    for (const end of [y0, y1]) root.append(svg("text", { x: left - 6, y: up(end) + 4, "text-anchor": "end" }, numberLabel(10 ** end)));
  }
  for (const x of x1 > x0 ? [x0, Math.round((x0 + x1) / 2), x1] : [x0]) {
    root.append(svg("text", { x: across(x), y: height - bottom + 14, "text-anchor": x === x1 && x1 > x0 ? "end" : "middle" }, String(x)));
  }
  root.append(svg("text", { x: (left + width) / 2, y: height - 3, "text-anchor": "middle", class: "muted" }, xTitle));
  root.append(svg("text", { x: 2, y: 11, class: "muted" }, yTitle));
  series.forEach(({ name, color, dash }, index) => {
    const path = points[index].map(([x, y]) => `${across(x).toFixed(1)},${up(Math.log10(y)).toFixed(1)}`).join(" ");
    root.append(svg("polyline", { points: path, fill: "none", stroke: color, "stroke-width": 2, "stroke-dasharray": dash ?? "none" }));
    if (points[index].length === 1) {
      const [[x, y]] = points[index];
      root.append(svg("circle", { cx: across(x), cy: up(Math.log10(y)), r: 3, fill: color }));
    }
    if (name) root.append(svg("text", { x: width - right, y: 11 + 13 * index, "text-anchor": "end", fill: color }, `${dash ? "┄ " : "— "}${name}`));
  });
  return root;
}
