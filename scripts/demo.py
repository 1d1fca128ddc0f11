"""`make demo`: load the demo shop, serve it, search it once with a shopper's photo, and stay up until Ctrl-C.

python -m scripts.demo [--port 8000] [--once]

What it does is what a shop does in production: `catalog-loader load FEED`, `akin serve`, `POST /search-by-photo`.
A second start finds the shop loaded and serves at once.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from app.benchmark import ServerDidNotStart, wait_until_ready

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "demo_shop"
HOME = ROOT / ".demo"
console = Console()


def environment(port: int) -> dict[str, str]:
    """The settings of the demo: an embedded catalog under .demo/, the shop's pictures served at /media."""
    return {
        **os.environ,
        "AKIN_CATALOG": f"sqlite:///{HOME / 'akin.db'}",
        "AKIN_PHOTO_STORE": str(HOME / "photos.db"),
        "AKIN_EVENTS": str(HOME / "events.db"),
        "AKIN_INSIGHTS": str(HOME / "insights"),
        "AKIN_MEDIA": str(SHOP),
        "AKIN_PORT": str(port),
    }


def load(env: dict[str, str]) -> None:
    """Load the demo feed; the loader itself skips what has not changed."""
    HOME.mkdir(exist_ok=True)
    feed = SHOP / "feed.tsv"
    command = [sys.executable, "-m", "catalog_loader", "load", str(feed), "--type-from", "custom_label_0"]
    done = subprocess.run(command, env=env, check=False)  # noqa: S603 our own program
    if done.returncode != 0:
        raise SystemExit(done.returncode)


def shopper_photo() -> Path:
    """A photo of a chair that the shop sells."""
    with (SHOP / "queries.jsonl").open(encoding="utf-8") as lines:
        queries = [json.loads(line) for line in lines]
    name: str = next(query["photo"] for query in queries if query["sold"] and "chair" in query["type"])
    return SHOP / name


def search(address: str, photo: Path) -> None:
    """Search once and show what a shopper would get."""
    with photo.open("rb") as file:
        response = httpx.post(
            f"{address}/search-by-photo", files={"photo": (photo.name, file)}, data={"limit": "5"}, timeout=30
        )
    response.raise_for_status()
    answer = response.json()
    seen = answer["analysis"]
    kind = seen["type"]["name"] if seen["type"] else "object of a kind it does not know"
    colors = ", ".join(color["name"] for color in seen["colors"][:2])
    console.print(f"\nIn [b]{photo.relative_to(ROOT)}[/b] Akin sees: {kind} ({colors}). Similar: {answer['total']}.\n")
    table = Table("score", "match", "product", "price", "because")
    for item in answer["items"]:
        product = item["product"]
        price = f"{product['price']['amount']} {product['price']['currency']}" if product["price"] else ""
        because = ", ".join(f"{r['code'].replace('_', ' ')} {r['value']} ({r['weight']:.2f})" for r in item["reasons"])
        table.add_row(f"{item['score']:.2f}", item["match"], product["title"], price, because)
    console.print(table)
    milliseconds = ", ".join(f"{stage} {took:.0f}" for stage, took in answer["timings_ms"].items())
    console.print(f"Milliseconds: {milliseconds}")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--once", action="store_true", help="stop after the first search")
    asked = parser.parse_args()
    env = environment(asked.port)
    load(env)
    address = f"http://127.0.0.1:{asked.port}"
    server = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=env)
    try:
        wait_until_ready(address, server)
        photo = shopper_photo()
        search(address, photo)
        if asked.once:
            return 0
        console.print(
            f"\nServing at [b]{address}[/b] (API: {address}/docs). Try a photo of your own:\n"
            f"  curl -F photo=@{photo.relative_to(ROOT)} {address}/search-by-photo\nCtrl-C stops it."
        )
        return server.wait()
    except ServerDidNotStart as failure:
        raise SystemExit(failure.detail) from None
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
