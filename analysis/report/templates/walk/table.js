// The trials as a table that sorts and filters.
const PAGE = 12;

function trialTable(root, data, { onFilter, onTrial }) {
  const { rows, axes, verdicts } = data;
  const columns = [
    { title: "trial", values: rows.trial, text: (row) => String(rows.trial[row]) },
    { title: "verdict", values: rows.verdict, text: (row) => verdicts[rows.verdict[row]].name },
    { title: "cause", values: rows.cause, text: (row) => rows.causes[rows.cause[row]]?.name ?? "–" },
    ...axes.map((axis, index) => ({ title: axis.label, axis, values: rows.settings[index], text: (row) => valueLabel(axis, rows.settings[index][row]) })),
    { title: "final loss", values: rows.loss, text: (row) => (rows.loss[row] === null ? "not finite" : numberLabel(rows.loss[row])) },
    { title: "metric", values: rows.metric, text: (row) => numberLabel(rows.metric[row]) },
  ];
  const table = document.createElement("table");
  table.className = "numbers trials";
  const [head, body] = [table.createTHead(), table.createTBody()];
  const [titles, filters] = [head.insertRow(), head.insertRow()];
  let [chosen, sorted, by, descending, shown] = [[], [], columns[0], false, PAGE];
  for (const column of columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: column.title });
    button.addEventListener("click", () => {
      [by, descending] = [column, by === column ? !descending : false];
      sort();
    });
    cell.append(button);
    titles.append(cell);
    column.cell = cell;
    const under = filters.insertCell();
    if (!column.axis) continue;
    const input = Object.assign(document.createElement("input"), { type: "text", size: 9, placeholder: listed(column.axis) ? column.axis.labels.slice(0, 2).join(", ") : "low..high" });
    input.setAttribute("aria-label", `Filter by ${column.title}`);
    input.addEventListener("input", () => onFilter(column.axis, input.value));
    under.append(input);
    column.input = input;
  }
  const more = Object.assign(document.createElement("button"), { type: "button", className: "more" });
  more.addEventListener("click", () => {
    shown += 4 * PAGE;
    fill();
  });
  root.append(table);
  root.after(more);

  function sort() {
    const value = (row) => by.values[row];
    sorted = chosen.slice().sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === b) return one - other;
      if (a === null || b === null) return a === null ? 1 : -1;
      return (a < b ? -1 : 1) * (descending ? -1 : 1);
    });
    for (const column of columns) {
      if (column === by) column.cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else column.cell.removeAttribute("aria-sort");
    }
    fill();
  }
  function fill() {
    body.replaceChildren(...sorted.slice(0, shown).map(line));
    more.hidden = shown >= sorted.length;
    more.textContent = `Show more of ${sorted.length.toLocaleString("en")}`;
  }
  function line(row) {
    const element = document.createElement("tr");
    element.className = `verdict-${verdicts[rows.verdict[row]].name}`;
    columns.forEach((column, index) => {
      const cell = element.insertCell();
      if (index === 0) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: column.text(row) });
        button.setAttribute("aria-label", `Show trial ${column.text(row)}`);
        button.addEventListener("click", () => onTrial(row));
        cell.append(button);
        return;
      }
      if (index === 1) cell.append(Object.assign(document.createElement("span"), { className: "dot" }));
      cell.append(column.text(row));
    });
    return element;
  }
  return {
    show(rowsChosen) {
      [chosen, shown] = [rowsChosen, PAGE];
      sort();
    },
    write(axis, text) {
      columns.find((column) => column.axis === axis).input.value = text;
    },
  };
}
