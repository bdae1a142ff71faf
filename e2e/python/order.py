"""A client that openapi-python-client generates from the contract places the order of the README.

usage: order.py CHECKOUT SHOPPERS STAFF   (host and port of a running shop's doors)
"""

import importlib
import json
import re
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path


def main(checkout: Path, address: str) -> None:
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    order = json.loads(re.search(r"v1/orders .*? -d '(\{.*?\})'", readme, re.DOTALL).group(1))
    with tempfile.TemporaryDirectory() as folder:
        contract = checkout / "schemas/contracts/openapi.json"
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"package_name_override": "shop_client", "post_hooks": []}))
        generate = [sys.executable, "-m", "openapi_python_client", "generate", "--path", contract, "--meta", "none"]
        generate += ["--config", config, "--output-path", Path(folder) / "shop_client", "--fail-on-warning"]
        done = subprocess.run(generate, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        sys.path.insert(0, folder)
        place(order, f"http://{address}")


def place(order: dict, url: str) -> None:
    shop = importlib.import_module("shop_client")
    models = importlib.import_module("shop_client.models")
    place_order = importlib.import_module("shop_client.api.public.place_order")
    status = importlib.import_module("shop_client.api.public.command_status")
    client = shop.Client(base_url=url)
    body = models.OrderInput.from_dict(order)
    key = str(uuid.uuid4())
    placed = place_order.sync(client=client, body=body, idempotency_key=key)
    assert isinstance(placed, models.Accepted), placed
    assert int(placed.totals.grand.minor) > 0 and placed.guest_token, placed
    found = status.sync(id=placed.command_id, client=client)
    assert found.answer.totals.grand.minor == placed.totals.grand.minor, found
    body.lines[0].expected_unit_price = models.MoneyInput(minor=1, currency_code="EUR")
    refused = place_order.sync(client=client, body=body, idempotency_key=str(uuid.uuid4()))
    assert isinstance(refused, models.Problem) and refused.code == "PRICE_CHANGED", refused
    assert refused.user_errors[0].details.unit_price.amount, refused


main(Path(sys.argv[1]), sys.argv[2])
