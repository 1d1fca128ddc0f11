/* The page's files, kept on the device so that it opens without a connection. FILES and VERSION are filled in by
   scripts/build.mjs. Answers of the search are never kept: they would be old, and they are the shopper's. */
const VERSION = "akin-__VERSION__";
const FILES = __FILES__;
const PATIENCE_MS = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(FILES)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("akin-") && name !== VERSION;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/") event.respondWith(page(request));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(url.pathname, request));
});

/** The newest page, or the kept one where the network is gone or too slow. */
async function page(request) {
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS));
  try {
    return await Promise.race([fetch(request), late]);
  } catch {
    return kept("/", request);
  }
}

async function kept(path, request) {
  return (await caches.match(path, { cacheName: VERSION })) ?? fetch(request);
}
