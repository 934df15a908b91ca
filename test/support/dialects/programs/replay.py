"""Sends what comes in on standard input (a JSON list) and says what was answered."""

import json
import sys

import requests


def answer_of(item):
    if "code" in item:
        scope = {}
        exec(item["code"], scope)
        return scope["response"]
    body = item.get("body")
    data = None if body is None else body.encode()
    return requests.request(item["method"], item["url"], headers=item["headers"], data=data)


answers = [answer_of(item) for item in json.load(sys.stdin)]
print(json.dumps([{"status": a.status_code, "headers": dict(a.headers), "body": a.text} for a in answers]))
