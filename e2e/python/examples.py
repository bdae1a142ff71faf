"""Every example of the contract is accepted by a shop with the first catalogue, in an order in which commands make sense.

usage: examples.py CHECKOUT SHOPPERS STAFF   (host and port of a new shop's doors)
"""

import base64
import json
import sys
import time
import uuid
from pathlib import Path

import requests

SESSION = requests.Session()
# There is nothing to redrive in a shop in which nothing fails.
REFUSED = {"redriveReaction": 404}


class Shop:
    def __init__(self, contract: dict, shoppers: str, staff: str) -> None:
        self.shoppers, self.staff = f"http://{shoppers}", f"http://{staff}"
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, item in contract["paths"].items()
            for method, operation in item.items()
            if "requestBody" in operation
        }
        self.tried: set[str] = set()

    def send(self, name: str, token: str | None = None, change: dict | None = None, **ids: str) -> dict:
        """Sends an operation's example. `change`: fields in which the body differs."""
        method, path, operation = self.operations[name]
        body = operation["requestBody"]["content"]["application/json"]["example"] | (change or {})
        door = self.staff if "staff" in operation["tags"] and token is None else self.shoppers
        headers = {"Idempotency-Key": str(uuid.uuid4())} | ({"X-Guest-Token": token} if token else {})
        answer = SESSION.request(method, door + path.format(**ids), json=body, headers=headers, timeout=30)
        if not change:
            self.tried.add(name)
        expected = REFUSED.get(name)
        assert answer.status_code == expected if expected else answer.ok, f"{name}: {answer.status_code} {answer.text}"
        return answer.json()

    def until(self, order: str, arrived) -> dict:
        """Waits until the order is as `arrived` wants it."""
        global_id = base64.urlsafe_b64encode(f"Order:{order}".encode()).decode().rstrip("=")
        fields = "status paymentStatus payments { actionUrl } shipments { id trackingNumber }"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            query = {"query": f'{{ order(by: {{ id: "{global_id}" }}) {{ {fields} }} }}'}
            found = SESSION.post(f"{self.staff}/admin/graphql", json=query, timeout=30).json()["data"]["order"]
            if found and arrived(found):
                return found
        raise AssertionError(f"{order} never arrived")

    def order(self, payment: str = "tok_ok") -> tuple[str, str]:
        placed = self.send("placeOrder", change=None if payment == "tok_ok" else {"paymentToken": payment})
        return placed["orderId"], placed["guestToken"]


def catalog(shop: Shop) -> None:
    category = shop.send("createCategory")["id"]
    shop.send("renameCategory", id=category)
    shop.send("moveCategory", id=category)
    product = shop.send("createProduct")["id"]
    sku = shop.send("addVariant", id=product)["sku"]
    for name in ("changeProduct", "categoriseProduct", "setAttributes", "addMedium"):
        shop.send(name, id=product)
    for name in ("changeVariant", "setPrice"):
        shop.send(name, id=product, sku=sku)
    for name in ("publishProduct", "unpublishProduct"):
        shop.send(name, id=product)
    shop.send("discontinueVariant", id=product, sku=sku)
    shop.send("archiveProduct", id=product)
    shop.send("deleteCategory", id=category)


def orders(shop: Shop) -> None:
    order, token = shop.order("tok_decline")
    shop.until(order, lambda found: found["paymentStatus"] == "FAILED")
    shop.send("retryPayment", token=token, id=order)
    shop.until(order, lambda found: found["status"] == "CONFIRMED")
    for name in ("addNote", "holdOrder", "resolveHold", "cancelOrder"):
        shop.send(name, id=order)
    order, _ = shop.order("tok_action")
    shop.until(order, lambda found: any(payment["actionUrl"] for payment in found["payments"]))
    shop.send("completePaymentAction", id=order)


def shipments(shop: Shop) -> None:
    for ending in ("confirmDelivery", "reportLost", "cancelShipment"):
        order, _ = shop.order()
        shipment = shop.until(order, lambda found: found["shipments"])["shipments"][0]["id"]
        if ending != "cancelShipment":
            shop.send("packShipment", id=shipment)
            shop.until(order, lambda found: found["shipments"][0]["trackingNumber"])
            for name in ("dispatchShipment", "updateTracking", "recordDeliveryAttempt"):
                shop.send(name, id=shipment)
        shop.send(ending, id=shipment)


def main(checkout: Path, shoppers: str, staff: str) -> None:
    contract = json.loads((checkout / "schemas/contracts/openapi.json").read_text(encoding="utf-8"))
    shop = Shop(contract, shoppers, staff)
    for name in ("receiveStock", "adjustStock", "transferStock", "setThresholds"):
        shop.send(name, sku="TEA-100")
    catalog(shop)
    orders(shop)
    shipments(shop)
    shop.send("redriveReaction")
    missing = set(shop.operations) - shop.tried
    assert not missing, f"not tried: {missing}"


main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
