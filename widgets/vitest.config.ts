import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    // To load a page for each file takes longer than all tests. So files share a page and what
    // modules remember: each undoes what it does.
    isolate: false,
  },
});
