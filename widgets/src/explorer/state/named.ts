import { typed } from "../../shared/arrays";
import { categorical } from "../../shared/colours";
import type { NamedHeader } from "../traits";
import { type Colouring, legend } from "./columns";

/** A selection with a name. */
export type Named = { name: string; color: string; samples: Uint32Array };

export const LONGEST_NAME = 80;

export function readNamed(headers: readonly NamedHeader[], data: DataView): Named[] {
  const all = typed(Uint32Array, data);
  let begin = 0;
  return headers.map(({ name, color, count }) => {
    const samples = all.slice(begin, begin + count);
    begin += count;
    return { name, color, samples };
  });
}

export function packNamed(named: readonly Named[]): { headers: NamedHeader[]; data: Uint32Array } {
  const headers = named.map(({ name, color, samples }) => ({ name, color, count: samples.length }));
  const data = new Uint32Array(headers.reduce((sum, { count }) => sum + count, 0));
  let begin = 0;
  for (const { samples } of named) {
    data.set(samples, begin);
    begin += samples.length;
  }
  return { headers, data };
}

/** The first colour that no named selection has. */
export function freeColour(named: readonly Named[]): string {
  const palette = categorical(40);
  const taken = new Set(named.map(({ color }) => color));
  return palette.find((color) => !taken.has(color)) ?? (palette.at(-1) as string);
}

/** `wish`, numbered if the name is taken. */
export function freeName(named: readonly Named[], wish: string): string {
  const taken = new Set(named.map(({ name }) => name));
  const short = wish.trim().slice(0, LONGEST_NAME - 4);
  let name = short;
  for (let number = 2; taken.has(name); number++) name = `${short} ${number}`;
  return name;
}

/** A first name for a selection: the category of at least 80 % of its samples, if there is one. */
export function suggestion(selection: Uint32Array, by: Colouring): string {
  if (!by.column || by.scale) return "selection";
  const most = legend(by, selection).reduce((a, b) => (b.selected > a.selected ? b : a));
  const share = most.selected / Math.max(1, selection.length);
  return share >= 0.8 ? `${by.column.name} ${most.label}`.slice(0, 40) : "selection";
}
