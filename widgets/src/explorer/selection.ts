/** What a gesture does to the selection. */
export type Operation = "replace" | "add" | "remove";

/** The selection after a gesture caught `hits`; both are ascending and distinct. */
export function combine(
  current: Uint32Array,
  hits: Uint32Array,
  operation: Operation,
): Uint32Array {
  if (operation === "replace") return hits;
  const caught = new Set(hits);
  if (operation === "remove") return current.filter((i) => !caught.has(i));
  for (const i of current) caught.add(i);
  return Uint32Array.from(caught).sort();
}
