import { unzlibSync } from "fflate";

type Kind<A> = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
};

/**
 * Bytes of a trait as a typed array, without a copy where alignment allows it. A view may start
 * anywhere in a larger buffer, so `view.buffer` alone would be wrong.
 */
export function typed<A>(kind: Kind<A>, view: ArrayBufferView | ArrayBuffer | undefined | null): A {
  if (!view) return new kind(new ArrayBuffer(0), 0, 0);
  const { buffer, byteOffset, byteLength } =
    view instanceof ArrayBuffer
      ? { buffer: view, byteOffset: 0, byteLength: view.byteLength }
      : view;
  const size = kind.BYTES_PER_ELEMENT;
  const length = Math.floor(byteLength / size);
  if (byteOffset % size === 0) return new kind(buffer, byteOffset, length);
  return new kind(buffer.slice(byteOffset, byteOffset + length * size), 0, length);
}

/** Unpack an array of Python's `packed`: the first bytes of all entries, then the second bytes, … */
export function unpacked<A>(kind: Kind<A>, view: ArrayBufferView | undefined | null): A {
  if (!view?.byteLength) return typed(kind, null);
  const planes = unzlibSync(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const size = kind.BYTES_PER_ELEMENT;
  const length = planes.length / size;
  const entries = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) {
    const start = plane * length;
    for (let i = 0; i < length; i++) entries[i * size + plane] = planes[start + i] as number;
  }
  return new kind(entries.buffer, 0, length);
}

/** A typed array as the bytes of a trait or message. */
export function bytes(array: ArrayBufferView): DataView {
  return new DataView(array.buffer, array.byteOffset, array.byteLength);
}

/** Whether two arrays of numbers hold the same values in the same order. */
export function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
