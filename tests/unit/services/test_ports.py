"""Ports: fixed, movable, and a sentence when one is taken."""

import re
import socket
from pathlib import Path

import pytest

from baton.services import ports
from baton.services.ports import PortBusy, choose


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_variable_decides(tmp_path: Path) -> None:
    free = ports.free_port()
    assert choose(tmp_path, ("airflow",), {"BATON_AIRFLOW_PORT": str(free)}) == {"airflow": free}
    assert ports.kept(tmp_path) == {"airflow": free}


def test_a_taken_port_is_named_with_its_holder_and_its_variable(tmp_path: Path, taken: int) -> None:
    environ = {"BATON_AIRFLOW_PORT": str(taken)}
    with pytest.raises(PortBusy, match=rf"Port {taken}.*Airflow.*BATON_AIRFLOW_PORT=\d+") as error:
        choose(tmp_path, ("airflow",), environ)
    if Path("/proc/net/tcp").exists():
        assert "(process " in str(error.value)


def test_all_taken_ports_are_told_at_once_each_with_another(tmp_path: Path, taken: int) -> None:
    environ = {"BATON_AIRFLOW_PORT": str(taken), "BATON_RECEIVER_PORT": str(taken)}
    with pytest.raises(PortBusy) as error:
        choose(tmp_path, ("airflow", "receiver"), environ)
    said = str(error.value)
    offered = re.findall(r"BATON_(?:AIRFLOW|RECEIVER)_PORT=(\d+)", said)
    assert (said.count(f"Port {taken}, "), len(set(offered))) == (2, 2)


def test_the_port_that_is_proposed_is_none_that_linux_lends_out() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        near = ports._other_port(20_000)
    assert 20_000 < near < 32_768


def test_in_ci_any_free_port_serves(
    tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = {"sandbox": ports.Service("the sandbox", taken, "BATON_SANDBOX_PORT")}
    monkeypatch.setattr(ports, "SERVICES", busy)
    with pytest.raises(PortBusy):
        choose(tmp_path, ("sandbox",), {})
    assert choose(tmp_path, ("sandbox",), {"CI": "true"})["sandbox"] != taken


def test_a_port_that_our_own_service_holds_is_kept(tmp_path: Path, taken: int) -> None:
    environ = {"BATON_POSTGRES_PORT": str(taken)}
    assert choose(tmp_path, ("postgres",), environ, ours={"postgres": taken}) == {"postgres": taken}


@pytest.mark.parametrize("said", ["http", "0", "70000", "-1"])
def test_what_is_no_port_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(PortBusy, match="is no port"):
        choose(tmp_path, ("airflow",), {"BATON_AIRFLOW_PORT": said})
