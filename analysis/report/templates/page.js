(() => {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = {
    responsive: true,
    displaylogo: false,
    displayModeBar: false,
    doubleClick: false,
  };
  const figures = [...document.querySelectorAll("script[data-figure]")].map((source) => ({
    place: document.getElementById(source.dataset.figure),
    themes: JSON.parse(source.textContent),
  }));

  // Figures of a page of its own size: on paper they take the width that their place will have.
  function draw(theme, width) {
    for (const { place, themes } of figures) {
      const { data, layout } = themes[theme];
      const sized = width ? { ...layout, width: width(place), autosize: false } : layout;
      Plotly.react(place, data, { ...sized }, options);
    }
  }
  const now = () => (dark.matches ? "dark" : "light");

  draw(now());
  dark.addEventListener("change", () => draw(now()));
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      details.dataset.opened = "";
    }
    draw("light", (place) => (place.closest(".grid, .beside") ? 310 : 640));
  });
  window.addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-opened]")) {
      details.open = false;
      delete details.dataset.opened;
    }
    draw(now());
  });

  // Inside another page (MLflow shows artifacts in a frame) files beside this one have no address.
  if (window.self !== window.top) {
    for (const link of document.querySelectorAll("a.file")) {
      link.replaceWith(...link.childNodes);
    }
  }
  document.documentElement.dataset.drawn = "";
})();
