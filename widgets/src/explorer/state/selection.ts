/** What a gesture does to the selection. */
export type Operation = "replace" | "add" | "remove" | "intersect";

/** The selection after a gesture around `hits`; both are ascending and distinct. */
export function combine(
  current: Uint32Array,
  hits: Uint32Array,
  operation: Operation,
): Uint32Array {
  if (operation === "replace") return hits;
  const result = new Uint32Array(
    operation === "add" ? current.length + hits.length : current.length,
  );
  let [i, j, count] = [0, 0, 0];
  while (i < current.length || j < hits.length) {
    const a = i < current.length ? (current[i] as number) : Infinity;
    const b = j < hits.length ? (hits[j] as number) : Infinity;
    const keep = operation === "add" || (operation === "remove" ? a < b : a === b);
    if (keep) result[count++] = Math.min(a, b);
    if (a <= b) i++;
    if (b <= a) j++;
    // The remaining hits matter to a union only.
    if (a === Infinity && operation !== "add") break;
  }
  return result.slice(0, count);
}

/** Add `hits`, or remove them if all are selected already. */
export function toggle(current: Uint32Array, hits: Uint32Array): Uint32Array {
  const with_ = combine(current, hits, "add");
  return with_.length === current.length ? combine(current, hits, "remove") : with_;
}

/** The `samples` that `keep` marks; all of them for null. */
export function kept(samples: Uint32Array, keep: Uint8Array | null): Uint32Array {
  return keep === null ? samples : samples.filter((i) => keep[i] === 1);
}
