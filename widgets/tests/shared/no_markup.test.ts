import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

test.each(sources)("%s makes no elements out of strings", (name) => {
  const banned = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment/;
  expect(readFileSync(join("src", name), "utf8")).not.toMatch(banned);
});
