// Draws a figure once: as SVG, and that as PNG of so many pixels for each of CSS.
async function draw(figure, scale) {
  const { width, height } = figure.layout;
  const svg = await Plotly.toImage(figure, { format: "svg", width, height, imageDataOnly: true });
  if (!scale) return { svg };
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  // No graphics card is asked for: it would be imitated in software, slowly.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const [kind, png] = canvas.toDataURL("image/png").split(",");
  if (kind !== "data:image/png;base64") {
    throw new Error(`${canvas.width} x ${canvas.height} pixels are more than a PNG can have here`);
  }
  return { svg, png };
}
