import { expect, test } from "vitest";
import { bytes, same, typed, unpacked } from "../../src/shared/arrays";
import { packed } from "../packed";

test("arrays are read at their offset, aligned or not", () => {
  const source = new Float32Array([1, 2, 3]);
  for (const shift of [0, 1, 4, 7]) {
    const buffer = new Uint8Array(12 + shift + 3);
    buffer.set(new Uint8Array(source.buffer), shift);
    const read = typed(Float32Array, new DataView(buffer.buffer, shift, 12));
    expect([...read]).toEqual([1, 2, 3]);
  }
});

test("nothing is an empty array", () => {
  expect(typed(Uint32Array, undefined)).toHaveLength(0);
  expect(typed(Uint32Array, new ArrayBuffer(0))).toHaveLength(0);
});

test("what was packed comes back, and nothing is nothing", () => {
  const numbers = new Float32Array([0.1, -2, Number.NaN, 3e8]);
  expect(unpacked(Float32Array, packed(numbers))).toEqual(numbers);
  // As Python packs: nbinterp.views.base.packing.packed(np.array([1, 258], "<u2")).hex()
  const python = Uint8Array.from("7801636462600400000f0005".match(/../g) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  );
  expect([...unpacked(Uint16Array, new DataView(python.buffer))]).toEqual([1, 258]);
  expect(unpacked(Uint16Array, undefined)).toHaveLength(0);
  expect(unpacked(Uint16Array, new DataView(new ArrayBuffer(0)))).toHaveLength(0);
});

test("bytes are those of the part that a view shows", () => {
  const part = new Uint32Array([7, 8, 9]).subarray(1, 2);
  expect(bytes(part).byteLength).toBe(4);
  expect([...typed(Uint32Array, bytes(part))]).toEqual([8]);
});

test("same compares values in order", () => {
  expect(same([1, 2], new Uint32Array([1, 2]))).toBe(true);
  expect(same([1, 2], [2, 1])).toBe(false);
  expect(same([1], [1, 2])).toBe(false);
});
