"""What people see: sizes, waits on a slow phone, scrolling, accessibility, hostile words (rows `web.*`)."""

from bench import web_axe, web_hostile, web_pages, web_scroll
from bench.promise import Promise, shared

sizes = shared(web_pages.script_sizes)
phone = shared(web_pages.slow_phone)
hostile = shared(web_hostile.measure)

PROMISES = [
    Promise("web.script.shop", "at most", 60, "KB", sizes("shop_kb")),
    Promise("web.script.widget", "at most", 45, "KB", sizes("widget_kb")),
    Promise("web.usable", "at most", 3, "s", phone("usable_s")),
    Promise("web.first_results", "at most", 2.5, "s", phone("found_s")),
    Promise("web.upload", "at most", 300, "KB", phone("upload_kb")),
    Promise("web.scroll", "at most", 1, "%", web_scroll.late_frames),
    Promise("web.axe", "at most", 0, "", web_axe.violations),
    Promise("web.hostile.scripts", "at most", 0, "", hostile("scripts")),
    Promise("web.hostile.layout", "at most", 0, "", hostile("layout")),
]
