import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `<akin-search>`: one script without imports, so that a shop page needs one tag and one allowed address. */
export default defineConfig({
  root: here("."),
  publicDir: false,
  build: {
    outDir: here("../app/web/static"),
    emptyOutDir: false,
    target: "es2022",
    cssTarget: ["chrome111", "firefox114", "safari16.4"],
    lib: { entry: here("widget/akin-search.tsx"), formats: ["es"], fileName: () => "widget.js" },
    rolldownOptions: { output: { codeSplitting: false } }, // every language inside: one file, one address to allow
  },
});
