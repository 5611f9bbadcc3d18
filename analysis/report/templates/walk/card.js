// One trial: what became of it and why, its curves, its settings, its run in MLflow.
function trialCard(root, data, row, color) {
  const { rows, axes, verdicts, curves } = data;
  const verdict = verdicts[rows.verdict[row]].name;
  const number = rows.trial[row];
  const element = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });
  const title = element("h3", ` Trial ${number}: ${verdict}`);
  title.prepend(element("span", "", "dot"));
  title.tabIndex = -1;
  const parts = [title];
  const cause = rows.causes[rows.cause[row]];
  if (cause) parts.push(element("p", `Cause: ${cause.meaning}.`, "cause"));
  if (rows.explanation[row]) parts.push(element("p", rows.explanation[row], "explanation"));
  const charts = element("div", "", "charts");
  const loss = curves.loss[number];
  const gradient = curves.gradient[number];
  if (loss) {
    charts.append(lineChart({ series: [{ x: loss[0], y: loss[1], color: verdicts[rows.verdict[row]].color }], xTitle: "step", yTitle: "loss", label: `Loss of trial ${number} by step` }) ?? "");
  }
  if (gradient) {
    const series = [{ name: "step 0", x: gradient[0], y: gradient[1], color: color.first }];
    if (gradient[2].length) series.push({ name: "last step", x: gradient[0], y: gradient[2], color: color.last, dash: "5 3" });
    charts.append(lineChart({ series, xTitle: "layer", yTitle: "gradient (rms of delta)", label: `Gradient of trial ${number} by layer` }) ?? "");
  }
  if (!loss && !gradient) charts.append(element("p", "Its curves are in steps.parquet and layers.parquet.", "quiet"));
  parts.push(charts);
  const settings = axes.map((axis, index) => `${axis.label} ${valueLabel(axis, rows.settings[index][row])}`).join(", ");
  parts.push(element("p", `${settings}; seed ${rows.seed[row]}.`, "quiet settings"));
  const run = rows.run[row];
  if (run) {
    const line = element("p", "MLflow run ", "quiet");
    const address = data.mlflow && `${data.mlflow}/#/experiments/${data.experiment || "0"}/runs/${encodeURIComponent(run)}`;
    line.append(address ? Object.assign(element("a", run), { href: address }) : element("code", run));
    parts.push(line);
  }
  root.className = `trial verdict-${verdict}`;
  root.replaceChildren(...parts);
  return title;
}
