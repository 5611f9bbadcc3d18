// Parallel coordinates: one line a trial; drawing along an axis filters by it.
const LINES = 1500;

function parallelCoordinates(canvas, data, { onFilter, ink, muted, paper }) {
  const { rows, axes, verdicts } = data;
  const outcome = { label: "verdict", labels: verdicts.map((each) => each.name), names: true };
  const columns = [...axes.map((axis, index) => ({ axis, values: rows.settings[index] })), { axis: outcome, values: rows.verdict }];
  const height = 260;
  const top = 26;
  const bottom = 18;
  let width = 0;
  const across = (index) => 48 + (index * (width - 120)) / Math.max(1, columns.length - 1);
  const down = (at) => height - bottom - at * (height - top - bottom);
  let dragged = null;

  function draw(chosen) {
    width = canvas.clientWidth;
    const scale = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * scale, height * scale];
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const stride = Math.max(1, chosen.length / LINES);
    const count = Math.min(chosen.length, LINES);
    context.globalAlpha = clamp(40 / Math.max(1, count) + 0.1, 0.12, 0.8);
    context.lineWidth = 1.2;
    for (let index = 0; index < count; index += 1) {
      const row = chosen[Math.floor(index * stride)];
      context.strokeStyle = verdicts[rows.verdict[row]].color;
      context.beginPath();
      let pen = false;
      columns.forEach(({ axis, values }, column) => {
        const at = position(axis, values[row]);
        if (Number.isNaN(at)) return (pen = false);
        // Trials of one entry of a list lie a little apart.
        const spread = listed(axis) ? (((row * 0.618) % 1) - 0.5) / (1.6 * axis.labels.length) : 0;
        context[pen ? "lineTo" : "moveTo"](across(column), down(at + spread));
        pen = true;
      });
      context.stroke();
    }
    context.globalAlpha = 1;
    context.font = "12px system-ui, sans-serif";
    columns.forEach(({ axis }, column) => {
      context.strokeStyle = muted();
      context.beginPath();
      context.moveTo(across(column), down(0));
      context.lineTo(across(column), down(1));
      context.stroke();
      context.fillStyle = ink();
      context.textAlign = "center";
      context.fillText(axis.label.slice(0, 18), across(column), 12);
      context.textAlign = "left";
      context.fillStyle = ink();
      // On a halo, so that lines do not cross the letters.
      context.strokeStyle = paper();
      context.lineWidth = 4;
      for (const [at, text] of ticks(axis, 5)) {
        context.strokeText(text.slice(0, 12), across(column) + 4, down(at) + 4);
        context.fillText(text.slice(0, 12), across(column) + 4, down(at) + 4);
      }
      context.lineWidth = 1.2;
    });
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.round(((event.clientX - box.left - 48) * (columns.length - 1)) / (width - 120));
    return { column, at: (height - bottom - (event.clientY - box.top)) / (height - top - bottom) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    dragged = at(event);
    if (!axes[dragged.column]) dragged = null;
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const axis = axes[dragged.column];
    const ends = [dragged.at, at(event).at].sort((one, other) => one - other);
    dragged = null;
    if (ends[1] - ends[0] < 0.02) return onFilter(axis, "");
    const [low, high] = ends.map((end) => valueAt(axis, end));
    if (listed(axis)) return onFilter(axis, axis.labels.slice(low, high + 1).join(", "));
    onFilter(axis, `${numberLabel(low)}..${numberLabel(high)}`);
  });
  return { draw };
}
