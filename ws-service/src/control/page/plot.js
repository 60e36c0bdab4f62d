// Lines over the last minutes, drawn as SVG; each plot also says in words what it shows.

const WIDTH = 400;
const HEIGHT = 150;
const LEFT = 56;
const BOTTOM = 18;
const TOP = 8;
/** What fits: the shortest that shows all there is. */
const SPANS = [60, 120, 300];

const make = (name, attributes = {}, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
};

/** The next of 1, 2, 5, 10, 20 … that is no less. */
export const decimal = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((times) => times * unit >= value) * unit;
};

/** The next power of two that is no less. */
export const binary = (value) => 2 ** Math.ceil(Math.log2(value));

/** From 0 to a little above all that is there. */
const linear = (lines, roundUp) => {
  const highest = roundUp(Math.max(4, ...lines.flat().filter((value) => value !== null)));
  return { ticks: [0, highest / 2, highest], height: (value) => value / highest };
};

/** From 10 microseconds to beyond a second, a decade as high as another. */
const logarithmic = () => ({
  ticks: [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1],
  height: (value) => Math.min(1, Math.max(0, (Math.log10(value) + 5) / 5.4)),
});

export class Plot {
  constructor(parent, { title, names, read, format, roundUp = decimal, isLogarithmic = false }) {
    Object.assign(this, { title, names, read, format, roundUp });
    this.scale = isLogarithmic ? logarithmic : linear;
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const heading = document.createElement("strong");
    heading.textContent = title;
    const key = document.createElement("span");
    key.className = "key";
    for (const name of names) {
      const entry = document.createElement("span");
      entry.textContent = name;
      key.append(entry);
    }
    caption.append(heading, key);
    this.svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    figure.append(caption, this.svg);
    parent.append(figure);
  }

  /** Draws points that have an `at`, in seconds, the latest last. */
  draw(points) {
    const lines = this.names.map((_, line) => points.map((point) => this.read(point)[line]));
    const { ticks, height } = this.scale(lines, this.roundUp);
    const y = (value) => TOP + (1 - height(value)) * (HEIGHT - TOP - BOTTOM);
    const end = points.at(-1)?.at ?? 0;
    const length = end - (points[0]?.at ?? 0);
    const span = SPANS.find((seconds) => seconds >= length) ?? SPANS.at(-1);
    const x = (at) => LEFT + (1 - (end - at) / span) * (WIDTH - LEFT - 4);
    const parts = ticks.flatMap((value) => [
      make("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
      make("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, this.format(value)),
    ]);
    for (const part of [1, 0.5, 0]) {
      const label = part === 0 ? "now" : `−${part * span} s`;
      const anchor = { 1: "start", 0.5: "middle", 0: "end" }[part];
      parts.push(make("text", { x: x(end - part * span), y: HEIGHT - 4, "text-anchor": anchor }, label));
    }
    for (const [line, values] of lines.entries()) {
      const d = path(values.map((value, place) => value === null ? null : [x(points[place].at), y(value)]));
      parts.push(make("path", { class: ["one", "two"][line], d }));
    }
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute("aria-label", this.words(lines));
  }

  /** What someone who can't see it is told. */
  words(lines) {
    const parts = lines.map((values, line) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${this.names[line]}: nothing yet`;
      const highest = known.reduce((one, other) => Math.max(one, other));
      return `${this.names[line]}: now ${this.format(known.at(-1))}, at most ${this.format(highest)}`;
    });
    return `${this.title}, the last minutes. ${parts.join("; ")}`;
  }
}

/** A line with gaps where nothing is known; a lone point is a dot. */
function path(points) {
  let d = "";
  let isOpen = false;
  for (const [place, point] of points.entries()) {
    if (point !== null) {
      const [x, y] = point.map((number) => number.toFixed(1));
      d += isOpen ? `L${x} ${y}` : `M${x} ${y}`;
      if (!isOpen && (points[place + 1] ?? null) === null) d += `L${x} ${y}`;
    }
    isOpen = point !== null;
  }
  return d;
}
