// The page's figures: drawn by plotly.js once the page itself has been shown, those behind a click
// when they are opened; for paper all of them.
function figures() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = {
    responsive: true,
    displaylogo: false,
    displayModeBar: false,
    doubleClick: false,
  };
  const drawings = [...document.querySelectorAll("script[data-figure]")].map((source) => ({
    place: document.getElementById(source.dataset.figure),
    ...JSON.parse(source.textContent),
  }));

  // A figure's colours are names; a new figure each time, as plotly.js writes into what it is given.
  function themed({ figure, colors }, theme) {
    const fill = (value) => {
      if (typeof value === "string") return colors[theme][value] ?? value;
      if (Array.isArray(value)) return value.map(fill);
      if (value === null || typeof value !== "object") return value;
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry)]));
    };
    return fill(figure);
  }

  const hidden = (place) => place.closest("details:not([open])") !== null;

  // Figures of a page of its own size: on paper they take the width that their place will have.
  function draw(theme, width) {
    for (const drawing of drawings) {
      const { place } = drawing;
      if (hidden(place)) continue;
      const { data, layout } = themed(drawing, theme);
      const sized = width ? { ...layout, width: width(place), autosize: false } : layout;
      Plotly.react(place, data, { ...sized }, options);
    }
  }
  const now = () => (dark.matches ? "dark" : "light");

  // The hover texts of a figure as a list, for those who do not point: made when it is opened.
  const MOST = 2000;
  const plainText = (text) => {
    const page = new DOMParser().parseFromString(
      String(text).replace(/<br\s*\/?>/gi, "; ").replace(/<\/?(b|i|sup|sub|extra)>/gi, " "),
      "text/html",
    );
    return page.body.textContent.replace(/\s+/g, " ").trim();
  };
  const number = (value, format) => {
    if (typeof value !== "number" || !format) return String(value);
    const digits = /\.(\d+)([gef%])/.exec(format);
    if (!digits) return String(value);
    if (digits[2] === "%") return `${(100 * value).toFixed(digits[1])} %`;
    if (digits[2] === "e") return value.toExponential(digits[1]);
    return String(Number(value.toPrecision(Math.max(1, digits[1]))));
  };
  function texts(trace) {
    if (trace.hoverinfo === "skip" || trace.visible === false) return [];
    const flat = (values) =>
      Array.from(values ?? []).flatMap((one) => (one?.length && typeof one !== "string" ? flat(one) : [one]));
    const written = Array.isArray(trace.hovertext) || ArrayBuffer.isView(trace.hovertext);
    if (trace.hoverinfo === "text" && written) return flat(trace.hovertext).filter((text) => text).map(plainText);
    const template = trace.hovertemplate;
    if (!template || typeof template !== "string" || !trace.x || !trace.y) return [];
    return Array.from(trace.x, (x, place) => {
      const at = (name) => {
        const [, key, index] = /^(\w+)(?:\[(\d+)\])?$/.exec(name) ?? [];
        const values = { x: trace.x, y: trace.y, text: trace.text, customdata: trace.customdata }[key];
        const value = Array.isArray(values) || ArrayBuffer.isView(values) ? values[place] : values;
        return index === undefined ? value : value?.[index];
      };
      const filled = template
        .replace(/<extra><\/extra>/g, trace.name ? `; ${trace.name}` : "")
        .replace(/<extra>/g, "; ")
        .replace(/%\{([^}:]+)(?::([^}]*))?\}/g, (_, name, format) => number(at(name) ?? "–", format));
      return trace.y[place] === null || Number.isNaN(trace.y[place]) ? "" : plainText(filled);
    }).filter((text) => text);
  }
  for (const { place } of drawings) {
    const details = document.createElement("details");
    details.className = "figure-data";
    const summary = document.createElement("summary");
    summary.textContent = "In words";
    details.append(summary);
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("ul")) return;
      const list = document.createElement("ul");
      list.tabIndex = 0;
      list.setAttribute("aria-label", place.getAttribute("aria-label"));
      // Both ends of a line's segment say the same.
      const all = (place._fullData ?? []).flatMap(texts).filter((text, index, list) => text !== list[index - 1]);
      for (const text of all.slice(0, MOST)) list.append(Object.assign(document.createElement("li"), { textContent: text }));
      if (all.length > MOST) {
        list.append(Object.assign(document.createElement("li"), { textContent: `and ${all.length - MOST} more, in the report's files` }));
      }
      if (!all.length) list.append(Object.assign(document.createElement("li"), { textContent: place.getAttribute("aria-label") }));
      details.append(list);
    });
    (place.closest("figure") ?? place.parentElement).append(details);
  }

  for (const details of document.querySelectorAll("details:not(.figure-data)")) {
    details.addEventListener("toggle", () => {
      if (!details.open) return;
      for (const drawing of drawings) {
        const { place } = drawing;
        if (!details.contains(place) || hidden(place)) continue;
        const { data, layout } = themed(drawing, now());
        Plotly.react(place, data, layout, options);
      }
    });
  }

  draw(now());
  dark.addEventListener("change", () => draw(now()));
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open]):not(.figure-data)")) {
      details.open = true;
      details.dataset.opened = "";
    }
    draw("light", (place) => (place.closest(".grid, .beside, .trio") ? 310 : 640));
  });
  window.addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-opened]")) {
      details.open = false;
      delete details.dataset.opened;
    }
    draw(now());
  });
}

// A link to what is behind a click opens it.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.querySelector(":scope > details");
  if (details) details.open = true;
}

// Inside another page (MLflow shows artifacts in a frame) files beside this one have no address.
if (window.self !== window.top) {
  for (const link of document.querySelectorAll("a.file")) {
    link.replaceWith(...link.childNodes);
  }
}

window.addEventListener("hashchange", openTarget);
openTarget();
(async () => {
  await walk();
  // The map is shown before the larger library is read.
  await new Promise((shown) => setTimeout(shown, 0));
  const library = document.createElement("script");
  library.textContent = await unpack("plotly");
  document.head.append(library);
  figures();
  document.documentElement.dataset.drawn = "";
})();
