interface ScriptUrls {
  createScriptURL(url: string): string;
}
/** Trusted Types, where the browser has them: the page's policy lets only this one address become a script. */
interface WithTrustedTypes {
  trustedTypes?: { createPolicy(name: string, rules: ScriptUrls): ScriptUrls };
}

const WORKER = "/sw.js";

/** Keep the page's own files on the device, so that it opens without a connection. */
export function startOffline(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const urls = (globalThis as WithTrustedTypes).trustedTypes?.createPolicy("akin", {
    createScriptURL: (url) => {
      if (url !== WORKER) throw new TypeError(`${url} is no script of this page`);
      return url;
    },
  });
  navigator.serviceWorker.register(urls?.createScriptURL(WORKER) ?? WORKER).catch(() => {
    // Plain http from another machine, or storage forbidden: the page works, only not offline.
  });
}
