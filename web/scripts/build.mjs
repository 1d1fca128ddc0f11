/** Builds pages and widget into app/web/static, then stores each text file compressed beside it: served, never made anew. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const web = fileURLToPath(new URL("..", import.meta.url));
const out = fileURLToPath(new URL("../../app/web/static", import.meta.url));

for (const config of ["vite.config.ts", "vite.widget.config.ts"]) {
  await build({ configFile: join(web, config), logLevel: "warn" });
}

const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = await readFile(path);
  const packed = { br: brotliCompressSync(bytes, brotli), gz: gzipSync(bytes, { level: 9 }) };
  await Promise.all(Object.entries(packed).map(([ending, data]) => writeFile(`${path}.${ending}`, data)));
  if (entry.name.endsWith(".js"))
    console.log(`${path.slice(out.length + 1)}  ${(packed.br.length / 1000).toFixed(1)} KB`);
}
