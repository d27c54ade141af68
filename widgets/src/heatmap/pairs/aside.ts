import { typed, unpacked } from "../../shared/arrays";
import { type Client, Superseded } from "../../shared/protocol";
import type { Theme } from "../../shared/theme";
import type { ViewContext } from "../../shared/view";
import type { HeatmapTraits } from "../traits";
import { drawPartners, partnersImage, sampleImage } from "./draw";
import type { buildPanel } from "./panel";
import { entryOf, type Grid, inputsAt, pixelAt, type Row, reach, rowOf } from "./partners";
import { amount, type Entry, entryAt, nothing, type Pairs, strongest } from "./scene";
import { type Across, drawStrip, nearest } from "./strip";

const WIDE = 220; // CSS pixels of the column
const LISTED = 8;

export type AsideEvents = {
  nameOf(feature: number): string;
  /** The entry of an input under the mouse with the chosen one; null when it has left. */
  hovered(feature: number | null, entry: Entry | null, x: number, y: number): void;
  chose(pair: [number, number]): void;
  toSample(sample: number): void;
};

export type Seen = { pairs: Pairs; theme: Theme; cursor: number };

/** The column beside the matrix: partners of a pixel, the strongest pairs, a pair in all samples. */
export function buildAside(
  panel: ReturnType<typeof buildPanel>,
  model: ViewContext<HeatmapTraits>["model"],
  client: Client | null,
  events: AsideEvents,
  signal: AbortSignal,
) {
  let row: Row | null = null;
  let across: (Across & { pair: string }) | null = null;
  let [rowWanted, acrossWanted, listed] = ["", "", ""];
  let image: { of: string; canvas: HTMLCanvasElement } | null = null;
  let last: Seen | null = null;

  const grid = (): Grid | null => {
    const [channels = 0, height = 0, width = 0] = model.get("_grid");
    if (!channels) return null;
    return { channels, height, width, groups: unpacked(Int32Array, model.get("_groups")) };
  };
  const scaleOf = ({ width, height }: Grid) =>
    Math.max(1, Math.min(28, Math.floor(WIDE / Math.max(width, height))));

  /** Fetch what is not on the page, and draw again when it has come. */
  function ask(kind: string, fields: Record<string, number>, take: (parts: DataView[]) => void) {
    client?.request(kind, fields).then(
      (reply) => {
        if (signal.aborted) return;
        if (reply.ok) take(reply.buffers);
        else panel.problem.show(reply.error ?? "", reply.trace);
        if (last) update(last);
      },
      (reason) => {
        if (!(reason instanceof Superseded)) throw reason;
      },
    );
  }

  function readRow(pairs: Pairs, feature: number): void {
    if (pairs.names.length === model.get("_width")) {
      row = rowOf(pairs, feature);
      return;
    }
    const wanted = `${feature} of ${model.get("sample")}`;
    if (row?.feature !== feature) row = null;
    if (rowWanted === wanted) return;
    rowWanted = wanted;
    ask("partners", { feature }, ([values, errors, beyond]) => {
      row = {
        feature,
        values: typed(Float32Array, values),
        errors: typed(Float32Array, errors),
        beyond: typed(Uint8Array, beyond),
      };
      image = null;
    });
  }

  function readAcross(pair: [number, number] | null): void {
    const wanted = pair ? pair.join(",") : "";
    if (!pair || !client || model.get("_samples").length < 2) across = null;
    else if (acrossWanted !== wanted) {
      ask("across", { first: pair[0], second: pair[1] }, ([values, errors]) => {
        across = {
          pair: wanted,
          values: typed(Float32Array, values),
          errors: typed(Float32Array, errors),
        };
      });
    }
    acrossWanted = wanted;
  }

  function update(seen: Seen): void {
    last = seen;
    const { pairs, theme } = seen;
    const pair = model.get("pair");
    if (!pair) row = null;
    else if (row?.feature !== pair[0]) readRow(pairs, pair[0]);
    readAcross(pair);
    drawPictures(seen, pair);
    // Not at every move of the mouse: it looks through all pairs, and its buttons must stay.
    if (listed !== String(pair)) listPairs(pairs, pair);
    listed = String(pair);
    const shown = across && pair && across.pair === pair.join(",");
    panel.strip.hidden = panel.stripTitle.hidden = !shown;
    if (shown && across && pair) {
      panel.stripTitle.textContent = "This pair in each sample";
      drawStrip(panel.strip, across, WIDE, 84, model.get("sample"), theme);
    }
  }

  function drawPictures({ pairs, theme, cursor }: Seen, pair: [number, number] | null): void {
    const shape = grid();
    panel.pictures.hidden = !shape;
    panel.title.hidden = panel.note.hidden = !shape;
    if (!shape) return;
    const scale = scaleOf(shape);
    for (const canvas of [panel.partners, panel.picture]) {
      canvas.style.width = `${shape.width * scale}px`;
      canvas.style.height = `${shape.height * scale}px`;
    }
    const sample = unpacked(Float32Array, model.get("_picture"));
    panel.picture.hidden = sample.length === 0;
    panel.title.textContent = pair ? `Partners of ${events.nameOf(pair[0])}` : "Partners";
    panel.partners.hidden = !row;
    panel.note.textContent = !pair
      ? `Click ${panel.picture.hidden ? "" : "a pixel, or "}a cell of the matrix.`
      : row
        ? `colours to ±${amount({ value: reach(row), error: Number.NaN })}`
        : client
          ? "…"
          : "These need the notebook.";
    const marks = pair ? [{ feature: pair[0], colour: theme.text }] : [];
    const others = [pair?.[1] ?? -1, cursor].filter((other) => other >= 0 && other !== pair?.[0]);
    if (row) {
      const of = `${row.feature} ${theme.dark}`;
      if (image?.of !== of) {
        image = { of, canvas: partnersImage(shape, row, reach(row), theme.dark) };
      }
      const more = others.map((feature) => ({ feature, colour: theme.accent }));
      drawPartners(panel.partners, image.canvas, shape, scale, [...marks, ...more], theme);
    }
    if (sample.length) {
      const small = sampleImage(shape, sample);
      drawPartners(panel.picture, small, shape, scale, marks, theme);
    }
    panel.partners.ariaLabel = panel.title.textContent;
    panel.picture.ariaLabel = `The sample, of ${pairs.names.length} inputs`;
  }

  function listPairs(pairs: Pairs, pair: [number, number] | null): void {
    const own = pair ? Array.from(pairs.features).indexOf(pair[0]) : -1;
    const cells = strongest(pairs, LISTED, own);
    const name = (at: number) => pairs.names[at] ?? "";
    const items = cells.map((cell) => {
      const { value, error } = entryAt(pairs, cell);
      const label = own < 0 ? `${name(cell.row)} × ${name(cell.column)}` : name(cell.column);
      return { label, value, error, cell };
    });
    const heading = own < 0 ? "Strongest pairs" : `Strongest with ${name(own)}`;
    panel.showList(heading, items, nothing(pairs), ({ row: first, column }) =>
      events.chose([pairs.features[first] as number, pairs.features[column] as number]),
    );
  }

  const pixelUnder = (event: MouseEvent): number | null => {
    const shape = grid();
    if (!shape) return null;
    const scale = scaleOf(shape);
    const [right, down] = [Math.floor(event.offsetX / scale), Math.floor(event.offsetY / scale)];
    const inside = right >= 0 && down >= 0 && right < shape.width && down < shape.height;
    return inside ? down * shape.width + right : null;
  };
  const clicked = (event: MouseEvent) => {
    const [shape, pixel] = [grid(), pixelUnder(event)];
    if (!shape || pixel === null) return;
    const feature = row ? pixelAt(shape, row, pixel)?.feature : inputsAt(shape, pixel)[0];
    if (feature !== undefined) events.chose([feature, feature]);
  };
  const moved = (event: MouseEvent) => {
    const [shape, pixel] = [grid(), pixelUnder(event)];
    const one = shape && pixel !== null && row ? pixelAt(shape, row, pixel) : null;
    const canvas = event.currentTarget as HTMLElement;
    const [x, y] = [canvas.offsetLeft + event.offsetX + 12, canvas.offsetTop + event.offsetY + 12];
    events.hovered(one?.feature ?? null, one && row ? entryOf(row, one.feature) : null, x, y);
  };
  const options = { signal };
  for (const canvas of [panel.partners, panel.picture]) {
    canvas.addEventListener("click", clicked, options);
    canvas.addEventListener("pointermove", moved, options);
    canvas.addEventListener("pointerleave", () => events.hovered(null, null, 0, 0), options);
  }
  panel.strip.addEventListener(
    "click",
    (event) => across && events.toSample(nearest(across.values.length, event.offsetX, WIDE)),
    options,
  );

  return {
    update,
    /** The matrix has changed: read rows and pairs anew. */
    forget(): void {
      row = image = null;
      rowWanted = acrossWanted = listed = "";
    },
    /** Which row is drawn, for tests. */
    partners: () => row && { feature: row.feature, values: Array.from(row.values) },
  };
}
