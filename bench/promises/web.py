"""What people see: sizes, and waits on a slow phone (rows `web.*`)."""

from bench import web_pages
from bench.promise import Promise, shared

sizes = shared(web_pages.script_sizes)
phone = shared(web_pages.slow_phone)

PROMISES = [
    Promise("web.script.shop", "at most", 60, "KB", sizes("shop_kb")),
    Promise("web.script.widget", "at most", 45, "KB", sizes("widget_kb")),
    Promise("web.usable", "at most", 3, "s", phone("usable_s")),
    Promise("web.first_results", "at most", 2.5, "s", phone("found_s")),
    Promise("web.upload", "at most", 300, "KB", phone("upload_kb")),
]
