import { zlibSync } from "fflate";

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
