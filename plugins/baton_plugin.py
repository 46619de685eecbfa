"""Puts Baton's pages into the Airflow UI.

Every Airflow process loads its plugins, every task too. So the app is made only when the api-server
asks for it, and loading this file costs nothing.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from pages import PAGES, PREFIX


class _App:
    """The plugin's `fastapi_apps`: made when first read, which only the api-server does."""

    def __init__(self) -> None:
        self._made: list[dict[str, Any]] = []

    def __get__(self, instance: object, owner: type) -> list[dict[str, Any]]:
        if not self._made:
            from pages.app import create_app

            self._made.append({"name": "Baton", "app": create_app(), "url_prefix": PREFIX})
        return self._made


class BatonPlugin(AirflowPlugin):
    """The pages, each with its place in the navigation."""

    name = "baton"
    fastapi_apps = _App()
    external_views = [
        {
            "name": page.label,
            "icon": f"{PREFIX}/static/nav-{page.name}.svg",
            "icon_dark_mode": f"{PREFIX}/static/nav-{page.name}-dark.svg",
            "href": page.path,
            "destination": "nav",
            "url_route": f"baton-{page.name}",
            "nav_top_level": True,
        }
        for page in PAGES
    ]
