import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The pages. The widget is one file of its own: vite.widget.config.ts. */
export default defineConfig({
  root: here("."),
  build: {
    outDir: here("../app/web/static"),
    emptyOutDir: true,
    manifest: true, // read and removed by scripts/build.mjs
    target: "es2022",
    cssTarget: ["chrome111", "firefox114", "safari16.4"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    rolldownOptions: {
      input: { shop: here("index.html"), console: here("console/index.html") },
    },
  },
  server: {
    // `npm run dev` beside `akin serve`: the API stays where it is.
    proxy: Object.fromEntries(
      ["/search-by-photo", "/search", "/searches", "/products", "/loads", "/generations", "/media", "/ready"].map(
        (path) => [path, "http://127.0.0.1:8000"],
      ),
    ),
  },
  test: { environment: "happy-dom", include: ["**/*.test.{ts,tsx}"], restoreMocks: true },
});
