import asyncio, time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from tests.journeys.test_sender import *
from tests.journeys import test_sending as ts
def test_mix(app, clock, relay):
    from digest.work import subscribing
    for n in range(60): join(app, f"r{n}", "cache")
    import inspect
    src=inspect.getsource(ts.join).replace("@example.org", "@{name}.example.net") 
    ns=dict(ts.__dict__); exec(src, ns)
    for n in range(300): ns["join"](app, f"o{n}", "cache")
    morning(app, clock); plan(app)
    began, real = clock.instant, time.monotonic()
    flowing = replace(app, now=lambda: began + timedelta(seconds=time.monotonic() - real))
    async def nobody(domain): return []
    import os
    pace = Pace(Flows(Limits(receiver=float(os.environ.get("RATE","5")))), Receivers(nobody))
    at=[]
    heard=pace.heard
    def h(relay, domain, found):
        at.append((time.monotonic()-real, domain)); heard(relay, domain, found)
    pace.heard=h
    print(asyncio.run(send(with_smtp(flowing, connections=4), pace=pace)))
    slow=[a for a,d in at if d=="example.org"]; fast=[a for a,d in at if d!="example.org"]
    print("slow", len(slow), slow[0], slow[-1], len(slow)/(slow[-1]-slow[0]), "fast", len(fast), fast[-1], time.monotonic()-real)
