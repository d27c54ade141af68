import { beforeAll, expect, test } from "vitest";
import { Thumbnails } from "../../../src/explorer/map/thumbnails";
import { type Reply, Superseded } from "../../../src/shared/protocol";

beforeAll(() => {
  globalThis.ImageData ??= class {
    readonly data: Uint8ClampedArray;
    constructor(
      readonly width: number,
      readonly height: number,
    ) {
      this.data = new Uint8ClampedArray(4 * width * height);
    }
  } as unknown as typeof ImageData;
});

function client(make: (index: number) => Partial<Reply> | Error) {
  const asked: number[] = [];
  return {
    asked,
    request: async (_kind: string, fields: Record<string, unknown> = {}): Promise<Reply> => {
      asked.push(fields.index as number);
      const answer = make(fields.index as number);
      if (answer instanceof Error) throw answer;
      return { ok: true, buffers: [], ...answer };
    },
  };
}

const grey = (value: number) => ({
  width: 2,
  height: 1,
  channels: 1,
  buffers: [new DataView(Uint8Array.of(value, 0).buffer)],
});

test("pictures are asked for once and decoded", async () => {
  const fake = client(grey);
  const thumbnails = new Thumbnails(fake);
  expect(thumbnails.peek(7)).toBeNull();
  const picture = await thumbnails.fetch(7);
  expect([...(picture?.data.slice(0, 4) ?? [])]).toEqual([7, 7, 7, 255]);
  await thumbnails.fetch(7);
  expect(fake.asked).toEqual([7]);
});

test("those unused for longest are let go", async () => {
  const fake = client(grey);
  const thumbnails = new Thumbnails(fake, 2);
  await thumbnails.fetch(1);
  await thumbnails.fetch(2);
  thumbnails.peek(1);
  await thumbnails.fetch(3);
  expect([1, 2, 3].map((i) => thumbnails.peek(i) !== null)).toEqual([true, false, true]);
});

test("wrong sizes, refusals and newer wishes give no picture", async () => {
  const wrong = [
    { ...grey(1), width: 3 },
    { ...grey(1), channels: 4 },
    { ok: false },
    new Superseded("a newer one"),
  ];
  for (const answer of wrong) {
    expect(await new Thumbnails(client(() => answer)).fetch(1)).toBeNull();
  }
});
