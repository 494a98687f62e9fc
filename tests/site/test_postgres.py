"""The same pages over PostgreSQL say the same."""

from __future__ import annotations

import re

import httpx

from node_client import database, deployment
from node_client.chain import Chain
from node_client.mirror import Mirror
from tests.site.conftest import Site
from tests.site.serve import served
from tests.site.test_pages import NAMES


def test_pages_over_postgres_are_those_over_sqlite(city_site: Site, postgres_url: str) -> None:
    database.upgrade(postgres_url)
    engine = database.engine(postgres_url)
    chain = Chain(city_site.settings.node_url)
    record = deployment.load(city_site.settings.deployments, chain.chain_id)
    Mirror(chain, engine, record).run()
    chain.close()
    engine.dispose()
    age = re.compile(r'<p class="fresh">.*?</p>', re.DOTALL)
    with served(city_site.settings.model_copy(update={"database_url": postgres_url})) as base:
        for name in (
            *NAMES,
            "projects/1",
            "credits/1-1",
            "members/5",
            "search?q=HRB",
            "search?q=1",
            "search?q=%00",
        ):
            answer = httpx.get(f"{base}/zh/{name}", timeout=60)
            assert answer.status_code == 200, (name, answer.text[:300])
            wanted = city_site.client.get(f"/zh/{name}").text.replace(city_site.base, base)
            assert age.sub("", answer.text) == age.sub("", wanted), name
        for path in ("projects/99999999999999999999", "nonsense"):
            assert httpx.get(f"{base}/zh/{path}").status_code == 404
