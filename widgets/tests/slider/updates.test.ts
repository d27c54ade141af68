import { expect, it, vi } from "vitest";
import { Updates } from "../../src/slider/updates";

it("reads once after many changes, and says whether the content was among them", async () => {
  const read = vi.fn();
  const updates = new Updates(read, new AbortController().signal);
  updates.changed();
  updates.contentChanged();
  updates.changed();
  expect(read).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(read.mock.calls).toEqual([[true]]);
  updates.changed();
  await Promise.resolve();
  expect(read.mock.calls).toEqual([[true], [false]]);
});

it("reads nothing for a closed view", async () => {
  const read = vi.fn();
  const page = new AbortController();
  const updates = new Updates(read, page.signal);
  updates.changed();
  page.abort();
  await Promise.resolve();
  expect(read).not.toHaveBeenCalled();
});
