"""What a browser may do with a page, and how long it may keep a file."""

from app.web.built import BuiltFile

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' https: http: data: blob:",  # product pictures lie where the feed says
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types akin",
    )
)
"""Scripts, styles and connections from this server only; no text of a product can become a script (Trusted Types)."""

WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
"""The service worker fetches the page's own files, and nothing else."""

PERMISSIONS = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"

YEAR_S = 31_536_000
WORKER = "/sw.js"
WIDGET = "/widget.js"
WIDGET_KEPT_S = 300


def headers_of(file: BuiltFile) -> dict[str, str]:
    """Headers of an answer with this file, without content coding and ETag."""
    if file.is_page:
        return {
            "cache-control": "no-cache",
            "content-security-policy": PAGE_POLICY,
            "permissions-policy": PERMISSIONS,
            "cross-origin-opener-policy": "same-origin",
        }
    if file.path == WIDGET:  # asked for by the pages of other origins; not hashed, as shops write its name down
        return {
            "cache-control": f"public, max-age={WIDGET_KEPT_S}, stale-while-revalidate=86400",
            "access-control-allow-origin": "*",
            "cross-origin-resource-policy": "cross-origin",
        }
    if file.path == WORKER:
        return {"cache-control": "no-cache", "content-security-policy": WORKER_POLICY}
    if file.is_hashed:
        return {"cache-control": f"public, max-age={YEAR_S}, immutable"}
    return {"cache-control": "no-cache"}
