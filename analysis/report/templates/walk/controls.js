// Lists, sliders and pointing: how a person moves the place and the axes.
const numberPosition = (axis, value) => {
  if (!listed(axis)) return position(axis, value);
  // A number between the entries of a list of numbers lies between them.
  const numbers = axis.numbers ?? [];
  const after = numbers.findIndex((number) => number !== null && number >= value);
  if (after < 0) return 2;
  if (after === 0) return numbers[0] === value ? position(axis, 0) : -1;
  const [low, high] = [numbers[after - 1], numbers[after]];
  const part = low > 0 ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return (after - 0.5 + part) / axis.labels.length;
};

function option(value, text) {
  return Object.assign(document.createElement("option"), { value, textContent: text });
}

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("span"), { textContent: text }), control);
  return label;
}

function controls({ data, state, redraw, refilter, byId }) {
  const { axes, verdicts, rows } = data;
  const choosers = ["x", "y"].map((side) => {
    const select = byId(`walk-${side}`);
    axes.forEach((axis, index) => select.append(option(index, axis.label)));
    select.value = state[side];
    select.addEventListener("change", () => {
      const other = side === "x" ? "y" : "x";
      if (Number(select.value) === state[other]) state[other] = state[side];
      state[side] = Number(select.value);
      choosers.forEach((chooser, index) => (chooser.value = state["xy"[index]]));
      redraw();
    });
    return select;
  });
  byId("walk-settings").append(...axes.map((axis, index) => (listed(axis) ? list(axis, index) : slider(axis, index))));

  function list(axis, index) {
    const select = document.createElement("select");
    axis.labels.forEach((label, entry) => select.append(option(entry, label)));
    select.value = state.setting[index] ?? 0;
    select.dataset.setting = index;
    select.addEventListener("change", () => {
      state.setting[index] = Number(select.value);
      redraw();
    });
    return labelled(axis.label, select);
  }
  function slider(axis, index) {
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1, step: 0.005 });
    const shown = document.createElement("output");
    const write = () => {
      shown.textContent = valueLabel(axis, state.setting[index]);
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.value = position(axis, state.setting[index]) || 0;
    input.dataset.setting = index;
    input.addEventListener("input", () => {
      state.setting[index] = valueAt(axis, Number(input.value));
      write();
      redraw({ draft: true });
    });
    write();
    const label = labelled(axis.label, input);
    label.append(shown);
    return label;
  }

  const average = byId("walk-average");
  average?.addEventListener("change", () => {
    state.average = average.checked;
    redraw();
  });
  byId("walk-dots").checked = state.dots;
  byId("walk-dots").addEventListener("change", (event) => {
    state.dots = event.target.checked;
    redraw();
  });
  byId("walk-verdicts").append(...verdicts.map((verdict, index) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      state.filter.verdicts[box.checked ? "add" : "delete"](index);
      refilter();
    });
    const label = labelled(verdict.name, box);
    label.className = `verdict-${verdict.name}`;
    label.prepend(Object.assign(document.createElement("span"), { className: "dot" }));
    return label;
  }));
  const causes = byId("walk-cause");
  causes.append(option(-1, "any"), ...rows.causes.map((cause, index) => option(index, cause.name)));
  causes.addEventListener("change", () => {
    state.filter.cause = Number(causes.value);
    refilter();
  });
}

// Writes the state back into the controls, when the map itself was used.
function reflect(state, axes) {
  for (const control of document.querySelectorAll("[data-setting]")) {
    const index = Number(control.dataset.setting);
    control.value = control.type === "range" ? position(axes[index], state.setting[index]) : state.setting[index];
    if (control.type === "range") {
      const text = valueLabel(axes[index], state.setting[index]);
      control.setAttribute("aria-valuetext", text);
      control.nextElementSibling.textContent = text;
    }
  }
}

function pointing(canvas, { state, axes, tell, redraw, open }) {
  const settingAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const area = areaOf(canvas, axes[state.y]);
    const across = (event.clientX - box.left - area.x) / area.width;
    const up = 1 - (event.clientY - box.top - area.y) / area.height;
    if (across < 0 || across > 1 || up < 0 || up > 1) return null;
    const setting = state.setting.slice();
    setting[state.x] = valueAt(axes[state.x], across);
    setting[state.y] = valueAt(axes[state.y], up);
    return setting;
  };
  canvas.addEventListener("pointermove", (event) => tell(settingAt(event) ?? state.setting));
  canvas.addEventListener("pointerleave", () => tell(state.setting));
  canvas.addEventListener("click", (event) => {
    const setting = settingAt(event);
    if (!setting) return;
    state.setting = setting;
    reflect(state, axes);
    redraw();
    open();
  });
  const steps = { ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowDown: ["y", -1], ArrowUp: ["y", 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return open();
    if (!steps[event.key]) return;
    event.preventDefault();
    const [side, way] = steps[event.key];
    const [axis, index] = [axes[state[side]], state[side]];
    const step = listed(axis) ? 1 / axis.labels.length : 1 / 40;
    state.setting[index] = valueAt(axis, position(axis, state.setting[index]) + way * step);
    reflect(state, axes);
    redraw();
  });
}
