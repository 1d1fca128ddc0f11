/** Builds pages and widget into app/web/static, then stores each text file compressed beside it: served, never made anew. */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const web = fileURLToPath(new URL("..", import.meta.url));
const out = fileURLToPath(new URL("../../app/web/static", import.meta.url));
const SHELL = ["/", "/icon.svg", "/manifest.webmanifest"];

for (const config of ["vite.config.ts", "vite.widget.config.ts"]) {
  await build({ configFile: join(web, config), logLevel: "warn" });
}
await writeFile(join(out, "sw.js"), await worker());
await rm(join(out, ".vite"), { recursive: true });
await pack();

/** The service worker with the shopper's files in it; its version changes when one of them does. */
async function worker() {
  const chunks = JSON.parse(await readFile(join(out, ".vite", "manifest.json"), "utf8"));
  const files = new Set(SHELL);
  const add = (name) => {
    const chunk = chunks[name];
    [chunk.file, ...(chunk.css ?? [])].forEach((file) => files.add(`/${file}`));
    [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])].forEach(add);
  };
  add("index.html");
  const page = await readFile(join(out, "index.html"));
  const version = createHash("sha256")
    .update(page)
    .update([...files].join())
    .digest("hex")
    .slice(0, 12);
  const source = await readFile(join(web, "page", "sw.js"), "utf8");
  return source.replace("__VERSION__", version).replace("__FILES__", JSON.stringify([...files]));
}

async function pack() {
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const packed = { br: brotliCompressSync(bytes, brotli), gz: gzipSync(bytes, { level: 9 }) };
    await Promise.all(Object.entries(packed).map(([ending, data]) => writeFile(`${path}.${ending}`, data)));
    const kilobytes = (packed.br.length / 1000).toFixed(1);
    if (entry.name.endsWith(".js")) console.log(`${path.slice(out.length + 1)}  ${kilobytes} KB`);
  }
}
