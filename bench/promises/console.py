"""What the console promises."""

from bench.console_pages import keyboard_share
from bench.promise import Promise

PROMISES = [Promise("web.console.keyboard", "at least", 1.0, "", keyboard_share)]
