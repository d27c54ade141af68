import { zlibSync } from "fflate";

/** Positions (x0, y0, x1, y1, …), in whole numbers, as Python's `packed_map` sends them. */
export function packedMap(xy: number[]): DataView {
  const grid = packed(Uint32Array.from(xy));
  const bytes = new Uint8Array(24 + grid.byteLength);
  new Float64Array(bytes.buffer, 0, 3).set([0, 0, 1]);
  bytes.set(new Uint8Array(grid.buffer, grid.byteOffset, grid.byteLength), 24);
  return new DataView(bytes.buffer);
}

/** The same bytes as Python's `packed` sends. */
export function packed(array: ArrayBufferView & { BYTES_PER_ELEMENT: number }): DataView {
  const entries = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const size = array.BYTES_PER_ELEMENT;
  const length = entries.length / size;
  const planes = entries.map(
    (_, at) => entries[(at % length) * size + Math.floor(at / length)] ?? 0,
  );
  const bytes = zlibSync(planes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
