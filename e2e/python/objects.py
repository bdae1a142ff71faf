"""Hooks of schemathesis: requests name objects that exist, and outcomes are counted."""

import atexit
import base64
import json
import os
import time
import uuid
from collections import Counter
from pathlib import Path

import requests
import schemathesis

STAFF, SHOPPERS = (f"http://{os.environ[name]}" for name in ("CHECK_STAFF", "CHECK_SHOPPERS"))
OUTCOMES: Counter[str] = Counter()
SESSION = requests.Session()


def query(text: str) -> dict:
    answer = SESSION.post(f"{STAFF}/admin/graphql", json={"query": text}, timeout=30).json()
    assert "errors" not in answer, answer
    return answer["data"]


def command(url: str, body: dict) -> dict:
    answer = SESSION.post(url, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def global_id(order: str) -> str:
    return base64.urlsafe_b64encode(f"Order:{order}".encode()).decode().rstrip("=")


class Objects:
    """Objects that the requests are about. Each one serves for a few requests, because it can be cancelled, archived or
    deleted only once; a shipment for more, because the shop takes a moment to plan it."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[dict, int]] = {}

    def of(self, kind: str) -> dict:
        found, left = self.kept.get(kind, ({}, 0))
        if left == 0:
            found, left = getattr(self, kind)(), 15 if kind == "shipment" else 5
        self.kept[kind] = (found, left - 1)
        return found

    def order(self) -> dict:
        body = {
            "lines": [{"sku": SOLD, "quantity": 1}],
            "email": "guest@example.com",
            "shippingAddress": {"name": "A Guest", "lines": ["1 Harbour Road"], "city": "Berlin", "country": "DE"},
            "paymentToken": "tok_ok",
        }
        placed = command(f"{SHOPPERS}/v1/orders", body)
        return {"id": placed["orderId"], "token": placed["guestToken"], "command": placed["commandId"]}

    def shipment(self) -> dict:
        order = self.order()["id"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = query('{ order(by: { id: "%s" }) { shipments { id } } }' % global_id(order))["order"]
            if found and found["shipments"]:
                return {"id": found["shipments"][0]["id"]}
        raise AssertionError(f"order {order} never had a shipment")

    def product(self) -> dict:
        slug = f"generated-{uuid.uuid4()}"
        made = command(f"{STAFF}/v1/products", {"slug": slug, "title": "Generated"})
        sku = f"G-{uuid.uuid4()}"
        command(f"{STAFF}/v1/products/{made['id']}/variants", {"sku": sku})
        return {"id": made["id"], "sku": sku}

    def category(self) -> dict:
        made = command(f"{STAFF}/v1/categories", {"slug": f"generated-{uuid.uuid4()}", "name": "Generated"})
        return {"id": made["id"]}


OBJECTS = Objects()
# Orders are of one SKU, and stock commands are about another one, so that orders are never short of stock.
SOLD, COUNTED = "TEA-100", "TEA-140"
command(f"{STAFF}/v1/stock/{SOLD}/receive", {"location": "central", "quantity": 1_000_000})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Names objects that exist, in a request that is valid by the contract."""
    if case.meta is not None and case.meta.generation.mode.is_negative:
        return
    path, parameters = case.operation.path, case.path_parameters
    case.headers = case.headers if case.headers is not None else {}
    if case.method.upper() != "GET":
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
        case.headers.pop("If-Match", None)
        case.headers.pop("X-Consistency-Token", None)
    if path.startswith(("/v1/orders/", "/v1/payments/")):
        order = OBJECTS.of("order")
        parameters["id"] = order["id"]
        case.headers["X-Guest-Token"] = order["token"]
    elif path.startswith("/v1/products/"):
        product = OBJECTS.of("product")
        parameters["id"] = product["id"]
        if "sku" in parameters:
            parameters["sku"] = product["sku"]
    elif path.startswith("/v1/shipments/"):
        parameters["id"] = OBJECTS.of("shipment")["id"]
    elif path.startswith("/v1/categories/"):
        parameters["id"] = OBJECTS.of("category")["id"]
    elif path.startswith("/v1/stock/"):
        parameters["sku"] = COUNTED
    elif path.startswith("/v1/commands/"):
        parameters["id"] = OBJECTS.of("order")["command"]
    name(case.body)


def name(body):
    """Replaces what names an object in a body."""
    if not isinstance(body, dict):
        return
    for line in body.get("lines") or []:
        if isinstance(line, dict) and "sku" in line:
            line |= {"sku": SOLD, "quantity": 1 + line["quantity"] % 9}
            line.pop("expectedUnitPrice", None)
    for field, value in (("location", "central"), ("from", "central"), ("to", "north"), ("currency", "EUR")):
        if field in body:
            body[field] = value
    if "categoryIds" in body:
        body["categoryIds"] = []
    if body.get("parent"):
        body["parent"] = None
    for price in (body.get("price"), body.get("compareAt")):
        if isinstance(price, dict):
            price["currencyCode"] = "EUR"
            price.pop("amount", None)


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() == "GET":
        OUTCOMES["read"] += 1
    elif case.meta is None or not case.meta.generation.mode.is_negative:
        accepted = 200 <= response.status_code < 300
        OUTCOMES["valid accepted" if accepted else "valid refused"] += 1
        OUTCOMES[f"{'+' if accepted else '-'} {case.operation.label}"] += 1
        if not accepted and os.environ.get("CHECK_VERBOSE"):
            print(case.operation.label, response.status_code, response.text[:300], flush=True)
    else:
        OUTCOMES["invalid"] += 1


@atexit.register
def write():
    Path(os.environ["CHECK_COUNTS"]).write_text(json.dumps(OUTCOMES))
