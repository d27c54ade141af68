import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import * as shared from "../../src/shared";

test("every shared module is in the base bundle, under its own name", () => {
  const files = readdirSync("src/shared").filter((name) => name.endsWith(".ts"));
  const modules = files.map((name) => basename(name, ".ts"));
  expect(Object.keys(shared).sort()).toEqual(
    modules.filter((name) => !["index", "view"].includes(name)).sort(),
  );
});
